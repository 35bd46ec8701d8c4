"""A file of corrections read back, as people and their spreadsheets left it.

Belongs here: which sheets of a file are corrections. Does not belong here: reading any file (`spreadsheet_files`), what
its lines mean (`matching`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crm_pipeline.errors import ConfigurationError, DeliveryError
from crm_pipeline.steps.correcting.damage import Kept
from crm_pipeline.steps.correcting.marks import MARKS, NEEDED, UNREADABLE_SHEET
from crm_pipeline.steps.spreadsheet_files import read_sheets


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of the file; of CSV the only one.

    Attributes:
        name: empty for CSV.
        rows: all text, nothing hidden any more, with `LINE`, the line or row in the file.
        kept: how the file keeps its cells.
    """

    name: str
    rows: pl.DataFrame
    kept: Kept


@dataclass(frozen=True, slots=True)
class Corrected:
    """A file of corrections.

    Attributes:
        sheets: those that have the columns NEEDED and rows.
        passed_over: names of other sheets that the export did not write.
    """

    sheets: tuple[Sheet, ...]
    passed_over: tuple[str, ...]


def read_corrected(file: Path, temporary: Path) -> Corrected:
    """The file's sheets, read as deliveries are: encoding and delimiter are found out.

    Args:
        file: CSV or a workbook, as `exporting` wrote it and a spreadsheet saved it again.
        temporary: a private folder.

    Raises:
        ConfigurationError: it is missing, can't be read, or no sheet of it is a file of corrections.
    """
    if not file.is_file():
        raise _refusal(file, "a file", "none")
    try:
        sheets = list(_sheets(file, temporary))
    except DeliveryError as error:
        raise _refusal(file, error.expected, error.found) from None
    fit = [sheet for sheet in sheets if set(NEEDED) <= set(sheet.rows.columns)]
    if not fit:
        raise _refusal(file, f"the columns {', '.join(NEEDED)}, as quarantine export writes them", "none of that kind")
    others = (sheet.name for sheet in sheets if sheet not in fit and sheet.name != UNREADABLE_SHEET)
    return Corrected(tuple(fit), tuple(others))


def _sheets(file: Path, temporary: Path) -> Iterator[Sheet]:
    """Every sheet, blanks around the marks taken away."""
    for read in read_sheets(file, temporary):
        rows = read.rows.with_columns(pl.col(mark).str.strip_chars() for mark in MARKS if mark in read.rows.columns)
        yield Sheet(read.name, rows, Kept(read.is_text, read.has_long_numbers))


def _refusal(file: Path, expected: str, found: str) -> ConfigurationError:
    return ConfigurationError(
        where=str(file),
        expected=expected,
        found=found,
        cure="Replay a file that quarantine export wrote, saved as .xlsx, or as CSV in UTF-8.",
    )
