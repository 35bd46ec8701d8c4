"""Files that people fill in and give back: a workbook, or CSV, written and read as spreadsheets leave them.

Belongs here: the file. Does not belong here: what its columns and lines mean (`correcting`, `reviewing`).
"""

from __future__ import annotations

import glob
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from crm_pipeline.errors import ConfigurationError, DeliveryError
from crm_pipeline.publish.spreadsheets import unescaped
from crm_pipeline.publish.workbook import write_sheets
from crm_pipeline.settings import FileRead
from crm_pipeline.settings.read import format_of_name
from crm_pipeline.sources.files.workbook import open_sheet
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.sources.reading import Asked
from crm_pipeline.state.delivery import LINE
from crm_pipeline.state.files import appearing

# Excel takes a CSV file without it for one in the encoding of its language, and shows Chinese as gibberish.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ANY_DAY = date(2000, 1, 1)  # the path has no date in it
_SUFFIXES = (".csv", ".xlsx")


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """One sheet of a file; of CSV the only one.

    Attributes:
        name: empty for CSV.
        rows: all text, nothing hidden from spreadsheets any more, with `LINE`, the line or row in the file.
        is_text: whether its cells are kept as text, in a workbook.
        has_long_numbers: whether any cell may be a number of more digits than a spreadsheet keeps.
    """

    name: str
    rows: pl.DataFrame
    is_text: bool
    has_long_numbers: bool


def require_writable(target: Path, *, where: str, example: str) -> None:
    """Nothing, when the path ends like a file that can be written here.

    Raises:
        ConfigurationError: it ends otherwise, or is a folder.
    """
    if target.suffix.lower() not in _SUFFIXES or target.is_dir():
        found = f"{target}{', a folder' if target.is_dir() else ''}"
        raise ConfigurationError(
            where=where, expected="a file that ends in .csv or .xlsx", found=found, cure=f"Name one, such as {example}."
        )


def write_file(target: Path, sheets: Mapping[str, pl.DataFrame], *, where: str) -> None:
    """Writes a workbook with these sheets, or as CSV the only one; readable by its owner only, whole or not at all.

    Args:
        target: as `require_writable` wants it.
        sheets: all cells text, made harmless for spreadsheets already; one for CSV.
        where: of errors.

    Raises:
        ConfigurationError: it can't be written there.
    """
    try:
        with appearing(target) as temporary:
            if target.suffix.lower() == ".csv":
                [rows] = sheets.values()
                with temporary.open("wb") as file:
                    file.write(_BYTE_ORDER_MARK)
                    rows.write_csv(file)
            else:
                _write_workbook(temporary, sheets)
    except OSError as error:
        raise ConfigurationError(
            where=where,
            expected=f"a place where {target} can be written",
            found=error.strerror or type(error).__name__,
            cure="Name another file, or make its folder.",
        ) from None


def _write_workbook(path: Path, sheets: Mapping[str, pl.DataFrame]) -> None:
    folder = path.with_name(f"{path.name}.work")
    shutil.rmtree(folder, ignore_errors=True)  # what a crash left
    folder.mkdir(mode=0o700)
    try:
        write_sheets(path, sheets, temporary=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_sheets(file: Path, temporary: Path) -> Iterator[ReadSheet]:
    """Every sheet, read as deliveries are: encoding and delimiter are found out.

    One without rows is without columns too, when there are others.

    Args:
        file: CSV or a workbook that is there.
        temporary: a private folder.

    Raises:
        DeliveryError: it can't be read.
    """
    read = {"file": glob.escape(str(file.absolute())).replace("{", "{{").replace("}", "}}"), "header_row": 1}
    names: tuple[str, ...] = ("",)
    is_workbook = format_of_name(file.name) == "excel"
    if is_workbook:
        names = open_sheet(file, FileRead.model_validate(read), str(file)).names
    for name in names:
        chosen = FileRead.model_validate(read | ({"sheet": name} if name else {}))
        try:
            rows, details = _rows(file, chosen, temporary)
            yield ReadSheet(name, rows, is_workbook, not is_workbook or "long_numbers" in details)
        except DeliveryError:
            if len(names) == 1:
                raise
            yield ReadSheet(name, pl.DataFrame(), False, True)


def _rows(file: Path, read: FileRead, temporary: Path) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """The rows, and what reading them told of the file."""
    with open_delivery(read, Asked(str(file), _ANY_DAY, file.absolute().parent, temporary)) as reading:
        batches = list(reading.batches)
        details = reading.origin().details
    held_back = [line for batch in batches for line in batch.unreadable]
    if held_back:
        raise DeliveryError(
            where=str(file),
            expected="lines that can be read",
            found=f"{len(held_back):,} that can't, the first of them line {held_back[0].line}",
            cure="Correct it.",
        )
    rows = pl.concat([batch.rows for batch in batches], how="diagonal")
    texts = [name for name in rows.columns if name != LINE]
    headers = pl.DataFrame({"name": texts}).select(unescaped(pl.col("name")))["name"]
    read_back = rows.select(*(unescaped(pl.col(name).fill_null("")) for name in texts), LINE)
    return read_back.rename(dict(zip(texts, headers, strict=True))), details
