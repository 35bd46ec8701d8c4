"""The histogram of match weights.

Belongs here: its columns, scales and thresholds. Does not belong here: colours and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from crm_pipeline.report.figures import WeightBin

_MOST_BINS = 44
_MOST_LINES = 4  # across the plot, the base apart
# On the narrowest phone a label takes two fifths of the plot, and the scale of counts to the left of it a fifth.
_FAR_RIGHT, _FAR_LEFT = 0.6, 0.2


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a histogram; heights are shares of the highest column, 0 to 1."""

    low: int
    high: int
    links: int
    reviews: int
    link_height: float
    review_height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold: its place from left to right, 0 to 1, and where its label stands so that no line crosses a label.

    Attributes:
        row: of the label: 0 just above the plot, 1 above that; the line ends there.
        is_left: the label stands to the left of its line, else to the right.
    """

    place: float
    row: int
    is_left: bool


@dataclass(frozen=True, slots=True)
class Histogram:
    """Columns without gaps; ticks are places, 0 to 1, from left to right or from the base up, and their labels.

    Attributes:
        match, review: the thresholds; None where one lies outside.
        ticks: weights.
        counts: pairs; the base is not among them.
    """

    bars: tuple[Bar, ...]
    match: Mark | None
    review: Mark | None
    ticks: tuple[tuple[float, int], ...]
    counts: tuple[tuple[float, int], ...]


def histogram(bins: Sequence[WeightBin], match: float | None, review: float | None) -> Histogram | None:
    """The match weights, bins joined until they fit; None without any."""
    if not bins:
        return None
    low, high = bins[0].low, bins[-1].low + 1
    step = 1
    while (high - low) / step > _MOST_BINS:
        step *= 2
    low -= low % step
    width = -(-(high - low) // step) * step
    bars, most = _bars(bins, low, step, width // step)
    between = next(each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if width / each <= 8)
    ticks = tuple(((at - low) / width, at) for at in range(low, low + width + 1) if at % between == 0)
    marks = _marks(_place(match, low, width), _place(review, low, width))
    return Histogram(bars, *marks, ticks, _count_ticks(most))


def _bars(bins: Sequence[WeightBin], low: int, step: int, columns: int) -> tuple[tuple[Bar, ...], int]:
    """The columns, and the pairs of the highest."""
    links, reviews = [0] * columns, [0] * columns
    for each in bins:
        links[(each.low - low) // step] += each.links
        reviews[(each.low - low) // step] += each.reviews
    most = max(a + b for a, b in zip(links, reviews, strict=True))
    bars = tuple(
        Bar(low + place * step, low + (place + 1) * step, a, b, a / most, b / most)
        for place, (a, b) in enumerate(zip(links, reviews, strict=True))
    )
    return bars, most


def _count_ticks(most: int) -> tuple[tuple[float, int], ...]:
    """Round numbers of pairs up to the highest column, four at most."""
    round_numbers = (digit * 10**power for power in count() for digit in (1, 2, 5))
    between = next(number for number in round_numbers if most // number <= _MOST_LINES)
    return tuple((pairs / most, pairs) for pairs in range(between, most + 1, between))


def _place(weight: float | None, low: int, width: int) -> float | None:
    place = None if weight is None else (weight - low) / width
    return place if place is not None and 0 <= place <= 1 else None


def _marks(match: float | None, review: float | None) -> tuple[Mark | None, Mark | None]:
    """Where the labels stand. The review threshold is never to the right of the match threshold.

    The lower label is beside a line that ends below the upper one; the upper label points away from where the other
    line would pass its own row, and the lower label away from the longer line.
    """
    place = match if match is not None else review
    is_far_right = place is not None and place > _FAR_RIGHT
    match_row, review_row = (1, 0) if is_far_right else (0, 1)
    return (
        None if match is None else Mark(match, match_row, is_far_right),
        None if review is None else Mark(review, review_row, review > (_FAR_LEFT if is_far_right else _FAR_RIGHT)),
    )
