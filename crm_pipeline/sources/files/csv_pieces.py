"""CSV text in pieces of whole records, with what of it is held back before cells are looked at.

Belongs here: records over the blocks of a file, damaged bytes, rows that are too long. Does not belong here: cells
(`csv_rows`), where a record ends (`csv_records`).
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from crm_pipeline.sources.files.csv_records import LONGEST_RECORD_BYTES, Dialect, Offsets, Records, records_of
from crm_pipeline.sources.files.decoding import Damaged, TextBlock, as_delivered
from crm_pipeline.state.delivery import Unreadable

_UNSOUND = "a quote that is not closed, or not doubled inside a cell"
_LONG = f"more than {LONGEST_RECORD_BYTES >> 20} MiB in one row"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole records.

    Attributes:
        text: UTF-8 that the offsets of `records` and `damaged` are of.
        records: those that may be rows.
        encoding: in which the text was delivered.
        damaged: lines that could not be decoded.
        unreadable: what is held back already.
    """

    text: bytes
    records: Records
    encoding: str
    damaged: tuple[Damaged, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def has_any(self) -> bool:
        """Whether it holds a record or holds one back."""
        return bool(self.records.lines.size or self.unreadable)

    def raw(self, start: int, end: int) -> bytes:
        """The bytes between two offsets as they were delivered, of each damaged line among them all."""
        parts = []
        first = bisect.bisect_right(self.damaged, start, key=lambda each: each.end)  # they are in order
        among = (self.damaged[i] for i in range(first, len(self.damaged)))
        for each in itertools.takewhile(lambda each: each.start < end, among):
            parts += [as_delivered(self.text[start : each.start], self.encoding), each.raw]
            start = each.end
        return b"".join([*parts, as_delivered(self.text[start:end], self.encoding)])

    def without(self, indices: Offsets, reasons: list[str]) -> Piece:
        """The piece with the records at these indices held back."""
        records = self.records
        held_back = tuple(
            Unreadable(int(records.lines[i]), self.raw(int(records.starts[i]), int(records.ends[i])), reason)
            for i, reason in zip(indices.tolist(), reasons, strict=True)
        )
        kept = np.setdiff1d(np.arange(records.lines.size), indices)
        less = replace(
            records,
            starts=records.starts[kept],
            ends=records.ends[kept],
            lines=records.lines[kept],
            is_contiguous=False,
        )
        return replace(self, records=less, unreadable=self.unreadable + held_back)


def pieces_of(first: TextBlock, blocks: Iterator[TextBlock], dialect: Dialect, encoding: str) -> Iterator[Piece]:
    """The records of a file, in pieces of about the size of a block.

    Args:
        first: block of the file, from the header on.
        blocks: those that follow.
        dialect: of the text.
        encoding: in which it was delivered.
    """
    rest, line = b"", first.first_line
    damaged: tuple[Damaged, ...] = ()
    block: TextBlock | None = first
    while block is not None:
        text = rest + block.content if rest else block.content
        damaged += _moved(block.damaged, len(rest))
        records = records_of(text, dialect, line, is_last=block.is_last)
        yield _sound(Piece(text, records, encoding, damaged))
        rest = text[records.used :]
        line = records.next_line
        damaged = tuple(each for each in _moved(damaged, -records.used) if each.end > 0)
        block = next(blocks, None)


def _moved(damaged: tuple[Damaged, ...], by: int) -> tuple[Damaged, ...]:
    return tuple(replace(each, start=each.start + by, end=each.end + by) for each in damaged)


def _sound(piece: Piece) -> Piece:
    """The piece without lines that are no records, records with damaged bytes, and those the parser does not take."""
    records = piece.records
    if records.broken:
        broken = (Unreadable(line, piece.raw(start, end), _UNSOUND) for line, start, end in records.broken)
        piece = replace(piece, unreadable=tuple(broken))
    if piece.damaged:
        starts = np.array([each.start for each in piece.damaged], dtype=np.int64)
        ends = np.array([each.end for each in piece.damaged], dtype=np.int64)
        is_hit = np.searchsorted(starts, records.ends) > np.searchsorted(ends, records.starts, side="right")
        hit = np.flatnonzero(is_hit)
        piece = piece.without(hit, [f"bytes that are not {piece.encoding}"] * hit.size)
    is_long = piece.records.ends - piece.records.starts > LONGEST_RECORD_BYTES
    if is_long.any():
        long = np.flatnonzero(is_long)
        piece = piece.without(long, [_LONG] * long.size)
    return piece
