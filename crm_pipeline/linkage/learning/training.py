"""A model trained without labels on the prepared records, and made safe before it is frozen.

Belongs here: the two rounds, and the bounds within which learnt values are believed. Does not belong here: which pairs
teach (`training_pairs`), which comparisons there are (`model`), the arithmetic (`expectation`), and storing
(`state.models`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from crm_pipeline.linkage.candidates.records import RECORDS
from crm_pipeline.linkage.candidates.scratch import copy_frame
from crm_pipeline.linkage.clustering.components import component_of
from crm_pipeline.linkage.learning.expectation import BELIEVED_PAIRS, Floats, Learnt, Outcomes, maximise
from crm_pipeline.linkage.learning.frequencies import term_frequencies
from crm_pipeline.linkage.learning.sanity import doubtful
from crm_pipeline.linkage.learning.training_pairs import CANDIDATE, KNOWN, RANDOM, training_pairs
from crm_pipeline.linkage.model import Population
from crm_pipeline.linkage.model.comparison import (
    KINDS_NEEDED,
    SMALLEST_FREQUENCY,
    Comparison,
    agreeing_kinds,
    agreement_levels,
    names_agree,
    splink_settings,
)
from crm_pipeline.linkage.splink_session import Session
from crm_pipeline.warehouse import Warehouse

# Pairs of at least this probability make the provisional customers of the second round.
PROVISIONAL = 0.9

SMALLEST_U = 1e-8
# What is learnt is frozen with so many significant digits: sums over parallel threads differ only beyond.
_DIGITS = 8
_PAIRS = "linkage_training_pairs"


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be frozen.

    Attributes:
        settings: Splink's settings, with m and u of every level set.
        agreement: which outcomes are agreement, see `comparison.agreement_levels`.
        namesakes: per comparison the weight that each level, from the first, has for strangers of one name beside what
            it has for random ones (`levels`); log2 of u by the share among namesakes.
        related: what tells one customer from two who belong together: the weight before anything is compared
            (`prior`), and per comparison the weight of each level, from the first (`levels`); log2.
        term_frequencies: per column a frame of value and share, in order of value.
        doubtful: comparisons whose learnt shares can't be true, and that have the shipped ones; see `sanity`.
        notes: what was learnt and from what, for the model card.
    """

    settings: dict[str, Any]
    agreement: list[dict[str, Any]]
    namesakes: dict[str, Any]
    related: dict[str, Any]
    term_frequencies: dict[str, pl.DataFrame]
    doubtful: list[str]
    notes: dict[str, Any] = field(default_factory=dict)


def train(
    scratch: Warehouse, population: Population, columns: Sequence[str], identified: pl.DataFrame, *, seed: int
) -> Trained:
    """The model of a population, learnt from its records; the same records and seed give the same model.

    Two rounds: the first finds provisional customers, the second learns strangers' shares and frequencies over these
    instead of records, because somebody delivered five times is no stranger to himself and makes no name common.

    Args:
        scratch: where the prepared records and the candidates are.
        population: whose records they are.
        columns: the usable columns.
        identified: record_key_l and record_key_r of pairs that surely are of one customer.
        seed: for the random pairs.
    """
    chosen = population.usable_comparisons(columns)
    keys = scratch.frame(f"SELECT record_key FROM {RECORDS} ORDER BY record_key")["record_key"]
    rules = [rule.name for rule in population.usable_rules(columns)]
    name_rule = rules.index(population.name_rule) if population.name_rule in rules else None
    pairs = training_pairs(scratch, keys, identified, name_rule, seed)
    customers = _customers(keys, identified)
    frequencies = term_frequencies(scratch, chosen, columns, population.composed, customers)
    copy_frame(pairs.drop("weight", "is_by_name"), scratch, _PAIRS)
    session = Session(scratch, splink_settings(chosen, prior=0.0001), frequencies)
    outcomes = _with_levels(session.outcomes(_PAIRS, [c.name for c in chosen]), chosen).join(
        pairs.rename({"join_key_l": "record_key_l", "join_key_r": "record_key_r"}),
        on=["record_key_l", "record_key_r", "match_key"],
    )
    first, _ = _learn(scratch, population, chosen, outcomes, frequencies, customers, len(keys))
    probable = first.filter(pl.col("probability") >= PROVISIONAL).select("record_key_l", "record_key_r")
    links = pl.concat([probable, identified.select("record_key_l", "record_key_r")])
    customers = _customers(keys, links)
    frequencies = term_frequencies(scratch, chosen, columns, population.composed, customers)
    second, model = _learn(scratch, population, chosen, outcomes, frequencies, customers, len(keys))
    return _trained(chosen, *_sound(chosen, model), frequencies, _notes(second, model))


@dataclass(frozen=True, slots=True)
class _Model:
    u: tuple[Floats, ...]
    learnt: Learnt


def _customers(keys: pl.Series, links: pl.DataFrame) -> pl.DataFrame:
    """record_key and customer, the smallest key of those linked."""
    return pl.DataFrame({"record_key": keys, "customer": component_of(keys, links)})


def _with_levels(outcomes: pl.DataFrame, chosen: Sequence[Comparison]) -> pl.DataFrame:
    """Splink's outcomes, whose last level is 0, as levels, whose first is 0; missing stays -1."""
    return outcomes.with_columns(
        pl.when(pl.col(f"gamma_{c.name}") >= 0)
        .then(len(c.levels) - 1 - pl.col(f"gamma_{c.name}"))
        .otherwise(-1)
        .cast(pl.Int64)
        .alias(c.name)
        for c in chosen
    ).drop("match_weight")


def _learn(
    scratch: Warehouse,
    population: Population,
    chosen: Sequence[Comparison],
    outcomes: pl.DataFrame,
    frequencies: dict[str, pl.DataFrame],
    customers: pl.DataFrame,
    records: int,
) -> tuple[pl.DataFrame, _Model]:
    """The candidates with their probability, and the model that gives it."""
    u = _strangers(chosen, outcomes, customers)
    shown = _stranger_bits(scratch, chosen, outcomes.filter(pl.col("match_key") != RANDOM), u, frequencies)
    agreement = agreement_levels(chosen, u)
    shown = shown.with_columns(
        (agreeing_kinds(agreement) < KINDS_NEEDED).alias("is_thin"), names_agree(agreement).alias("have_one_name")
    )
    # Pairs that look alike are one group; bits are told apart by quarters.
    told = ("quarter_bits", "match_key", "is_thin", "have_one_name", "is_by_name")
    alike = [*(comparison.name for comparison in chosen), *told]
    shown = shown.with_columns((pl.col("bits") * 4).round().alias("quarter_bits"))
    groups = shown.group_by(alike).agg(pl.col("weight").sum()).sort(alike)
    seen = Outcomes(
        levels=groups.select(comparison.name for comparison in chosen).to_numpy().astype(np.int64),
        stranger_bits=groups["quarter_bits"].to_numpy() / 4,
        counts=groups["weight"].to_numpy(),
        is_known=(groups["match_key"] == KNOWN).to_numpy(),
        is_thin=groups["is_thin"].to_numpy(),
        have_one_name=groups["have_one_name"].to_numpy() & (population.name_rule is not None),
        teach_namesakes=(groups["have_one_name"] & groups["is_by_name"]).to_numpy(),
    )
    learnt = maximise(chosen, u, seen, records=records, fewest_related=population.fewest_related)
    probable = shown.join(groups.with_columns(pl.Series("probability", learnt.probability)), on=alike)
    return probable.filter((pl.col("match_key") == CANDIDATE) & ~pl.col("is_thin")), _Model(u, learnt)


def _strangers(chosen: Sequence[Comparison], outcomes: pl.DataFrame, customers: pl.DataFrame) -> tuple[Floats, ...]:
    """u: the shares of levels among random pairs of different provisional customers, and what was believed."""
    random = outcomes.filter(pl.col("match_key") == RANDOM)
    for side in ("l", "r"):
        owners = customers.select(pl.col("record_key").alias(f"record_key_{side}"), pl.col("customer").alias(side))
        random = random.join(owners, on=f"record_key_{side}")
    random = random.filter(pl.col("l") != pl.col("r"))
    shares = []
    for comparison in chosen:
        believed = np.array([level.u for level in comparison.levels])
        levels = random[comparison.name].to_numpy()
        counted = np.bincount(levels[levels >= 0], minlength=len(believed)).astype(float)
        mixed = np.maximum((counted + BELIEVED_PAIRS * believed) / (counted.sum() + BELIEVED_PAIRS), SMALLEST_U)
        shares.append(mixed / mixed.sum())
    return tuple(shares)


def _stranger_bits(
    scratch: Warehouse,
    chosen: Sequence[Comparison],
    outcomes: pl.DataFrame,
    u: tuple[Floats, ...],
    frequencies: dict[str, pl.DataFrame],
) -> pl.DataFrame:
    """The outcomes with `bits`: log2 of the share of strangers who look like that, by the values that are equal."""
    bits = pl.lit(0.0)
    for comparison, shares in zip(chosen, u, strict=True):
        value = pl.lit(0.0)
        for n, level in enumerate(comparison.levels):
            is_level = pl.col(comparison.name) == n
            told = pl.lit(float(np.log2(shares[n])))
            if level.frequency_of is not None:
                column = f"share_{level.frequency_of}"
                if column not in outcomes.columns:
                    outcomes = _with_shares(scratch, outcomes, level.frequency_of, frequencies[level.frequency_of])
                told = pl.max_horizontal(pl.col(column), pl.lit(SMALLEST_FREQUENCY)).log(2).fill_null(told)
            value = pl.when(is_level).then(told).otherwise(value)
        bits = bits + value
    return outcomes.with_columns(bits.alias("bits"))


def _with_shares(scratch: Warehouse, outcomes: pl.DataFrame, column: str, shares: pl.DataFrame) -> pl.DataFrame:
    values = scratch.frame(f"SELECT record_key AS record_key_l, {column} AS value FROM {RECORDS}")
    of_record = values.join(shares, on="value", how="left").select(
        "record_key_l", pl.col("share").alias(f"share_{column}")
    )
    return outcomes.join(of_record, on="record_key_l", how="left", maintain_order="left")


def _sound(chosen: Sequence[Comparison], model: _Model) -> tuple[_Model, list[str]]:
    """The model with shipped shares in place of those that can't be true, and the comparisons which that concerns."""
    wrong = doubtful(chosen, model.learnt.m, model.u)
    m, u = (
        tuple(
            np.array([getattr(level, name) for level in comparison.levels]) if comparison.name in wrong else learnt
            for comparison, learnt in zip(chosen, shares, strict=True)
        )
        for name, shares in (("m", model.learnt.m), ("u", model.u))
    )
    return _Model(u, replace(model.learnt, m=m)), wrong


def _trained(
    chosen: Sequence[Comparison],
    model: _Model,
    wrong: list[str],
    frequencies: dict[str, pl.DataFrame],
    notes: dict[str, Any],
) -> Trained:
    m, u = model.learnt.m, model.u
    settings = splink_settings(chosen, prior=_rounded(model.learnt.same))
    for comparison, own, strangers in zip(settings["comparisons"], m, u, strict=True):
        for n, level in enumerate(comparison["comparison_levels"][1:]):
            level |= {"m_probability": _rounded(own[n]), "u_probability": _rounded(strangers[n])}
    levels = {
        comparison.name: [_rounded(float(np.log2(own[n] / level.related))) for n, level in enumerate(comparison.levels)]
        for comparison, own in zip(chosen, m, strict=True)
    }
    related = {"prior": _rounded(float(np.log2(model.learnt.same / model.learnt.related))), "levels": levels}
    namesakes = {
        comparison.name: [_rounded(float(bits)) for bits in np.log2(strangers / alike)]
        for comparison, strangers, alike in zip(chosen, u, model.learnt.namesakes, strict=True)
    }
    agreement = agreement_levels(chosen, u)
    return Trained(settings, agreement, {"levels": namesakes}, related, frequencies, wrong, notes)


def _notes(candidates: pl.DataFrame, model: _Model) -> dict[str, Any]:
    return {
        "share_of_pairs_that_are_one_customer": _rounded(model.learnt.same),
        "share_of_pairs_that_belong_together": _rounded(model.learnt.related),
        "rounds": model.learnt.rounds,
        "candidates_learnt_from": candidates.height,
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
