"""The pairs of records that are one customer, surely or perhaps: identifiers first, then the model.

Belongs here: the order of the two, which model version is used, and the verdict. Does not belong here: what the model
is (`model`, `training`, `blocking`) and what becomes of linked pairs (`clusters`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as package_version
from typing import Any

import polars as pl

from crm_pipeline.linkage import blocking
from crm_pipeline.linkage.comparison import KINDS_NEEDED, THIN_EVIDENCE_CEILING, agreement_levels
from crm_pipeline.linkage.identifiers import identifier_pairs
from crm_pipeline.linkage.model import comparisons
from crm_pipeline.linkage.records import NAME_COLUMNS, PREPARATION_VERSION, prepare_records, usable_columns
from crm_pipeline.linkage.scratch import scratch_database
from crm_pipeline.linkage.splink_session import Session
from crm_pipeline.linkage.training import train
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse

_WEIGHT_DECIMALS, _PROBABILITY_DECIMALS = 6, 9
_LEAST_PROBABILITY = 1e-6  # a probability of 0 has no weight


@dataclass(frozen=True, slots=True)
class PairSummary:
    """Counts over `link.pairs`, and the model behind them.

    Attributes:
        identifier_count: pairs that share an identifier, contradicted ones included.
        contradicted_count: those of them that wait for review.
        candidate_count: pairs that the model scored.
        model_link_count: those of them that are linked.
        review_count: pairs that wait for review, whatever found them.
        model_version: the version used; None when there is nothing to compare.
        new_model_reason: why a new version was trained in this call; None when an existing one was used.
    """

    identifier_count: int
    contradicted_count: int
    candidate_count: int
    model_link_count: int
    review_count: int
    model_version: int | None
    new_model_reason: str | None


def pair_records(
    warehouse: Warehouse,
    models: ModelStore,
    *,
    match_threshold: float = 0.99,
    review_threshold: float = 0.6,
    retrain: bool = False,
    seed: int = 1,
) -> PairSummary:
    """Counts, after `link.pairs` holds every pair of current records that is linked or waits for review.

    The model scores a pair by frozen parameters and frequencies, so a pair has one score whenever it is scored. A new
    version is trained when there is none, when `retrain` asks for it, or when the usable columns or the preparation
    of records have changed.

    Args:
        warehouse: where `std.customers` is.
        models: where versions of the model are kept.
        match_threshold: a pair of at least this probability is linked; 0 to 1.
        review_threshold: a pair of at least this probability waits for review; below, it is not stored.
        retrain: train a new version although the present one fits.
        seed: for training.
    """
    identified = identifier_pairs(warehouse)
    with scratch_database(warehouse) as scratch:
        records = prepare_records(warehouse, scratch)
        used, reason = _choose_model(scratch, models, records, retrain=retrain, seed=seed)
        scored = _score(scratch, used, identified, review_threshold) if used else None
        candidates = int(scratch.value(f"SELECT count(*) FROM {blocking.CANDIDATES}")) if used else 0
    by_identifier = _identifier_rows(identified)
    by_model = PAIRS.empty() if scored is None else _model_rows(scored, match_threshold, review_threshold)
    warehouse.replace(PAIRS, pl.concat([by_identifier, by_model]))
    contradicted = int(identified["is_contradicted"].sum())
    links = int((by_model["verdict"] == "link").sum())
    return PairSummary(
        identifier_count=identified.height,
        contradicted_count=contradicted,
        candidate_count=candidates,
        model_link_count=links,
        review_count=contradicted + by_model.height - links,
        model_version=used.version if used else None,
        new_model_reason=reason,
    )


def _choose_model(
    scratch: Warehouse, models: ModelStore, records: int, *, retrain: bool, seed: int
) -> tuple[StoredModel | None, str | None]:
    """The model to use, and why it is new; None when the records have no names or are fewer than two."""
    present = models.latest()
    columns = usable_columns(scratch, kept=present.model["columns"] if present else ())
    if records < 2 or not set(columns) & set(NAME_COLUMNS):
        return None, None
    reason = _reason_for_a_new_model(present, columns, retrain=retrain)
    if reason is None:
        return present, None
    return _train_and_store(scratch, models, columns, records, reason, seed), reason


def _reason_for_a_new_model(present: StoredModel | None, columns: Sequence[str], *, retrain: bool) -> str | None:
    if present is None:
        return "there was none"
    if present.model["preparation_version"] != PREPARATION_VERSION:
        return "records are prepared and compared in another way"
    before = set(present.model["columns"])
    if before != set(columns):
        gained, lost = sorted(set(columns) - before), sorted(before - set(columns))
        return f"usable columns changed: gained {', '.join(gained) or 'none'}, lost {', '.join(lost) or 'none'}"
    return "retraining was asked for" if retrain else None


def _train_and_store(
    scratch: Warehouse, models: ModelStore, columns: tuple[str, ...], records: int, reason: str, seed: int
) -> StoredModel:
    rules = blocking.applicable_rules(columns)
    blocking.make_keys(scratch, rules)
    left_out = blocking.frequent_keys(scratch, rules)
    blocking.leave_out(scratch, rules, left_out)
    chosen = comparisons(columns)
    trained = train(scratch, chosen, columns, seed=seed)
    frozen = {
        "preparation_version": PREPARATION_VERSION,
        "columns": list(columns),
        "blocking_rules": [rule.name for rule in rules],
        "agreement": agreement_levels(chosen),
        "splink": trained.settings,
    }
    card = {
        "created_at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        "reason": reason,
        "columns": list(columns),
        "record_count": records,
        "seed": seed,
        "code_version": package_version("crm_pipeline"),
        "splink_version": package_version("splink"),
        **trained.notes,
    }
    return models.append(frozen, card, term_frequencies=trained.term_frequencies, left_out=left_out)


def _score(scratch: Warehouse, used: StoredModel, identified: pl.DataFrame, review_threshold: float) -> pl.DataFrame:
    """Candidates near or above the review threshold: record keys, rule, match_weight; by the stored model alone."""
    by_name = {rule.name: rule for rule in blocking.RULES}
    rules = [by_name[name] for name in used.model["blocking_rules"]]
    scratch.execute(f"DROP TABLE IF EXISTS {blocking.KEYS}; DROP TABLE IF EXISTS {blocking.LEFT_OUT}")
    blocking.make_keys(scratch, rules)
    blocking.leave_out(scratch, rules, used.left_out())
    blocking.make_candidates(scratch, identified)
    session = Session(scratch, used.model["splink"], used.term_frequencies())
    agreement = used.model["agreement"]
    scored = session.score(
        comparison_names=[entry["comparison"] for entry in agreement],
        least_probability=max(review_threshold * 0.99, _LEAST_PROBABILITY),
    )
    return scored.select(
        "record_key_l",
        "record_key_r",
        pl.col("match_key")
        .cast(pl.Int64)
        .replace_strict(dict(enumerate(used.model["blocking_rules"])), return_dtype=pl.String)
        .alias("rule"),
        _bounded_weight(agreement).round(_WEIGHT_DECIMALS).alias("match_weight"),
    )


def _bounded_weight(agreement: Sequence[Mapping[str, Any]]) -> pl.Expr:
    """The weight, not above that of `THIN_EVIDENCE_CEILING` where too few kinds of evidence agree."""
    kinds = sorted({entry["evidence"] for entry in agreement})
    agreeing = [
        pl.any_horizontal(
            pl.col(f"gamma_{entry['comparison']}") >= entry["from"] for entry in agreement if entry["evidence"] == kind
        ).cast(pl.Int32)
        for kind in kinds
    ]
    odds = THIN_EVIDENCE_CEILING / (1 - THIN_EVIDENCE_CEILING)
    ceiling = pl.lit(odds).log(2)
    is_thin = pl.sum_horizontal(agreeing) < KINDS_NEEDED
    return pl.when(is_thin).then(pl.min_horizontal("match_weight", ceiling)).otherwise("match_weight")


def _identifier_rows(identified: pl.DataFrame) -> pl.DataFrame:
    return identified.select(
        "record_key_l",
        "record_key_r",
        pl.lit("identifier").alias("matched_by"),
        "rule",
        pl.lit(None, dtype=pl.Float64).alias("match_weight"),
        pl.lit(1.0).alias("match_probability"),
        pl.when("is_contradicted").then(pl.lit("review")).otherwise(pl.lit("link")).alias("verdict"),
    )


def _model_rows(scored: pl.DataFrame, match_threshold: float, review_threshold: float) -> pl.DataFrame:
    probability = (1 / (1 + pl.lit(2.0).pow(-pl.col("match_weight")))).round(_PROBABILITY_DECIMALS)
    is_link = pl.col("match_probability") >= match_threshold
    return (
        scored.with_columns(probability.alias("match_probability"), pl.lit("model").alias("matched_by"))
        .filter(pl.col("match_probability") >= review_threshold)
        .with_columns(pl.when(is_link).then(pl.lit("link")).otherwise(pl.lit("review")).alias("verdict"))
        .select(PAIRS.column_names)
    )
