"""The figures of the quality report, counted over the warehouse as it stands.

Belongs here: its queries, and putting them together. Does not belong here: the run report's figures (`collect`), or the
page (`quality_page`). No cell is read: counts, shares, names, and texts of rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from crm_pipeline.report.deliveries import checks
from crm_pipeline.report.figures.quality import Anomaly, CheckTrend, QualityFigures, Quarter, Score, mean
from crm_pipeline.report.reading import Reading
from crm_pipeline.state.measures import RunMeasures
from crm_pipeline.state.verdicts import RunVerdicts
from crm_pipeline.tables import ANOMALIES
from crm_pipeline.warehouse import Warehouse

_DAILY = "mart.data_quality_daily"
_LONGEST_TREND = 30  # business dates, and runs
_WEAKEST = 15  # columns
_GRAVITY = ("table", "row", "value", "warning")
# Shares out of sums, so that a large extract weighs as much as it has records; timeliness is a share of deliveries.
_SHARES = """
    sum(filled_cell_count) / nullif(sum(cell_count), 0), sum(valid_count) / nullif(sum(checked_count), 0),
    sum(unique_count) / nullif(sum(keyed_count), 0), sum(consistent_count) / nullif(sum(compared_count), 0),
    avg(timeliness)
"""
_LATEST = "business_date = max(business_date) OVER (PARTITION BY source, extract)"
_NOW = f"""
    SELECT {{name}} AS name, coalesce(sum(record_count), 0)::BIGINT, {_SHARES}
    FROM (SELECT * FROM {_DAILY} WHERE column_name IS {{null}} QUALIFY {_LATEST}) GROUP BY name ORDER BY name NULLS LAST
"""
_BY_PERIOD = f"""
    SELECT {{name}} AS name, {{period}} AS period, {_SHARES}
    FROM {_DAILY} WHERE column_name IS NULL GROUP BY name, period ORDER BY period
"""
_QUARTER = "strftime(business_date, '%Y') || ' Q' || quarter(business_date)"
_ANOMALIES = """
    SELECT source || '.' || extract || CASE WHEN column_name = '' THEN '' ELSE '.' || column_name END, metric,
        business_date, measured, median, low, high, history_count
    FROM ops.anomalies ORDER BY ALL
"""


def collect_quality(
    warehouse: Warehouse,
    *,
    project_name: str,
    measures: RunMeasures,
    run_page: str,
    verdicts: Sequence[RunVerdicts],
    chinese: Mapping[str, str] | None = None,
) -> QualityFigures:
    """The figures; tables that are missing, because the run stopped before them, count as empty.

    Args:
        warehouse: read only by this.
        project_name: as readers know the project.
        measures: of this run.
        run_page: file name of the report of the run.
        verdicts: of all runs, this one included, oldest first.
        chinese: texts of rules to the same in Chinese.
    """
    reading = Reading.of(warehouse)
    whole = _scores(reading, "NULL::VARCHAR")
    return QualityFigures(
        project_name=project_name,
        measures=measures,
        run_page=run_page,
        whole=whole[0] if whole else Score(None, 0, (None,) * 5),
        sources=_scores(reading, "source"),
        entities=_scores(reading, "entity"),
        owners=_scores(reading, "owner"),
        quarters=_quarters(reading),
        columns=_weakest(reading),
        anomalies=_anomalies(reading),
        checks=_checks(reading, verdicts[-_LONGEST_TREND:]),
        chinese=chinese or {},
    )


def _scores(reading: Reading, name: str) -> tuple[Score, ...]:
    """The scores of the newest deliveries by an expression, with their trend over business dates."""
    if not reading.has(_DAILY, "score", "owner"):
        return ()
    trends: dict[Any, list[tuple[date, float]]] = {}
    for group, day, *parts in reading.rows(_BY_PERIOD.format(name=name, period="business_date")):
        score = mean(tuple(parts))
        if score is not None:
            trends.setdefault(group, []).append((day, score))
    return tuple(
        Score(group, records, tuple(parts), tuple(trends.get(group, ())[-_LONGEST_TREND:]))
        for group, records, *parts in reading.rows(_NOW.format(name=name, null="NULL"))
    )


def _quarters(reading: Reading) -> tuple[Quarter, ...]:
    """The score of each owner in each quarter."""
    if not reading.has(_DAILY, "score", "owner"):
        return ()
    found: dict[str | None, dict[str, float]] = {}
    for owner, quarter, *parts in reading.rows(_BY_PERIOD.format(name="owner", period=_QUARTER)):
        score = mean(tuple(parts))
        if score is not None:
            found.setdefault(owner, {})[quarter] = score
    return tuple(Quarter(owner, found[owner]) for owner in sorted(found, key=lambda name: (name is None, name or "")))


def _weakest(reading: Reading) -> tuple[Score, ...]:
    """The columns with the lowest scores, lowest first; those without a fault are left out."""
    if not reading.has(_DAILY, "score", "owner"):
        return ()
    name = "source || '.' || extract || '.' || column_name"
    every = [
        Score(column, n, tuple(parts)) for column, n, *parts in reading.rows(_NOW.format(name=name, null="NOT NULL"))
    ]
    faulty = [each for each in every if each.score is not None and each.score < 1]
    return tuple(sorted(faulty, key=lambda each: (each.score, each.name))[:_WEAKEST])


def _anomalies(reading: Reading) -> tuple[Anomaly, ...]:
    if not reading.has(ANOMALIES.qualified, *ANOMALIES.column_names):
        return ()
    return tuple(Anomaly(*row) for row in reading.rows(_ANOMALIES))


def _checks(reading: Reading, runs: Sequence[RunVerdicts]) -> tuple[CheckTrend, ...]:
    """Every check by table, those that did not pass first, then by gravity and id."""
    kinds = {}
    if reading.has("ops.check_results", "kind"):
        kinds = {
            (table, rule): kind
            for table, rule, kind in reading.rows("SELECT table_name, rule_id, kind FROM ops.check_results")
        }
    found = [
        CheckTrend(
            check, kinds.get((check.table, check.rule_id), "rule"), _trend(f"{check.table} {check.rule_id}", runs)
        )
        for check in checks(reading)
    ]
    return tuple(
        sorted(found, key=lambda each: (each.check.table, each.check.is_passed, _gravity(each), each.check.rule_id))
    )


def _gravity(each: CheckTrend) -> int:
    severity = each.check.severity
    return _GRAVITY.index(severity) if severity in _GRAVITY else len(_GRAVITY)


def _trend(name: str, runs: Sequence[RunVerdicts]) -> tuple[float, ...]:
    counts = [run.counts[name] for run in runs if name in run.counts]
    return tuple(failed / judged if judged else 0.0 for judged, failed in counts)
