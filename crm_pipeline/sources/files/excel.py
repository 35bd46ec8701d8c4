"""A sheet of a workbook (.xlsx, .xlsm, .xlsb, .xls, .ods) as rows of text, each with its row number in the sheet.

Belongs here: sheets, and what the kinds of cells are as text. Does not belong here: opening a workbook (`workbook`),
which row is the header (`sheet_header`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import fastexcel
import polars as pl

from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.sheet_header import header_of
from crm_pipeline.sources.files.workbook import Sheet, open_sheet
from crm_pipeline.sources.rows import Rows, check_names
from crm_pipeline.state.delivery import LINE, Batch

_ERROR_TEXTS = {
    "Div0": "#DIV/0!",
    "NA": "#N/A",
    "Name": "#NAME?",
    "Null": "#NULL!",
    "Num": "#NUM!",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "GettingData": "#GETTING_DATA",
}
_NUMBER = r"^-?\d+(\.\d+)?$"
_MOMENT = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_MIDNIGHT = " 00:00:00"
_NO_DATE = "1899-12-31 "


def open_rows(file: Path, read: FileRead, where: str) -> Rows:
    """The rows below the header, all text, in their order, with `_line`; blank rows are passed over.

    Whole numbers have no decimal point, others at most 15 significant digits, as Excel shows them. Dates are
    YYYY-MM-DD; in a column where any of them has a time of day, all are YYYY-MM-DD HH:MM:SS. A time without a date is
    HH:MM:SS. A formula is the value last computed, an error its text, such as #N/A, a date that can't be #ERROR. Number
    formats are not applied. The header is the first row that is not blank, below a title block the one that `details`
    names, or the row that `header_row` names.

    Args:
        file: the workbook.
        read: the extract's `read:`.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: no workbook, no such sheet, or a name that is missing or repeated in the header.
    """
    sheet = open_sheet(file, read, where)
    cells, errors = _texts(sheet)
    cells = cells.with_columns(_numbers(cells, _loaded_as("float", sheet, cells, _NUMBER)))
    cells = cells.with_columns(_moments(cells, _loaded_as("duration", sheet, cells, _MOMENT)))
    place = f"{where}, sheet {sheet.name}"
    filled = _filled(_with_errors(cells, errors))
    header = header_of(filled, read.header_row, place)
    rows = _rows(filled, header.row, place)
    details = {"sheet": sheet.name} | ({"header_row": header.reason} if header.reason else {})
    return Rows(tuple(rows.columns[:-1]), iter([Batch(rows)]), details=details)


def _rows(filled: pl.DataFrame, line: int, where: str) -> pl.DataFrame:
    """The rows below the header, with `_line`."""
    header, rows = filled.filter(pl.col(LINE) == line), filled.filter(pl.col(LINE) > line)
    names = {
        column: name or ""
        for column, name in header.drop(LINE).row(0, named=True).items()
        if name or rows[column].is_not_null().any()
    }
    check_names([*names.values()], f"{where}, row {line}", places=[int(column) for column in names])
    return rows.select(*(pl.col(column).fill_null("").alias(name) for column, name in names.items()), LINE)


def _filled(cells: pl.DataFrame) -> pl.DataFrame:
    """The rows in which any cell holds something, with `_line`."""
    return (
        cells.with_row_index(LINE, offset=1)
        .with_columns(pl.col(LINE).cast(pl.Int64))
        .filter(pl.any_horizontal(pl.col(cells.columns).is_not_null()))
    )


def _texts(sheet: Sheet) -> tuple[pl.DataFrame, fastexcel.CellErrors | None]:
    """The cells as the library writes them, null where one is empty or an error, and the errors.

    A column per column of the sheet, named by its number from 1.
    """
    loaded = sheet.load("string")
    batch, errors = loaded.to_arrow_with_errors()
    cells = pl.DataFrame(pl.from_arrow(batch)).rename(_numbered(loaded))
    return cells.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)).name.keep()), errors


def _loaded_as(dtype: Literal["float", "duration"], sheet: Sheet, cells: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """The columns in which any text has the pattern, loaded once more: null where a cell is of another kind."""
    places = [int(column.name) - 1 for column in cells if column.str.contains(pattern).any()]
    if not places:
        return pl.DataFrame()
    loaded = sheet.load(dtype, places=places)
    return loaded.to_polars().rename(_numbered(loaded))


def _numbered(loaded: fastexcel.ExcelSheet) -> dict[str, str]:
    return {column.name: str(column.absolute_index + 1) for column in loaded.selected_columns}


def _numbers(cells: pl.DataFrame, numbers: pl.DataFrame) -> list[pl.Series]:
    """The columns in which the library rounded a number to nine decimal places, with the 15 digits that Excel shows."""
    changed = []
    for exact in numbers:
        text = cells[exact.name]
        is_plain = text.str.contains(_NUMBER)
        rounded = (is_plain & (text.cast(pl.Float64, strict=False) != exact)).fill_null(value=False).arg_true()
        if rounded.len():
            changed.append(text.scatter(rounded, [f"{number:.15g}" for number in exact.gather(rounded)]))
    return changed


def _moments(cells: pl.DataFrame, moments: pl.DataFrame) -> list[pl.Series]:
    """The columns with dates in them; the library writes all as moments, a time of day as one of 1899-12-31.

    `moments` is loaded as durations, which only the cells that are dates or times have; loaded as datetimes, numbers
    would become dates too, and a large one crash the library.
    """
    changed = []
    for moment in moments:
        text = cells[moment.name]
        is_time = moment.is_not_null() & text.str.starts_with(_NO_DATE)
        is_date = moment.is_not_null() & ~is_time
        if not (is_date & ~text.str.ends_with(_MIDNIGHT)).any():
            text = text.zip_with(~is_date, text.str.strip_suffix(_MIDNIGHT))
        changed.append(text.zip_with(~is_time, text.str.strip_prefix(_NO_DATE)).alias(moment.name))
    return changed


def _with_errors(cells: pl.DataFrame, errors: fastexcel.CellErrors | None) -> pl.DataFrame:
    """The cells with the text of each that holds an error."""
    if errors is None:
        return cells
    found = pl.DataFrame(
        [(*error.position, error.detail) for error in errors.errors],
        schema={"row": pl.UInt32, "place": pl.UInt32, "detail": pl.String},
        orient="row",
    ).with_columns(pl.col("detail").str.extract(r"Error\((\w+)\)").replace_strict(_ERROR_TEXTS, default="#ERROR"))
    for (place,), part in found.group_by("place"):
        column = cells.to_series(int(str(place)))
        cells = cells.with_columns(column.scatter(part["row"], part["detail"]))
    return cells
