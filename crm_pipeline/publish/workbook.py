"""Tables as an Excel workbook, written row by row: a sheet for each, a header that stays in view.

Belongs here: cells, and what a sheet can't hold. Does not belong here: which text is escaped (`spreadsheets`), files
(`taking_out`). No cell is ever a formula: each is written by its type, and text as text.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl
import xlsxwriter
from xlsxwriter.exceptions import XlsxFileError

from crm_pipeline.errors import ConfigurationError

Kind = Literal["text", "number", "float", "date", "moment", "boolean"]

# Excel's own limits.
MOST_ROWS = 1_048_576  # of a sheet, the header among them
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767  # UTF-16 units of a cell
_LONGEST_NAME = 31  # characters of a sheet's name
_MOST_DIGITS = 15  # of a number; further ones become zeros
_NO_NUMBERS = ("inf", "nan")
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)

_FORMATS = {"date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm:ss"}
_WIDTHS: dict[Kind, int] = {"date": 11, "moment": 19}  # characters; narrower ones show as ####
_WIDTH = 14


def write_workbook(
    path: Path,
    headers: Sequence[str],
    kinds: Sequence[Kind],
    count: Callable[[], int],
    batches: Iterable[pl.DataFrame],
    *,
    temporary: Path,
) -> int:
    """Number of rows below the header, written as one sheet.

    A number of more digits than Excel keeps, a number that is none, and a day before 1900 are text: they would be
    another value. A null is an empty cell.

    Args:
        path: the file.
        headers: one per column.
        kinds: what the texts of each column stand for.
        count: the number of rows that will come; asked once, so that too many are refused before any is written.
        batches: the rows as text.
        temporary: folder for rows that are written before the file is put together.

    Raises:
        ConfigurationError: more rows or columns than a sheet holds, or a text longer than a cell holds.
    """
    if len(headers) > MOST_COLUMNS:
        raise _too_many("columns", MOST_COLUMNS, len(headers))
    if (expected := count()) >= MOST_ROWS:
        raise _too_many("rows", MOST_ROWS - 1, expected)
    with _opened(path, temporary) as book:
        return _write(_Sheet(book, "rows", headers, kinds), batches)


def write_sheets(path: Path, sheets: Mapping[str, pl.DataFrame], *, temporary: Path, frozen_columns: int = 0) -> None:
    """Writes a workbook with a sheet for each frame, all cells text.

    Args:
        path: the file.
        sheets: name of a sheet to its rows, all columns text; a name is cut off at what Excel takes.
        temporary: folder for rows that are written before the file is put together.
        frozen_columns: that stay in view, from the left.

    Raises:
        ConfigurationError: more rows or columns than a sheet holds, or a text longer than a cell holds.
    """
    for rows in sheets.values():
        if rows.width > MOST_COLUMNS:
            raise _too_many("columns", MOST_COLUMNS, rows.width)
        if rows.height >= MOST_ROWS:
            raise _too_many("rows", MOST_ROWS - 1, rows.height)
    with _opened(path, temporary) as book:
        for number, (name, rows) in enumerate(sheets.items(), start=1):
            short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 4]}~{number}"
            _write(_Sheet(book, short, rows.columns, ["text"] * rows.width, frozen_columns), [rows])


@contextlib.contextmanager
def _opened(path: Path, temporary: Path) -> Iterator[Any]:
    """A new workbook, put together when the block ends without error."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(temporary)})
    yield book
    try:
        book.close()
    except XlsxFileError as error:
        raise OSError(errno.EFBIG, "a workbook that can't be put together", str(path)) from error


def _write(sheet: _Sheet, batches: Iterable[pl.DataFrame]) -> int:
    height = 0
    for batch in batches:
        for cells in batch.iter_rows():
            height += 1
            if height >= MOST_ROWS:  # the select gave another number of rows when it was counted
                raise _too_many("rows", MOST_ROWS - 1, height)
            sheet.write(height, cells)
    return height


class _Sheet:
    """The sheet with its header, and how a cell of each column is written."""

    def __init__(
        self, book: Any, name: str, headers: Sequence[str], kinds: Sequence[Kind], frozen_columns: int = 0
    ) -> None:
        self._sheet = book.add_worksheet(name)
        self._sheet.freeze_panes(1, frozen_columns)
        self._headers = headers
        self._formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
        writers = {
            "text": self._text,
            "number": self._number,
            "float": self._float,
            "date": self._date,
            "moment": self._moment,
            "boolean": self._boolean,
        }
        self._writers = [writers[kind] for kind in kinds]
        for place, kind in enumerate(kinds):
            self._sheet.set_column(place, place, _WIDTHS.get(kind, _WIDTH))
        bold = book.add_format({"bold": True})
        for place, header in enumerate(headers):
            self._sheet.write_string(0, place, self._held(0, place, header), bold)

    def write(self, row: int, cells: Sequence[str | None]) -> None:
        """Writes a row of texts, null for an empty cell."""
        for place, (cell, write) in enumerate(zip(cells, self._writers, strict=True)):
            if cell is not None:
                write(row, place, cell)

    def _text(self, row: int, place: int, cell: str) -> None:
        self._sheet.write_string(row, place, self._held(row, place, cell))

    def _number(self, row: int, place: int, cell: str) -> None:
        digits = cell.lstrip("-").replace(".", "").lstrip("0") if "." in cell else cell.lstrip("-").rstrip("0")
        if len(digits.rstrip("0")) > _MOST_DIGITS:
            self._sheet.write_string(row, place, cell)
        else:
            self._sheet.write_number(row, place, float(cell))

    def _float(self, row: int, place: int, cell: str) -> None:
        if cell.endswith(_NO_NUMBERS):
            self._sheet.write_string(row, place, cell)
        else:
            self._sheet.write_number(row, place, float(cell))

    def _boolean(self, row: int, place: int, cell: str) -> None:
        self._sheet.write_boolean(row, place, cell == "true")

    def _date(self, row: int, place: int, cell: str) -> None:
        self._day(row, place, cell, "date")

    def _moment(self, row: int, place: int, cell: str) -> None:
        self._day(row, place, cell, "moment")

    def _day(self, row: int, place: int, cell: str, kind: str) -> None:
        try:
            value = datetime.fromisoformat(cell)
        except ValueError:  # before the year 1, or infinite
            self._sheet.write_string(row, place, cell)
            return
        if _FIRST_DAY <= value.date() <= _LAST_DAY:
            self._sheet.write_datetime(row, place, value, self._formats[kind])
        else:
            self._sheet.write_string(row, place, cell)

    def _held(self, row: int, place: int, text: str) -> str:
        """The text, when a cell can hold it; else the writer would cut it off."""
        units = len(text)
        if units > LONGEST_TEXT // 2:  # characters of two units are rare
            units = len(text.encode("utf-16-le")) // 2
        if units > LONGEST_TEXT:
            raise ConfigurationError(
                where="--to",
                expected=f"texts of at most {LONGEST_TEXT:,} characters, which is what a cell of Excel holds",
                found=f"{units:,} in the column {self._headers[place]}, row {row}",
                cure="Write .csv or .parquet instead, or shorten it, as in left(x, 32000).",
            )
        return text


def _too_many(what: str, most: int, found: int) -> ConfigurationError:
    return ConfigurationError(
        where="--to",
        expected=f"at most {most:,} {what}, which is what a sheet of Excel holds",
        found=f"{found:,}",
        cure="Write .csv or .parquet instead, or narrow the select, with LIMIT or WHERE.",
    )
