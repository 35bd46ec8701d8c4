"""Figures of system against system.

Belongs here: frozen values. Does not belong here: counting them (`systems`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Sides:
    """Two systems and their customers; `first` comes before `second` by name.

    Attributes:
        only_first: golden customers of the first that the second lacks.
        shared: those that both have.
        only_second: those of the second that the first lacks.
    """

    first: str
    second: str
    only_first: int
    shared: int
    only_second: int

    @property
    def all(self) -> int:
        """Customers that one of them has at least."""
        return self.only_first + self.shared + self.only_second


@dataclass(frozen=True, slots=True)
class ComparedColumn:
    """One column about which two systems disagree.

    Attributes:
        compared: customers for whom both have a value.
        disagreeing: those of them without a value in common.
        first_newer, second_newer: disagreements in which the record of that side was changed later; the rest can't be
            told.
    """

    column: str
    first: str
    second: str
    compared: int
    disagreeing: int
    first_newer: int
    second_newer: int


@dataclass(frozen=True, slots=True)
class SideRevenue:
    """Orders of two systems in one currency.

    Attributes:
        currency: ISO 4217; None of lines that name none.
        shared: customers with an order line in both.
        differing: those of them whose revenue is not the same in both.
    """

    first: str
    second: str
    currency: str | None
    first_orders: int
    second_orders: int
    first_revenue: Decimal
    second_revenue: Decimal
    shared: int
    differing: int


@dataclass(frozen=True, slots=True)
class Systems:
    """All of it.

    Attributes:
        sides: every two systems with customers; most missing customers first.
        columns: most disagreements first; columns without any are left out.
        revenues: every two systems with orders, by currency, by name.
    """

    sides: tuple[Sides, ...] = ()
    columns: tuple[ComparedColumn, ...] = ()
    revenues: tuple[SideRevenue, ...] = ()
