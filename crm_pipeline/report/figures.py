"""What a report says, as frozen values.

Belongs here: the figures, and what follows from them by arithmetic. Does not belong here: reading tables (`collect`) or
showing anything (`render`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from crm_pipeline.state.measures import Outcome, RunMeasures

BLOCKING = "table"  # a rule of this severity that does not pass stops what comes after it


@dataclass(frozen=True, slots=True)
class Cause:
    """A check that stopped the run: an SQL claim about a table, or the size of the largest customer.

    Attributes:
        failed: rows that break it.
        notes: what it claims, and why.
    """

    table: str
    name: str
    failed: int
    notes: str


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


@dataclass(frozen=True)
class Figures:
    """All that the report of one run says.

    Attributes:
        earlier: runs before, oldest first.
        by_source_count: number of systems to golden customers that so many systems have.
        fills: entity to its columns, in the order of the contract; columns never delivered are left out.
        never_filled: entity to its columns that no record was delivered with.
        match_weight: from it on a pair is linked; None when no weight is enough.
        review_weight: from it on a pair waits for a person; None when no weight is enough.
        stopped_by: what stopped the run and is no rule of a suite.
        is_golden_current: whether this run made the golden customers; else what is counted over them is of an earlier
            run, and no match for the records.
    """

    project_name: str
    measures: RunMeasures
    earlier: tuple[RunMeasures, ...]
    deliveries: tuple[Delivery, ...]
    sources: tuple[Source, ...]
    overlaps: tuple[Overlap, ...]
    by_source_count: Mapping[int, int]
    rejections: tuple[Rejection, ...]
    checks: tuple[Check, ...]
    disagreements: tuple[Disagreement, ...]
    links: tuple[Links, ...]
    weights: tuple[WeightBin, ...]
    match_weight: float | None
    review_weight: float | None
    cluster_sizes: tuple[ClusterSize, ...]
    fills: Mapping[str, tuple[ColumnFill, ...]]
    never_filled: Mapping[str, tuple[str, ...]]
    attached: tuple[Attached, ...]
    stopped_by: tuple[Cause, ...] = ()
    is_golden_current: bool = True

    @cached_property
    def customers(self) -> int:
        """Golden customers."""
        return sum(size.customers for size in self.cluster_sizes)

    @property
    def has_older_customers(self) -> bool:
        """Whether there are golden customers, but those of an earlier run."""
        return bool(self.customers) and not self.is_golden_current

    @cached_property
    def records(self) -> int:
        """Living customer records."""
        return sum(source.records for source in self.sources)

    @cached_property
    def held_back(self) -> int:
        """Customer rows held back."""
        return sum(source.held_back for source in self.sources)

    @property
    def records_in(self) -> int:
        """Customer records that came in: the living ones, and the rows held back."""
        return self.records + self.held_back

    @property
    def is_stopped(self) -> bool:
        """Whether readers still see what was there before."""
        return self.measures.outcome == Outcome.STOPPED

    @cached_property
    def failed_checks(self) -> tuple[Check, ...]:
        """Rules that did not pass, those that stop a run first."""
        failed = [check for check in self.checks if not check.is_passed]
        return tuple(sorted(failed, key=lambda check: (check.severity != BLOCKING, check.table, check.rule_id)))

    @property
    def reviews(self) -> int:
        """Pairs that wait for a person."""
        return sum(links.pairs for links in self.links if links.verdict == "review")

    @property
    def as_of(self) -> date | None:
        """The newest business date; None before the first delivery."""
        return max((delivery.newest_on for delivery in self.deliveries), default=None)

    @property
    def previous(self) -> RunMeasures | None:
        """The last run before this one that was not stopped."""
        return next((run for run in reversed(self.earlier) if run.outcome != Outcome.STOPPED), None)

    def overlap(self, first: str, second: str) -> int:
        """Customers that both systems have; of one system with itself, all it has."""
        if first == second:
            return next(source.customers for source in self.sources if source.name == first)
        return next(
            (each.customers for each in self.overlaps if {each.first, each.second} == {first, second}),
            0,
        )
