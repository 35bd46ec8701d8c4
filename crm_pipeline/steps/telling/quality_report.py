"""The quality report of a run: verdicts kept for their trend, figures collected, shown as one HTML file.

Belongs here: when it is made and where it goes. Does not belong here: what it says or how it looks (`report`).
"""

from __future__ import annotations

from pathlib import Path

from crm_pipeline import report
from crm_pipeline.state.files import appearing
from crm_pipeline.state.measures import RunMeasures
from crm_pipeline.state.verdicts import RunVerdicts, VerdictStore
from crm_pipeline.steps.run import Run
from crm_pipeline.steps.telling.wording import chinese
from crm_pipeline.tables import CHECK_RESULTS

LATEST_QUALITY = "quality.html"
_READABLE = 0o644  # no personal values: managers may read it
_RUNS = 30  # of the trend of each check
_COUNTS = f"SELECT table_name || ' ' || rule_id, judged_count, failed_count FROM {CHECK_RESULTS.qualified}"


def quality_page(run: Run) -> str:
    """The file name of a run's quality report, beside its report."""
    return f"{run.started_at:%Y%m%dT%H%M%SZ}-{run.run_id[:8]}-quality.html"


def write_quality_report(run: Run, measures: RunMeasures, run_page: str) -> Path:
    """The quality report of the run as it stands, as `reports/<start>-<run>-quality.html` and `reports/quality.html`.

    Args:
        run: the run.
        measures: of it.
        run_page: file name of its report.
    """
    run.warehouse.ensure(CHECK_RESULTS)
    store = VerdictStore(run.project.state / "history" / "verdicts")
    counts = {name: (int(judged), int(failed)) for name, judged, failed in run.warehouse.execute(_COUNTS)}
    store.keep(RunVerdicts(run.run_id, run.started_at, counts))
    figures = report.collect_quality(
        run.warehouse,
        project_name=run.project.root.name,
        measures=measures,
        run_page=run_page,
        verdicts=store.newest(_RUNS),
        chinese=chinese(run.project, run.sql_models),
    )
    html = report.render_quality(figures)
    file = run.project.reports / quality_page(run)
    for target in (file, run.project.reports / LATEST_QUALITY):
        with appearing(target, mode=_READABLE) as temporary:
            temporary.write_text(html, encoding="utf-8")
    return file
