"""A file of corrections read back, as people and their spreadsheets left it.

Belongs here: sheets, headers, what is hidden from spreadsheets. Does not belong here: what its lines mean (`matching`).
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from crm_pipeline.errors import ConfigurationError, DeliveryError
from crm_pipeline.publish.spreadsheets import unescaped
from crm_pipeline.settings import FileRead
from crm_pipeline.settings.read import format_of_name
from crm_pipeline.sources.files.workbook import open_sheet
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.sources.reading import Asked
from crm_pipeline.state.delivery import LINE
from crm_pipeline.steps.correcting.damage import Kept
from crm_pipeline.steps.correcting.marks import MARKS, NEEDED, UNREADABLE_SHEET

_ANY_DAY = date(2000, 1, 1)  # the path has no date in it


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
    """Every sheet; one without rows is without columns too, when there are others."""
    read = {"file": glob.escape(str(file.absolute())).replace("{", "{{").replace("}", "}}"), "header_row": 1}
    names: tuple[str, ...] = ("",)
    if format_of_name(file.name) == "excel":
        names = open_sheet(file, FileRead.model_validate(read), str(file)).names
    for name in names:
        chosen = FileRead.model_validate(read | ({"sheet": name} if name else {}))
        try:
            rows, details = _rows(file, chosen, temporary)
            is_text = format_of_name(file.name) == "excel"
            yield Sheet(name, rows, Kept(is_text, not is_text or "long_numbers" in details))
        except DeliveryError:
            if len(names) == 1:
                raise
            yield Sheet(name, pl.DataFrame(), Kept())


def _rows(file: Path, read: FileRead, temporary: Path) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """The rows, and what reading them told of the file."""
    with open_delivery(read, Asked(str(file), _ANY_DAY, file.absolute().parent, temporary)) as reading:
        batches = list(reading.batches)
        details = reading.origin().details
    held_back = [line for batch in batches for line in batch.unreadable]
    if held_back:
        raise DeliveryError(
            where=str(file),
            expected="lines that can be read",
            found=f"{len(held_back):,} that can't, the first of them line {held_back[0].line}",
            cure="Correct it.",
        )
    rows = pl.concat([batch.rows for batch in batches], how="diagonal")
    texts = [name for name in rows.columns if name != LINE]
    headers = pl.DataFrame({"name": texts}).select(unescaped(pl.col("name")))["name"]
    read_back = rows.select(*(unescaped(pl.col(name).fill_null("")) for name in texts), LINE)
    named = read_back.rename(dict(zip(texts, headers, strict=True)))
    return named.with_columns(pl.col(mark).str.strip_chars() for mark in MARKS if mark in named.columns), details


def _refusal(file: Path, expected: str, found: str) -> ConfigurationError:
    return ConfigurationError(
        where=str(file),
        expected=expected,
        found=found,
        cure="Replay a file that quarantine export wrote, saved as .xlsx, or as CSV in UTF-8.",
    )
