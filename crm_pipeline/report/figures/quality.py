"""Figures of the quality report: scores, anomalies, and every check with its trend.

Belongs here: frozen values, and what follows from them by arithmetic. Does not belong here: the run report's figures
(`run`), or reading tables (`quality_figures`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from crm_pipeline.report.figures.incoming import Check
from crm_pipeline.state.measures import RunMeasures

PARTS = ("completeness", "validity", "uniqueness", "consistency", "timeliness")


@dataclass(frozen=True, slots=True)
class Score:
    """The quality of one system, table, owner or column.

    Attributes:
        name: of it; None where nobody is named.
        parts: the five parts, 0 to 1, in the order of `PARTS`; None where nothing can be said.
        trend: business dates with the score of each, oldest first.
    """

    name: str | None
    records: int
    parts: tuple[float | None, ...]
    trend: tuple[tuple[date, float], ...] = ()

    @property
    def score(self) -> float | None:
        """The mean of the parts that are there."""
        return mean(self.parts)


@dataclass(frozen=True, slots=True)
class Quarter:
    """The scores of one owner, quarter by quarter, by the names of quarters such as `2026 Q1`."""

    owner: str | None
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One figure out of its band; `low` is None where nothing is too little."""

    place: str
    metric: str
    business_date: date
    measured: float
    median: float
    low: float | None
    high: float
    history: int


@dataclass(frozen=True, slots=True)
class CheckTrend:
    """One check as judged last, and the share of what it judged that broke it, run by run, oldest first."""

    check: Check
    kind: str
    shares: tuple[float, ...]


@dataclass(frozen=True)
class QualityFigures:
    """All that the quality report of one run says.

    Attributes:
        checks: by table, those that did not pass first, then by gravity and id.
        run_page: file name of the report of the run.
        chinese: notes of rules to the same in Chinese.
    """

    project_name: str
    measures: RunMeasures
    run_page: str
    whole: Score
    sources: tuple[Score, ...]
    entities: tuple[Score, ...]
    owners: tuple[Score, ...]
    quarters: tuple[Quarter, ...]
    columns: tuple[Score, ...]
    anomalies: tuple[Anomaly, ...]
    checks: tuple[CheckTrend, ...]
    chinese: Mapping[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, list[CheckTrend]]:
        """The checks by table, in their order; tables with a check that did not pass come first."""
        found: dict[str, list[CheckTrend]] = {}
        for each in self.checks:
            found.setdefault(each.check.table, []).append(each)
        is_sound = {table: all(each.check.is_passed for each in checks) for table, checks in found.items()}
        return {table: found[table] for table in sorted(found, key=lambda name: (is_sound[name], name))}

    @property
    def quarter_names(self) -> list[str]:
        """All quarters that any owner has, oldest first."""
        return sorted({name for each in self.quarters for name in each.scores})


def mean(parts: tuple[float | None, ...]) -> float | None:
    """The mean of those that are there; None where none is."""
    known = [part for part in parts if part is not None]
    return sum(known) / len(known) if known else None
