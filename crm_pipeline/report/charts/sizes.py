"""Customers by their number of records, as bars.

Belongs here: which numbers stand together. Does not belong here: colours and words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_pipeline.report.figures import ClusterSize

SIZE_GROUPS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, 20), (21, 50), (51, None))


@dataclass(frozen=True, slots=True)
class SizeGroup:
    """Customers with `label` records; `share` is that of the largest group, 0 to 1."""

    label: str
    customers: int
    share: float


def size_groups(sizes: Sequence[ClusterSize]) -> tuple[SizeGroup, ...]:
    """Customers by number of records, large numbers together; empty groups at the end are left out."""
    counted = [
        (
            size_label(low, high),
            sum(s.customers for s in sizes if s.records >= low and (high is None or s.records <= high)),
        )
        for low, high in SIZE_GROUPS
    ]
    while counted and not counted[-1][1]:
        counted.pop()
    most = max((count for _, count in counted), default=0)
    return tuple(SizeGroup(label, count, count / most) for label, count in counted)


def size_label(low: int, high: int | None) -> str:
    """Numbers from `low` to `high` in words; None: and more."""
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}–{high}"
