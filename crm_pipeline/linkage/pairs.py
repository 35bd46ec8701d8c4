"""The pairs of records that are one customer, surely or perhaps: identifiers first, then the model.

Belongs here: the order of the two, which model version is used, and the verdict. Does not belong here: what the model
is (`model`, `learning`), the weight of a pair (`scoring`), and what becomes of linked pairs (`clustering`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.budget import DEFAULT_PAIR_BUDGET, stay_within
from crm_pipeline.linkage.candidates.crowds import crowded_contacts
from crm_pipeline.linkage.candidates.identifiers import identifier_pairs
from crm_pipeline.linkage.candidates.records import (
    PREPARATION_VERSION,
    Usable,
    prepare_records,
    prepared_once,
    usable,
)
from crm_pipeline.linkage.candidates.scratch import scratch_database
from crm_pipeline.linkage.learning.comparing import draw_sample
from crm_pipeline.linkage.learning.taking_over import Fresh, Limits, TakenOver, latest_accepted, take_over
from crm_pipeline.linkage.learning.training import train
from crm_pipeline.linkage.model import POPULATIONS, spellings
from crm_pipeline.linkage.scoring import Frozen, Scored, forget, score
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse

_PROBABILITY_DECIMALS = 9
_ASKED_FOR = "retraining was asked for"


@dataclass(frozen=True, slots=True)
class PairSummary:
    """Counts over `link.pairs`, and the model behind them.

    Attributes:
        identifier_count: pairs that share an identifier, contradicted ones included.
        contradicted_count: those of them that wait for review.
        pairs_by_rule: pairs that each blocking rule of each population found now; one found by several counts for each.
        candidate_count: pairs that the model scored now, each once; others kept the score they had.
        compared_count: records that were new or changed, or all where a model compared them for the first time.
        model_link_count: pairs that the model links, whenever they were scored.
        review_count: pairs that wait for review, whatever found them.
        model_version: the version used; None when there is nothing to compare.
        new_model_reason: why a new version was trained in this call; None when an existing one was used.
        refused_model: comparisons for which a version that was trained anew learnt what can't be true, so that it was
            not taken and the last one stayed; empty when there is none.
        waiting_model: number of a refused version that changed too much to take over by itself in this call; else None.
        model_change: per population, what a version trained in this call changes on the fixed sample of pairs, see
            `learning.comparing.compare`; counts alone.
    """

    identifier_count: int
    contradicted_count: int
    pairs_by_rule: dict[str, int]
    candidate_count: int
    compared_count: int
    model_link_count: int
    review_count: int
    model_version: int | None
    new_model_reason: str | None
    refused_model: list[str]
    waiting_model: int | None = None
    model_change: dict[str, dict[str, Any]] = field(default_factory=dict)


def pair_records(
    warehouse: Warehouse,
    models: ModelStore,
    *,
    match_threshold: float = 0.95,
    review_threshold: float = 0.6,
    pair_budget: int = DEFAULT_PAIR_BUDGET,
    retrain: bool = False,
    index_file: Path | None = None,
    seed: int = 1,
    largest_model_change: float = 1.0,
    accepted_models: Collection[int] = (),
) -> PairSummary:
    """Counts, after `link.pairs` holds every pair of current records that is linked or waits for review.

    The model scores a pair by frozen parameters and frequencies, so a pair has one score whenever it is scored. A new
    version is trained when there is none, when `retrain` asks for it, when the usable columns or the preparation of
    records have changed, or when keys became too frequent. Where it was asked for, one that learnt what can't be true
    is refused, and the last one stays; so is one that changes more than people allowed, until they accept it.

    Args:
        warehouse: where `std.customers` is.
        models: where versions of the model are kept.
        match_threshold: a pair of at least this probability is linked; 0 to 1.
        review_threshold: a pair of at least this probability waits for review; below, it is not stored.
        pair_budget: more pairs of a population are not compared: the call is refused before any is made.
        retrain: train a new version although the present one fits.
        index_file: what was compared until now, so that only pairs with a new or changed record are scored; made and
            kept up to date. The pairs are the same without it.
        seed: for training.
        largest_model_change: share of the sample's linked and waiting pairs whose verdict a version that was asked for
            may change; 0 to 1.
        accepted_models: numbers of refused versions that people accepted.

    Raises:
        ConfigurationError: the pairs are over budget.
    """
    with prepared_once(warehouse):
        identified = identifier_pairs(warehouse)
        present = latest_accepted(models, accepted_models)
        readable = present.model["populations"] if present and _is_readable(present) else {}
        found = [
            worth
            for population in POPULATIONS
            if (worth := usable(warehouse, population, kept=readable.get(population.name, {}).get("columns", ())))
        ]
        reason = _reason_for_a_new_model(present, found, retrain=retrain) if found else None
        used, outcome = present, None
        beside = present if readable else None
        limits = Limits(match_threshold, review_threshold, largest_model_change)
        if reason:
            outcome = _train_and_store(warehouse, models, found, identified, reason, seed, pair_budget, beside, limits)
            used = outcome.used
        if index_file:
            forget(warehouse, [each for each in POPULATIONS if each not in [of.population for of in found]], index_file)
        scored = _score_all(warehouse, found, used, identified, review_threshold, pair_budget, index_file)
        if frequent := {rule: keys for each in scored for rule, keys in each.became_frequent.items()}:
            told = ", ".join(f"{keys} of {rule}" for rule, keys in sorted(frequent.items()))
            reason = f"keys became too frequent: {told}"
            outcome = _train_and_store(warehouse, models, found, identified, reason, seed, pair_budget, beside, limits)
            used = outcome.used
            scored = _score_all(warehouse, found, used, identified, review_threshold, pair_budget, index_file)
    by_identifier = _identifier_rows(identified)
    by_model = [_model_rows(each.rows, match_threshold, review_threshold) for each in scored]
    warehouse.replace(PAIRS, pl.concat([by_identifier, *by_model]))
    contradicted = int(identified["is_contradicted"].sum())
    links = sum(int((rows["verdict"] == "link").sum()) for rows in by_model)
    return PairSummary(
        identifier_count=identified.height,
        contradicted_count=contradicted,
        pairs_by_rule={rule: pairs for each in scored for rule, pairs in each.pairs_by_rule.items()},
        candidate_count=sum(each.candidate_count for each in scored),
        compared_count=sum(each.compared_count for each in scored),
        model_link_count=links,
        review_count=contradicted + sum(rows.height for rows in by_model) - links,
        model_version=used.version if used and found else None,
        new_model_reason=None if outcome and outcome.is_refused else reason,
        refused_model=outcome.impossible if outcome else [],
        waiting_model=outcome.waiting if outcome else None,
        model_change=outcome.change if outcome else {},
    )


def _score_all(
    warehouse: Warehouse,
    found: Sequence[Usable],
    used: StoredModel | None,
    identified: pl.DataFrame,
    review_threshold: float,
    pair_budget: int,
    index_file: Path | None,
) -> list[Scored]:
    return [
        score(warehouse, Frozen.of(used, worth.population, review_threshold), identified, pair_budget, index_file)
        for worth in found
        if used
    ]


def _is_readable(present: StoredModel) -> bool:
    return bool(present.model["preparation_version"] == PREPARATION_VERSION)


def _reason_for_a_new_model(present: StoredModel | None, found: Sequence[Usable], *, retrain: bool) -> str | None:
    if present is None:
        return "there was none"
    if not _is_readable(present) or present.model["libraries"] != spellings.LIBRARIES:
        return "records are prepared and compared in another way"
    for worth in found:
        name = worth.population.name
        known = present.model["populations"].get(name)
        if known is None:
            return f"there was none for {name}"
        before, now = set(known["columns"]), set(worth.columns)
        if before != now:
            gained, lost = (", ".join(sorted(names)) or "none" for names in (now - before, before - now))
            return f"usable columns of {name} changed: gained {gained}, lost {lost}"
    return _ASKED_FOR if retrain else None


def _train_and_store(
    warehouse: Warehouse,
    models: ModelStore,
    found: Sequence[Usable],
    identified: pl.DataFrame,
    reason: str,
    seed: int,
    pair_budget: int,
    present: StoredModel | None,
    limits: Limits,
) -> TakenOver:
    """The new version, or `present`, where it could go on and the new one must not take over by itself."""
    frozen: dict[str, Any] = {}
    cards: dict[str, Any] = {}
    frequencies: dict[str, pl.DataFrame] = {}
    samples: dict[str, pl.DataFrame] = {}
    left_out = []
    impossible: list[str] = []
    earlier = models.sample()
    sure = identified.filter(~pl.col("is_contradicted"))
    for worth in found:
        name, rules = worth.population.name, worth.population.usable_rules(worth.columns)
        with scratch_database(warehouse) as scratch:
            prepare_records(warehouse, scratch, worth.population)
            blocking.make_keys(scratch, rules)
            largest = blocking.largest_blocks(scratch, rules, worth.record_count)
            crowded = crowded_contacts(scratch, worth.population, worth.columns, rules)
            frequent = pl.concat([blocking.frequent_keys(scratch, rules, largest), crowded]).unique().sort(pl.all())
            blocking.leave_out(scratch, rules, frequent)
            stay_within(pair_budget, name, blocking.count_pairs(scratch, rules))
            blocking.make_candidates(scratch, identified)
            samples[name] = draw_sample(scratch, earlier.filter(pl.col("population") == name))
            trained = train(scratch, worth.population, worth.columns, sure, seed=seed)
        known = present.card["populations"].get(name) if present else None
        before = known["shipped_shares"] if known else trained.doubtful
        impossible += [f"{name}.{comparison}" for comparison in trained.doubtful if comparison not in before]
        frozen[name] = {
            "columns": list(worth.columns),
            "blocking_rules": [rule.name for rule in rules],
            "agreement": trained.agreement,
            "namesakes": trained.namesakes,
            "related": trained.related,
            "splink": trained.settings,
        }
        cards[name] = {"columns": list(worth.columns), "record_count": worth.record_count, **trained.notes}
        cards[name]["shipped_shares"] = trained.doubtful
        frequencies |= {f"{name}.{column}": frame for column, frame in trained.term_frequencies.items()}
        left_out.append(frequent.select(pl.lit(name).alias("population"), pl.all()))
    model = {
        "preparation_version": PREPARATION_VERSION,
        "libraries": spellings.LIBRARIES,
        "populations": frozen,
    }
    card = {
        "created_at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds"),
        "reason": reason,
        "seed": seed,
        "code_version": package_version("crm_pipeline"),
        "splink_version": package_version("splink"),
        "populations": cards,
    }
    fresh = Fresh(model, card, frequencies, pl.concat(left_out), samples)
    is_optional = reason == _ASKED_FOR
    return take_over(
        warehouse, models, fresh, present=present, impossible=impossible, is_optional=is_optional, limits=limits
    )


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
