"""The steps of a run on a line, and figures over runs.

Belongs here: pieces and points. Does not belong here: colours and words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from crm_pipeline.state.measures import RunMeasures, StepMeasure

_MOST_STEPS = 16
_SHORT_PERCENT = 1.0


@dataclass(frozen=True, slots=True)
class Series:
    """One figure over runs.

    Attributes:
        name: of the figure.
        points: place from left, 0 to 100, place from top, 0 to 100, the value and its run, oldest first.
        path: SVG path through them.
        low, high: least and most.
    """

    name: str
    points: tuple[tuple[float, float, float, RunMeasures], ...]
    path: str
    low: float
    high: float

    @property
    def latest(self) -> float:
        """The newest value."""
        return self.points[-1][2]


def trend(runs: Sequence[RunMeasures]) -> tuple[Series, ...]:
    """The figures that two runs or more have, over the runs, oldest first."""
    figures: dict[str, list[float | None]] = {
        "customers": [run.counts.get("customers") for run in runs],
        "records": [run.counts.get("customer_records") for run in runs],
        "held_back": [_held_back(run) for run in runs],
        "seconds": [run.seconds for run in runs],
        "memory": [run.peak_memory_bytes or None for run in runs],
    }
    return _all_series(figures, runs)


def identity_trend(runs: Sequence[RunMeasures]) -> tuple[Series, ...]:
    """How far records kept their ids, as shares from 0 to 1, and how many ids came to another end, over the runs."""
    figures: dict[str, list[float | None]] = {
        "kept_share": [_share(run, "kept_records") for run in runs],
        "resolving_share": [_share(run, "resolving_records") for run in runs],
        "ids_merged": [_events(run, "ids_merged") for run in runs],
        "ids_parted": [_events(run, "ids_split", "ids_moved") for run in runs],
    }
    return _all_series(figures, runs)


def _share(run: RunMeasures, name: str) -> float | None:
    """Share of the records that were known before the run; None where there were none."""
    known = run.counts.get("known_records")
    return run.counts[name] / known if known else None


def _events(run: RunMeasures, *names: str) -> int | None:
    """Events of these kinds; None of a run that knew no record before, or that did not come to ids."""
    return sum(run.counts[name] for name in names) if run.counts.get("known_records") else None


def _all_series(figures: Mapping[str, Sequence[float | None]], runs: Sequence[RunMeasures]) -> tuple[Series, ...]:
    known = {name: [value is not None for value in values] for name, values in figures.items()}
    return tuple(_series(name, values, runs) for name, values in figures.items() if sum(known[name]) > 1)


def _held_back(run: RunMeasures) -> int | None:
    """Customer rows of the newest deliveries; runs that did not count them tell their own rows of all entities."""
    if "held_back" in run.counts:
        return run.counts["held_back"]
    names = ("quarantined", "duplicate", "erased")
    return sum(run.counts.get(name, 0) for name in names) if any(name in run.counts for name in names) else None


def _series(name: str, values: Sequence[float | None], runs: Sequence[RunMeasures]) -> Series:
    present = [value for value in values if value is not None]
    low, high = min(present), max(present)
    span = (high - low) or 1
    last = max(len(values) - 1, 1)
    points = tuple(
        (100 * place / last, 50.0 if high == low else 92 - 84 * (value - low) / span, value, run)
        for place, (value, run) in enumerate(zip(values, runs, strict=True))
        if value is not None
    )
    path = "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y, _, _ in points)
    return Series(name, points, path, low, high)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line: where it begins and how long it is, in percent."""

    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Steps with their places in the sum of all, in their order: the longest, and the others."""

    long: tuple[tuple[StepMeasure, Piece], ...]
    short: tuple[tuple[StepMeasure, Piece], ...]

    @property
    def short_seconds(self) -> float:
        """What the others took together."""
        return sum(step.seconds for step, _ in self.short)


def timeline(run: RunMeasures) -> Timeline:
    """The steps of a run; of many, those of less than a hundredth of the time count as short."""
    ends = list(accumulate(step.seconds for step in run.steps))
    whole = (ends[-1] if ends else 0) or 1
    placed = [
        (step, Piece(100 * (end - step.seconds) / whole, 100 * step.seconds / whole))
        for step, end in zip(run.steps, ends, strict=True)
    ]
    least = _SHORT_PERCENT if len(placed) > _MOST_STEPS else 0.0
    long = tuple(each for each in placed if each[1].length >= least)
    return Timeline(long, tuple(each for each in placed if each[1].length < least))
