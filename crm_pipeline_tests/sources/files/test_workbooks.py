"""Claims on workbooks of all formats: real ones read alike, their sheets, what keeps them from being read."""

from __future__ import annotations

import io
import struct
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fastexcel
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.files.biff import has_chart
from crm_pipeline_tests.sources.reading import read_bytes

REAL = Path(__file__).parents[2] / "data" / "python_calamine"
FORMATS = ["xlsx", "xlsb", "xls", "ods"]


def real(name: str) -> bytes:
    """A workbook of another project's tests, made with Excel and LibreOffice."""
    return (REAL / name).read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_real_workbook(tmp_path: Path, suffix: str) -> None:
    """The same sheet saved in each format gives the same texts: text, numbers, truths, date, moment, times, a span."""
    header = {number: f"c{number}" for number in range(1, 11)}
    read = read_bytes(tmp_path, real(f"base.{suffix}"), f"x.{suffix}", header_row=0, header=header)
    times = ("2010-10-10", "2010-10-10 10:10:10", "10:10:10", "10:10:10.100", "255:10:10")
    assert read.frame.rows() == [("String", "1", "1.1", "true", "false", *times, 2)]
    assert read.origin.described == "excel, sheet Sheet1"


@pytest.mark.parametrize("suffix", FORMATS)
def test_sheets_of_a_real_workbook(tmp_path: Path, suffix: str) -> None:
    """Sheets are read by name, hidden ones too; an empty one is refused, with the names of the others."""
    content, name = real(f"any_sheets.{suffix}"), f"x.{suffix}"
    assert read_bytes(tmp_path, content, name).frame.rows()[:2] == [("3", "4", 2), ("5", "6", 3)]
    with pytest.raises(DeliveryError, match=r"an empty sheet; others are Visible, VeryHidden, Chart\. Set read\.sheet"):
        read_bytes(tmp_path, content, name, sheet="Hidden")


@pytest.mark.parametrize("suffix", FORMATS)
def test_password(tmp_path: Path, suffix: str) -> None:
    """A workbook with a password is refused as such, whatever its format."""
    with pytest.raises(DeliveryError, match="a workbook with a password"):
        read_bytes(tmp_path, real(f"password.{suffix}"), f"x.{suffix}")


def hidden_first(*hidden: bool) -> bytes:
    """A workbook with sheets one, two, …, some of them hidden, each with a row of its own."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    sheets = [book.add_worksheet(name) for name in ("one", "two", "three")]
    for sheet, is_hidden in zip(sheets, hidden, strict=True):
        sheet.write_column(0, 0, ["a", sheet.name])
        if is_hidden:
            sheet.hide()
        else:
            sheet.activate()
    book.close()
    return content.getvalue()


def test_hidden_sheets_are_passed_over(tmp_path: Path) -> None:
    """The sheet that is read is the first that a person sees; that others were passed over is told."""
    read = read_bytes(tmp_path, hidden_first(True, True, False), "x.xlsx")
    assert read.frame.rows() == [("three", 2)]
    assert read.origin.details == {"sheet": "three", "hidden_sheets": "one, two"}
    assert "hidden_sheets" not in read_bytes(tmp_path, hidden_first(False, True, True), "x.xlsx").origin.details
    assert read_bytes(tmp_path, hidden_first(True, False, False), "x.xlsx", sheet="one").frame.rows() == [("one", 2)]


def test_all_sheets_are_hidden(tmp_path: Path) -> None:
    """A workbook without a sheet that a person sees is refused with the names; no hidden one is taken."""
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(hidden_first(True, True, False))) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'sheetId="3"', b'sheetId="3" state="veryHidden"'))
    with pytest.raises(DeliveryError, match=r"hidden ones only: one, two, three\. Set read\.sheet"):
        read_bytes(tmp_path, copy.getvalue(), "x.xlsx")


def test_misread_texts(tmp_path: Path) -> None:
    """A workbook whose texts come out with NUL characters is refused, not loaded with them."""
    content = real("base.xls")
    assert content.count(b"String") == 1
    with pytest.raises(DeliveryError, match=r"texts with NUL characters.* Save the workbook as \.xlsx"):
        read_bytes(tmp_path, content.replace(b"String", b"S\0r\0n\0"), "x.xls", sheet="Sheet1", header_row=2)


@pytest.mark.parametrize("end", [1536, 8704, 19_968])
def test_damaged_old_workbook(tmp_path: Path, capfd: pytest.CaptureFixture[str], end: int) -> None:
    """An .xls that is cut short is refused or read, and the library's own words about it reach nobody."""
    try:
        read_bytes(tmp_path, real("base.xls")[:end], "x.xls", header_row=0, header={n: f"c{n}" for n in range(1, 11)})
    except DeliveryError as error:
        assert "damaged, cut short or unknown" in error.found
    assert capfd.readouterr() == ("", "")


ENDS: dict[str, tuple[Any, type[Exception], str]] = {
    "killed": (SimpleNamespace(returncode=-11), DeliveryError, "damaged, cut short"),
    "too slow": (subprocess.TimeoutExpired("x", 1, output=b"secret"), DeliveryError, "within 600 seconds"),
    "another failure": (SimpleNamespace(returncode=1), RuntimeError, "ended with 1"),
}


@pytest.mark.parametrize(("end", "kind", "found"), ENDS.values(), ids=[*ENDS])
def test_end_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Any, kind: type[Exception], found: str
) -> None:
    """Whatever ends the process that reads old workbooks is an error that says so."""

    def run(*_: object, **__: object) -> object:
        if isinstance(end, Exception):
            raise end
        return end

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(kind, match=found):
        read_bytes(tmp_path, real("base.xls"), "x.xls")


def record(kind: int, content: bytes = b"") -> bytes:
    """A record of BIFF."""
    return struct.pack("<HH", kind, len(content)) + content


def start(kind: int) -> bytes:
    """The record with which a part begins."""
    return record(0x0809, struct.pack("<HHHH8x", 0x0600, kind, 0, 0))


def compound_file(*sheets: bytes) -> bytes:
    """A compound file whose workbook has these sheets, in 512-byte sectors: header, table, directory, stream."""
    names = [record(0x0085, struct.pack("<I", 0) + b"\0\0\1\0a") for _ in sheets]
    place = len(start(5) + b"".join(names) + record(0x000A))
    for i, sheet in enumerate(sheets):
        names[i] = record(0x0085, struct.pack("<I", place) + b"\0\0\1\0a")
        place += len(sheet)
    stream = (start(5) + b"".join(names) + record(0x000A) + b"".join(sheets)).ljust(8 * 512, b"\0")
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 10), 0xFFFFFFFE]
    entry = "Workbook".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H50xII4x", 18, 2, len(stream))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(30, b"\0") + struct.pack("<H16xI16xII", 9, 1, 0xFFFFFFFE, 0)
    places = struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    return (
        header.ljust(76, b"\0")
        + places
        + struct.pack("<10I", *table).ljust(512, b"\xff")
        + entry.ljust(512, b"\0")
        + stream
    )


def test_chart_among_the_cells_of_an_old_sheet() -> None:
    """Of an .xls it is told which sheet has a chart within, whose numbers the library would take for cells."""
    end = record(0x000A)
    plain, chart = start(16) + end, start(16) + start(32) + end + end
    content = compound_file(plain, chart, start(32) + end)  # the last is a sheet that is a chart
    assert [has_chart(content, sheet) for sheet in range(4)] == [False, True, False, False]
    for cut in range(0, len(content), 97):
        assert has_chart(content[:cut], 0) is False
    assert not any(has_chart(real(name), sheet) for name in ("base.xls", "any_sheets.xls") for sheet in range(4))


def test_refusal_of_a_chart_among_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a sheet is refused, with the cure."""
    from crm_pipeline.settings import FileRead
    from crm_pipeline.sources.files import excel, workbook

    (tmp_path / "x.xls").write_bytes(real("any_sheets.xls"))
    monkeypatch.setattr(workbook, "has_chart", lambda _, sheet: sheet == 0)
    with pytest.raises(DeliveryError, match=r"with a chart, .* Save it as \.xlsx"):
        excel.rows_of(tmp_path / "x.xls", FileRead(file="x.xls"), "w")


def test_size_is_counted(tmp_path: Path) -> None:
    """A workbook that unpacks to more than the limit is refused, whatever it says of its size."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    sheet = book.add_worksheet()
    for row in range(20_000):
        sheet.write_row(row, 0, [f"a{row}", row])
    book.close()
    forged = bytearray(content.getvalue())
    place = -1
    while (place := forged.find(b"PK\x01\x02", place + 1)) >= 0:
        forged[place + 24 : place + 28] = struct.pack("<I", 10)
    for each in (content.getvalue(), bytes(forged)):
        with pytest.raises(DeliveryError, match=r"at most 1MB unpacked \(read\.unpacked_limit\); found more"):
            read_bytes(tmp_path, each, "x.xlsx", unpacked_limit="1MB")
    assert read_bytes(tmp_path, content.getvalue(), "x.xlsx", unpacked_limit="10MB").frame.height == 19_999


_NAMES = "urn:oasis:names:tc:opendocument:xmlns"
_SHEET = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="{_NAMES}:office:1.0" xmlns:table="{_NAMES}:table:1.0"
 xmlns:text="{_NAMES}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>
<table:table table:name="客户">%s</table:table></office:spreadsheet></office:body></office:document-content>"""
TEXT_CELL = '<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>'
_NUMBER = '<table:table-cell office:value-type="float" office:value="%s"><text:p>%s</text:p></table:table-cell>'
_DATE = '<table:table-cell office:value-type="date" office:date-value="%s"><text:p>%s</text:p></table:table-cell>'


def opendocument(*rows: str) -> bytes:
    """A spreadsheet of OpenDocument with these rows."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", _SHEET % "".join(f"<table:table-row>{row}</table:table-row>" for row in rows))
    return content.getvalue()


def test_opendocument(tmp_path: Path) -> None:
    """Texts, numbers and dates of an .ods sheet come out as those of Excel do."""
    header = "".join(TEXT_CELL % name for name in ("姓名", "电话", "日期"))
    row = TEXT_CELL % "王小明" + _NUMBER % ("13800138010", "1.38E+10") + _DATE % ("2026-01-05", "05.01.26")
    read = read_bytes(tmp_path, opendocument(header, row), "x.ods")
    assert read.columns == ("姓名", "电话", "日期")
    assert read.frame.rows() == [("王小明", "13800138010", "2026-01-05", 2)]
    assert read.origin.described == "excel, sheet 客户"


def sound() -> bytes:
    """A workbook of a hundred rows."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    sheet = book.add_worksheet()
    for row in range(100):
        sheet.write_row(row, 0, [f"a{row}", row / 7, True])
    book.close()
    return content.getvalue()


class PanicException(BaseException):
    """What a defect of the library raises."""


@pytest.mark.parametrize("name", ["read_excel", "ExcelReader.load_sheet"])
def test_defect_of_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A panic of the library, which is no Exception, is an error of ours; an interruption stays one."""
    for error, expected in ((PanicException("王小明"), DeliveryError), (KeyboardInterrupt(), KeyboardInterrupt)):

        def fail(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(f"fastexcel.{name}", fail)
        with pytest.raises(expected) as caught:
            read_bytes(tmp_path, sound(), "x.xlsx")
        assert "王小明" not in str(caught.value)
    assert fastexcel is not None


@given(data=st.data())
@settings(max_examples=60, deadline=2000)
def test_damaged_workbook(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A workbook in which a member has other bytes is read, or refused with an error of ours, and soon."""
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound())) as source, zipfile.ZipFile(copy, "w") as target:
        names = source.namelist()
        damaged = data.draw(st.sampled_from(names))
        for name in names:
            content = bytearray(source.read(name))
            if name == damaged:
                for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
                    content[place] = data.draw(st.integers(0, 255))
            target.writestr(name, bytes(content))
    try:
        read = read_bytes(tmp_path_factory.mktemp("xlsx"), copy.getvalue(), "x.xlsx")
    except DeliveryError as error:
        assert error.cure
        return
    assert read.frame.height <= 99
