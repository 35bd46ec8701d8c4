"""An old and a new model beside each other, on the same pairs.

Belongs here: the sample, what both say of it, and what is told of that. Does not belong here: which of the two is used
(`taking_over`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.records import RECORDS, prepare_records
from crm_pipeline.linkage.candidates.scratch import copy_frame, scratch_database
from crm_pipeline.linkage.model import Population
from crm_pipeline.linkage.scoring import bounded_weight
from crm_pipeline.linkage.splink_session import Session
from crm_pipeline.warehouse import Warehouse

SAMPLE_PAIRS = 50_000  # of a population: one in a hundred that changes is 500 pairs
# Of an earlier sample at most so many stay, so that records which came since are in it too.
PAIRS_THAT_STAY = 40_000
NAMED_PAIRS = 20  # whose weights change by most
VERDICTS = ("link", "review", "none")

_PAIRS = "linkage_sampled_pairs"
_FOUND = f"""
    SELECT DISTINCT join_key_l AS record_key_l, join_key_r AS record_key_r
    FROM {_PAIRS}
        JOIN {blocking.KEYS} AS l ON l.record_key = join_key_l
        JOIN {blocking.KEYS} AS r ON r.record_key = join_key_r AND r.rule = l.rule AND r.key = l.key
"""
_PLACE = "md5(record_key_l || chr(31) || record_key_r)"
_QUANTILES = {"lowest": 0.0, "p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "highest": 1.0}
_DECIMALS = 6
_PROBABILITY_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Weigher:
    """All of a model that shapes the weights of one population.

    Attributes:
        model: its part of model.json.
        frequencies: per column a frame of value and share.
        left_out: rule and key of what is neither key nor compared.
    """

    model: Mapping[str, Any]
    frequencies: Mapping[str, pl.DataFrame]
    left_out: pl.DataFrame


def draw_sample(scratch: Warehouse, earlier: pl.DataFrame) -> pl.DataFrame:
    """record_key_l and record_key_r of the pairs to compare models on, in key order.

    A pair's place is the MD5 of its keys, so that it depends on the pair alone. Pairs of the earlier sample whose
    records live stay, also where no rule finds them any more: what a new model no longer looks at is a change too.

    Args:
        scratch: where the prepared records and the candidates are.
        earlier: the sample before, the same columns; may be empty.
    """
    with scratch.registered("_earlier", earlier.select("record_key_l", "record_key_r")):
        return scratch.frame(f"""
            WITH living AS (
                SELECT record_key_l, record_key_r FROM _earlier
                SEMI JOIN {RECORDS} AS l ON l.record_key = record_key_l
                SEMI JOIN {RECORDS} AS r ON r.record_key = record_key_r
            ), stays AS (
                FROM living ORDER BY {_PLACE}, record_key_l, record_key_r LIMIT {PAIRS_THAT_STAY}
            ), others AS (
                SELECT join_key_l AS record_key_l, join_key_r AS record_key_r FROM {blocking.CANDIDATES}
                ANTI JOIN stays ON stays.record_key_l = join_key_l AND stays.record_key_r = join_key_r
                ORDER BY {_PLACE}, record_key_l, record_key_r
                LIMIT {SAMPLE_PAIRS} - (SELECT count(*) FROM stays)
            )
            SELECT * FROM (FROM stays UNION ALL FROM others) ORDER BY ALL
        """)


def weights(warehouse: Warehouse, population: Population, pairs: pl.DataFrame, weigher: Weigher) -> pl.DataFrame:
    """record_key_l, record_key_r, match_weight and is_found of these pairs, in key order.

    A pair is found when its records share a key under the model's blocking rules that it did not leave out; one that is
    not has a weight here all the same.

    Args:
        warehouse: where `std.customers` is.
        population: whose records they are.
        pairs: record_key_l and record_key_r; pairs of records that are not current are left out.
        weigher: the model.
    """
    keys = pl.DataFrame({"record_key": pl.concat([pairs["record_key_l"], pairs["record_key_r"]]).unique().sort()})
    rules = [rule for rule in population.blocking_rules if rule.name in weigher.model["blocking_rules"]]
    names = [comparison["output_column_name"] for comparison in weigher.model["splink"]["comparisons"]]
    with scratch_database(warehouse) as scratch:
        prepare_records(warehouse, scratch, population, only=keys)
        blocking.make_keys(scratch, rules)
        blocking.leave_out(scratch, rules, weigher.left_out.select("rule", "key"))
        named = pairs.select(
            pl.col("record_key_l").alias("join_key_l"),
            pl.col("record_key_r").alias("join_key_r"),
            pl.lit("0").alias("match_key"),
        )
        copy_frame(named, scratch, _PAIRS)
        found = scratch.frame(_FOUND).with_columns(pl.lit(value=True).alias("is_found"))
        outcomes = Session(scratch, weigher.model["splink"], weigher.frequencies).outcomes(_PAIRS, names)
    return (
        outcomes.select(
            "record_key_l", "record_key_r", bounded_weight(weigher.model).round(_DECIMALS).alias("match_weight")
        )
        .join(found, on=["record_key_l", "record_key_r"], how="left")
        .with_columns(pl.col("is_found").fill_null(value=False))
        .sort("record_key_l", "record_key_r")
    )


def compare(old: pl.DataFrame, new: pl.DataFrame, match_threshold: float, review_threshold: float) -> dict[str, Any]:
    """What two models say of the same pairs, as the model card has it.

    `pairs`; `kept`, those that either model links or lets wait; `changed`, those of them whose verdict differs, and
    `changed_share`, changed of kept; `lost`, those that the old one keeps and the new one doesn't find; `verdicts`, old
    to new to pairs; `weight_difference`, quantiles of new less old, in bits; `largest_changes`, keys and both weights
    of the pairs that change by most. A pair that a model doesn't find is none to it, whatever its weight.

    Args:
        old: of `weights`.
        new: the same pairs.
        match_threshold: probability from which a pair is linked.
        review_threshold: probability from which it waits for review.
    """
    thresholds = (match_threshold, review_threshold)
    both = old.rename({"match_weight": "old", "is_found": "old_found"}).join(
        new.rename({"match_weight": "new", "is_found": "new_found"}),
        on=["record_key_l", "record_key_r"],
        maintain_order="left",
    )
    both = both.with_columns(
        (pl.col("new") - pl.col("old")).alias("difference"),
        *(
            pl.when(f"{side}_found")
            .then(_verdict(pl.col(side), *thresholds))
            .otherwise(pl.lit("none"))
            .alias(f"{side}_verdict")
            for side in ("old", "new")
        ),
    )
    found = {(a, b): n for a, b, n in both.group_by("old_verdict", "new_verdict").len().rows()}
    changed = sum(n for (a, b), n in found.items() if a != b)
    kept = both.height - found.get(("none", "none"), 0)
    largest = both.filter(pl.col("difference") != 0).sort(
        pl.col("difference").abs(), "record_key_l", "record_key_r", descending=[True, False, False]
    )
    return {
        "pairs": both.height,
        "kept": kept,
        "changed": changed,
        "lost": both.filter((pl.col("old_verdict") != "none") & ~pl.col("new_found")).height,
        "changed_share": round(changed / kept, _DECIMALS) if kept else 0.0,
        "verdicts": {a: {b: found.get((a, b), 0) for b in VERDICTS} for a in VERDICTS},
        "weight_difference": {
            name: _rounded(both["difference"].quantile(share, "linear")) for name, share in _QUANTILES.items()
        },
        "largest_changes": largest.head(NAMED_PAIRS).select("record_key_l", "record_key_r", "old", "new").to_dicts(),
    }


def levels_beside(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Shares and weights of each level, old beside new; a level that one of the two lacks has nulls there.

    comparison, level; m, u and weight (log2 of m / u, against strangers; frequencies of values apart), each with
    `_old` and `_new`; in the order of the new model, then what only the old one has.

    Args:
        old: its part of model.json.
        new: the same of the new one.
    """
    before, now = _levels(old), _levels(new)
    return [
        {"comparison": comparison, "level": level}
        | {
            f"{name}_{side}": shares.get((comparison, level), {}).get(name)
            for name in ("m", "u", "weight")
            for side, shares in (("old", before), ("new", now))
        }
        for comparison, level in [*now, *(key for key in before if key not in now)]
    ]


def _levels(model: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, float]]:
    return {
        (comparison["output_column_name"], level["label_for_charts"]): {
            "m": level["m_probability"],
            "u": level["u_probability"],
            "weight": _bits(level["m_probability"], level["u_probability"]),
        }
        for comparison in model["splink"]["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    }


def _bits(m: float, u: float) -> float:
    return round(float(pl.Series([m / u]).log(2)[0]), _DECIMALS)


def _verdict(weight: pl.Expr, match_threshold: float, review_threshold: float) -> pl.Expr:
    probability = (1 / (1 + pl.lit(2.0).pow(-weight))).round(_PROBABILITY_DECIMALS)
    return (
        pl.when(probability >= match_threshold)
        .then(pl.lit("link"))
        .when(probability >= review_threshold)
        .then(pl.lit("review"))
        .otherwise(pl.lit("none"))
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)


def markdown(populations: Mapping[str, Mapping[str, Any]]) -> str:
    """The verdicts of both models as a table for people, without a key of any record.

    Args:
        populations: by name, of `compare`.
    """
    lines = ["| population | old | " + " | ".join(f"new: {name}" for name in VERDICTS) + " | changed |"]
    lines.append("|---|---|" + "---:|" * (len(VERDICTS) + 1))
    for name, told in populations.items():
        for verdict in VERDICTS:
            counts: Sequence[int] = [told["verdicts"][verdict][other] for other in VERDICTS]
            changed = sum(counts) - told["verdicts"][verdict][verdict]
            lines.append(f"| {name} | {verdict} | " + " | ".join(f"{n:,}" for n in counts) + f" | {changed:,} |")
        difference = told["weight_difference"]
        bits = ", ".join(f"{part} {value:+.2f}" for part, value in difference.items() if value is not None)
        lines.append(f"| {name} | weight, new less old | {bits} | | | {told['changed_share']:.1%} |")
    return "\n".join(lines)
