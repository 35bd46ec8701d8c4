"""Rows of Arrow as rows of a delivery: texts under their names, numbered, and what they are known by.

Belongs here: text that is none, hashes. Does not belong here: how a database makes text (`postgresql`, `mysql`, …).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from crm_pipeline.state.delivery import LINE, Batch, Unreadable


def batch_of(rows: pa.RecordBatch | None, names: Sequence[str], line: int) -> Batch:
    """The rows under their names, numbered from `line`; those with bytes that are no text are held back."""
    if rows is None:
        return Batch(pl.DataFrame(schema={**dict.fromkeys(names, pl.String), LINE: pl.Int64}))
    columns = [_text(column) for column in rows.columns]
    frame = pl.DataFrame([series.alias(name) for series, name in zip(columns, names, strict=True)])
    frame = frame.with_columns(pl.int_range(line, line + rows.num_rows, dtype=pl.Int64).alias(LINE))
    wrong = [index for index, column in enumerate(columns) if column.null_count()]
    if not wrong:
        return Batch(frame)
    is_wrong = frame.select(pl.any_horizontal(pl.col(names[index]).is_null() for index in wrong)).to_series()
    held_back = rows.filter(pa.array(is_wrong.to_list()))
    raw = [column.cast(pa.binary()).to_pylist() for column in held_back.columns]
    unreadable = tuple(
        Unreadable(number, b"\t".join(cell or b"" for cell in cells), "text that is not UTF-8")
        for number, cells in zip(frame.filter(is_wrong)[LINE], zip(*raw, strict=True), strict=True)
    )
    return Batch(frame.filter(~is_wrong), unreadable)


def _text(column: pa.Array) -> pl.Series:
    """The values as text, empty for null; null for what is no text."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            return pl.Series([_decoded(value) for value in column.cast(pa.large_binary()).to_pylist()], dtype=pl.String)
        return pl.Series(pl.from_arrow(column)).fill_null("")
    values = pl.Series(pl.from_arrow(column))
    if values.dtype == pl.Binary:
        return (r"\x" + values.bin.encode("hex")).fill_null("")
    return values.cast(pl.String).fill_null("")


def _decoded(value: bytes | None) -> str | None:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        return None


class Digest:
    """The SHA-256 of rows that come in batches, whatever the size of those; rows held back are part of it.

    Attributes:
        byte_count: of all texts, those of rows held back among them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        # Lengths and contents apart: their bytes do not depend on where a batch ends.
        self._parts = [(hashlib.sha256(), hashlib.sha256()) for _ in names]
        self._held_back = hashlib.sha256()
        self._has_held_back = False
        self.byte_count = 0

    def add(self, batch: Batch) -> None:
        """Takes the next rows into account."""
        for name, (lengths, contents) in zip(self._names, self._parts, strict=True):
            column = batch.rows[name]
            sizes = column.str.len_bytes()
            lengths.update(sizes.cast(pl.Int64).to_numpy().tobytes())
            content = column.to_arrow(compat_level=pl.CompatLevel.oldest())
            offsets = content.buffers()[1]
            if offsets is not None and len(content):
                bounds = pa.Array.from_buffers(pa.int64(), len(content) + 1, [None, offsets], offset=content.offset)
                contents.update(memoryview(content.buffers()[2] or b"")[bounds[0].as_py() : bounds[-1].as_py()])
            self.byte_count += int(sizes.sum())
        for each in batch.unreadable:
            self._held_back.update(f"{each.line} {len(each.content)} ".encode() + each.content)
            self._has_held_back = True
            self.byte_count += len(each.content)

    def hexdigest(self) -> str:
        """Over names and all rows so far."""
        whole = hashlib.sha256(repr(self._names).encode())
        for lengths, contents in self._parts:
            whole.update(lengths.digest() + contents.digest())
        if self._has_held_back:
            whole.update(self._held_back.digest())
        return whole.hexdigest()
