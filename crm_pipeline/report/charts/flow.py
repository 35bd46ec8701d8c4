"""The picture of the first screen: bands from systems to customers.

Belongs here: where its ends and bands lie. Does not belong here: colours and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_pipeline.report.figures import Figures

_BAND_PIXELS = 190.0  # height of all records together
_LEAST_SLOT = 54.0  # two lines of text beside a band
_HELD_BACK_SLOT = 56.0


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
