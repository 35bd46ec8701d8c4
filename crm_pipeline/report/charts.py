"""Where things lie in the charts: bands, bins, points, as numbers that a template draws.

Belongs here: geometry. Does not belong here: colours and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from crm_pipeline.report.figures import ClusterSize, Figures, WeightBin
from crm_pipeline.state.measures import RunMeasures, StepMeasure

_BAND_PIXELS = 190.0  # height of all records together
_LEAST_SLOT = 54.0  # two lines of text beside a band
_HELD_BACK_SLOT = 56.0
_MOST_BINS = 44
_MOST_STEPS = 16
_SHORT_PERCENT = 1.0
_SIZE_GROUPS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, 20), (21, 50), (51, None))


@dataclass(frozen=True, slots=True)
class Node:
    """One labelled end of bands: `top` and `height` of its bar, `middle` of its label, in pixels."""

    top: float
    height: float
    middle: float


@dataclass(frozen=True, slots=True)
class Flow:
    """The bands from systems to customers in a box 1000 units wide and `height` pixels high.

    Attributes:
        nodes: of the systems, in their order.
        bands: SVG paths of the records of each system.
        losses: SVG paths of the rows held back, of those systems that have some.
        customers: where the bands end; None without customers.
        held_back: where the losses end; None without any.
    """

    height: float
    nodes: tuple[Node, ...]
    bands: tuple[str, ...]
    losses: tuple[str, ...]
    customers: Node | None
    held_back: Node | None


def flow(figures: Figures) -> Flow:
    """The picture of the first screen."""
    unit = _BAND_PIXELS / max(figures.records_in, 1)
    nodes, top = [], 0.0
    for source in figures.sources:
        height = max(3.0, (source.records + source.held_back) * unit)
        slot = max(_LEAST_SLOT, height + 16)
        nodes.append(Node(top + (slot - height) / 2, height, top + slot / 2))
        top += slot
    below = _HELD_BACK_SLOT if figures.held_back else 0.0
    total = max(top, 112 + below)
    shift = (total - top) / 2
    nodes = [Node(node.top + shift, node.height, node.middle + shift) for node in nodes]
    target = _customers_node(figures, unit, total - below)
    lost = Node(total - 30, max(3.0, figures.held_back * unit), total - 28) if below else None
    bands = _bands(figures, nodes, target) if target else ()
    return Flow(total, tuple(nodes), bands, _losses(figures, nodes, lost, unit), target, lost)


def _customers_node(figures: Figures, unit: float, room: float) -> Node | None:
    if not figures.customers:
        return None
    height = min(max(10.0, figures.customers * unit), room)
    return Node((room - height) / 2, height, room / 2)


def _bands(figures: Figures, nodes: Sequence[Node], target: Node) -> tuple[str, ...]:
    all_records = max(figures.records, 1)
    paths, end = [], target.top
    for source, node in zip(figures.sources, nodes, strict=True):
        kept = node.height * source.records / max(source.records + source.held_back, 1)
        width = target.height * source.records / all_records
        paths.append(_band(node.top, node.top + kept, end, end + width))
        end += width
    return tuple(paths)


def _losses(figures: Figures, nodes: Sequence[Node], lost: Node | None, unit: float) -> tuple[str, ...]:
    if lost is None:
        return ()
    paths, end = [], lost.top
    for source, node in zip(figures.sources, nodes, strict=True):
        if source.held_back:
            width = max(2.0, source.held_back * unit)
            bottom = node.top + node.height
            share = lost.height * source.held_back / figures.held_back
            paths.append(_band(bottom - width, bottom, end, end + max(2.0, share)))
            end += share
    return tuple(paths)


def _band(top: float, bottom: float, end_top: float, end_bottom: float) -> str:
    return (
        f"M0 {top:.1f}C500 {top:.1f} 500 {end_top:.1f} 1000 {end_top:.1f}V{end_bottom:.1f}"
        f"C500 {end_bottom:.1f} 500 {bottom:.1f} 0 {bottom:.1f}Z"
    )


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
class Histogram:
    """Columns without gaps; thresholds and ticks are places from left to right, 0 to 1, and their labels.

    Attributes:
        match, review: places of the thresholds; None where one lies outside.
    """

    bars: tuple[Bar, ...]
    match: float | None
    review: float | None
    ticks: tuple[tuple[float, int], ...]


def histogram(bins: Sequence[WeightBin], match: float | None, review: float | None) -> Histogram | None:
    """The match weights, bins joined until they fit; None without any."""
    if not bins:
        return None
    low, high = bins[0].low, bins[-1].low + 1
    step = 1
    while (high - low) / step > _MOST_BINS:
        step *= 2
    low -= low % step
    count = -(-(high - low) // step)
    links, reviews = [0] * count, [0] * count
    for each in bins:
        links[(each.low - low) // step] += each.links
        reviews[(each.low - low) // step] += each.reviews
    most = max(a + b for a, b in zip(links, reviews, strict=True))
    bars = tuple(
        Bar(low + place * step, low + (place + 1) * step, a, b, a / most, b / most)
        for place, (a, b) in enumerate(zip(links, reviews, strict=True))
    )
    width = count * step
    between = next(width_ for width_ in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if width / width_ <= 8)
    ticks = tuple(((at - low) / width, at) for at in range(low, low + width + 1) if at % between == 0)
    return Histogram(bars, _place(match, low, width), _place(review, low, width), ticks)


def _place(weight: float | None, low: int, width: int) -> float | None:
    place = None if weight is None else (weight - low) / width
    return place if place is not None and 0 <= place <= 1 else None


@dataclass(frozen=True, slots=True)
class SizeGroup:
    """Customers with `label` records; `share` is that of the largest group, 0 to 1."""

    label: str
    customers: int
    share: float


def size_groups(sizes: Sequence[ClusterSize]) -> tuple[SizeGroup, ...]:
    """Customers by number of records, large numbers together; empty groups at the end are left out."""
    counted = [
        (_label(low, high), sum(s.customers for s in sizes if s.records >= low and (high is None or s.records <= high)))
        for low, high in _SIZE_GROUPS
    ]
    while counted and not counted[-1][1]:
        counted.pop()
    most = max((count for _, count in counted), default=0)
    return tuple(SizeGroup(label, count, count / most) for label, count in counted)


def _label(low: int, high: int | None) -> str:
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}–{high}"


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
