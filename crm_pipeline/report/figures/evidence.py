"""Figures of the evidence: what holds customers together, what agreement is worth, and one pair's waterfall.

Belongs here: frozen values. Does not belong here: counting links (`steps`), geometry (`charts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HELD_BY = ("decision", "identifier", "strong", "medium", "weak")


@dataclass(frozen=True, slots=True)
class Held:
    """Customers with `records` records, by what their weakest link is: one of `HELD_BY` to customers."""

    records: int
    customers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Worth:
    """Bits that one level of a comparison adds to the odds of one customer, against strangers and against related."""

    label: str
    stranger: float
    related: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison of a population's model, its levels from equal to different."""

    name: str
    levels: tuple[Worth, ...]


@dataclass(frozen=True, slots=True)
class PopulationWorth:
    """What agreement is worth in one population."""

    population: str
    comparisons: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class FallStep:
    """One step of a waterfall: what it stands for, the comparison and level where it is one, and its bits."""

    part: str
    comparison: str
    label: str
    bits: float


@dataclass(frozen=True, slots=True)
class Fall:
    """The waterfall of one pair, without values.

    Attributes:
        left: key of one record.
        right: of the other.
        population: of both.
        steps: they sum to `weight`.
        silent: comparisons that say nothing.
        weight: match weight of the pair.
        probability: match probability, 0 to 1.
        match_weight: from it on a pair is linked; None when no weight is enough.
        review_weight: from it on a pair waits for a person; None when no weight is enough.
    """

    left: str
    right: str
    population: str
    steps: tuple[FallStep, ...]
    silent: tuple[str, ...]
    weight: float
    probability: float
    match_weight: float | None
    review_weight: float | None
