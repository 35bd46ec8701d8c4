"""Delivered files as frames of text, nothing guessed and nothing repaired.

Belongs here: finding a delivery's file and having it read by its format. Does not belong here: a format (one module
each: `csv_rows`, `json_lines`, `excel`), what columns mean (`mapping`), where deliveries are kept (`state.landing`).
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Read
from crm_pipeline.sources import csv_rows, excel, json_lines
from crm_pipeline.sources.decoding import BYTE_ORDER_MARK
from crm_pipeline.sources.rows import Rows
from crm_pipeline.state.landing import Origin

_LONGEST_HEADER_BYTES = 1 << 20


class _Format(Protocol):
    """What the module of a format offers."""

    @property
    def STARTS_WITH_HEADER(self) -> bool:  # noqa: N802 - a constant of the module
        """Whether the column names can be read from the first bytes of a file."""

    def header_of(self, content: bytes, read: Read, where: str, *, is_start: bool) -> list[str]:
        """The column names, from the file or from its first bytes."""

    def rows_of(self, content: bytes, read: Read, where: str) -> Rows:
        """The rows of the file."""


_FORMATS: dict[str, _Format] = {"csv": csv_rows, "json_lines": json_lines, "excel": excel}


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery as read: rows as text with `_line`, in the order delivered, and the file they came in."""

    frame: pl.DataFrame
    origin: Origin


def locate(read: Read, root: Path, day: date) -> Path:
    """The path at which the delivery of a business date is expected; nothing is opened."""
    return root / read.file.format(date=day)


def dates_available(read: Read, root: Path) -> list[date]:
    """The business dates for which a dated source has a file now, oldest first; none for a source that is not dated."""
    if not read.is_dated:
        return []
    parts = re.split(r"\{date(?::([^}]*))?\}", str(root / read.file))
    texts, forms = parts[::2], [form or "%Y-%m-%d" for form in parts[1::2]]
    depths = [form.count("/") + 1 for form in forms]  # a form may hold folders: %Y/%m
    stars = ["/".join(["*"] * depth) for depth in depths]
    groups = ["(" + "/".join(["[^/]+?"] * depth) + ")" for depth in depths]
    wild = "".join(glob.escape(text) + star for text, star in zip(texts, [*stars, ""], strict=True))
    pattern = "".join(re.escape(text) + group for text, group in zip(texts, [*groups, ""], strict=True))
    matches = (re.fullmatch(pattern, path) for path in glob.glob(wild))  # noqa: PTH207 - the path may be absolute
    days = {_day_of(forms, match.groups()) for match in matches if match}
    return sorted(day for day in days if day and locate(read, root, day).is_file())


def _day_of(forms: Sequence[str], written: Sequence[str]) -> date | None:
    """The date that the placeholders of a path stand for; one that only repeats parts of another is not needed."""
    known: set[str] = set()
    used: list[tuple[str, str]] = []
    for form, text in sorted(zip(forms, written, strict=True), key=lambda pair: -len(pair[0])):
        if not known.issuperset(directives := re.findall(r"%.", form)):
            used.append((form, text))
        known.update(directives)
    with contextlib.suppress(ValueError, re.error):
        form, text = (" ".join(part) for part in zip(*used, strict=True))
        return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
    return None


def read_header(read: Read, root: Path, day: date, *, where: str, whole: bool = False) -> list[str]:
    """The column names of a delivery, quickly.

    Of JSON Lines, whose lines may differ in their keys, those in the first megabyte, unless `whole` asks for all.

    Raises:
        DeliveryError: the file is missing, empty or in another encoding, a name is missing or repeated, or no row
            follows.
    """
    file = locate(read, root, day)
    _require_content(read, file, root, where)
    known = _FORMATS[read.file_format]
    with file.open("rb") as opened:
        start = opened.read() if whole or not known.STARTS_WITH_HEADER else opened.read(_LONGEST_HEADER_BYTES)
        is_start = bool(opened.read(1))
    shown = f"{where}, {_shown(file, root)}"
    return known.header_of(start, read, shown, is_start=is_start) or known.header_of(
        file.read_bytes(), read, shown, is_start=False
    )


def read_file(read: Read, root: Path, day: date, *, where: str) -> Delivered:
    """The delivery of a business date.

    Args:
        read: the extract's `read:`.
        root: the project folder, for relative paths.
        day: the business date.
        where: source and extract, for messages.

    Raises:
        DeliveryError: the file is missing, empty, damaged or in another encoding; the message names the line, not its
            content.
    """
    file = locate(read, root, day)
    _require_content(read, file, root, where)
    content = file.read_bytes()
    rows = _FORMATS[read.file_format].rows_of(content, read, f"{where}, {_shown(file, root)}")
    origin = Origin(file.name, hashlib.sha256(content).hexdigest(), len(content), rows.reading, read.delimiter)
    return Delivered(rows.frame, origin)


def _require_content(read: Read, file: Path, root: Path, where: str) -> None:
    if not file.is_file():
        shown = _shown(file, root)
        cure = _cure_missing(file, read, root)
        raise DeliveryError(where=where, expected=f"the file {shown}", found="none", cure=cure)
    with file.open("rb") as opened:
        is_blank = not opened.read(_LONGEST_HEADER_BYTES).removeprefix(BYTE_ORDER_MARK).strip()
    if is_blank:
        raise DeliveryError(
            where=where,
            expected=f"a header and rows in {_shown(file, root)}",
            found=f"an empty file ({file.stat().st_size} bytes)",
            cure="Ask for the delivery again; an extract without rows still has its header.",
        )


def _shown(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _cure_missing(file: Path, read: Read, root: Path) -> str:
    if available := dates_available(read, root)[-1:]:
        return f"Deliver it, or choose the newest day that is there: --date {available[0]}."
    folder = file.parent
    while not folder.is_dir():
        folder = folder.parent
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))[-5:]
    return f"Deliver it, or correct read.file; {folder.name}/ holds {', '.join(names) or 'nothing'}."
