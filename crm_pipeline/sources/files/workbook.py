"""Workbooks of Excel and its kin, opened; what the library can't read is refused.

Belongs here: every call of fastexcel that opens or loads. Does not belong here: what cells are as text (`excel`).
"""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import fastexcel

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.sizes import bytes_of

_ZIP = b"PK\x03\x04"
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and any workbook with a password
_PANIC = "PanicException"  # what a defect of the library raises; it derives from BaseException and can't be imported


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of an open workbook."""

    book: fastexcel.ExcelReader
    name: str
    where: str

    def load(
        self, dtype: Literal["string", "float", "duration"], *, places: list[int] | None = None
    ) -> fastexcel.ExcelSheet:
        """All rows from the sheet's first on, with every cell of one type.

        Args:
            dtype: the type; a cell of another kind is null, except that all become a string.
            places: of columns to load, from 0; all by default.
        """
        with _refusing(f"{self.where}, sheet {self.name}", "a sheet that is damaged, cut short or no table"):
            return self.book.load_sheet(
                self.name, header_row=None, skip_rows=0, dtypes=dtype, use_columns=places, eager=False
            )


def open_sheet(file: Path, read: FileRead, where: str) -> Sheet:
    """The sheet that is set, else the first.

    Raises:
        DeliveryError: no workbook, one with a password, or no such sheet.
    """
    content = file.read_bytes()
    if not content.startswith((_ZIP, _COMPOUND_FILE)):
        _refuse(where, "another file")
    if content.startswith(_ZIP):
        _require_small(file, read, where)
    found = "a workbook with a password" if _has_password(content) else "one that is damaged, cut short or unknown"
    with _refusing(where, found):
        book = fastexcel.read_excel(content)
        names = book.sheet_names
    if read.sheet is not None and read.sheet not in names:
        raise DeliveryError(
            where=where,
            expected=f"the sheet {read.sheet}",
            found=f"the sheets {', '.join(names)}",
            cure="Correct read.sheet, or ask for the delivery again.",
        )
    if not names:
        _refuse(where, "a workbook without sheets")
    return Sheet(book, read.sheet or names[0], where)


def _has_password(content: bytes) -> bool:
    """Whether the workbook is encrypted: by its streams' names (MS-OFFCRYPTO), in .ods by its manifest."""
    return "EncryptedPackage".encode("utf-16-le") in content or b"manifest:encryption-data" in content


def _require_small(file: Path, read: FileRead, where: str) -> None:
    """Nothing, when what the archive says of its unpacked size is within the limit."""
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        _refuse(where, "an archive that is damaged, cut short or holds something else")
    if size > bytes_of(read.unpacked_limit):
        raise DeliveryError(
            where=where,
            expected=f"at most {read.unpacked_limit} unpacked (read.unpacked_limit)",
            found=f"{size:,} bytes",
            cure="Check the file; raise read.unpacked_limit if it is what it should be.",
        )


@contextlib.contextmanager
def _refusing(where: str, found: str) -> Iterator[None]:
    try:
        yield
    except fastexcel.FastExcelError:
        _refuse(where, found)
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        _refuse(where, found)


def _refuse(where: str, found: str) -> NoReturn:
    raise DeliveryError(
        where=where,
        expected="a workbook (.xlsx, .xlsm, .xlsb, .xls or .ods)",
        found=found,
        cure="Save it as .xlsx without a password, correct read.format, or ask for the delivery again.",
    ) from None
