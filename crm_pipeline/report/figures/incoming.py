"""Figures of what came in and what rules said of it.

Belongs here: frozen values of deliveries, rejections and checks. Does not belong here: customers (`customers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the run applied of one extract, or its newest delivery where it applied none.

    Delivered = loaded + unchanged + quarantined + duplicates + erased.

    Attributes:
        business_date: the newest of those shown.
        deliveries: how many the run applied; 0 where the newest one of an earlier run is shown.
        nulled: cells that became null.
        flagged: warnings.
        held_back: rows that brought or confirmed no record, of the newest delivery alone, whichever run applied it.
        newest_on: business date of the newest delivery; later than `business_date` where the run applied a late one.
    """

    source: str
    extract: str
    entity: str
    business_date: date
    deliveries: int
    delivered: int
    loaded: int
    unchanged: int
    quarantined: int
    duplicates: int
    erased: int
    deleted: int
    nulled: int
    flagged: int
    held_back: int
    newest_on: date

    @property
    def unaccounted(self) -> int:
        """Rows without an outcome: always 0, or the pipeline has a defect."""
        return self.delivered - self.loaded - self.unchanged - self.quarantined - self.duplicates - self.erased


@dataclass(frozen=True, slots=True)
class Rejection:
    """One rule and column with what broke it.

    Attributes:
        rows: over all deliveries; one row of a delivery counts once.
        newest: the same in the newest deliveries only.
        extracts: source and extract, joined by a dot, to rows; most rows first.
    """

    entity: str
    rule_id: str
    severity: str
    column: str
    reason: str
    rows: int
    newest: int
    extracts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule as it was judged last."""

    table: str
    rule_id: str
    severity: str
    judged: int
    failed: int
    is_passed: bool
    notes: str
