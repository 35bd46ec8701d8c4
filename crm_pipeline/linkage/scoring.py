"""The weight of each candidate, by a stored model alone: the same pair has the same weight on any night.

Belongs here: keys, candidates and weights of one population, of all records or of an increment, within the budget.
Does not belong here: which model is used, and the verdict (`pairs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.linkage.candidates import blocking, increments
from crm_pipeline.linkage.candidates.budget import stay_within
from crm_pipeline.linkage.candidates.increments import Changes, changes_since
from crm_pipeline.linkage.candidates.matching_index import Basis, MatchingIndex, open_index
from crm_pipeline.linkage.candidates.records import prepare_records
from crm_pipeline.linkage.candidates.scratch import scratch_database
from crm_pipeline.linkage.model import BlockingRule, Population
from crm_pipeline.linkage.model.comparison import (
    KINDS_NEEDED,
    THIN_EVIDENCE_CEILING,
    agreeing_kinds,
    names_agree,
)
from crm_pipeline.linkage.splink_session import Session
from crm_pipeline.state.models import StoredModel
from crm_pipeline.warehouse import DamagedError, Warehouse, discard_database

WEIGHT_DECIMALS = 6
_LEAST_PROBABILITY = 1e-6  # a probability of 0 has no weight
# A key so many times too frequent was not so when the model was made: it needs a new one. A little is let pass, lest a
# model is made each night.
_TIMES_TOO_FREQUENT = 2
# Of more changed records than this share, scoring everything anew is not slower, and leaves the index in order.
_LARGEST_INCREMENT = 0.3
# Comparing takes about 1 KB of memory for each pair.
_PAIRS_AT_A_TIME = 2_000_000


@dataclass(frozen=True, slots=True)
class Scored:
    """The pairs of one population.

    Attributes:
        rows: record keys, rule and match_weight of the candidates near or above the review threshold.
        pairs_by_rule: pairs that each blocking rule found now, by population and rule.
        candidate_count: pairs scored now, each once.
        compared_count: records that were new, changed or never compared by this model.
        became_frequent: per population and rule, how many keys became too frequent since the model was made; where
            there are any, nothing is scored.
    """

    rows: pl.DataFrame
    pairs_by_rule: dict[str, int]
    candidate_count: int
    compared_count: int
    became_frequent: dict[str, int]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a stored model says of one population.

    Attributes:
        population: whose records are compared.
        model: its part of model.json.
        frequencies: per column the value and its share, see `state.models`.
        left_out: rule and key of the keys left out.
        basis: what its scores stand on.
    """

    population: Population
    model: Mapping[str, Any]
    frequencies: Mapping[str, pl.DataFrame]
    left_out: pl.DataFrame
    basis: Basis

    @classmethod
    def of(cls, stored: StoredModel, population: Population, review_threshold: float) -> Frozen:
        """The part of a stored model; pairs clearly below the threshold need no score."""
        own = f"{population.name}."
        frequencies = {
            column.removeprefix(own): frame
            for column, frame in stored.term_frequencies().items()
            if column.startswith(own)
        }
        left_out = stored.left_out().filter(pl.col("population") == population.name).drop("population")
        basis = Basis(stored.version, stored.sha256(), max(review_threshold * 0.99, _LEAST_PROBABILITY))
        return cls(population, stored.model["populations"][population.name], frequencies, left_out, basis)

    @property
    def rules(self) -> list[BlockingRule]:
        """Its blocking rules, in its order."""
        by_name = {rule.name: rule for rule in self.population.blocking_rules}
        return [by_name[rule] for rule in self.model["blocking_rules"]]

    def weights(self, scratch: Warehouse) -> pl.DataFrame:
        """record_key_l, record_key_r, rule and match_weight of the candidates in the scratch database, by it alone."""
        parts = [self._weights(scratch, part) for part in blocking.parts_of_candidates(scratch, _PAIRS_AT_A_TIME)]
        return pl.concat([_NO_ROWS, *parts])

    def _weights(self, scratch: Warehouse, candidates: str) -> pl.DataFrame:
        least = log2(self.basis.least_probability / (1 - self.basis.least_probability))
        outcomes = Session(scratch, self.model["splink"], self.frequencies).outcomes(
            candidates,
            [comparison["output_column_name"] for comparison in self.model["splink"]["comparisons"]],
            least_probability=1 / (1 + 2 ** -(least - _most_gained(self.model))),
        )
        scored = outcomes.select(
            "record_key_l",
            "record_key_r",
            pl.col("match_key")
            .cast(pl.Int64)
            .replace_strict(dict(enumerate(self.model["blocking_rules"])), return_dtype=pl.String)
            .alias("rule"),
            bounded_weight(self.model).round(WEIGHT_DECIMALS).alias("match_weight"),
        )
        return scored.filter(pl.col("match_weight") >= least)


def score(
    warehouse: Warehouse, frozen: Frozen, identified: pl.DataFrame, pair_budget: int, index_file: Path | None
) -> Scored:
    """The candidates of a population with their weight, by the stored model alone.

    Where the index holds what the same model said of the other records, only pairs with a new or changed record are
    scored; the rows are the same.

    Args:
        warehouse: where `std.customers` is.
        frozen: the model.
        identified: pairs that share an identifier; they are not scored.
        pair_budget: more pairs are not scored.
        index_file: what was compared until now; it is brought up to date, and made anew where it can't be read. None:
            all pairs are scored, none kept.

    Raises:
        ConfigurationError: the pairs are over budget.
    """
    if index_file is None:
        with scratch_database(warehouse) as scratch:
            return _score_all(warehouse, scratch, frozen, identified, pair_budget, None)
    try:
        return _score_by_index(warehouse, frozen, identified, pair_budget, index_file)
    except DamagedError:
        discard_database(index_file)
        return _score_by_index(warehouse, frozen, identified, pair_budget, index_file)


def forget(warehouse: Warehouse, populations: Sequence[Population], index_file: Path) -> None:
    """Takes populations out of the index, that nothing stays of records nobody compares any more."""
    if not index_file.exists():
        return
    for population in populations:
        try:
            with scratch_database(warehouse) as scratch, open_index(scratch, index_file, population.name) as index:
                index.forget()
        except DamagedError:
            discard_database(index_file)


def _score_by_index(
    warehouse: Warehouse, frozen: Frozen, identified: pl.DataFrame, pair_budget: int, index_file: Path
) -> Scored:
    with (
        scratch_database(warehouse) as scratch,
        open_index(scratch, index_file, frozen.population.name) as index,
    ):
        if index.holds(frozen.basis):
            changes = changes_since(warehouse, index, frozen.population)
            if changes.changed.height <= changes.record_count * _LARGEST_INCREMENT:
                return _score_changes(warehouse, index, frozen, identified, pair_budget, changes)
        return _score_all(warehouse, scratch, frozen, identified, pair_budget, index)


def _score_all(
    warehouse: Warehouse,
    scratch: Warehouse,
    frozen: Frozen,
    identified: pl.DataFrame,
    pair_budget: int,
    index: MatchingIndex | None,
) -> Scored:
    name, rules = frozen.population.name, frozen.rules
    compared = prepare_records(warehouse, scratch, frozen.population)
    blocking.make_keys(scratch, rules)
    blocking.leave_out(scratch, rules, frozen.left_out)
    if (frequent := blocking.frequent_keys(scratch, rules, _too_many(rules))).height:
        return _nothing(name, frequent)
    pairs = blocking.count_pairs(scratch, rules)
    stay_within(pair_budget, name, pairs)
    candidates = blocking.make_candidates(scratch, identified)
    weights = frozen.weights(scratch)
    if index:
        index.replace(frozen.basis, weights, identified)
    return Scored(weights, _named(name, pairs), candidates, compared, {})


def _score_changes(
    warehouse: Warehouse,
    index: MatchingIndex,
    frozen: Frozen,
    identified: pl.DataFrame,
    pair_budget: int,
    changes: Changes,
) -> Scored:
    name, rules, scratch = frozen.population.name, frozen.rules, index.scratch
    increments.prepare_changes(warehouse, index, frozen.population, rules, frozen.left_out, changes, identified)
    if (frequent := increments.frequent_keys(scratch, rules, _too_many(rules))).height:
        return _nothing(name, frequent)
    pairs = increments.count_pairs(scratch, rules)
    stay_within(pair_budget, name, pairs)
    candidates = increments.make_candidates(index, identified)
    index.change(frozen.weights(scratch) if candidates else _NO_ROWS, identified)
    return Scored(index.scored(identified), _named(name, pairs), candidates, changes.changed.height, {})


def _too_many(rules: Sequence[BlockingRule]) -> dict[str, int]:
    """Per rule how many records make a key so frequent that a new model is needed."""
    return {rule.name: rule.largest * _TIMES_TOO_FREQUENT for rule in rules}


def _nothing(population: str, frequent: pl.DataFrame) -> Scored:
    return Scored(_NO_ROWS, {}, 0, 0, _named(population, dict(frequent["rule"].value_counts().rows())))


def _named(population: str, by_rule: Mapping[str, int]) -> dict[str, int]:
    return {f"{population}.{rule}": count for rule, count in by_rule.items()}


_NO_ROWS = pl.DataFrame(
    schema={"record_key_l": pl.String, "record_key_r": pl.String, "rule": pl.String, "match_weight": pl.Float64}
)


def bounded_weight(model: Mapping[str, Any]) -> pl.Expr:
    """log2 of the odds of one customer against all others, bounded where too few kinds of evidence agree.

    Splink's weight has random strangers on the other side; where the names agree these are namesakes, who agree in
    more. Those who belong together are added.
    """
    apart = pl.col("match_weight") + pl.when(names_agree(model["agreement"])).then(
        _weights_of_levels(model["namesakes"]["levels"])
    ).otherwise(0.0)
    together = pl.lit(model["related"]["prior"]) + _weights_of_levels(model["related"]["levels"])
    weight = -(pl.lit(2.0).pow(-apart) + pl.lit(2.0).pow(-together)).log(2)
    ceiling = pl.lit(THIN_EVIDENCE_CEILING / (1 - THIN_EVIDENCE_CEILING)).log(2)
    is_thin = agreeing_kinds(model["agreement"]) < KINDS_NEEDED
    return pl.when(is_thin).then(pl.min_horizontal(weight, ceiling)).otherwise(weight)


def _most_gained(model: Mapping[str, Any]) -> float:
    """Bits that a pair of namesakes may have more than Splink says, at most."""
    return float(sum(max(0.0, *weights) for weights in model["namesakes"]["levels"].values()))


def _weights_of_levels(levels: Mapping[str, Sequence[float]]) -> pl.Expr:
    """The sum over comparisons of the weight of the outcome, given from the first level on; missing adds nothing."""
    total = pl.lit(0.0)
    for comparison, weights in levels.items():
        by_outcome = dict(enumerate(reversed(weights))) | {-1: 0.0}
        total += pl.col(f"gamma_{comparison}").cast(pl.Int64).replace_strict(by_outcome, return_dtype=pl.Float64)
    return total
