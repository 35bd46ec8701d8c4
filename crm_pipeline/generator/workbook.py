"""Excel workbooks, one per business date, written row by row while chunks arrive.

Belongs here: cells and sheets. Does not belong here: what is in them (`systems.support`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from crm_pipeline.generator.chunk import Part

_CREATED = datetime(2026, 3, 2)  # noqa: DTZ001 - Excel knows no zones; fixed, so that equal plans give equal bytes
_DIGITS = r"^[1-9][0-9]{4,14}$"  # a number of 15 digits is the longest that Excel keeps


class Workbooks:
    """The workbooks of all business dates below `folder`; parts are added in order, then everything is closed."""

    def __init__(self, folder: Path, dates: Sequence[str]) -> None:
        self._folder = folder
        self._dates = dates
        self._books: dict[Path, Any] = {}
        self._sheets: dict[tuple[Path, str], _Sheet] = {}

    def add(self, part: Part) -> None:
        """Writes the rows of a part below those of the parts before, and removes its file."""
        if part.form is None:
            return
        path = self._folder / part.form.path.format(date=self._dates[part.day])
        if path not in self._books:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._books[path] = book = xlsxwriter.Workbook(path, {"constant_memory": True, "in_memory": False})
            book.set_properties({"created": _CREATED})
        key = (path, part.form.sheet)
        if key not in self._sheets:
            self._sheets[key] = _Sheet(self._books[path], part.form.sheet)
        self._sheets[key].write(pl.read_ipc(part.file.read_bytes()), part.form.numbers)
        part.file.unlink()

    def close(self) -> None:
        """Finishes all files."""
        for book in self._books.values():
            book.close()


class _Sheet:
    """One sheet, and the row below its last."""

    def __init__(self, book: Any, name: str) -> None:
        self._sheet = book.add_worksheet(name)
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._next = 0

    def write(self, rows: pl.DataFrame, numbers: Sequence[str]) -> None:
        """Writes rows, and above the first of all the header."""
        sheet, first = self._sheet, self._next
        if first == 0:
            sheet.write_row(0, 0, rows.columns)
            first = 1
        writers = [self._writer(rows[name], is_typed=name in numbers) for name in rows.columns]
        cells = [_cells(rows[name], is_typed=name in numbers) for name in rows.columns]
        for offset, row in enumerate(zip(*cells, strict=True)):
            for place, (cell, write) in enumerate(zip(row, writers, strict=True)):
                if cell is not None:
                    write(first + offset, place, cell)
        self._next = first + len(rows)

    def _writer(self, values: pl.Series, *, is_typed: bool) -> Any:
        sheet, day, moment = self._sheet, self._day, self._moment
        if values.dtype == pl.Date:
            return lambda row, place, cell: sheet.write_datetime(row, place, cell, day)
        if values.dtype == pl.Datetime:
            return lambda row, place, cell: sheet.write_datetime(row, place, cell, moment)
        if values.dtype == pl.String and not is_typed:
            return sheet.write_string
        if values.dtype == pl.String:
            return lambda row, place, cell: (
                sheet.write_number(row, place, cell) if isinstance(cell, int) else sheet.write_string(row, place, cell)
            )
        return sheet.write_number


def _cells(values: pl.Series, *, is_typed: bool) -> list[Any]:
    """The cells; texts of digits as whole numbers where they were typed so."""
    if not is_typed:
        return values.to_list()
    are_digits = values.str.contains(_DIGITS).fill_null(value=False).to_list()
    return [int(cell) if digits else cell for cell, digits in zip(values.to_list(), are_digits, strict=True)]
