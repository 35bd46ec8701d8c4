"""Claims on reading Excel workbooks: every kind of cell as text, none lost, rows by their number in the sheet."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files import excel
from crm_pipeline.state.delivery import LINE
from crm_pipeline_tests.sources.reading import read_all, read_bytes

READ = FileRead(file="x.xlsx")
Fill = Callable[[Any, Any], None]


def workbook(fill: Fill, *sheets: str, **options: Any) -> bytes:
    """A workbook whose first sheet `fill` writes."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "yyyy-mm-dd", **options})
    first, *_ = [book.add_worksheet(name) for name in sheets or ("客户",)]
    fill(book, first)
    book.close()
    return content.getvalue()


def column_of(*cells: Any, **options: Any) -> bytes:
    """A workbook with the cells below each other, under the header `a`, beside a column that is filled."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        for row, cell in enumerate(cells, start=1):
            sheet.write(row, 0, cell)
            sheet.write_string(row, 1, "x")

    return workbook(fill, strings_to_numbers=False, **options)


def exactly(content: bytes, *numbers: str) -> bytes:
    """The workbook with the numbers 90001, 90002, … written as these instead, as Excel writes them."""
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("xl/worksheets/"):
                for i, number in enumerate(numbers, start=90001):
                    data = data.replace(f"<v>{i}</v>".encode(), f"<v>{number}</v>".encode())
            target.writestr(name, data)
    return copy.getvalue()


def frame_of(content: bytes, **options: object) -> pl.DataFrame:
    """The rows of a workbook."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(content)
        file.flush()
        rows = excel.open_rows(Path(file.name), FileRead.model_validate({"file": "x.xlsx", **options}), "w")
    (batch,) = rows.batches
    assert [*rows.columns, LINE] == batch.rows.columns
    return batch.rows


def texts(content: bytes) -> list[str]:
    """The cells of the first column."""
    frame = frame_of(content)
    assert frame.null_count().transpose().to_series().sum() == 0
    return frame.to_series(0).to_list()


CELLS: dict[str, tuple[Any, str]] = {
    "text": ("王小明", "王小明"),
    "leading zeros": ("0138", "0138"),
    "outer blanks": (" a ", " a "),
    "two lines": ("a\nb", "a\nb"),
    "phone as a number": (13812345678, "13812345678"),
    "whole number": (100.0, "100"),
    "decimals": (0.1, "0.1"),
    "ten decimals": (0.1000000001, "0.1000000001"),
    "negative": (-1234.56, "-1234.56"),
    "large": (1e15, "1000000000000000"),
    "true": (True, "true"),
    "false": (False, "false"),
    "date": (date(2026, 1, 5), "2026-01-05"),
    "moment": (datetime(2026, 1, 5, 13, 30, 15), "2026-01-05 13:30:15"),  # noqa: DTZ001 - a cell has no zone
    "text of a moment": ("2026-01-05 00:00:00", "2026-01-05 00:00:00"),
    "text of a time": ("1899-12-31 08:30:00", "1899-12-31 08:30:00"),
    "empty": ("", ""),
}


@pytest.mark.parametrize(("cell", "text"), CELLS.values(), ids=[*CELLS])
def test_cells_as_text(cell: Any, text: str) -> None:
    """A cell alone in its column becomes the text that Excel shows for it."""
    assert texts(column_of(cell)) == [text]


def test_mixed_column_loses_no_cell() -> None:
    """Texts, numbers, truths, moments and errors in one column all come through, whichever comes first."""
    pairs = [pair for pair in CELLS.values() if pair[0] != date(2026, 1, 5)]
    for turn in range(len(pairs)):
        turned = pairs[turn:] + pairs[:turn]
        assert texts(column_of(*(cell for cell, _ in turned))) == [text for _, text in turned]


def test_far_below_another_type() -> None:
    """A text below thousands of numbers, and a number below thousands of texts, are both there."""
    assert texts(column_of(*range(3000), "007"))[-1] == "007"
    assert texts(column_of(*["a"] * 3000, 0.1000000001))[-1] == "0.1000000001"


NUMBERS = {
    "0.30000000000000004": "0.3",
    "0.10000000010000001": "0.1000000001",
    "1.0000000000000001E-10": "1e-10",
    "121.47370100000001": "121.473701",
    "1.3812345678E10": "13812345678",
    "6921168509256": "6921168509256",
    "0.33333333333333331": "0.333333333333333",
    "4.35": "4.35",
}


def test_numbers_to_15_digits() -> None:
    """Numbers have the 15 digits that Excel shows, not the 17 it stores and not the nine decimals of the library."""
    content = exactly(column_of(*range(90001, 90001 + len(NUMBERS))), *NUMBERS)
    assert texts(content) == [*NUMBERS.values()]


def test_dates_and_moments() -> None:
    """Midnight is a date, beside a moment too; a time without a date is a time."""
    midnight, moment = datetime(2026, 1, 5), datetime(2026, 1, 5, 8, 30, 0, 500_000)  # noqa: DTZ001 - no zone
    assert texts(column_of(midnight, "x", 5)) == ["2026-01-05", "x", "5"]
    assert texts(column_of(midnight, moment)) == ["2026-01-05", "2026-01-05 08:30:00.500"]
    assert texts(column_of(midnight, time(8, 30))) == ["2026-01-05", "08:30:00"]
    assert texts(column_of(midnight, date_1904=True)) == ["2026-01-05"]


def test_formulas_and_errors() -> None:
    """A formula is its value, an error its text."""
    errors = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"]

    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(4, 3, ["a", "b"])  # away from the corner: errors are reported by position
        for row, value in enumerate(["x", 2, True, *errors], start=6):
            sheet.write_formula(row, 3 + row % 2, "=1", None, value)
            sheet.write_string(row, 4 - row % 2, "filled")

    frame = frame_of(workbook(fill))
    assert [row["a" if row[LINE] % 2 else "b"] for row in frame.iter_rows(named=True)] == ["x", "2", "true", *errors]
    assert [row["b" if row[LINE] % 2 else "a"] for row in frame.iter_rows(named=True)] == ["filled"] * 10
    assert frame[LINE].to_list() == list(range(7, 17))


def test_numbers_that_no_date_can_be() -> None:
    """A number too large for a date is itself beside dates, and #ERROR where its format asks for a date."""
    large = 90_000_000_000_000
    assert texts(column_of(date(2026, 1, 5), large, -large)) == ["2026-01-05", str(large), str(-large)]

    def fill(book: Any, sheet: Any) -> None:
        sheet.write(0, 0, "a")
        sheet.write(1, 0, large, book.add_format({"num_format": "yyyy-mm-dd"}))

    assert texts(workbook(fill)) == ["#ERROR"]


def test_blank_rows_and_columns() -> None:
    """Blank rows and columns are passed over, above the header too; each row keeps its number in the sheet."""

    def fill(_: Any, sheet: Any) -> None:
        for place, cells in {2: ["姓名", None, "市"], 4: ["王", None, "沪"], 8: [None, None, "京"]}.items():
            sheet.write_row(place, 1, cells)

    frame = frame_of(workbook(fill))
    assert frame.columns == ["姓名", "市", LINE]
    assert frame.rows() == [("王", "沪", 5), ("", "京", 9)]


def test_sheet_by_name(tmp_path: Path) -> None:
    """The sheet is the first, or the one named; how it was read says which."""

    def fill(book: Any, sheet: Any) -> None:
        sheet.write_column(0, 0, ["a", "1"])
        book.get_worksheet_by_name("客户 2").write_column(0, 0, ["名", "2"])

    (tmp_path / "x.xlsx").write_bytes(workbook(fill, "说明", "客户 2"))
    first = read_all(tmp_path, READ)
    second = read_all(tmp_path, FileRead(file="x.xlsx", sheet="客户 2"))
    assert (first.frame.rows(), first.origin.described) == ([("1", 2)], "excel, sheet 说明")
    assert (second.frame.rows(), second.origin.described) == ([("2", 2)], "excel, sheet 客户 2")
    assert not first.origin.reads_like(second.origin)
    assert second.columns == ("名",)
    with pytest.raises(DeliveryError, match=r"the sheet 客户; found the sheets 说明, 客户 2") as caught:
        read_all(tmp_path, FileRead(file="x.xlsx", sheet="客户"))
    assert caught.value.where == "crm.customers, x.xlsx"


def test_header_of_dates_and_numbers() -> None:
    """A header may hold dates and numbers; it is read as the rows are."""

    def fill(_: Any, sheet: Any) -> None:
        for place, cell in enumerate([date(2026, 1, 5), 2026, 0.1000000001]):
            sheet.write(0, place, cell)
            sheet.write(1, place, "x")

    assert frame_of(workbook(fill)).rows() == [("x", "x", "x", 2)]
    assert frame_of(workbook(fill)).columns == ["2026-01-05", "2026", "0.1000000001", LINE]


def report(_: Any, sheet: Any) -> None:
    """A sheet as reports are: a title, a line about it, the header, rows, one of them with a cell less."""
    sheet.write(0, 0, "客户名单")
    sheet.write_row(1, 0, ["导出日期", "2026-01-05"])
    sheet.write_row(3, 0, ["编号", "姓名", "电话", "市"])
    sheet.write_row(4, 0, ["C1", "王", "138", "沪"])
    sheet.write_row(5, 0, ["C2", "李", None, "京"])


def test_header_below_a_title_block(tmp_path: Path) -> None:
    """Below a title block the first row of names as wide as what follows is the header; the origin says which row."""
    read = read_bytes(tmp_path, workbook(report), "x.xlsx")
    assert read.frame.columns == ["编号", "姓名", "电话", "市", LINE]
    assert read.frame.rows() == [("C1", "王", "138", "沪", 5), ("C2", "李", "", "京", 6)]
    assert read.origin.details["header_row"] == "row 4, below 2 of a title block"


def test_header_row_as_set(tmp_path: Path) -> None:
    """The row that is set is the header whatever it looks like, and a blank one is refused."""
    read = read_bytes(tmp_path, workbook(report), "x.xlsx", header_row=5)
    assert read.frame.rows() == [("C2", "李", "", "京", 6)]
    assert read.frame.columns == ["C1", "王", "138", "沪", LINE]
    with pytest.raises(DeliveryError, match="the header in row 3; found a blank row"):
        read_bytes(tmp_path, workbook(report), "x.xlsx", header_row=3)


KEPT = {
    "a number in the header": [["姓名", 2026], ["王", "甲"], ["李", "乙"]],
    "a name repeated below": [["a", "b", "c"], ["x", "y", "z"]],
    "a row wider than the header": [["a", "b"], ["x", "y"], ["p", "q"]],
}


@pytest.mark.parametrize("rows", KEPT.values(), ids=[*KEPT])
def test_no_row_of_data_becomes_the_header(rows: list[list[Any]]) -> None:
    """Where the rows above are no title block, the first row is the header, and no row is lost."""
    content = workbook(lambda _, sheet: [sheet.write_row(place, 0, row) for place, row in enumerate(rows)])
    frame = frame_of(content)
    assert frame.columns[:-1] == [str(name) for name in rows[0]]
    assert frame.height == len(rows) - 1


def test_header_far_below() -> None:
    """A header below a hundred blank rows is found."""
    content = workbook(lambda _, sheet: sheet.write_column(200, 0, ["a", "1"]))
    assert texts(content) == ["1"]


SECRET = "王小明13800138010"


def _merged(book: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 0, 1, "a")
    sheet.write_row(1, 0, [SECRET, SECRET])


SHEETS: dict[str, tuple[Fill, str, str]] = {
    "merged header": (_merged, ", row 1", "no fit name for the column 2"),
    "blank header": (lambda _, s: [s.write_row(3, 1, ["a", None]), s.write_row(4, 1, [SECRET, SECRET])],
                     ", row 4", "no fit name for the column 3"),
    "repeated header": (lambda _, s: [s.write_row(0, 0, [SECRET, "b", SECRET]), s.write_row(1, 0, ["1", "2", "3"])],
                        ", row 1", "one name for the columns 1, 3"),
    "letter case": (lambda _, s: [s.write_row(0, 0, ["aB", "Ab"]), s.write_row(1, 0, [SECRET])],
                    ", row 1", "one name for the columns 1, 2"),
    "name of the line number": (lambda _, s: [s.write_row(0, 0, ["_Line"]), s.write_row(1, 0, [SECRET])],
                                ", row 1", "no fit name for the column 1"),
    "empty sheet": (lambda *_: None, "", "an empty sheet, the only one"),
}  # fmt: skip


@pytest.mark.parametrize(("fill", "place", "found"), SHEETS.values(), ids=[*SHEETS])
def test_sheet_is_refused(fill: Fill, place: str, found: str) -> None:
    """A sheet without a fit header is refused, without content."""
    with pytest.raises(DeliveryError) as caught:
        frame_of(workbook(fill))
    assert caught.value.where == f"w, sheet 客户{place}"
    assert found in caught.value.found
    assert SECRET not in str(caught.value)


def test_names_that_are_set() -> None:
    """Blank and repeated names can be set by the column's number, beyond the last one too, and all without a header."""
    content = workbook(lambda _, s: [s.write_row(0, 1, ["a", None, "a"]), s.write_row(1, 1, ["1", "2", "3"])])
    frame = frame_of(content, header={3: "b", 4: "c"})
    assert (frame.columns, frame.rows()) == (["a", "b", "c", LINE], [("1", "2", "3", 2)])
    assert frame_of(content, header={3: "b", 4: "c", 6: "f"}).rows() == [("1", "2", "3", "", 2)]
    frame = frame_of(content, header_row=0, header={2: "x", 3: "y", 4: "z"})
    assert (frame.columns, frame.rows()) == (["x", "y", "z", LINE], [("a", "", "a", 1), ("1", "2", "3", 2)])


def test_header_alone() -> None:
    """A header without rows gives its columns and no row."""
    frame = frame_of(workbook(lambda _, s: s.write_row(2, 0, ["a", "b"])))
    assert (frame.columns, frame.rows()) == (["a", "b", LINE], [])


def _zip_of(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, SECRET)
    return content.getvalue()


SOUND = column_of("a")
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000
FILES = {
    "text": (f"a,b\n{SECRET},2\n".encode(), r"found text\. Set read\.format to csv"),
    "other bytes": (b"\0\1\2\3", "found another file"),
    "damaged xls": (COMPOUND, "damaged, cut short or unknown"),
    "password": (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "a workbook with a password"),
    "other archive": (_zip_of("a.txt"), "found text"),
    "cut short": (SOUND[:-100], "an archive that is damaged"),
    "cut in half": (SOUND[: len(SOUND) // 2], "an archive that is damaged"),
}


@pytest.mark.parametrize(("content", "found"), FILES.values(), ids=[*FILES])
def test_no_workbook_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    """What is no workbook, or can't be opened, is refused as such."""
    (tmp_path / "x.xlsx").write_bytes(content)
    with pytest.raises(DeliveryError, match=found) as caught:
        read_all(tmp_path, READ)
    assert caught.value.where.startswith("crm.customers, x.xlsx")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"]
)
def test_damaged_part_is_refused(part: str) -> None:
    """A workbook one of whose parts is cut off is refused, not read as far as it goes."""
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(column_of(*"abcdefgh"))) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) * 3 // 4] if name == part else data)
    with pytest.raises(DeliveryError):
        frame_of(copy.getvalue())


KINDS = st.one_of(
    st.text("王𠀀a0 .-:<&", min_size=1, max_size=6),
    st.integers(-(10**14), 10**14),
    st.decimals(-10_000, 10_000, places=12).map(float),
    st.booleans(),
    st.integers(0, 20_000).map(lambda days: date(2000, 1, 1) + timedelta(days)),
)


@given(cells=st.lists(KINDS, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_cells_come_back(cells: list[Any]) -> None:
    """Any texts, numbers, truths and dates in one column come back, each as it was written."""

    def shown(cell: Any) -> str:
        if isinstance(cell, float):
            short = f"{cell:.15g}"
            return f"{float(short):.15f}".rstrip("0").rstrip(".") if "e" in short else short
        return str(cell).lower() if isinstance(cell, bool) else str(cell)

    found = texts(column_of(*cells))
    for cell, text in zip(cells, found, strict=True):
        if isinstance(cell, float):
            assert float(text) == pytest.approx(cell, rel=1e-14)
        else:
            assert text == shown(cell)
