"""Claims on what a cell of a workbook is as text: it depends on that cell alone, and what is lost is said."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.sources.files.formulas import uncomputed_cells
from crm_pipeline_tests.sources.files.test_excel import exactly, frame_of
from crm_pipeline_tests.sources.files.test_workbooks import TEXT_CELL, opendocument
from crm_pipeline_tests.sources.reading import Read, read_bytes

Cell = tuple[Any, str]  # a value, and the number format that makes of it what it is


def workbook(*columns: list[Cell], **options: Any) -> bytes:
    """A workbook with these columns below a header."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, **options})
    sheet = book.add_worksheet("客户")
    for place, cells in enumerate(columns):
        sheet.write(0, place, f"c{place}")
        for row, (value, form) in enumerate(cells, start=1):
            sheet.write(row, place, value, book.add_format({"num_format": form} if form else {}))
            sheet.write(row, len(columns), "x")  # so that no row is blank
    sheet.write(0, len(columns), "x")
    book.close()
    return content.getvalue()


def texts(content: bytes, place: int = 0) -> list[str]:
    """The cells of a column."""
    return frame_of(content).to_series(place).to_list()


MIDNIGHT, MOMENT = datetime(2026, 1, 5), datetime(2026, 1, 5, 9)  # noqa: DTZ001 - a cell has no zone
CELLS: dict[str, tuple[Cell, str]] = {
    "date": ((MIDNIGHT, "yyyy-mm-dd"), "2026-01-05"),
    "midnight shown with its time": ((MIDNIGHT, "yyyy-mm-dd hh:mm"), "2026-01-05"),
    "moment": ((MOMENT, "yyyy-mm-dd hh:mm"), "2026-01-05 09:00:00"),
    "first day of 1900": ((date(1900, 1, 1), "yyyy-mm-dd"), "1900-01-01"),
    "time of day": ((time(9, 30), "hh:mm"), "09:30:00"),
    "more than a day": ((25.5 / 24, "[h]:mm:ss"), "25:30:00"),
    "ten days in minutes": ((10 + 54610 / 86400, "[mm]:ss"), "255:10:10"),
    "a hundred years": ((36_525.5, "[h]:mm"), "876612:00:00"),
    "less than a day": ((1.5 / 24, "[h]:mm:ss"), "01:30:00"),
    "parts of a second": ((1 + 1.5 / 86400, "[h]:mm:ss.0"), "24:00:01.500"),
    "number": ((46_027, ""), "46027"),
    "text of a duration": (("25:30:00", ""), "25:30:00"),
    "text of a long number": (("6217001234567889920", ""), "6217001234567889920"),  # what a number of 19 digits becomes
}


@pytest.mark.parametrize(("cell", "text"), CELLS.values(), ids=[*CELLS])
def test_cell_alone(cell: Cell, text: str) -> None:
    """Dates have no time, moments have one, durations go on beyond 24 hours, whatever their format shows of it."""
    assert texts(workbook([cell])) == [text]


@given(columns=st.lists(st.lists(st.sampled_from([*CELLS.values()]), min_size=3, max_size=3), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_the_text_of_a_cell_depends_on_that_cell_alone(columns: list[list[tuple[Cell, str]]]) -> None:
    """Whatever stands above, below and beside it, a cell has the text that it has alone."""
    frame = frame_of(workbook(*([cell for cell, _ in column] for column in columns)))
    for place, column in enumerate(columns):
        assert frame.to_series(place).to_list() == [text for _, text in column]


def test_days_since_1904() -> None:
    """In workbooks that count days from 1904, dates, times and durations are the same, and a span may be negative."""
    kept = ["date", "moment", "time of day", "more than a day", "a hundred years"]
    cells = [CELLS[name][0] for name in kept] + [(-0.5, "[h]:mm:ss")]
    assert texts(workbook(cells, date_1904=True)) == [*(CELLS[name][1] for name in kept), "-12:00:00"]


def test_dates_that_can_not_be() -> None:
    """A date before the first day or after the year 9999 is #ERROR, not another date."""
    assert texts(workbook([(-2, "yyyy-mm-dd"), (3_000_000, "yyyy-mm-dd")])) == ["#ERROR", "#ERROR"]


def test_numbers_beyond_15_digits(tmp_path: Path) -> None:
    """A number has the 15 digits that a spreadsheet keeps, then zeros, never invented ones; how many there are is told.

    A text of digits keeps them all.
    """
    content = workbook([(90001, ""), (90002, ""), ("6217001234567889920", ""), (90003, "")])
    read = read_bytes(tmp_path, exactly(content, "6217001234567890123", "1E+300", "-1234567890123456"), "x.xlsx")
    assert read.frame["c0"].to_list() == ["6217001234567890000", "1e+300", "6217001234567889920", "-1234567890123460"]
    assert read.origin.details["long_numbers"].startswith("3 cells, the first A2: a spreadsheet keeps 15 digits")
    assert "long_numbers" not in read_bytes(tmp_path, workbook([(123456789012345, "")]), "x.xlsx").origin.details


_SHEET = "xl/worksheets/sheet1.xml"


def replaced(content: bytes, *pairs: tuple[str, str], part: str = _SHEET) -> bytes:
    """The workbook with other XML in a part."""
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            for old, new in pairs if name == part else ():
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode())
            target.writestr(name, data)
    return copy.getvalue()


def formulas(tmp_path: Path, *pairs: tuple[str, str]) -> Read:
    """A sheet with formulas in C2 to C5, whose XML is changed."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["id", "name", "total"])
    for row in range(1, 5):
        sheet.write_row(row, 0, [f"k{row}", "a"])
        sheet.write_formula(row, 2, f"=A{row}", None, 7 + row)
    book.close()
    return read_bytes(tmp_path, replaced(content.getvalue(), *pairs), "x.xlsx")


UNCOMPUTED = {
    "no value": [("<v>9</v>", "")],
    "an empty value": [("<v>9</v>", "<v></v>")],
    "a closed value": [("<v>9</v>", "<v/>")],
    "without references": [("<v>9</v>", ""), *((f' r="{x}{n}"', "") for x in "ABC" for n in (3, 4)), (' r="3"', "")],
    "a comment": [("<v>9</v>", "<!-- <v>1</v> -->")],
}


@pytest.mark.parametrize("pairs", UNCOMPUTED.values(), ids=[*UNCOMPUTED])
def test_formula_without_a_value(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    """A formula that was never computed is no empty cell: its text says so, the delivery where, and the cure."""
    read = formulas(tmp_path, *pairs)
    assert read.frame["total"].to_list() == ["8", "#UNCOMPUTED", "10", "11"]
    told = read.origin.details["formulas_without_value"]
    assert told == "1 cells, the first C3: open the workbook in Excel and save it"


def test_formula_with_a_prefix(tmp_path: Path) -> None:
    """The same where elements have a prefix, as some programs write them."""
    plain = formulas(tmp_path)
    content = (tmp_path / "x.xlsx").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read(_SHEET).decode()
    prefixed = re.sub(r"<(/?)(?=[a-z])", r"<\1x:", xml).replace("xmlns=", "xmlns:x=").replace("<x:v>9</x:v>", "")
    read = read_bytes(tmp_path, replaced(content, (xml, prefixed)), "x.xlsx")
    assert plain.frame["total"].to_list() == ["8", "9", "10", "11"]
    assert read.frame["total"].to_list() == ["8", "#UNCOMPUTED", "10", "11"]


def test_formula_that_gives_an_empty_text(tmp_path: Path) -> None:
    """A formula whose value is the empty text was computed: its cell is empty."""
    read = formulas(tmp_path, ('<c r="C3"><f>A2</f><v>9</v>', '<c r="C3" t="str"><f>A2</f><v></v>'))
    assert read.frame["total"].to_list() == ["8", "", "10", "11"]
    assert "formulas_without_value" not in read.origin.details


def test_formulas_beyond_all_other_cells(tmp_path: Path) -> None:
    """Formulas without a value in a last row, and in a last column, are not lost with it."""
    content = workbook([("a", "")])
    row = '<row r="5"><c r="A5"><f>1+1</f></c><c r="D5"><f>1+1</f></c></row></sheetData>'
    read = read_bytes(tmp_path, replaced(content, ("</sheetData>", row)), "x.xlsx", header={4: "d"})
    assert read.frame.rows() == [("a", "x", "", 2), ("#UNCOMPUTED", "", "#UNCOMPUTED", 5)]


def test_formulas_are_found_in_the_sheet_that_is_read(tmp_path: Path) -> None:
    """Formulas of another sheet are not taken for those of this one, whatever their parts are called."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    for name in ("一", "二 & 三"):
        book.add_worksheet(name).write_formula(1, 0, "=1", None, 5)
    book.close()
    (tmp_path / "x.xlsx").write_bytes(replaced(content.getvalue(), ("<v>5</v>", ""), part="xl/worksheets/sheet2.xml"))
    assert uncomputed_cells(tmp_path / "x.xlsx", "一") == []
    assert uncomputed_cells(tmp_path / "x.xlsx", "二 & 三") == [(2, 1)]


def test_opendocument_cells(tmp_path: Path) -> None:
    """An .ods moment and an .ods span are written as those of Excel are; a text like them stays as it is."""
    cell = '<table:table-cell office:value-type="{}" office:{}-value="{}"><text:p>?</text:p></table:table-cell>'
    values = [("date", "2026-01-05T09:00:00"), ("date", "2026-01-05T00:00:00"), ("time", "PT25H30M00S"),
              ("time", "PT09H30M00.5S"), ("time", "P1DT2H")]  # fmt: skip
    rows = [
        TEXT_CELL % "a",
        *(cell.format(kind, kind, value) for kind, value in values),
        TEXT_CELL % "2026-01-05T09:00:00",
    ]
    read = read_bytes(tmp_path, opendocument(*rows), "x.ods")
    shown = ["2026-01-05 09:00:00", "2026-01-05", "25:30:00", "09:30:00.500", "P1DT2H", "2026-01-05T09:00:00"]
    assert read.frame["a"].to_list() == shown
    assert read.frame.schema["a"] == pl.String
