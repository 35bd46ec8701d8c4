"""The report of a run: its figures collected, shown as one HTML file, and kept for the trend.

Belongs here: when figures are taken and where the file goes. Does not belong here: what they are or how they look
(`report`).
"""

from __future__ import annotations

from pathlib import Path

from crm_pipeline import report
from crm_pipeline.state.files import appearing
from crm_pipeline.state.measures import RunMeasures
from crm_pipeline.steps.run import Run, utc_now
from crm_pipeline.tables import CUSTOMER_RECORDS, LOADS, Table, customers

LATEST = "latest.html"
_READABLE = 0o644  # no personal values: managers may read it
_OUTCOMES = ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "erased")


def write_report(run: Run) -> Path:
    """The report of the run as it stands, as `reports/<start>-<run>.html` and as `reports/latest.html`.

    Called once the run has published or was stopped; its measures go into the history.
    """
    measures = _measures(run)
    earlier = [other for other in run.measures.runs() if other.run_id != run.run_id]
    figures = report.collect(
        run.warehouse,
        project_name=run.project.root.name,
        measures=measures,
        earlier=earlier,
        match_threshold=run.project.config.linkage.match_threshold,
        review_threshold=run.project.config.linkage.review_threshold,
        stopped_by=[
            report.Cause(failure.table, failure.name, failure.failed_count, failure.description)
            for failure in run.progress.stopped_by
        ],
    )
    html = report.render(figures)
    file = run.project.reports / f"{run.started_at:%Y%m%dT%H%M%SZ}-{run.run_id[:8]}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.parent.chmod(0o755)
    for target in (file, run.project.reports / LATEST):
        with appearing(target, mode=_READABLE) as temporary:
            temporary.write_text(html, encoding="utf-8")
    run.measures.keep(measures)
    run.progress.report = file
    return file


def _measures(run: Run) -> RunMeasures:
    seconds = (utc_now() - run.started_at).total_seconds()
    steps, counts = tuple(run.progress.steps), _counts(run)
    return RunMeasures(run.run_id, run.started_at, round(seconds, 3), run.progress.outcome, steps, counts)


def _counts(run: Run) -> dict[str, int]:
    """Customers and their living records after the run, and its deliveries' rows by outcome."""
    sums = ", ".join(f"coalesce(sum({name}_count), 0)::BIGINT AS {name}" for name in _OUTCOMES)
    run.warehouse.ensure(LOADS)
    [loads] = run.warehouse.frame(f"SELECT {sums} FROM ops.loads WHERE run_id = ?", [run.run_id]).to_dicts()
    golden = {
        "customers": _count(run, customers(run.project.config.extras("customers")), "true"),
        "customer_records": _count(run, CUSTOMER_RECORDS, "deleted_on IS NULL"),
    }
    return golden | {name: int(count) for name, count in loads.items()}


def _count(run: Run, table: Table, condition: str) -> int:
    if not run.warehouse.exists(table):
        return 0
    return int(run.warehouse.value(f"SELECT count(*) FROM {table.qualified} WHERE {condition}"))
