"""The report of a run: its figures collected, shown as one HTML file, and kept for the trend.

Belongs here: when figures are taken and where the file goes. Does not belong here: what they are or how they look
(`report`).
"""

from __future__ import annotations

from pathlib import Path

from crm_pipeline import report
from crm_pipeline.state.files import appearing
from crm_pipeline.state.measures import Outcome, RunMeasures, SystemPair
from crm_pipeline.steps.run import Run, utc_now
from crm_pipeline.steps.telling.evidence import held_together, worth
from crm_pipeline.steps.telling.model_story import model_story, usual
from crm_pipeline.steps.telling.overview import HELD_BACK
from crm_pipeline.steps.telling.quality_report import quality_page, write_quality_report
from crm_pipeline.steps.telling.wording import chinese
from crm_pipeline.tables import CUSTOMER_RECORDS, LOADS, Table, customers

LATEST = "latest.html"
MERGE = "golden"  # the step that makes the golden tables
IDENTITIES = "link.members"  # the step that says who is which customer
SYSTEMS = ("mart.system_overlap", "mart.system_disagreements", "mart.system_revenue")  # system against system
_READABLE, _LISTABLE = 0o644, 0o755  # no personal values: managers may read it
_PAIRS = """
    SELECT first_source, second_source, first_customer_count, second_customer_count, shared_customer_count,
        coalesce(sum(compared_customer_count), 0)::BIGINT, coalesce(sum(disagreeing_customer_count), 0)::BIGINT
    FROM mart.system_overlap LEFT JOIN mart.system_disagreements USING (first_source, second_source)
    GROUP BY ALL ORDER BY first_source, second_source
"""
_OUTCOMES = ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "erased")


def write_report(run: Run, *, is_stopped: bool = False) -> Path:
    """The report of the run as it stands, as `reports/<start>-<run>.html` and as `reports/latest.html`.

    Called once the run has published or was stopped; its measures go into the history, before anything can go wrong
    with the page.

    Args:
        run: the run; one that was not meant to publish left what is published as it was.
        is_stopped: it was meant to publish; it counts as stopped unless it did.
    """
    outcome = run.progress.outcome or (Outcome.STOPPED if is_stopped else Outcome.UNCHANGED)
    is_golden_current = outcome is not Outcome.STOPPED or MERGE in run.progress.completed
    measures = _measures(run, outcome, is_golden_current=is_golden_current)
    run.measures.keep(measures)
    earlier = [other for other in run.measures.runs() if other.run_id != run.run_id]
    figures = report.collect(
        run.warehouse,
        project_name=run.project.root.name,
        measures=measures,
        earlier=earlier,
        match_threshold=run.project.config.linkage.match_threshold,
        review_threshold=run.project.config.linkage.review_threshold,
        is_golden_current=is_golden_current,
        quality_page=quality_page(run),
        chinese=chinese(run.project, run.sql_models),
        # Links of this run hold no customers of an earlier one together.
        held=held_together(run.warehouse) if IDENTITIES in run.progress.completed else None,
        worth=worth(run.models.latest()),
        model=model_story(run.project),
        usual=usual(run.project, run.run_id),
        has_systems=_has_systems(run),
    )
    html = report.render(figures)
    file = run.project.reports / f"{run.started_at:%Y%m%dT%H%M%SZ}-{run.run_id[:8]}.html"
    if not file.parent.exists():
        file.parent.mkdir(parents=True)
        file.parent.chmod(_LISTABLE)  # a run's own files are private; who made the folder before chose its mode
    for target in (file, run.project.reports / LATEST):
        with appearing(target, mode=_READABLE) as temporary:
            temporary.write_text(html, encoding="utf-8")
    run.progress.report = file
    write_quality_report(run, measures, file.name)
    return file


def _measures(run: Run, outcome: Outcome, *, is_golden_current: bool) -> RunMeasures:
    seconds = (utc_now() - run.started_at).total_seconds()
    counts = run.progress.counts | _counts(run) | (_golden_counts(run) if is_golden_current else {})
    pairs = tuple(SystemPair(*row) for row in run.warehouse.execute(_PAIRS)) if _has_systems(run) else ()
    steps = tuple(run.progress.steps)
    return RunMeasures(run.run_id, run.started_at, round(seconds, 3), outcome, steps, counts, pairs)


def _has_systems(run: Run) -> bool:
    """Whether this run set system against system; else the marts are of an earlier one."""
    return run.progress.completed.issuperset(SYSTEMS)


def _counts(run: Run) -> dict[str, int]:
    """Rows of the run's deliveries by outcome, and the customer rows that the newest deliveries brought in vain."""
    sums = ", ".join(f"coalesce(sum({name}_count), 0)::BIGINT AS {name}" for name in _OUTCOMES)
    run.warehouse.ensure(LOADS)
    [loads] = run.warehouse.frame(f"SELECT {sums} FROM ops.loads WHERE run_id = ?", [run.run_id]).to_dicts()
    held_back = int(run.warehouse.value(HELD_BACK.format(loads=LOADS.qualified)))
    return {name: int(count) for name, count in loads.items()} | {"held_back": held_back}


def _golden_counts(run: Run) -> dict[str, int]:
    """Customers and their living records after the run."""
    return {
        "customers": _count(run, customers(run.project.config.extras("customers")), "true"),
        "customer_records": _count(run, CUSTOMER_RECORDS, "deleted_on IS NULL"),
    }


def _count(run: Run, table: Table, condition: str) -> int:
    if not run.warehouse.exists(table):
        return 0
    return int(run.warehouse.value(f"SELECT count(*) FROM {table.qualified} WHERE {condition}"))
