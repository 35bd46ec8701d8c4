"""Why a pair has the weight that it has: what each comparison adds, and what is taken away again.

Belongs here: taking the weight of a pair apart, by the stored model and the matching index. Does not belong here:
giving pairs their weight (`scoring`), which link holds a customer together (`weakest_links`), and how any of it is
shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_pipeline.linkage.candidates.records import PREPARATION_VERSION, RECORDS
from crm_pipeline.linkage.candidates.scratch import copy_frame, scratch_database
from crm_pipeline.linkage.explaining.index_reading import records_of, shared_rules
from crm_pipeline.linkage.model import POPULATIONS, Population
from crm_pipeline.linkage.model.comparison import agreeing_kinds, names_agree
from crm_pipeline.linkage.scoring import Frozen, bounded_weight
from crm_pipeline.linkage.splink_session import Session
from crm_pipeline.state.models import StoredModel
from crm_pipeline.warehouse import Warehouse

# Customers of more records are explained by their linked pairs only: fifty have 1,225 pairs.
MOST_RECORDS = 50

MISSING = "missing"
_PAIRS = "linkage_pairs_to_explain"
_ENDS = ("record_key_l", "record_key_r")
_PAIR_SCHEMA = pl.Schema(
    {
        "record_key_l": pl.String(),
        "record_key_r": pl.String(),
        "population": pl.String(),
        "rules": pl.List(pl.String()),
        "agreeing_kinds": pl.Int32(),
        "prior": pl.Float64(),
        "related_prior": pl.Float64(),
        "namesakes": pl.Float64(),
        "stranger_weight": pl.Float64(),
        "related_weight": pl.Float64(),
        "related_correction": pl.Float64(),
        "ceiling_correction": pl.Float64(),
        "match_weight": pl.Float64(),
    }
)
_COMPARISON_SCHEMA = pl.Schema(
    {
        "record_key_l": pl.String(),
        "record_key_r": pl.String(),
        "position": pl.Int32(),
        "comparison": pl.String(),
        "label": pl.String(),
        "value_l": pl.String(),
        "value_r": pl.String(),
        "weight": pl.Float64(),
        "rarity": pl.Float64(),
        "namesakes": pl.Float64(),
        "related": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True)
class ExplainedPairs:
    """Pairs taken apart; those whose records are not both in one population of the index are left out.

    For each pair, prior + the sum of weight, rarity and namesakes over its comparisons + related_correction +
    ceiling_correction is its match_weight, as `link.pairs` has it but for rounding.

    Attributes:
        pairs: one row per pair, in key order. rules: the blocking rules that find it, in order of strength; empty: it
            is not compared. agreeing_kinds: of evidence. prior: log2 of the odds of one customer against strangers
            before anything is compared; related_prior: against those who belong together. stranger_weight and
            related_weight: the odds against either, after all comparisons. related_correction: what is taken away
            because the two may belong together; ceiling_correction: because too few kinds of evidence agree.
        comparisons: one row per pair and comparison, in key order and that of the model. label: the level in words,
            `missing` where one side has nothing. value_l, value_r: what was compared, null for nothing. weight: log2
            of m / u; rarity: what the value's own frequency adds to it; namesakes: what is added because strangers of
            one name agree more or less often than others, 0 unless the names agree; related: log2 of m / r. All are 0
            where missing.
    """

    pairs: pl.DataFrame
    comparisons: pl.DataFrame

    @classmethod
    def nothing(cls) -> ExplainedPairs:
        """No pair."""
        return cls(pl.DataFrame(schema=_PAIR_SCHEMA), pl.DataFrame(schema=_COMPARISON_SCHEMA))


def is_explainable(model: StoredModel) -> bool:
    """Whether this package prepares and compares records as it did when the model was made."""
    return bool(model.model["preparation_version"] == PREPARATION_VERSION)


def all_pairs(record_keys: Sequence[str]) -> pl.DataFrame:
    """record_key_l and record_key_r of every pair of these records, in key order."""
    keys = pl.DataFrame({"record_key": sorted(set(record_keys))}, schema={"record_key": pl.String})
    left, right = (keys.select(pl.col("record_key").alias(end)) for end in _ENDS)
    return left.join(right, how="cross").filter(pl.col("record_key_l") < pl.col("record_key_r")).sort(_ENDS)


def explain_pairs(index: Warehouse, model: StoredModel, pairs: pl.DataFrame) -> ExplainedPairs:
    """The weights of these pairs taken apart, whether a rule finds them or not.

    Args:
        index: the matching index, open.
        model: the version that the index was made with; see `is_explainable`.
        pairs: record_key_l and record_key_r, the smaller key left; hundreds, not millions.
    """
    found = [ExplainedPairs.nothing()] + [
        explained
        for population in POPULATIONS
        if population.name in model.model["populations"]
        and (explained := _explain_population(index, model, population, pairs)) is not None
    ]
    return ExplainedPairs(
        pl.concat(each.pairs for each in found).sort(_ENDS),
        pl.concat(each.comparisons for each in found).sort(*_ENDS, "position"),
    )


def _explain_population(
    index: Warehouse, stored: StoredModel, population: Population, pairs: pl.DataFrame
) -> ExplainedPairs | None:
    """The pairs within one population; None where there are none."""
    keys = pl.concat([pairs[end].rename("record_key") for end in _ENDS]).unique().to_list()
    records = records_of(index, population.name, keys)
    there = records["record_key"].implode()
    inside = pairs.select(_ENDS).filter(pl.all_horizontal(pl.col(end).is_in(there) for end in _ENDS)).unique()
    if inside.is_empty():
        return None
    frozen, name = Frozen.of(stored, population, review_threshold=0.0), population.name
    model = frozen.model
    settings = {**model["splink"], "retain_intermediate_calculation_columns": True}
    with scratch_database(index) as scratch:
        copy_frame(records, scratch, RECORDS)
        numbered = inside.sort(_ENDS).rename({"record_key_l": "join_key_l", "record_key_r": "join_key_r"})
        copy_frame(numbered.with_columns(pl.lit("0").alias("match_key")), scratch, _PAIRS)
        details = Session(scratch, settings, frozen.frequencies).details(_PAIRS)
    comparisons = pl.concat(
        _comparison(details, model, number, comparison)
        for number, comparison in enumerate(model["splink"]["comparisons"])
    )
    rules = shared_rules(index, name, model["blocking_rules"], inside)
    return ExplainedPairs(
        _pairs(details, comparisons, model).with_columns(pl.lit(name).alias("population")).join(rules, on=_ENDS)
        .select(list(_PAIR_SCHEMA)).cast(_PAIR_SCHEMA),
        _with_values(comparisons, records, population, model["columns"]).select(list(_COMPARISON_SCHEMA))
        .cast(_COMPARISON_SCHEMA),
    )  # fmt: skip


def _comparison(
    details: pl.DataFrame, model: Mapping[str, Any], position: int, comparison: Mapping[str, Any]
) -> pl.DataFrame:
    """What one comparison says of each pair."""
    name = comparison["output_column_name"]
    levels = comparison["comparison_levels"][1:]  # the first is the missing one; Splink numbers the others downwards
    numbers = list(range(len(levels) - 1, -1, -1))
    gamma = pl.col(f"gamma_{name}").cast(pl.Int64)
    namesakes = dict(zip(numbers, model["namesakes"]["levels"].get(name, [0.0] * len(levels)), strict=True)) | {-1: 0.0}
    labels = dict(zip(numbers, (level["label_for_charts"] for level in levels), strict=True)) | {-1: MISSING}
    related = dict(zip(numbers, model["related"]["levels"][name], strict=True)) | {-1: 0.0}
    rarity = f"mw_tf_adj_{name}"
    return details.select(
        *_ENDS,
        pl.lit(position).alias("position"),
        pl.lit(name).alias("comparison"),
        gamma.replace_strict(labels, return_dtype=pl.String).alias("label"),
        pl.col(f"mw_{name}").alias("weight"),
        (pl.col(rarity) if rarity in details.columns else pl.lit(0.0)).alias("rarity"),
        pl.when(names_agree(model["agreement"]))
        .then(gamma.replace_strict(namesakes, return_dtype=pl.Float64))
        .otherwise(0.0)
        .alias("namesakes"),
        gamma.replace_strict(related, return_dtype=pl.Float64).alias("related"),
    )


def _pairs(details: pl.DataFrame, comparisons: pl.DataFrame, model: Mapping[str, Any]) -> pl.DataFrame:
    """The sums of each pair, and what `scoring` takes away from them."""
    same = model["splink"]["probability_two_random_records_match"]
    sums = comparisons.group_by(_ENDS).agg(pl.col("weight", "rarity", "namesakes", "related").sum())
    both = -(pl.lit(2.0).pow(-pl.col("stranger_weight")) + pl.lit(2.0).pow(-pl.col("related_weight"))).log(2)
    return (
        details.select(
            *_ENDS,
            agreeing_kinds(model["agreement"]).alias("agreeing_kinds"),
            bounded_weight(model).alias("match_weight"),
        )
        .join(sums, on=_ENDS)
        .with_columns(
            (pl.lit(same) / (1 - pl.lit(same))).log(2).alias("prior"),
            pl.lit(model["related"]["prior"], dtype=pl.Float64).alias("related_prior"),
        )
        .with_columns(
            (pl.col("prior") + pl.col("weight") + pl.col("rarity") + pl.col("namesakes")).alias("stranger_weight"),
            (pl.col("related_prior") + pl.col("related")).alias("related_weight"),
        )
        .with_columns(both.alias("both"))
        .with_columns(
            (pl.col("both") - pl.col("stranger_weight")).alias("related_correction"),
            (pl.col("match_weight") - pl.col("both")).round(9).alias("ceiling_correction"),
        )
    )


def _with_values(
    comparisons: pl.DataFrame, records: pl.DataFrame, population: Population, columns: Sequence[str]
) -> pl.DataFrame:
    """The comparisons with what either record has, as text: several values by commas, several columns by blanks."""
    texts = [
        records.select(
            "record_key",
            pl.lit(comparison.name).alias("comparison"),
            pl.concat_str([_text(records, name) for name in comparison.needed or comparison.columns], separator=" ",
                          ignore_nulls=True).alias("value"),
        ).with_columns(pl.col("value").replace("", None))
        for comparison in population.usable_comparisons(columns)
    ]  # fmt: skip
    known = pl.concat(texts)
    for side in "lr":
        of_side = known.rename({"record_key": f"record_key_{side}", "value": f"value_{side}"})
        comparisons = comparisons.join(of_side, on=[f"record_key_{side}", "comparison"], how="left")
    return comparisons


def _text(records: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name)
    return column.list.join(", ") if isinstance(records.schema[name], pl.List) else column.cast(pl.String)
