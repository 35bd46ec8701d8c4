"""The import report of a delivery: what came, how it was read, what became of each row and why, as JSON.

Belongs here: the content and the place of the files. Does not belong here: the report on a run (`steps.report`).
The files hold counts and names, no personal values; what is under `run_time` alone differs between two equal imports.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.settings import Project
from crm_pipeline.state.files import appearing
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LOADS, REJECTIONS

_LISTABLE = 0o755
_OUTCOMES = {"duplicate": "duplicates"}  # else the column's name without _count
_ROWS = ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "erased")
_REASONS = f"""
    SELECT rule_id AS rule, severity, column_name AS "column", count(DISTINCT line) AS rows, min(reason) AS reason
    FROM {REJECTIONS.qualified}
    WHERE source = ? AND extract = ? AND business_date = ? AND sequence = ? AND entity = ?
    GROUP BY rule_id, severity, column_name ORDER BY rule_id, column_name, severity
"""


def report_file(project: Project, source: str, extract: str, day: date, sequence: int) -> Path:
    """Where the report of a delivery lies: `reports/loads/<source>.<extract>/<date>-<sequence>.json`."""
    return project.reports / "loads" / f"{source}.{extract}" / f"{day}-{sequence}.json"


def write_import_reports(run: Run, entity: str) -> int:
    """Number of reports written: of the deliveries that this run applied, and of applied ones that have none.

    A delivery that another one of its date took the place of keeps the report it had.
    """
    sql = f"SELECT * FROM {LOADS.qualified} WHERE entity = ? ORDER BY source, extract, business_date, sequence"
    written = 0
    for load in run.warehouse.frame(sql, [entity]).iter_rows(named=True):
        place = (load["source"], load["extract"], load["business_date"], load["sequence"])
        file = report_file(run.project, *place)
        if load["run_id"] == run.run_id or not file.exists():
            _write(file, import_report(run, load))
            written += 1
    return written


def reasons_of_run(run: Run, entity: str) -> pl.DataFrame:
    """The reasons against rows of the deliveries that this run applied: one rule, column and extract, most rows first.

    Columns: `extract` (`source.extract`), `rule`, `severity`, `column`, `rows`.
    """
    return run.warehouse.frame(
        f"""
        SELECT source || '.' || extract AS extract, rule_id AS rule, severity, column_name AS "column",
            count(*) AS rows
        FROM (
            SELECT DISTINCT r.source, r.extract, r.business_date, r.sequence, r.line, rule_id, severity, column_name
            FROM {REJECTIONS.qualified} AS r
            JOIN {LOADS.qualified} AS l USING (source, extract, business_date, sequence)
            WHERE l.run_id = ? AND l.entity = ?
        )
        GROUP BY ALL ORDER BY rows DESC, extract, rule, "column"
        """,
        [run.run_id, entity],
    )


def import_report(run: Run, load: dict[str, Any]) -> dict[str, Any]:
    """The report on one row of `ops.loads`, ready for JSON."""
    place = [load[name] for name in ("source", "extract", "business_date", "sequence", "entity")]
    return {
        **{name: load[name] for name in ("source", "extract", "entity", "business_date", "sequence")},
        "rows": {_OUTCOMES.get(name, name): load[f"{name}_count"] for name in _ROWS},
        "reasons": run.warehouse.frame(_REASONS, place).to_dicts(),
        "unreadable_lines": load["unreadable_count"],
        "nulled_cells": load["nulled_count"],
        "warnings": load["flagged_count"],
        "deleted_records": load["deleted_count"],
        "first_updated_at": load["first_updated_at"],
        "last_updated_at": load["last_updated_at"],
        "schema_changes": load["schema_changes"],
        "read_as": {name: load[name] for name in ("format", "encoding", "dialect")},
        "file": {name: load[f"file_{name}"] for name in ("name", "bytes", "sha256")},
        "run_time": {column.name: load[column.name] for column in LOADS.columns if column.is_run_time},
    }


def _write(file: Path, report: dict[str, Any]) -> None:
    reports = file.parent.parent.parent
    if not reports.exists():
        reports.mkdir(parents=True)
        reports.chmod(_LISTABLE)  # for the reports on runs; those on deliveries are their owner's
    with appearing(file) as temporary:
        temporary.write_text(json.dumps(report, ensure_ascii=False, indent=2, default=_text) + "\n", encoding="utf-8")


def _text(value: object) -> str:
    """Dates and times in ISO form."""
    return value.isoformat() if isinstance(value, date) else str(value)
