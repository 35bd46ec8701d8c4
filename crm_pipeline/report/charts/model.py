"""Dots of the model: weights old and new, and figures of linking beside those of the last runs.

Belongs here: where dots and bands lie. Does not belong here: colours and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_pipeline.report.charts.evidence import Scale, scale
from crm_pipeline.report.figures import Change, Usual

_MARGIN = 0.12  # of the span of all dots, on either side


@dataclass(frozen=True, slots=True)
class Strip:
    """One figure of linking on a line of its own; places from left, 0 to 100.

    Attributes:
        usual: the figure.
        found: place of this run.
        before: places of the runs before.
        median: place of the median; None where the figure is not judged.
        band: where the band begins and how long it is; None where the figure is not judged.
    """

    usual: Usual
    found: float
    before: tuple[float, ...]
    median: float | None
    band: tuple[float, float] | None


def shift_scale(changes: Sequence[Change]) -> Scale:
    """One scale for the old and new weights of all comparisons of all populations."""
    shifts = [shift for change in changes for _, levels in change.comparisons for shift in levels]
    return scale([bits for shift in shifts for bits in (shift.old, shift.new) if bits is not None] or [0.0])


def strips(usual: Sequence[Usual]) -> tuple[Strip, ...]:
    """Each figure on a scale of its own, in which its band, this run and the runs before lie."""
    return tuple(_strip(each) for each in usual)


def _strip(usual: Usual) -> Strip:
    ends = [each for each in (usual.low, usual.high, usual.median) if each is not None]
    if usual.is_judged and usual.low is None:
        ends.append(0.0)
    values = [usual.found, *usual.before, *ends]
    span = (max(values) - min(values)) or abs(usual.found) or 1.0
    first, length = min(values) - _MARGIN * span, (1 + 2 * _MARGIN) * span

    def place(value: float) -> float:
        return 100 * (value - first) / length

    band = None
    if usual.high is not None:
        low = 0.0 if usual.low is None else place(usual.low)
        band = (low, place(usual.high) - low)
    median = None if usual.median is None else place(usual.median)
    return Strip(usual, place(usual.found), tuple(place(each) for each in usual.before), median, band)
