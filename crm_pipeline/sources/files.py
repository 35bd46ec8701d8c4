"""Delivered files as frames of text, nothing guessed and nothing repaired.

Belongs here: finding a delivery's file and reading its bytes into rows. Does not belong here: what columns mean
(`mapping`) or where deliveries are kept (`state.landing`).
"""

from __future__ import annotations

import contextlib
import csv
import glob
import hashlib
import io
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Read
from crm_pipeline.state.landing import LINE, Origin

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
    parts = re.split(r"\{date(?::([^}]*))?\}", read.file)
    texts, forms = parts[::2], [form or "%Y-%m-%d" for form in parts[1::2]]
    pattern = "".join(f"{re.escape(t)}(?P<d{i}>[^/]+?)" for i, t in enumerate(texts[:-1])) + re.escape(texts[-1])
    found = []
    for path in root.glob("*".join(glob.escape(text) for text in texts)):
        match = re.fullmatch(pattern, str(path.relative_to(root)))
        with contextlib.suppress(ValueError):
            if match:
                found.append(datetime.strptime(match["d0"], forms[0]).date())  # noqa: DTZ007 - a date has no zone
    return sorted(set(found))


def read_header(read: Read, root: Path, day: date, *, where: str) -> list[str]:
    """The column names of a delivery; nothing else is read.

    Raises:
        DeliveryError: the file is missing, empty or in another encoding, or a name is missing or repeated.
    """
    file = locate(read, root, day)
    _require_content(file, root, where)
    with file.open("rb") as opened:
        first = opened.readline(_LONGEST_HEADER_BYTES)
    shown = f"{where}, {_shown(file, root)}"
    return _header(_as_utf8(first, read, shown), read, shown)


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
    _require_content(file, root, where)
    content = file.read_bytes()
    origin = Origin(file.name, hashlib.sha256(content).hexdigest(), len(content), read.encoding)
    text = _as_utf8(content, read, f"{where}, {_shown(file, root)}")
    return Delivered(_parse(text, read, f"{where}, {_shown(file, root)}"), origin)


def _require_content(file: Path, root: Path, where: str) -> None:
    if not file.is_file():
        shown = _shown(file, root)
        raise DeliveryError(where=where, expected=f"the file {shown}", found="none", cure=_cure_missing(file))
    with file.open("rb") as opened:
        is_blank = not opened.read(_LONGEST_HEADER_BYTES).strip()
    if is_blank:
        raise DeliveryError(
            where=where,
            expected=f"a header and rows in {_shown(file, root)}",
            found=f"an empty file ({file.stat().st_size} bytes)",
            cure="Ask for the delivery again; an extract without rows still has its header.",
        )


def _shown(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _cure_missing(file: Path) -> str:
    folder = file.parent
    while not folder.is_dir():
        folder = folder.parent
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))[-5:]
    return f"Deliver it, or correct read.file; {folder.name}/ holds {', '.join(names) or 'nothing'}."


def _as_utf8(content: bytes, read: Read, where: str) -> bytes:
    try:
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


def _parse(content: bytes, read: Read, where: str) -> pl.DataFrame:
    header = _header(content, read, where)
    _check_quotes(content, read, where)
    broken: list[pa_csv.InvalidRow] = []

    def keep(row: pa_csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    table = pa_csv.read_csv(
        io.BytesIO(content),
        read_options=pa_csv.ReadOptions(column_names=header, skip_rows=0, use_threads=False),
        parse_options=pa_csv.ParseOptions(
            delimiter=read.delimiter, newlines_in_values=True, invalid_row_handler=keep, ignore_empty_lines=True
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.large_string() for name in header}, strings_can_be_null=False
        ),
    )
    if broken:
        first = broken[0]
        place = f"row {first.number}" if first.number else "a row"
        raise DeliveryError(
            where=where,
            expected=f"{first.expected_columns} cells in each row",
            found=f"{first.actual_columns} in {place}, and {len(broken)} such rows in all",
            cure="Ask for a delivery with cells quoted, or set read.delimiter.",
        )
    rows = pl.DataFrame(pl.from_arrow(table)).slice(1)  # the header is the first row
    if rows.is_empty():
        raise DeliveryError(
            where=where,
            expected="rows below the header",
            found="the header alone",
            cure="Ask for the delivery again; nothing was loaded, so nothing was taken for deleted.",
        )
    return rows.with_columns(_lines(rows, content, read))


def _check_quotes(content: bytes, read: Read, where: str) -> None:
    """Refuses a quote that is never closed: everything behind it would end up in one cell."""
    if content.count(b'"') % 2 == 0:
        return
    reader = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=read.delimiter, strict=True)
    try:
        for _ in reader:
            pass
    except csv.Error as error:
        raise DeliveryError(
            where=f"{where}:{reader.line_num}",
            expected="quotes that are closed and doubled inside a cell",
            found=str(error),
            cure="The file was cut short or its quotes are broken; ask for it again.",
        ) from None


def _header(content: bytes, read: Read, where: str) -> list[str]:
    names = next(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=read.delimiter))
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated or "" in names or LINE in names:
        found = f"{repeated[0]!r} twice" if repeated else f"{('' if '' in names else LINE)!r}"
        raise DeliveryError(
            where=f"{where}:1", expected="a distinct name for each column", found=found, cure="Correct the header."
        )
    return names


def _lines(rows: pl.DataFrame, content: bytes, read: Read) -> pl.Series:
    """The line on which each row starts, the header being line 1."""
    inner = rows.select(pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True))).to_series()
    header_lines = 1
    starts = (inner + 1).cum_sum().shift(1, fill_value=0) + header_lines + 1
    last = int(starts[-1]) + int(inner[-1])
    present = content.count(b"\n") + (0 if content.endswith(b"\n") else 1)
    if last == present:
        return starts.cast(pl.Int64).alias(LINE)
    return _lines_by_reader(content, read)


def _lines_by_reader(content: bytes, read: Read) -> pl.Series:
    """The same for a file with blank lines or a header over several lines; row by row, so only then."""
    reader = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=read.delimiter)
    starts, before = [], 0
    for row in reader:
        if row:
            starts.append(before + 1)
        before = reader.line_num
    return pl.Series(LINE, starts[1:], dtype=pl.Int64)
