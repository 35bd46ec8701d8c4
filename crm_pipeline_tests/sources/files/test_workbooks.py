"""Claims on workbooks other than sound .xlsx ones: OpenDocument is read; damage and defects are errors of ours."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import fastexcel
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import DeliveryError
from crm_pipeline_tests.sources.reading import read_bytes

_NAMES = "urn:oasis:names:tc:opendocument:xmlns"
_SHEET = f"""<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="{_NAMES}:office:1.0" xmlns:table="{_NAMES}:table:1.0"
 xmlns:text="{_NAMES}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>
<table:table table:name="客户">%s</table:table></office:spreadsheet></office:body></office:document-content>"""
_TEXT = '<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>'
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
    header = "".join(_TEXT % name for name in ("姓名", "电话", "日期"))
    row = _TEXT % "王小明" + _NUMBER % ("13800138000", "1.38E+10") + _DATE % ("2026-01-05", "05.01.26")
    read = read_bytes(tmp_path, opendocument(header, row), "x.ods")
    assert read.columns == ("姓名", "电话", "日期")
    assert read.frame.rows() == [("王小明", "13800138000", "2026-01-05", 2)]
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
