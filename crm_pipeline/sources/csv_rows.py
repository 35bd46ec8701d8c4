"""CSV as rows, by the rule of RFC 4180, with the line on which each row starts.

Belongs here: cells, quotes, the header and line numbers. Does not belong here: files (`files`), encodings (`decoding`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Read
from crm_pipeline.sources.decoding import as_utf8
from crm_pipeline.sources.rows import Rows, check_names, refuse_header_alone
from crm_pipeline.state.landing import LINE

if TYPE_CHECKING:
    from _csv import Reader

STARTS_WITH_HEADER = True
# A row must lie within one block of the parser, whose own default of 1 MiB is less than a long note with markup.
_LONGEST_ROW_BYTES = 1 << 24
# Each cell is quoted with its inner quotes doubled, or does not begin with a quote. Twice as fast as reading rows.
_SOUND_TEXT = rb'(?:(?:"[^"]*+(?:""[^"]*+)*+"|(?!")[^DELIMITER\r\n]*+)(?:[DELIMITER\r\n]|\Z))*+'


def header_of(content: bytes, read: Read, where: str, *, is_start: bool) -> list[str]:
    """The column names, in their order; blank lines above them are passed over.

    Args:
        content: the file, or its first bytes.
        read: the extract's `read:`.
        where: source, extract and file, for messages.
        is_start: whether the file goes on behind `content`.

    Raises:
        DeliveryError: there is no header, a name is missing or repeated, or no row follows.
    """
    text = as_utf8(content, read, where, is_start=is_start)
    names = _names(text, read, where)
    rows = _rows(text, read)
    next(rows)
    if not is_start and next(rows, None) is None:
        refuse_header_alone(where)
    return names


def _names(content: bytes, read: Read, where: str) -> list[str]:
    line, names = next(_rows(content, read), (1, []))
    check_names(names, f"{where}:{line}")
    return names


def rows_of(content: bytes, read: Read, where: str) -> Rows:
    """The rows below the header, all text, in their order, with `_line`.

    Args:
        content: the file.
        read: the extract's `read:`.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: another encoding, no rows, broken quotes, or a row with more or fewer cells than the header; the
            message names the line, not its content.
    """
    content = as_utf8(content, read, where)
    header = _names(content, read, where)
    _check_quotes(content, read, where)
    broken: list[pa_csv.InvalidRow] = []

    def keep(row: pa_csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    table = _table(
        content,
        header,
        where,
        pa_csv.ParseOptions(
            delimiter=read.delimiter, newlines_in_values=True, invalid_row_handler=keep, ignore_empty_lines=True
        ),
    )
    if broken:
        _refuse_ragged(content, read, len(header), len(broken), where)
    rows = pl.DataFrame(pl.from_arrow(table)).slice(1)  # the header is the first row
    if rows.is_empty():
        refuse_header_alone(where)
    return Rows(rows.with_columns(_lines(rows, content, read)), read.encoding)


def _table(content: bytes, header: list[str], where: str, options: pa_csv.ParseOptions) -> pa.Table:
    """All rows that have as many cells as the header, the header itself among them."""
    try:
        return pa_csv.read_csv(
            io.BytesIO(content),
            read_options=pa_csv.ReadOptions(
                column_names=header, skip_rows=0, use_threads=False, block_size=_LONGEST_ROW_BYTES
            ),
            parse_options=options,
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.large_string() for name in header}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        raise DeliveryError(
            where=where,
            expected=f"rows of at most {_LONGEST_ROW_BYTES:,} bytes",
            found="a longer one",
            cure="A quote may be missing or the delimiter another; else ask for a delivery without that cell.",
        ) from None


def _check_quotes(content: bytes, read: Read, where: str) -> None:
    """Refuses a quote that is not closed or not doubled: what stands behind it would end up in one cell."""
    sound = _SOUND_TEXT.replace(b"DELIMITER", re.escape(read.delimiter).encode())
    if b'"' not in content or re.fullmatch(sound, content):
        return
    reader = _reader(content, read, strict=True)
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


def _refuse_ragged(content: bytes, read: Read, width: int, count: int, where: str) -> NoReturn:
    line, found = next(((line, len(row)) for line, row in _rows(content, read) if len(row) != width), (None, "others"))
    raise DeliveryError(
        where=f"{where}:{line}" if line else where,
        expected=f"{width} cells in each row",
        found=f"{found}, and {count} such rows in all",
        cure="Ask for a delivery with cells quoted, or set read.delimiter.",
    )


def _lines(rows: pl.DataFrame, content: bytes, read: Read) -> pl.Series:
    """The line on which each row starts, the first of the file being line 1."""
    inner = rows.select(pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True))).to_series()
    header_lines = 1
    starts = (inner + 1).cum_sum().shift(1, fill_value=0) + header_lines + 1
    last = int(starts[-1]) + int(inner[-1])
    present = content.count(b"\n") + (0 if content.endswith(b"\n") else 1)
    if last == present and content.count(b"\r") == content.count(b"\r\n"):
        return starts.cast(pl.Int64).alias(LINE)
    # Blank lines, a header over several lines, or line ends of old Macs: row by row, so only then.
    return pl.Series(LINE, [line for line, _ in _rows(content, read)][1:], dtype=pl.Int64)


def _rows(content: bytes, read: Read) -> Iterator[tuple[int, list[str]]]:
    """Line of the start and cells of each row that is not blank, the header included."""
    reader = _reader(content, read)
    before = 0
    for row in reader:
        if row:
            yield before + 1, row
        before = reader.line_num


def _reader(content: bytes, read: Read, *, strict: bool = False) -> Reader:
    csv.field_size_limit(_LONGEST_ROW_BYTES)
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    return csv.reader(text, delimiter=read.delimiter, strict=strict)
