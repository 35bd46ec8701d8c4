"""Bars of the evidence: what agreement is worth, the waterfall of a pair, customers by what holds them together.

Belongs here: where bars begin and end. Does not belong here: colours and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_pipeline.report.charts.sizes import SIZE_GROUPS, size_label
from crm_pipeline.report.figures import HELD_BY, Fall, FallStep, Held, PopulationWorth

_LEAST_SEEN = 0.05  # bits; a step below is no bar
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """Weights from `low` to `high` across a bar; `zero` is the place of 0, and ticks are places, 0 to 100."""

    low: float
    high: float
    zero: float
    ticks: tuple[tuple[float, int], ...]

    def place(self, bits: float) -> float:
        """Where a weight lies, 0 to 100."""
        return 100 * (min(max(bits, self.low), self.high) - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Span:
    """A bar: where it begins and how long it is, 0 to 100, and whether it speaks for one customer."""

    start: float
    length: float
    is_for: bool


@dataclass(frozen=True, slots=True)
class Stair:
    """One step of a waterfall: its bar, and the weight after it."""

    step: FallStep
    span: Span
    total: float


@dataclass(frozen=True, slots=True)
class Stairs:
    """A waterfall; `total` is the bar of the sum, thresholds are places, None where they lie outside."""

    scale: Scale
    stairs: tuple[Stair, ...]
    total: Span
    match: float | None
    review: float | None


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Customers with `label` records, by what holds them together, in the order of `HELD_BY`."""

    label: str
    customers: int
    parts: tuple[tuple[str, int], ...]


def scale(weights: Sequence[float]) -> Scale:
    """A scale with 0 in it, and all the weights."""
    low, high = min(0.0, *weights), max(0.0, *weights)
    if high - low < 1:
        high = low + 1
    between = next(each for each in (1, 2, 5, 10, 20, 50, 100, 10**9) if (high - low) / each <= _MOST_TICKS)
    first, last = -int(-low // between), int(high // between)
    ticks = tuple((100 * (at * between - low) / (high - low), at * between) for at in range(first, last + 1))
    return Scale(low, high, 100 * -low / (high - low), ticks)


def span(scale: Scale, start: float, end: float) -> Span:
    """The bar from one weight to another."""
    places = scale.place(start), scale.place(end)
    return Span(min(places), max(places) - min(places), end >= start)


def worth_scale(worth: Sequence[PopulationWorth]) -> Scale:
    """One scale for all levels of all models."""
    levels = [level for each in worth for comparison in each.comparisons for level in comparison.levels]
    return scale([bits for level in levels for bits in (level.stranger, level.related)] or [0.0])


def stairs(fall: Fall) -> Stairs:
    """The waterfall; steps too small to be seen are left out, the others begin where the one before ended."""
    found, total = [], 0.0
    for step in fall.steps:
        if abs(step.bits) >= _LEAST_SEEN:
            found.append((step, total, total + step.bits))
        total += step.bits
    across = scale([*(weight for _, *ends in found for weight in ends), fall.weight])
    return Stairs(
        across,
        tuple(Stair(step, span(across, start, end), end) for step, start, end in found),
        span(across, 0.0, fall.weight),
        _threshold(across, fall.match_weight),
        _threshold(across, fall.review_weight),
    )


def held_groups(held: Sequence[Held]) -> tuple[HeldGroup, ...]:
    """Customers of two records or more by number of records, large numbers together; empty groups are left out."""
    groups = []
    for low, high in SIZE_GROUPS:
        inside = [each.customers for each in held if each.records >= low and (high is None or each.records <= high)]
        parts = tuple((kind, sum(customers.get(kind, 0) for customers in inside)) for kind in HELD_BY)
        if customers := sum(count for _, count in parts):
            groups.append(HeldGroup(size_label(low, high), customers, parts))
    return tuple(groups)


def held_totals(groups: Sequence[HeldGroup]) -> tuple[tuple[str, int], ...]:
    """All customers of the groups by what holds them together, in the order of `HELD_BY`."""
    return tuple((kind, sum(dict(group.parts)[kind] for group in groups)) for kind in HELD_BY)


def _threshold(across: Scale, weight: float | None) -> float | None:
    return None if weight is None or not across.low <= weight <= across.high else across.place(weight)
