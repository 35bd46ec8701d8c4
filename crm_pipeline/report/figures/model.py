"""Figures of the linkage model and of linking beside the last runs.

Belongs here: frozen values of versions, of what a version changed, and of guards. Does not belong here: reading stores
(`steps`), geometry (`charts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

VERDICTS = ("link", "review", "none")
IN_USE, EARLIER, WAITING, ACCEPTED, REFUSED = "in_use", "earlier", "waiting", "accepted", "refused"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version that was trained.

    Attributes:
        number: of the version; of one that did not take over, the number that it would have had.
        standing: in_use, earlier, waiting (for a person), accepted (the next run takes it) or refused.
        trained_at: UTC without a zone.
        reason: as the model card has it.
        changed: verdicts on the fixed sample that differ from those of the version before; None where there is none.
        kept: pairs of the sample that either of the two links or lets wait.
    """

    number: int
    standing: str
    trained_at: datetime
    reason: str
    changed: int | None
    kept: int | None


@dataclass(frozen=True, slots=True)
class Shift:
    """The weight of one level of a comparison, in bits; None in the version that lacks the level."""

    label: str
    old: float | None
    new: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a version changes in one population.

    Attributes:
        verdicts: old to new to pairs of the sample, for each of `VERDICTS`.
        typical: how far the weights of half of the sample's pairs moved, in bits: the lower and the upper quartile.
        comparisons: name and levels, from equal to different.
    """

    population: str
    pairs: int
    kept: int
    changed: int
    verdicts: Mapping[str, Mapping[str, int]]
    typical: tuple[float, float] | None
    comparisons: tuple[tuple[str, tuple[Shift, ...]], ...]


@dataclass(frozen=True, slots=True)
class ModelStory:
    """The model in use, where it comes from, and what it or the one that waits changes.

    Attributes:
        versions: newest first; a refused one that no longer counts is left out.
        learnt_from: population, records, and how many columns take part.
        changes: of the version that waits, else of the one in use, against the one before; may be empty.
        impossible: comparisons of the refused version that can't be right.
        largest_change: share of verdicts that a version may change by itself.
    """

    versions: tuple[ModelVersion, ...]
    learnt_from: tuple[tuple[str, int, int], ...]
    changes: tuple[Change, ...] = ()
    impossible: tuple[str, ...] = ()
    largest_change: float = 1.0

    @property
    def used(self) -> ModelVersion:
        """The version in use."""
        return next(each for each in self.versions if each.standing == IN_USE)

    @property
    def pending(self) -> ModelVersion | None:
        """The version that was trained last and did not take over; None where there is none."""
        return next((each for each in self.versions if each.standing in {WAITING, ACCEPTED, REFUSED}), None)

    @property
    def changing(self) -> ModelVersion:
        """The version that `changes` are of."""
        return self.pending or self.used


@dataclass(frozen=True, slots=True)
class Usual:
    """One figure of linking beside those of the runs before.

    Attributes:
        figure: such as `match_rate.people`.
        found: in this run.
        before: of published runs on an equal basis, oldest first; may be empty.
        median: of the runs that it is judged against; None where it is not judged.
        low: the least that is as usual; None where nothing is too low, or where it is not judged.
        high: the most that is; None where it is not judged.
        is_broken: whether it stopped the run.
        guard: which guard judges it; empty where it is not judged.
    """

    figure: str
    found: float
    before: tuple[float, ...] = ()
    median: float | None = None
    low: float | None = None
    high: float | None = None
    is_broken: bool = False
    guard: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether there were runs enough to judge it."""
        return self.median is not None
