"""One pair's weight as a waterfall: steps from the odds before anything is compared to the match weight.

Belongs here: the order of the steps. Does not belong here: what each adds (`explained_pairs`), words and charts
(`report`).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import polars as pl

from crm_pipeline.linkage.explaining.explained_pairs import MISSING, ExplainedPairs

_LEAST_BITS = 1e-9  # less is rounding, and no step


class Part(StrEnum):
    """What a step of a waterfall stands for."""

    PRIOR = "prior"
    COMPARISON = "comparison"
    RARITY = "rarity"
    NAMESAKES = "namesakes"
    RELATED = "related"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True)
class Step:
    """What is added to the weight.

    Attributes:
        part: the odds before anything is compared, a comparison's level, how rare its value is, what is added because
            strangers of one name agree in more than others do, and what is taken away because the two may belong
            together, or because too few kinds of evidence agree.
        bits: how much; negative speaks against one customer.
        related_bits: the same against those who belong together instead of strangers; 0 for corrections and rarity.
        comparison: of a level or a value; else empty.
        label: the level in words; else empty.
        value_l: what the left record has; None for nothing, and where nothing is compared.
        value_r: the same of the right one.
    """

    part: Part
    bits: float
    related_bits: float = 0.0
    comparison: str = ""
    label: str = ""
    value_l: str | None = None
    value_r: str | None = None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The weight of one pair, step by step; the bits of its steps sum to `match_weight`.

    Attributes:
        population: of the two records.
        rules: the blocking rules that find the pair, in order of strength; empty: it is not compared.
        steps: the prior, then each comparison that says something, with the rarity of its value behind it, then
            corrections.
        silent: comparisons that say nothing, because one side has nothing.
        stranger_weight: log2 of the odds of one customer against strangers.
        related_weight: against those who belong together.
        match_weight: against both, and bounded where evidence is thin.
    """

    record_key_l: str
    record_key_r: str
    population: str
    rules: tuple[str, ...]
    steps: tuple[Step, ...]
    silent: tuple[str, ...]
    stranger_weight: float
    related_weight: float
    match_weight: float

    @property
    def match_probability(self) -> float:
        """0 to 1."""
        return 1.0 / (1.0 + math.pow(2.0, -self.match_weight))

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        return asdict(self) | {"match_probability": self.match_probability}


def waterfall(explained: ExplainedPairs, record_key_l: str, record_key_r: str) -> Waterfall | None:
    """The waterfall of one of the pairs; None where it is not among them."""
    is_pair = (pl.col("record_key_l") == record_key_l) & (pl.col("record_key_r") == record_key_r)
    pairs = explained.pairs.filter(is_pair).to_dicts()
    if not pairs:
        return None
    [pair] = pairs
    compared = explained.comparisons.filter(is_pair).to_dicts()
    steps = [Step(Part.PRIOR, pair["prior"], pair["related_prior"])]
    for row in compared:
        if row["label"] != MISSING:
            steps += _steps(row)
    corrections = (
        (Part.NAMESAKES, pair["namesakes"]),
        (Part.RELATED, pair["related_correction"]),
        (Part.CEILING, pair["ceiling_correction"]),
    )
    steps += [Step(part, bits) for part, bits in corrections if abs(bits) >= _LEAST_BITS]
    return Waterfall(
        record_key_l,
        record_key_r,
        pair["population"],
        tuple(pair["rules"]),
        tuple(steps),
        tuple(row["comparison"] for row in compared if row["label"] == MISSING),
        pair["stranger_weight"],
        pair["related_weight"],
        pair["match_weight"],
    )


def _steps(row: dict[str, Any]) -> list[Step]:
    """The level of one comparison, and the rarity of its value where that changes something."""
    told = (row["comparison"], row["label"], row["value_l"], row["value_r"])
    steps = [Step(Part.COMPARISON, row["weight"], row["related"], *told)]
    if abs(row["rarity"]) >= _LEAST_BITS:
        steps.append(Step(Part.RARITY, row["rarity"], 0.0, *told))
    return steps
