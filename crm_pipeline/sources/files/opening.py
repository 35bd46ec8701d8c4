"""Deliveries that are files: found, brought here, unpacked, and read by their format.

Belongs here: putting these together, what is said of a file that is missing or empty. Does not belong here: a format
(one module each: `csv_rows`, `json_lines`, …), several files as one delivery (`several`).
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.settings.read import Format, format_of_name
from crm_pipeline.sources.files import csv_rows, excel, json_document, json_lines, parquet
from crm_pipeline.sources.files.archives import unpacked
from crm_pipeline.sources.files.decoding import BYTE_ORDER_MARK
from crm_pipeline.sources.files.paths import dated_pattern, dates_of, pattern_on
from crm_pipeline.sources.files.places import Found, Place, naming, place_of
from crm_pipeline.sources.files.several import Several
from crm_pipeline.sources.reading import Asked, Reading
from crm_pipeline.sources.rows import Rows
from crm_pipeline.state.delivery import Batch, Origin
from crm_pipeline.state.files import sha256_of

_BLANK_START_BYTES = 1 << 20
_FORMATS: dict[Format, Callable[[Path, FileRead, str], Rows]] = {
    "csv": csv_rows.open_rows,
    "json": json_document.open_rows,
    "json_lines": json_lines.open_rows,
    "parquet": parquet.open_rows,
    "excel": excel.open_rows,
}
# Files of these formats begin so; read by another they would only seem damaged.
_STARTS: dict[bytes, Format] = {
    b"PAR1": "parquet",
    b"PK\x03\x04": "excel",
    b"\xd0\xcf\x11\xe0": "excel",
}
_PAGE = (
    "a page of the web (HTML)",
    "Look at it in a browser: it may be a page for signing in, or a table to be saved as .xlsx, then deliver again.",
)
_OTHERS = (
    *((begin, *_PAGE) for begin in (b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<meta")),
    (b"<?xml", "XML", "Open it in a spreadsheet and save it as .xlsx, or ask for the delivery in another format."),
)


def shown_path(read: FileRead, root: Path, day: date) -> str:
    """The path of a business date's delivery for people: relative to the project where it lies inside."""
    path = read.file.format(date=day)
    if read.is_remote:
        return path
    file = root / path
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def dates_available(read: FileRead, root: Path) -> list[date]:
    """The business dates for which a dated source has a file now, oldest first; none for a source that is not dated.

    Raises:
        StoreError: the bucket can't be listed.
    """
    if not read.is_dated:
        return []
    place = place_of(read, root)
    _, pattern = dated_pattern(read)
    found = place.matching(pattern)
    days = dates_of(read, [each.path for each in found])
    paths = {each.path for each in found}
    return [day for day in dict.fromkeys(days) if any(pattern_on(read, day).matches(path) for path in paths)]


def is_delivered(read: FileRead, root: Path, day: date) -> bool:
    """Whether there is a file for a business date.

    Raises:
        StoreError: the bucket can't be listed.
    """
    return bool(place_of(read, root).matching(pattern_on(read, day)))


@contextlib.contextmanager
def open_file(read: FileRead, asked: Asked) -> Iterator[Reading]:
    """The delivery of a business date, opened: one file, or all that match as one.

    Args:
        read: the extract's `read:`.
        asked: for which day, and of which project.

    Raises:
        DeliveryError: the file is missing, empty, damaged, in another encoding, or changes while it is read; the
            message names the line, not its content.
        StoreError: a bucket can't be read.
    """
    place = place_of(read, asked.root)
    with naming(asked.where):
        files = place.matching(pattern_on(read, asked.day))
        if not files:
            raise _missing(read, place, asked)
    asked.temporary.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="files-", dir=asked.temporary) as folder:
        if len(files) == 1:
            one = _open(files[0], place, read, Path(folder), asked.where)
            yield Reading(
                one.rows.columns, one.rows.batches, lambda: one.origin, is_origin_known=True, shown=files[0].shown
            )
        else:
            several = Several(files, lambda file: _open(file, place, read, Path(folder), asked.where), asked.where)
            shown = f"{files[0].shown} and {len(files) - 1} more"
            yield Reading(several.columns, several.batches(), several.origin, shown=shown)


@dataclass(frozen=True, slots=True)
class Opened:
    """One file, opened: its rows, and where they come from."""

    rows: Rows
    origin: Origin


def _open(found: Found, place: Place, read: FileRead, folder: Path, where: str) -> Opened:
    where = f"{where}, {found.shown}"
    if not found.size_bytes:
        raise _empty(where, 0)
    file = place.fetch(found, folder, where)
    digest = sha256_of(file)
    ready = unpacked(file, read, folder, where)
    if ready.member:
        where = f"{where}, {ready.member}"
    known = read.format or format_of_name(found.name) or format_of_name(ready.name) or "csv"
    _require_content(ready.file, known, where)
    try:
        rows = _FORMATS[known](ready.file, read, where)
    except DeliveryError:
        place.require_same(found, where)  # changed just now: that is what has to be said
        raise
    details = {name: value for name, value in (("packed", ready.packed), ("member", ready.member)) if value}
    origin = Origin(
        found.name,
        digest,
        found.size_bytes,
        rows.encoding,
        rows.delimiter,
        known,
        {**rows.details, **details},
        rows.types,
    )
    return Opened(replace(rows, batches=_watched(rows.batches, found, place, ready.file, where)), origin)


def _watched(batches: Iterator[Batch], found: Found, place: Place, file: Path, where: str) -> Iterator[Batch]:
    """The batches; an error behind the last one when the file is not what it was before the first."""
    try:
        yield from batches
    except (DeliveryError, OSError):
        place.require_same(found, where)
        raise
    except (pa.ArrowException, pl.exceptions.PolarsError, UnicodeError) as error:
        place.require_same(found, where)
        # What these say may hold a row. A file that stays as it is leads here by a defect of ours only.
        raise RuntimeError(f"{where}: {type(error).__name__} while it was read") from None
    place.require_same(found, where)
    if file.name.startswith("unpacked-"):
        file.unlink()


def _require_content(file: Path, known: Format, where: str) -> None:
    """Nothing, unless the file is empty, or by its first bytes of another format."""
    with file.open("rb") as opened:
        start = opened.read(_BLANK_START_BYTES)
    text = start.removeprefix(BYTE_ORDER_MARK).strip()
    if not text:
        raise _empty(where, file.stat().st_size)
    told = next(((what, cure) for begin, what, cure in _OTHERS if text[: len(begin)].lower() == begin), None)
    found = next((form for begin, form in _STARTS.items() if start.startswith(begin)), None)
    if found is None and told is None and known == "excel" and b"\0" not in start:
        told = ("text", "Set read.format to csv, or ask for a workbook.")
    if found is not None and known not in {found, "excel"}:
        told = (f"a file of the format {found}", f"Set read.format to {found}, or ask for the delivery again.")
    if told:
        raise DeliveryError(where=where, expected=known.replace("_", " "), found=told[0], cure=told[1])


def _empty(where: str, size_bytes: int) -> DeliveryError:
    return DeliveryError(
        where=where,
        expected="a header and rows",
        found=f"an empty file ({size_bytes} bytes)",
        cure="Ask for the delivery again; an extract without rows still has its header.",
    )


def _missing(read: FileRead, place: Place, asked: Asked) -> DeliveryError:
    shown = shown_path(read, asked.root, asked.day)
    if available := dates_available(read, asked.root)[-1:]:
        cure = f"Deliver it, or choose the newest day that is there: --date {available[0]}."
    else:
        folder, names = place.neighbours(pattern_on(read, asked.day))
        cure = f"Deliver it, or correct read.file; {folder}/ holds {', '.join(names) or 'nothing'}."
    return DeliveryError(where=asked.where, expected=f"the file {shown}", found="none", cure=cure)
