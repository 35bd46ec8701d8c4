"""Figures of who is who, and of how full columns are.

Belongs here: frozen values of systems, pairs, sizes, columns. Does not belong here: what came in (`incoming`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """One system as it knows customers.

    Attributes:
        records: its living customer records.
        held_back: rows of the newest delivery of each of its customer extracts that were held back.
        customers: golden customers with a record of it.
        only_here: those among them that no other system has.
    """

    name: str
    records: int
    held_back: int
    customers: int
    only_here: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Customers that two systems both have; `first` comes before `second` in the order of the sources."""

    first: str
    second: str
    customers: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One column of the golden record about which two systems, or two records of one system, say different things.

    Attributes:
        first: the system whose value survived more often.
        second: the other one; the same as `first` for records of one system.
        first_survived: customers for whom the value of `first` survived; the rest is `second`'s.
        customers: customers concerned.
        known: customers for whom both systems have a value, one and the same or not; for records of one system, those
            with a value in two of its records or more.
    """

    column: str
    first: str
    second: str
    first_survived: int
    customers: int
    known: int


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of records that one kind of evidence found; `rule` is the namespace or the blocking rule."""

    matched_by: str
    verdict: str
    rule: str
    pairs: int


@dataclass(frozen=True, slots=True)
class WeightBin:
    """Pairs scored by the model with a match weight from `low` to below `low + 1`."""

    low: int
    links: int
    reviews: int


@dataclass(frozen=True, slots=True)
class ClusterSize:
    """Golden customers with this many living records."""

    records: int
    customers: int


@dataclass(frozen=True, slots=True)
class ColumnFill:
    """How often a column is filled.

    Attributes:
        rows: current records.
        delivered: those that were delivered with something in it.
        standardised: those in which it could be read and was accepted.
        golden: golden customers that have it; None where there is no golden record of the entity.
        golden_rows: golden customers.
    """

    column: str
    rows: int
    delivered: int
    standardised: int
    golden: int | None
    golden_rows: int


@dataclass(frozen=True, slots=True)
class Attached:
    """Published rows of an entity that belongs to customers, and those that found none."""

    entity: str
    rows: int
    orphans: int
