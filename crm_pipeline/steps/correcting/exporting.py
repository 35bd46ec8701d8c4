"""Rows of the quarantine, taken out into a spreadsheet in which people correct them.

Belongs here: what such a file holds. Does not belong here: which rows those are (`correctable`), writing any file
(`spreadsheet_files`), reading it back (`reading`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish import escaped
from crm_pipeline.publish.quarantine import Chosen
from crm_pipeline.settings import Project
from crm_pipeline.steps.correcting.correctable import corrected_rows, open_rows
from crm_pipeline.steps.correcting.marks import MARKS, UNREADABLE_SHEET
from crm_pipeline.steps.models import project_models
from crm_pipeline.steps.spreadsheet_files import require_writable, write_file
from crm_pipeline.steps.telling.wording import chinese

_WHERE = "quarantine export"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was taken out.

    Attributes:
        rows: lines by extract, as `source.extract`.
        unreadable: lines of deliveries that could not be read; they have no cells to correct. A workbook has a sheet of
            them, a CSV file leaves them out.
    """

    rows: Mapping[str, int]
    unreadable: int


def export_rows(
    project: Project, target: Path, chosen: Chosen, *, is_chinese: bool = False, is_corrected: bool = False
) -> Exported:
    """What was written to `target`: the open rows of the quarantine, one line each, ready to be corrected in place.

    The columns `marks.MARKS` come first, then the delivered ones with the cells as delivered, or as corrected last. In
    a workbook each extract has a sheet. Text that a spreadsheet would take for a formula has an apostrophe before it.
    The file is readable by its owner only.

    Args:
        project: whose quarantine.
        target: a path that ends in .csv or .xlsx.
        chosen: which rows.
        is_chinese: advice in Chinese, where it is there.
        is_corrected: instead of open rows, those that were corrected, to correct them again.

    Raises:
        ConfigurationError: nothing has been published, nothing is chosen, several extracts are for a CSV file, or
            `target` can't be written.
    """
    require_writable(target, where=_WHERE, example="quarantine.xlsx")
    is_csv = target.suffix.lower() == ".csv"
    words = chinese(project, project_models(project)) if is_chinese else {}
    rows, unreadable = open_rows(project, replace(chosen, is_all=False), words)
    if is_corrected:
        rows, unreadable = _of_extracts(corrected_rows(project), chosen), unreadable.clear()
    if rows.is_empty():
        raise _refusal(
            "rows to correct", f"none ({unreadable.height:,} lines that could not be read have no cells to correct)",
            "See `crm-pipeline quarantine list`.",
        )  # fmt: skip
    parts = rows.partition_by("source", "extract", maintain_order=True, as_dict=True)
    sheets = {f"{source}.{extract}": _sheet(part) for (source, extract), part in parts.items()}
    if is_csv and len(sheets) > 1:
        raise _refusal(
            "one extract in a CSV file, since each has columns of its own", ", ".join(sheets),
            "Choose one with --source and --extract, or write .xlsx, in which each has a sheet.",
        )  # fmt: skip
    told = {UNREADABLE_SHEET: _as_text(unreadable)} if unreadable.height and not is_csv else {}
    write_file(target, sheets | told, where=_WHERE)
    return Exported({name: part.height for name, part in sheets.items()}, unreadable.height)


def _as_text(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that could not be read, as they are shown: nothing of them can be corrected."""
    return lines.select(escaped(pl.all().cast(pl.String).fill_null("")))


def _of_extracts(rows: pl.DataFrame, chosen: Chosen) -> pl.DataFrame:
    for name in ("source", "extract"):
        wanted = getattr(chosen, name)
        rows = rows if wanted is None else rows.filter(pl.col(name) == wanted)
    return rows


def _sheet(rows: pl.DataFrame) -> pl.DataFrame:
    """The lines of one extract as text: the marks, then all columns that any of its deliveries had."""
    lists = rows.select("columns").unique(maintain_order=True)["columns"].to_list()
    columns = list(dict.fromkeys(name for names in lists for name in names))
    taken = [name for name in columns if name in MARKS]
    if taken:
        raise _refusal(f"delivered columns with other names than {', '.join(MARKS)}", ", ".join(taken), "Rename them.")
    marks = rows.select(pl.col(name).cast(pl.String).fill_null("").alias(mark) for mark, name in MARKS.items())
    cells = rows["cells"].str.json_decode(pl.Struct(dict.fromkeys(columns, pl.String())))
    sheet = marks.hstack(cells.struct.unnest().get_columns()).select(escaped(pl.all().fill_null("")))
    headers = pl.DataFrame({"name": columns}).select(escaped(pl.col("name")))["name"]
    return sheet.rename(dict(zip(columns, headers, strict=True)))


def _refusal(expected: str, found: str, cure: str) -> ConfigurationError:
    return ConfigurationError(where=_WHERE, expected=expected, found=found, cure=cure)
