"""Workbooks of Excel and its kin, opened; what the library can't read is refused.

Belongs here: every call of fastexcel. Does not belong here: what cells are as text (`excel_cells`).
"""

from __future__ import annotations

import contextlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import fastexcel
import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.biff import has_chart
from crm_pipeline.sources.files.sizes import bytes_of
from crm_pipeline.sources.files.zip_sizes import unpacked_bytes

COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How .xls begins, and any workbook with a password."""
_ZIP = b"PK\x03\x04"
_HEADER_BYTES, _OPENDOCUMENT = 30, b"mimetype"  # the name of its first member, behind a header
_LIMIT = "1GB"  # a workbook is read into memory, where its cells take several times this
_MANIFEST, _ENCRYPTED_ENTRY = "META-INF/manifest.xml", b"encryption-data"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_FILE_PASS = re.compile(rb"\x09\x08(?:\x10\0\0\x06\x05\0.{12}|\x08\0\0\x05\x05\0.{4})(?:\x86\0\0\0)?\x2f\0", re.DOTALL)
_PANIC = "PanicException"  # what a defect of the library raises; it derives from BaseException and can't be imported
_DAMAGED = "one that is damaged, cut short or unknown"
_NO_TABLE = "a sheet that is damaged, cut short or no table"

Kind = Literal["string", "float", "boolean", "duration"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of an open workbook.

    Its cells are given as a column for each that holds anything, named by its number from 1, all rows from the sheet's
    first on.
    """

    book: fastexcel.ExcelReader
    name: str
    where: str
    is_opendocument: bool

    def load(self, kind: Kind, numbers: Sequence[str]) -> pl.DataFrame:
        """The cells of a kind, null where one is empty or of another kind; of some columns only."""
        with _refusing(self._place, _NO_TABLE):
            loaded = self._load(kind, numbers)
            return loaded.to_polars().rename(_numbers_of(loaded))

    def load_texts(self) -> tuple[pl.DataFrame, pl.DataFrame, bool]:
        """All cells as text, those without one as `others_of` has them, and whether the sheet is hidden."""
        with _refusing(self._place, _NO_TABLE):
            loaded = self._load("string")
            batch, errors = loaded.to_arrow_with_errors()
        return pl.DataFrame(pl.from_arrow(batch)).rename(_numbers_of(loaded)), _frame(errors), _is_hidden(loaded)

    def others_of(self, kind: Kind, numbers: Sequence[str]) -> pl.DataFrame:
        """The cells of some columns that can't be of a kind.

        `row` and `place` count from 0, `place` among all columns that hold anything; `detail` is what the library has.
        """
        with _refusing(self._place, _NO_TABLE):
            _, errors = self._load(kind, numbers).to_arrow_with_errors()
        return _frame(errors)

    def may_hold_durations(self, numbers: Sequence[str]) -> bool:
        """Whether any cell of some columns may be a duration; not, where the library sees none among them."""
        try:
            with _refusing(self._place, _NO_TABLE, but=fastexcel.FastExcelError):
                guessed = self._load(None, numbers)
        except fastexcel.FastExcelError:  # durations beside another kind have no common type
            return True
        return any(column.dtype == "duration" for column in guessed.selected_columns)

    @property
    def _place(self) -> str:
        return f"{self.where}, sheet {self.name}"

    def _load(self, kind: Kind | None, numbers: Sequence[str] | None = None) -> fastexcel.ExcelSheet:
        return self.book.load_sheet(
            self.name,
            header_row=None,
            skip_rows=0,
            schema_sample_rows=None,
            dtypes=kind,
            use_columns=None if numbers is None else [int(number) - 1 for number in numbers],
            eager=False,
        )


def _numbers_of(loaded: fastexcel.ExcelSheet) -> dict[str, str]:
    return {column.name: str(column.absolute_index + 1) for column in loaded.selected_columns}


def _is_hidden(loaded: fastexcel.ExcelSheet) -> bool:
    return loaded.visible != "visible"


def _frame(errors: fastexcel.CellErrors | None) -> pl.DataFrame:
    rows = [(*error.position, error.detail) for error in (errors.errors if errors else ())]
    return pl.DataFrame(rows, schema={"row": pl.UInt32, "place": pl.UInt32, "detail": pl.String}, orient="row")


@dataclass(frozen=True, slots=True)
class Opened:
    """The sheet that is read.

    Attributes:
        sheet: the one that is set, else the first that is not hidden.
        texts: all its cells, as `load_texts` gives them.
        others: those without a text.
        names: of all sheets.
        passed_over: hidden sheets before it.
    """

    sheet: Sheet
    texts: pl.DataFrame
    others: pl.DataFrame
    names: tuple[str, ...]
    passed_over: tuple[str, ...] = ()


def open_sheet(file: Path, read: FileRead, where: str) -> Opened:
    """The sheet that is set, else the first that is not hidden.

    Raises:
        DeliveryError: no workbook, one with a password, one that is too large unpacked, no such sheet, or one that
            can't be read rightly.
    """
    content = file.read_bytes()
    if not content.startswith((_ZIP, COMPOUND_FILE)):
        _refuse(where, "another file")
    if content.startswith(_ZIP):
        _require_small(file, read, where)
    with _refusing(where, "a workbook with a password" if _has_password(file, content) else _DAMAGED):
        book = fastexcel.read_excel(content)
        names = tuple(book.sheet_names)
    if not names:
        _refuse(where, "a workbook without sheets")
    if read.sheet is not None and read.sheet not in names:
        raise DeliveryError(
            where=where,
            expected=f"the sheet {read.sheet}",
            found=f"the sheets {', '.join(names)}",
            cure="Correct read.sheet, or ask for the delivery again.",
        )
    hidden: list[str] = []
    for name in [read.sheet] if read.sheet else names:
        if content.startswith(COMPOUND_FILE) and has_chart(content, names.index(name)):
            _refuse(f"{where}, sheet {name}", "a sheet of an .xls with a chart, whose numbers can't be told from cells")
        sheet = Sheet(book, name, where, content[_HEADER_BYTES:].startswith(_OPENDOCUMENT))
        texts, others, is_hidden = sheet.load_texts()
        if read.sheet or not is_hidden:
            return Opened(sheet, texts, others, names, tuple(hidden))
        hidden.append(name)
    raise DeliveryError(
        where=where,
        expected="a sheet that is not hidden",
        found=f"hidden ones only: {', '.join(names)}",
        cure="Set read.sheet to the one that is meant.",
    )


def _has_password(file: Path, content: bytes) -> bool:
    """Whether the workbook is encrypted.

    Told by the names of its streams (MS-OFFCRYPTO), in .xls by the record FilePass behind the first one (MS-XLS), in
    .ods by its manifest.
    """
    if content.startswith(COMPOUND_FILE):
        return _ENCRYPTED_STREAM in content or _FILE_PASS.search(content) is not None
    with contextlib.suppress(zipfile.BadZipFile, zlib.error, KeyError), zipfile.ZipFile(file) as archive:
        return _ENCRYPTED_ENTRY in archive.read(_MANIFEST)
    return False


def _require_small(file: Path, read: FileRead, where: str) -> None:
    """Nothing, when what the workbook holds unpacked is within the limit."""
    limit = read.unpacked_limit or _LIMIT
    try:
        size = unpacked_bytes(file, bytes_of(limit))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError):
        _refuse(where, "an archive that is damaged, cut short or holds something else")
    if size > bytes_of(limit):
        raise DeliveryError(
            where=where,
            expected=f"at most {limit} unpacked (read.unpacked_limit)",
            found="more",
            cure="Check the file; deliver it as CSV, or raise read.unpacked_limit if it is what it should be.",
        )


@contextlib.contextmanager
def _refusing(where: str, found: str, *, but: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """What the library raises is said of the workbook; `but` this."""
    try:
        yield
    except but:
        raise
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
