"""CSV as rows, by the rule of RFC 4180, with the line on which each row starts.

Belongs here: cells, their number in a row, the header. Does not belong here: encodings (`decoding`), where records end
(`csv_records`, `csv_pieces`), which delimiter it is when nobody said so (`dialects`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.csv_pieces import Piece, pieces_of
from crm_pipeline.sources.files.csv_records import LONGEST_RECORD_BYTES, Dialect, cells_of
from crm_pipeline.sources.files.decoding import TextBlock, text_blocks
from crm_pipeline.sources.files.dialects import dialect_of, width_of_header
from crm_pipeline.sources.files.encodings import encoding_of
from crm_pipeline.sources.rows import HEADER_CURE, Rows, check_names
from crm_pipeline.state.delivery import LINE, Batch

# So much is parsed at a time by each thread; a row that does not fit into it is parsed with all of its piece.
_PARSER_BLOCK_BYTES = 1 << 22

_SEPARATOR = re.compile(rb'"?sep=([\t -!#-~])"?\r?\n', re.IGNORECASE)  # what Excel writes, and takes, above a table

_Keep = Callable[[pa_csv.InvalidRow], str]


def open_rows(file: Path, read: FileRead, where: str) -> Rows:
    """The rows below the header, all text, with `_line`; blank lines are passed over.

    A row whose quotes are broken, that has more or fewer cells than the header, or bytes that are not of the encoding,
    is held back. With `header_row`, what is above that line is passed over; 0 says that there is no header. Blank cells
    at the end of a header below which rows have none are no columns. A first line such as `sep=;` names the delimiter.

    Args:
        file: uncompressed.
        read: the extract's `read:`.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: an encoding or dialect that can't be told, or a header that is missing or unfit.
    """
    encoding = encoding_of(file, read.encoding, where)
    blocks = text_blocks(file, encoding.name, where)
    first, named = _start(next(blocks), read, where)
    found = dialect_of(first.content, read.delimiter or named, read.quote, where, first_line=first.first_line)
    if named and not read.delimiter:
        found = replace(found, reason="as the line sep= says")
    pieces = pieces_of(first, blocks, found.dialect, encoding.name)
    empty = next(pieces)
    piece = empty if empty.has_any else next((each for each in pieces if each.has_any), empty)
    names, piece = _split_header(piece, found.dialect, read, where)
    details = {"encoding": encoding.reason, "delimiter": found.reason}
    if found.dialect.quote != '"':
        details["quote"] = found.dialect.quote or "none"
    if read.header_row is not None:
        details["header_row"] = str(read.header_row or "none")
    if read.header:
        details["header"] = ", ".join(f"{number} {name}" for number, name in read.header.items())
    batches = _batches(piece, pieces, names, found.dialect)
    return Rows(tuple(names), batches, encoding.name, found.dialect.delimiter, details)


def _start(block: TextBlock, read: FileRead, where: str) -> tuple[TextBlock, str | None]:
    """The block from the header's line on, and the delimiter that a line above it names, as Excel writes one."""
    named = None if read.header_row else _SEPARATOR.match(block.content)
    return _below(block, 2 if named else read.header_row or 1, where), named[1].decode() if named else None


def _below(block: TextBlock, header_row: int, where: str) -> TextBlock:
    """The first block from the header's line on."""
    start = 0
    for line in range(1, header_row):
        start = block.content.find(b"\n", start) + 1
        if not start:
            raise DeliveryError(
                where=where,
                expected=f"the header in line {header_row}",
                found=f"{line} lines",
                cure="Correct read.header_row, or ask for the delivery again.",
            )
    kept = (each for each in block.damaged if each.start >= start)
    damaged = tuple(replace(each, start=each.start - start, end=each.end - start) for each in kept)
    return TextBlock(block.content[start:], header_row, block.is_last, damaged) if start else block


def _split_header(piece: Piece, dialect: Dialect, read: FileRead, where: str) -> tuple[list[str], Piece]:
    """The column names, and the piece without them."""
    records = piece.records
    has_header = read.header_row != 0
    first = min(piece.unreadable, key=lambda each: each.line, default=None)
    if first and (not records.lines.size or (has_header and first.line < records.lines[0])):
        raise DeliveryError(
            where=f"{where}:{first.line}",
            expected="a header" if has_header else "a row that can be read",
            found=first.reason,
            cure="Correct the header, or ask for the delivery again.",
        )
    if not records.lines.size:
        check_names([], f"{where}:1")
    spans = zip(records.starts[:2].tolist(), records.ends[:2].tolist(), strict=True)
    cells, *below = cells_of("\n".join(piece.text[start:end].decode() for start, end in spans), dialect)
    cells = cells[: width_of_header(cells, *map(len, below))] if has_header else [""] * len(cells)
    names = _names(cells, read, f"{where}:{records.lines[0]}")
    if not has_header:
        return names, piece
    body = replace(records, starts=records.starts[1:], ends=records.ends[1:], lines=records.lines[1:])
    return names, replace(piece, records=body)


def _names(written: list[str], read: FileRead, where: str) -> list[str]:
    """The names of the header, and those that `read.header` gives in their place."""
    last = max(read.header, default=0)
    if last > len(written):
        raise DeliveryError(
            where=where,
            expected=f"at least {last} columns, one of which read.header names",
            found=f"{len(written)}",
            cure="Correct read.header or read.delimiter.",
        )
    names = [read.header.get(number, name) for number, name in enumerate(written, start=1)]
    check_names(names, where, cure=HEADER_CURE)
    return names


def _batches(piece: Piece, pieces: Iterator[Piece], names: list[str], dialect: Dialect) -> Iterator[Batch]:
    yield _batch(piece, names, dialect)
    for following in pieces:
        if following.has_any:
            yield _batch(following, names, dialect)


def _batch(piece: Piece, names: list[str], dialect: Dialect) -> Batch:
    """The rows of a piece; those with too many or too few cells are held back."""
    table, wrong = _parsed(piece, names, dialect)
    if wrong is not None:
        reasons = [f"{found} cells instead of {len(names)}" for found in wrong.values()]
        piece = piece.without(np.fromiter(wrong, dtype=np.int64), reasons)
        table, _ = _parsed(piece, names, dialect)
    rows = pl.DataFrame(pl.from_arrow(table)).with_columns(pl.Series(LINE, piece.records.lines, dtype=pl.Int64))
    return Batch(rows, tuple(sorted(piece.unreadable, key=lambda each: each.line)))


def _parsed(piece: Piece, names: list[str], dialect: Dialect) -> tuple[pa.Table, dict[int, int] | None]:
    """The cells, and, when any record has a wrong number of them, index and number of each such one."""
    records = piece.records
    if not records.lines.size:
        return pa.table({name: pa.array([], pa.large_string()) for name in names}), None
    if records.is_contiguous:
        content = memoryview(piece.text)[records.starts[0] : records.ends[-1]]
    else:
        parts = (piece.text[start:end] for start, end in zip(records.starts, records.ends, strict=True))
        content = memoryview(b"\n".join(parts))
    broken: list[pa_csv.InvalidRow] = []

    def keep(row: pa_csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    table = _table(content, names, dialect, keep, use_threads=True)
    if not broken and table.num_rows == records.lines.size:
        return table, None
    broken.clear()
    _table(content, names, dialect, keep, use_threads=False)
    return table, {int(row.number) - 1: row.actual_columns for row in broken}


def _table(content: memoryview, names: list[str], dialect: Dialect, keep: _Keep, *, use_threads: bool) -> pa.Table:
    """All rows that have as many cells as there are names; `keep` is told of each other one."""
    for block_bytes in (_PARSER_BLOCK_BYTES, 2 * LONGEST_RECORD_BYTES) if use_threads else (2 * LONGEST_RECORD_BYTES,):
        try:
            return pa_csv.read_csv(
                pa.BufferReader(content),
                read_options=pa_csv.ReadOptions(
                    column_names=names, skip_rows=0, use_threads=use_threads, block_size=block_bytes
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=dialect.delimiter,
                    quote_char=dialect.quote or False,
                    newlines_in_values=True,
                    invalid_row_handler=keep,
                    ignore_empty_lines=True,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types={name: pa.large_string() for name in names}, strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            if block_bytes > _PARSER_BLOCK_BYTES:
                raise
    raise AssertionError("the loop returns or raises")
