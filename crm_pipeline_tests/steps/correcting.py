"""Quarantines exported, corrected and replayed without the command line, for the tests of this folder.

Belongs here: what a steward does with a file, in a few lines. Does not belong here: any claim.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable
from pathlib import Path

import polars as pl

from crm_pipeline.bundled import bundled
from crm_pipeline.publish.quarantine import Chosen
from crm_pipeline.publish.workbook import write_sheets
from crm_pipeline.settings import Project
from crm_pipeline.state.history import History
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.correcting.exporting import export_rows
from crm_pipeline.steps.correcting.replaying import Replayed, replay
from crm_pipeline.steps.publishing.publish import publish_steward
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CORRECTIONS, OPEN_REJECTIONS
from crm_pipeline.warehouse import open_reader
from crm_pipeline.warehouse.models import Models, load_models

Row = dict[str, str]


def brought_up(run: Run, entity: str = "products") -> pl.DataFrame:
    """The rows of `ops.loads` of what was applied now; stewards see the rest."""
    vars(run)["sql_models"] = _shipped_models()  # parsed once, and not by each run
    loads = apply_entity(run, entity).loads
    publish_steward(run)
    return loads


@functools.cache
def _shipped_models() -> Models:
    return load_models(bundled("dbt_like_sql"))


def exported(project: Project, file: Path, chosen: Chosen | None = None, *, is_corrected: bool = False) -> list[Row]:
    """The lines of a CSV export."""
    export_rows(project, file, chosen or Chosen(), is_corrected=is_corrected)
    return lines_of(file)


def lines_of(file: Path) -> list[Row]:
    """The lines of a CSV file with a byte order mark."""
    with file.open(newline="", encoding="utf-8-sig") as opened:
        return list(csv.DictReader(opened))


def corrected(file: Path, correct: Callable[[Row], Row | None], *, encoding: str = "utf-8-sig") -> Path:
    """The CSV file, written again with each line as `correct` gives it; lines of None are left out."""
    lines = [line for row in lines_of(file) if (line := correct(dict(row))) is not None]
    with file.open("w", newline="", encoding=encoding) as opened:
        writer = csv.DictWriter(opened, list(lines[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(lines)
    return file


def sheets_of(file: Path) -> dict[str, pl.DataFrame]:
    """The sheets of a workbook, all text."""
    sheets = pl.read_excel(file, sheet_id=0, infer_schema_length=0)
    return {name: rows.select(pl.all().cast(pl.String).fill_null("")) for name, rows in sheets.items()}


def saved(file: Path, sheets: dict[str, pl.DataFrame]) -> Path:
    """A workbook of these sheets."""
    write_sheets(file, sheets, temporary=file.parent)
    return file


def replayed(project: Project, file: Path) -> Replayed:
    """What became of a file that somebody replays."""
    return replay(project, file, decided_by="tester")


def current(run: Run, entity: str = "products", *names: str) -> list[tuple[object, ...]]:
    """Key and columns of the living records."""
    listed = ", ".join(("source_id", *names))
    return run.warehouse.execute(f"SELECT {listed} FROM std.{entity} WHERE valid_to IS NULL ORDER BY ALL")


def states(run: Run) -> list[tuple[object, ...]]:
    """Key, replay, status and rows of the corrections."""
    return run.warehouse.execute(
        f"SELECT source_id, number, status, row_count FROM {CORRECTIONS.qualified} ORDER BY source_id, number"
    )


def open_lines(project: Project) -> list[tuple[object, ...]]:
    """Extract, day of the month and line of the open rows, as stewards see them."""
    with open_reader(project.steward_file) as reader:
        return reader.execute(f"SELECT extract, day(business_date), line FROM crm.{OPEN_REJECTIONS.name} ORDER BY ALL")


def audited(project: Project) -> list[dict[str, object]]:
    """The audit of replays."""
    return [told for told in History(project.state / "history").audit() if told["what"] == "quarantine-replay"]
