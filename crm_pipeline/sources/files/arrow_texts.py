"""Typed columns of Arrow as text, without loss: numbers exactly, dates and times by ISO 8601, lists as JSON.

Belongs here: what each type is as text. Does not belong here: files (`parquet`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa

_MOMENT = "%Y-%m-%d %H:%M:%S%.f"
_TIME = "%H:%M:%S%.f"
_LARGEST_PRECISION = 38  # of Polars' decimals


def texts_of(name: str, column: pa.Array) -> Iterator[tuple[str, pl.Series]]:
    """Name and text of a column, of a struct those of its fields, dotted; null is the empty text.

    Whole numbers and decimals have all their digits, floats the fewest that tell them apart; true and false are these
    words; a moment is YYYY-MM-DD HH:MM:SS, with a fraction where it has one, and with its offset where it has a zone; a
    duration is ISO 8601; bytes are text where they are UTF-8, else hexadecimal digits behind 0x; a list is JSON.
    """
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    kind = column.type
    if pa.types.is_struct(kind):
        for field, inner in zip(kind, column.flatten(), strict=True):
            yield from texts_of(f"{name}.{field.name}", inner)
        return
    yield name, _text(column).fill_null("").alias(name)


def types_of(name: str, kind: pa.DataType) -> Iterator[tuple[str, str]]:
    """Name and type of the columns that `texts_of` gives for a column of this type."""
    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    if pa.types.is_struct(kind):
        for field in kind:
            yield from types_of(f"{name}.{field.name}", field.type)
        return
    yield name, str(kind.value_type if pa.types.is_dictionary(kind) else kind)


def _text(column: pa.Array) -> pl.Series:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _text(column.dictionary_decode())
    if pa.types.is_nested(kind):
        return _json(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _bytes(column)
    if pa.types.is_decimal(kind):
        return _decimals(column)
    if pa.types.is_temporal(kind):
        return _moments(column)
    if pa.types.is_float16(kind):
        column = column.cast(pa.float32())
    return _series(column.cast(pa.large_string()))


def _series(column: pa.Array) -> pl.Series:
    found = pl.from_arrow(column)
    if not isinstance(found, pl.Series):
        raise TypeError(column.type)
    return found


def _decimals(column: pa.Array) -> pl.Series:
    kind = column.type
    if kind.scale >= 0 and kind.precision <= _LARGEST_PRECISION:
        return _series(column).cast(pl.String)
    return pl.Series([None if value is None else f"{value:f}" for value in column.to_pylist()], dtype=pl.String)


def _moments(column: pa.Array) -> pl.Series:
    kind = column.type
    moments = _series(column.cast(pa.date32()) if pa.types.is_date64(kind) else column)
    if pa.types.is_duration(kind):
        return moments.dt.to_string("iso")
    if pa.types.is_timestamp(kind):
        return moments.dt.to_string(f"{_MOMENT}%:z" if kind.tz else _MOMENT)
    return moments.dt.to_string(_TIME) if pa.types.is_time(kind) else moments.dt.to_string("%Y-%m-%d")


def _bytes(column: pa.Array) -> pl.Series:
    try:
        return _series(column.cast(pa.large_binary()).cast(pa.large_string()))
    except pa.ArrowInvalid:
        return pl.Series([_byte_text(value) for value in column.to_pylist()], dtype=pl.String)


def _byte_text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return f"0x{value.hex()}" if value is not None else None


def _json(column: pa.Array) -> pl.Series:
    """Lists and maps as JSON text, by rows: no column-wise writer knows all types that may be in them."""
    values = column.to_pylist(maps_as_pydicts="strict") if pa.types.is_map(column.type) else column.to_pylist()
    texts = (None if value is None else json.dumps(value, ensure_ascii=False, default=_plain) for value in values)
    return pl.Series(list(texts), dtype=pl.String)


def _plain(value: Any) -> Any:
    return _byte_text(value) if isinstance(value, bytes) else str(value)
