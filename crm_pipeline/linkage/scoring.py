"""The weight of each candidate, by a stored model alone: the same pair has the same weight on any night.

Belongs here: keys, candidates and weights of one population, within the budget. Does not belong here: which model is
used, and the verdict (`pairs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.budget import stay_within
from crm_pipeline.linkage.candidates.records import prepare_records
from crm_pipeline.linkage.candidates.scratch import scratch_database
from crm_pipeline.linkage.model import Population
from crm_pipeline.linkage.model.comparison import KINDS_NEEDED, THIN_EVIDENCE_CEILING, agreeing_kinds
from crm_pipeline.linkage.splink_session import Session
from crm_pipeline.state.models import StoredModel
from crm_pipeline.warehouse import Warehouse

WEIGHT_DECIMALS = 6
_LEAST_PROBABILITY = 1e-6  # a probability of 0 has no weight
# A key so many times too frequent was not so when the model was made: it needs a new one. A little is let pass, lest a
# model is made each night.
_TIMES_TOO_FREQUENT = 2


@dataclass(frozen=True, slots=True)
class Scored:
    """The pairs of one population.

    Attributes:
        rows: record keys, rule and match_weight of the candidates near or above the review threshold.
        pairs_by_rule: pairs that each blocking rule found, by population and rule.
        candidate_count: pairs scored, each once.
        became_frequent: per population and rule, how many keys became too frequent since the model was made; where
            there are any, nothing is scored.
    """

    rows: pl.DataFrame
    pairs_by_rule: dict[str, int]
    candidate_count: int
    became_frequent: dict[str, int]


_NO_ROWS = pl.DataFrame(
    schema={"record_key_l": pl.String, "record_key_r": pl.String, "rule": pl.String, "match_weight": pl.Float64}
)


def score(
    warehouse: Warehouse,
    population: Population,
    used: StoredModel,
    identified: pl.DataFrame,
    review_threshold: float,
    pair_budget: int,
) -> Scored:
    """The candidates of a population with their weight, by the stored model alone."""
    name = population.name
    model, left_out = used.model["populations"][name], used.left_out()
    by_name = {rule.name: rule for rule in population.blocking_rules}
    rules = [by_name[rule] for rule in model["blocking_rules"]]
    own = f"{name}."
    frequencies = {
        column.removeprefix(own): frame for column, frame in used.term_frequencies().items() if column.startswith(own)
    }
    with scratch_database(warehouse) as scratch:
        prepare_records(warehouse, scratch, population)
        blocking.make_keys(scratch, rules)
        blocking.leave_out(scratch, rules, left_out.filter(pl.col("population") == name).drop("population"))
        frequent = blocking.frequent_keys(scratch, rules, times=_TIMES_TOO_FREQUENT)
        if frequent.height:
            return Scored(
                _NO_ROWS, {}, 0, {f"{name}.{rule}": count for rule, count in frequent["rule"].value_counts().rows()}
            )
        pairs = blocking.count_pairs(scratch, rules)
        stay_within(pair_budget, name, pairs)
        candidates = blocking.make_candidates(scratch, identified)
        outcomes = Session(scratch, model["splink"], frequencies).outcomes(
            blocking.CANDIDATES,
            [comparison["output_column_name"] for comparison in model["splink"]["comparisons"]],
            least_probability=max(review_threshold * 0.99, _LEAST_PROBABILITY),
        )
    scored = outcomes.select(
        "record_key_l",
        "record_key_r",
        pl.col("match_key")
        .cast(pl.Int64)
        .replace_strict(dict(enumerate(model["blocking_rules"])), return_dtype=pl.String)
        .alias("rule"),
        bounded_weight(model).round(WEIGHT_DECIMALS).alias("match_weight"),
    )
    return Scored(scored, {f"{name}.{rule}": count for rule, count in pairs.items()}, candidates, {})


def bounded_weight(model: Mapping[str, Any]) -> pl.Expr:
    """log2 of the odds of one customer against all others, bounded where too few kinds of evidence agree.

    Splink's weight has strangers on the other side; those who belong together are added.
    """
    related = pl.lit(model["related"]["prior"])
    for comparison, weights in model["related"]["levels"].items():
        by_outcome = dict(enumerate(reversed(weights))) | {-1: 0.0}
        related += pl.col(f"gamma_{comparison}").cast(pl.Int64).replace_strict(by_outcome, return_dtype=pl.Float64)
    weight = -(pl.lit(2.0).pow(-pl.col("match_weight")) + pl.lit(2.0).pow(-related)).log(2)
    ceiling = pl.lit(THIN_EVIDENCE_CEILING / (1 - THIN_EVIDENCE_CEILING)).log(2)
    is_thin = agreeing_kinds(model["agreement"]) < KINDS_NEEDED
    return pl.when(is_thin).then(pl.min_horizontal(weight, ceiling)).otherwise(weight)
