"""System against system over the runs.

Belongs here: points. Does not belong here: colours and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_pipeline.state.measures import RunMeasures, SystemPair

_LONGEST = 14  # runs


@dataclass(frozen=True, slots=True)
class PairTrend:
    """Two systems over the runs that compared them, oldest first.

    Attributes:
        shared: of the customers of either the share that both have, from 0 to 1.
        disagreeing: of the values that both have the share that disagree, from 0 to 1.
        path: SVG path through `shared` in a square of 100, 0 at the bottom; a single run has none.
    """

    shared: tuple[float, ...]
    disagreeing: tuple[float, ...]
    path: str


def pair_trends(runs: Sequence[RunMeasures]) -> dict[tuple[str, str], PairTrend]:
    """The trend of every two systems, by their names; of the newest runs that compared them."""
    found: dict[tuple[str, str], list[SystemPair]] = {}
    for run in runs:
        for pair in run.system_pairs:
            found.setdefault((pair.first, pair.second), []).append(pair)
    return {names: _trend(pairs[-_LONGEST:]) for names, pairs in found.items()}


def _trend(pairs: Sequence[SystemPair]) -> PairTrend:
    shared = tuple(
        _share(each.shared_customers, each.first_customers + each.second_customers - each.shared_customers)
        for each in pairs
    )
    disagreeing = tuple(_share(each.disagreeing_values, each.compared_values) for each in pairs)
    step = 100 / max(len(pairs) - 1, 1)
    points = [f"{place * step:.0f} {100 - 100 * value:.0f}" for place, value in enumerate(shared)]
    return PairTrend(shared, disagreeing, f"M{' L'.join(points)}" if len(points) > 1 else "")


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
