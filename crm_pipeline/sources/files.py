"""Delivered files as frames of text, nothing guessed and nothing repaired.

Belongs here: finding a delivery's file and reading its bytes. Does not belong here: what columns mean
(`mapping`), how text becomes rows (`rows`) or where deliveries are kept (`state.landing`).
"""

from __future__ import annotations

import codecs
import contextlib
import glob
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Read
from crm_pipeline.sources.rows import has_rows, header_of, refuse_header_alone, rows_of
from crm_pipeline.state.landing import Origin

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_HEADER_BYTES = 1 << 20


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


def read_header(read: Read, root: Path, day: date, *, where: str) -> list[str]:
    """The column names of a delivery; no more than the first megabyte is read.

    Raises:
        DeliveryError: the file is missing, empty or in another encoding, a name is missing or repeated, or no row
            follows.
    """
    file = locate(read, root, day)
    _require_content(read, file, root, where)
    with file.open("rb") as opened:
        start = opened.read(_LONGEST_HEADER_BYTES)
    shown = f"{where}, {_shown(file, root)}"
    text = _as_utf8(start, read, shown, is_start=True)
    names = header_of(text, read, shown)
    if len(start) < _LONGEST_HEADER_BYTES and not has_rows(text, read):
        refuse_header_alone(shown)
    return names


def read_file(read: Read, root: Path, day: date, *, where: str) -> Delivered:
    """The delivery of a business date.

    Args:
        read: the extract's `read:`.
        root: the project folder, for relative paths.
        day: the business date.
        where: source and extract, for messages.

    Raises:
        DeliveryError: the file is missing, empty, in another encoding, or a line has more or fewer cells than the
            header; the message names the line, not its content.
    """
    file = locate(read, root, day)
    _require_content(read, file, root, where)
    content = file.read_bytes()
    origin = Origin(file.name, hashlib.sha256(content).hexdigest(), len(content), read.encoding, read.delimiter)
    text = _as_utf8(content, read, f"{where}, {_shown(file, root)}")
    return Delivered(rows_of(text, read, f"{where}, {_shown(file, root)}"), origin)


def _require_content(read: Read, file: Path, root: Path, where: str) -> None:
    if not file.is_file():
        shown = _shown(file, root)
        cure = _cure_missing(file, read, root)
        raise DeliveryError(where=where, expected=f"the file {shown}", found="none", cure=cure)
    with file.open("rb") as opened:
        is_blank = not opened.read(_LONGEST_HEADER_BYTES).removeprefix(_BYTE_ORDER_MARK).strip()
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


def _as_utf8(content: bytes, read: Read, where: str, *, is_start: bool = False) -> bytes:
    """The content in UTF-8 without its byte order mark; of the start of a file, its complete characters."""
    try:
        if is_start:
            return codecs.getincrementaldecoder(read.encoding)().decode(content).removeprefix("\ufeff").encode()
        if read.encoding.lower().replace("-", "").replace("_", "") in {"utf8", "utf8sig"}:
            stripped = content.removeprefix(_BYTE_ORDER_MARK)
            stripped.decode("utf-8")
            return stripped
        return content.decode(read.encoding).removeprefix("\ufeff").encode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DeliveryError(
            where=f"{where}:{line}",
            expected=f"text in {read.encoding}",
            found=f"other bytes at position {error.start}",
            cure="Set read.encoding, for example gb18030 or big5.",
        ) from None
