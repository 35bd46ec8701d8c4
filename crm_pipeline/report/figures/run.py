"""All figures of one run, and what follows from them by arithmetic.

Belongs here: the whole. Does not belong here: its parts (`incoming`, `customers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from crm_pipeline.report.figures.customers import (
    Attached,
    ClusterSize,
    ColumnFill,
    Disagreement,
    Links,
    Overlap,
    Source,
    WeightBin,
)
from crm_pipeline.report.figures.evidence import Held, PopulationWorth
from crm_pipeline.report.figures.incoming import Check, Delivery, Rejection
from crm_pipeline.report.figures.model import ModelStory, Usual
from crm_pipeline.report.figures.relations import Relation
from crm_pipeline.report.figures.systems import Systems
from crm_pipeline.state.measures import Outcome, RunMeasures

BLOCKING = "table"  # a rule of this severity that does not pass stops what comes after it


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
        held: customers of two records or more, by number of records and what holds them together; None where this run
            made none.
        worth: what each agreement is worth to the model in use, one entry per population.
        relations: customers that belong together, by kind, most pairs first.
        model: the linkage model; None before the first.
        usual: figures of linking beside the last runs; empty where this run did not link.
        systems: system against system; empty where this run did not come to it, or there are fewer than two.
        is_golden_current: whether this run made the golden customers; else what is counted over them is of an earlier
            run, and no match for the records.
        quality_page: file name of the quality report beside it; empty where there is none.
        chinese: notes, claims and reasons of rules to the same in Chinese; those that lack it are shown as they are.
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
    held: tuple[Held, ...] | None = ()
    worth: tuple[PopulationWorth, ...] = ()
    relations: tuple[Relation, ...] = ()
    model: ModelStory | None = None
    usual: tuple[Usual, ...] = ()
    systems: Systems = field(default_factory=Systems)
    is_golden_current: bool = True
    quality_page: str = ""
    chinese: Mapping[str, str] = field(default_factory=dict)

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
    def reviews_by_identifier(self) -> int:
        """Those among them that share an identifier: the model gave them no weight."""
        return sum(
            links.pairs for links in self.links if links.verdict == "review" and links.matched_by == "identifier"
        )

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
