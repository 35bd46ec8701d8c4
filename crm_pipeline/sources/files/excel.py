"""A sheet of a workbook (.xlsx, .xlsm, .xlsb, .xls, .ods) as rows of text, each with its row number in the sheet.

Belongs here: putting these together, names of columns, what is said of cells that are not what they seem. Does not
belong here: opening a workbook (`workbook`), cells (`excel_cells`), which row is the header (`sheet_header`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.parsers import expat

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.excel_cells import cells_of
from crm_pipeline.sources.files.formulas import uncomputed_cells
from crm_pipeline.sources.files.old_workbooks import rows_apart
from crm_pipeline.sources.files.sheet_header import Header, header_of
from crm_pipeline.sources.files.workbook import COMPOUND_FILE, Opened, open_sheet
from crm_pipeline.sources.rows import HEADER_CURE, Rows, check_names
from crm_pipeline.state.delivery import LINE, Batch

_UNCOMPUTED = "#UNCOMPUTED"
_LETTERS = 26


def open_rows(file: Path, read: FileRead, where: str) -> Rows:
    """The rows below the header, all text, in their order, with `_line`; blank rows are passed over.

    The text of a cell depends on that cell alone. Whole numbers have no decimal point, others at most 15 significant
    digits, as Excel shows them. Dates are YYYY-MM-DD, with a time of day YYYY-MM-DD HH:MM:SS; a time without a date and
    a duration are HH:MM:SS. A formula is the value last computed, #UNCOMPUTED where it never was; an error is its text,
    such as #N/A, a date that can't be #ERROR. Number formats are not applied. The header is the first row that is not
    blank, below a title block the one that `details` names, or the row that `header_row` names.

    Args:
        file: the workbook.
        read: the extract's `read:`.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: no workbook, no such sheet, or a name that is missing or repeated in the header.
    """
    with file.open("rb") as opened:
        is_old = opened.read(len(COMPOUND_FILE)) == COMPOUND_FILE
    return rows_apart(file, read, where) if is_old else rows_of(file, read, where)


def rows_of(file: Path, read: FileRead, where: str) -> Rows:
    """The same, read in this process, to which a defect of the library may write."""
    opened = open_sheet(file, read, where)
    place = f"{where}, sheet {opened.sheet.name}"
    cells = cells_of(opened, place)
    uncomputed = _uncomputed(file, opened.sheet.name, where)
    filled = _filled(_with_uncomputed(cells.texts, uncomputed))
    if filled.is_empty():
        raise _is_empty(place, opened)
    header = header_of(filled, read.header_row, place)
    rows = _rows(filled, header, read.header, place)
    details = {
        "sheet": opened.sheet.name,
        "hidden_sheets": ", ".join(opened.passed_over),
        "header_row": header.reason,
        "header": ", ".join(f"{number} {name}" for number, name in read.header.items()),
        "formulas_without_value": _shown(uncomputed, "open the workbook in Excel and save it"),
        "long_numbers": _shown(
            [(row + 1, int(column)) for row, column in cells.long_numbers],
            "a spreadsheet keeps 15 digits of a number; deliver this column as text",
        ),
    }
    told = {name: value for name, value in details.items() if value}
    return Rows(tuple(rows.columns[:-1]), iter([Batch(rows)]), details=told)


def _shown(places: Sequence[tuple[int, int]], remark: str) -> str:
    """How many cells there are, the first of them, and the remark; nothing of none."""
    if not places:
        return ""
    row, column = min(places)
    letters = ""
    while column:
        column, letter = divmod(column - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return f"{len(places):,} cells, the first {letters}{row}: {remark}"


def _uncomputed(file: Path, sheet: str, where: str) -> list[tuple[int, int]]:
    try:
        return uncomputed_cells(file, sheet)
    except (zipfile.BadZipFile, expat.ExpatError, ValueError):
        raise DeliveryError(
            where=where,
            expected="a workbook (.xlsx, .xlsm, .xlsb, .xls or .ods)",
            found="one with parts that are damaged, or not where it says",
            cure="Save it as .xlsx again, or ask for the delivery again.",
        ) from None


def _with_uncomputed(cells: pl.DataFrame, places: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """The cells, with the text of those that were never computed, also where they are beyond all others."""
    found = pl.DataFrame(places, schema={"row": pl.Int64, "column": pl.Int64}, orient="row")
    cells = pl.concat([cells, cells.clear(max(0, max((row for row, _ in places), default=0) - cells.height))])
    for (number,), part in found.group_by("column"):
        name = str(number)
        is_here = (pl.int_range(cells.height) + 1).is_in(part["row"].implode())
        other = pl.col(name) if name in cells.columns else pl.lit(None, pl.String)
        cells = cells.with_columns(pl.when(is_here).then(pl.lit(_UNCOMPUTED)).otherwise(other).alias(name))
    return cells.select(str(number) for number in sorted(map(int, cells.columns)))


def _filled(cells: pl.DataFrame) -> pl.DataFrame:
    """The rows in which any cell holds something, with `_line`."""
    return (
        cells.with_row_index(LINE, offset=1)
        .with_columns(pl.col(LINE).cast(pl.Int64))
        .filter(pl.any_horizontal(pl.exclude(LINE).is_not_null()))
    )


def _rows(filled: pl.DataFrame, header: Header, given: Mapping[int, str], where: str) -> pl.DataFrame:
    """The rows below the header, with `_line`; a column without a name and a cell is left out."""
    missing = [pl.lit(None, pl.String).alias(str(number)) for number in given if str(number) not in filled.columns]
    filled = filled.with_columns(missing)
    rows = filled.filter(pl.col(LINE) > header.row)
    written = filled.filter(pl.col(LINE) == header.row).drop(LINE).to_dicts()
    named = {column: given.get(int(column)) or (written[0][column] if written else "") for column in rows.columns[1:]}
    names = {
        column: named[column] or ""
        for column in sorted(named, key=int)
        if named[column] or rows[column].is_not_null().any()
    }
    at = f"{where}, row {header.row}" if header.row else where
    check_names([*names.values()], at, places=[int(column) for column in names], cure=HEADER_CURE)
    return rows.select(*(pl.col(column).fill_null("").alias(name) for column, name in names.items()), LINE)


def _is_empty(where: str, opened: Opened) -> DeliveryError:
    others = [name for name in opened.names if name != opened.sheet.name]
    return DeliveryError(
        where=where,
        expected="a header and rows",
        found=f"an empty sheet; others are {', '.join(others)}" if others else "an empty sheet, the only one",
        cure="Set read.sheet to the one that is meant, or ask for the delivery again.",
    )
