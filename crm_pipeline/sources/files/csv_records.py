"""Where the records of CSV text begin and end, by the rule of RFC 4180, and which of its lines are none.

A cell that begins with a quote ends with one, and quotes inside it are doubled; in any other cell a quote is a
character like others. A record ends with LF, CRLF or CR.

Belongs here: bounds of records, the proof that quotes are sound, cells of a few records. Does not belong here: cells of
all (`csv_rows`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LONGEST_RECORD_BYTES = 1 << 24
_FEED, _RETURN = b"\n\r"
_LINE_END = re.compile(rb"\r\n|\n|\r")

csv.field_size_limit(2 * LONGEST_RECORD_BYTES)  # of the whole process; Python's own limit is 128 KiB

Offsets = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The two characters by which CSV files differ.

    Attributes:
        delimiter: between cells; one ASCII character.
        quote: about cells; None where no character is one.
    """

    delimiter: str
    quote: str | None = '"'


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a piece of text, blank lines left out.

    Attributes:
        starts: offset of the first byte of each.
        ends: offset behind the last byte of each, its line end apart.
        lines: number of the line on which each starts.
        used: bytes that are dealt with; what follows is an incomplete record.
        next_line: number of the line that follows these bytes.
        broken: number, start and end of each line that is no record, its line end apart.
        is_contiguous: whether `text[:used]` holds nothing but the records and blank lines.
    """

    starts: Offsets
    ends: Offsets
    lines: Offsets
    used: int
    next_line: int
    broken: tuple[tuple[int, int, int], ...] = ()
    is_contiguous: bool = True


def cells_of(text: str, dialect: Dialect) -> Iterator[list[str]]:
    """The cells of a few whole records, one by one in Python: for headers and samples."""
    stream = io.StringIO(text, newline="")
    if dialect.quote is None:
        return csv.reader(stream, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(stream, delimiter=dialect.delimiter, quotechar=dialect.quote)


def records_of(text: bytes, dialect: Dialect, first_line: int, *, is_last: bool) -> Records:
    """The records of `text`, which begins where a record does.

    Args:
        text: UTF-8.
        dialect: of the text.
        first_line: number of its first line.
        is_last: whether no text follows; the last record then needs no line end.
    """
    return _proven(text, dialect, first_line, is_last=is_last) or _scanned(text, dialect, first_line, is_last=is_last)


def _proven(text: bytes, dialect: Dialect, first_line: int, *, is_last: bool) -> Records | None:
    """The records, when all quotes are proven sound by looking at them alone; None when that is not certain."""
    if not text or (b"\r" in text and text.count(b"\r") != text.count(b"\r\n")):
        return None
    length = len(text)
    if is_last and not text.endswith(b"\n"):
        text += b"\n"
    array = np.frombuffer(text, np.uint8)
    feeds = np.flatnonzero(array == _FEED)
    quotes = np.flatnonzero(array == ord(dialect.quote)) if dialect.quote else np.zeros(0, np.int64)
    is_outside = np.searchsorted(quotes, feeds) % 2 == 0 if quotes.size else np.ones(feeds.size, dtype=bool)
    line_ends = feeds[is_outside]
    if not line_ends.size:
        return None
    used = int(line_ends[-1]) + 1
    if not _quotes_are_sound(array, quotes[: np.searchsorted(quotes, used)], ord(dialect.delimiter)):
        return None
    if is_last and used != len(text):
        return None
    starts = np.concatenate([[0], line_ends[:-1] + 1])
    lines = first_line + np.concatenate([[0], np.flatnonzero(is_outside)[:-1] + 1])
    ends = line_ends - (array[np.maximum(line_ends - 1, 0)] == _RETURN) * (line_ends > starts)
    kept = ends > starts
    next_line = first_line + int(np.flatnonzero(is_outside)[-1]) + 1
    return Records(starts[kept], ends[kept], lines[kept], min(used, length), next_line)


def _quotes_are_sound(array: NDArray[np.uint8], quotes: Offsets, delimiter: int) -> bool:
    """Whether each quote opens a cell, closes it, or is one of a doubled pair inside it."""
    if quotes.size % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = array[np.maximum(opening - 1, 0)]
    is_open = (opening == 0) | (before == delimiter) | (before == _FEED)
    is_open[1:] |= opening[1:] == closing[:-1] + 1  # the second of a doubled pair
    after = array[np.minimum(closing + 1, array.size - 1)]
    is_closed = (closing + 1 >= array.size) | (after == delimiter) | (after == _FEED) | (after == _RETURN)
    is_closed[:-1] |= opening[1:] == closing[:-1] + 1
    return bool(is_open.all() and is_closed.all())


@lru_cache
def _patterns(dialect: Dialect) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A record with its line end; the start of one whose last cell is quoted and goes on."""
    mark = re.escape(dialect.delimiter).encode()
    end = rb"(?P<end>\r\n|\n|\r|\Z)"
    if dialect.quote is None:
        return re.compile(rb"[^\r\n]*+" + end), re.compile(rb"(?!)")
    quoted = rb"Q[^Q]*+(?:QQ[^Q]*+)*+".replace(b"Q", re.escape(dialect.quote).encode())
    quote = re.escape(dialect.quote).encode()
    cell = rb"(?:%b%b|(?!%b)[^%b\r\n]*+)" % (quoted, quote, quote, mark)
    return re.compile(cell + rb"(?:%b%b)*+" % (mark, cell) + end), re.compile(rb"(?:%b%b)*+%b\Z" % (cell, mark, quoted))


def _scanned(text: bytes, dialect: Dialect, first_line: int, *, is_last: bool) -> Records:
    """The records, found one after the other; a line at which none begins is held back."""
    whole, start = _patterns(dialect)
    found_records: list[tuple[int, int, int]] = []
    broken: list[tuple[int, int, int]] = []
    position, line = 0, first_line
    while position < len(text):
        found = whole.match(text, position)
        if not is_last and len(text) - position < LONGEST_RECORD_BYTES:
            is_cut = found.end() == len(text) and found["end"] != b"\n" and found["end"] != b"\r\n" if found else False
            if is_cut or (found is None and start.match(text, position)):
                break  # what follows may complete it
        if found is None:
            end = _LINE_END.search(text, position)
            stop = end.end() if end else len(text)
            broken.append((line, position, end.start() if end else len(text)))
        else:
            stop = found.end()
            if found.start("end") > position:
                found_records.append((position, found.start("end"), line))
        line += len(_LINE_END.findall(text, position, stop))
        position = stop
    bounds = np.array(found_records, dtype=np.int64).reshape(-1, 3)
    return Records(bounds[:, 0], bounds[:, 1], bounds[:, 2], position, line, tuple(broken), is_contiguous=not broken)
