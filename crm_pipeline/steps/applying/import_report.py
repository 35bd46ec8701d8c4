"""The import report of a delivery: what came, how it was read, what became of each row and why, as JSON.

Belongs here: the content and the place of the files. Does not belong here: the report on a run
(`steps.telling.report`). The files hold counts and names, no personal values; what is under `run_time` alone differs
between two equal imports.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from crm_pipeline.settings import Project
from crm_pipeline.state.files import appearing
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LOADS

_LISTABLE = 0o755
_OUTCOMES = {"duplicate": "duplicates"}  # else the column's name without _count
_ROWS = ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "erased")
_REASON = {"rule_id": "rule", "column_name": "column", "row_count": "rows"}  # else the field's name


def report_file(project: Project, source: str, extract: str, day: date, sequence: int) -> Path:
    """Where the report of a delivery lies: `reports/loads/<source>.<extract>/<date>-<sequence>.json`."""
    return project.reports / "loads" / f"{source}.{extract}" / f"{day}-{sequence}.json"


def write_import_reports(run: Run, entity: str) -> int:
    """Number of reports written: of applied deliveries whose report is missing, or older than that.

    A run that was killed after it had applied a delivery leaves its report to the next one. A delivery that another one
    of its date took the place of keeps the report it had.
    """
    sql = f"SELECT * FROM {LOADS.qualified} WHERE entity = ? ORDER BY source, extract, business_date, sequence"
    written = 0
    for load in run.warehouse.frame(sql, [entity]).iter_rows(named=True):
        place = (load["source"], load["extract"], load["business_date"], load["sequence"])
        file = report_file(run.project, *place)
        if not _is_written_since(file, load["applied_at"]):
            _write(file, import_report(load))
            written += 1
    return written


def _is_written_since(file: Path, applied_at: datetime) -> bool:
    """Whether a report is there and not older than what it tells of; by its time alone, for there may be very many."""
    try:
        return file.stat().st_mtime >= applied_at.replace(tzinfo=UTC).timestamp()
    except FileNotFoundError:
        return False


def import_report(load: dict[str, Any]) -> dict[str, Any]:
    """The report on one row of `ops.loads`, ready for JSON."""
    return {
        **{name: load[name] for name in ("source", "extract", "entity", "business_date", "sequence")},
        "rows": {_OUTCOMES.get(name, name): load[f"{name}_count"] for name in _ROWS},
        "reasons": [{_REASON.get(name, name): value for name, value in reason.items()} for reason in load["reasons"]],
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
