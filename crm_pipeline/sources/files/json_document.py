"""A JSON document as rows: an array of objects (RFC 8259), at the top or under a path of keys, read piece by piece.

Belongs here: elements as rows. Does not belong here: finding them in the text (`json_elements`), an object as a row
(`json_values`).
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.encodings import encoding_of
from crm_pipeline.sources.files.json_elements import LONGEST_VALUE, Document
from crm_pipeline.sources.files.json_values import (
    Names,
    NotAllowedError,
    Object,
    Objects,
    are_too_many,
    flattened,
    frame_of_objects,
    reason_of,
    shapes_of,
)
from crm_pipeline.sources.rows import Rows
from crm_pipeline.state.delivery import LINE, Batch, Unreadable

_ROWS_OF_A_BATCH = 10_000
_Element = tuple[int, tuple[str, object]]


def open_rows(file: Path, read: FileRead, where: str) -> Rows:
    """The objects of the array as rows, all text, in their order; `_line` is the number of the element, from 1.

    Values and columns are as JSON Lines has them. An element that is no object, that has a key twice or one that is no
    name for a column, or differs from an earlier key by letter case only, is held back.

    Args:
        file: uncompressed.
        read: the extract's `read:`; `records` is the path to the array.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: an encoding that can't be told, no such array, or text that is no JSON or ends early.
    """
    encoding = encoding_of(file, read.encoding, where)
    reading = Objects(encoding.name, frozenset(read.as_json), Names(where))
    batches = _batches(Document(file, encoding.name, where), read.records, reading, where)
    first = next(batches, None)
    columns = tuple(name for name in first.rows.columns if name != LINE) if first else ()
    details = {"encoding": encoding.reason} | ({"records": read.records} if read.records else {})
    details |= {"as_json": ", ".join(read.as_json)} if read.as_json else {}
    return Rows(columns, itertools.chain([first], batches) if first else batches, encoding.name, details=details)


def _batches(document: Document, path: str | None, reading: Objects, where: str) -> Iterator[Batch]:
    elements = enumerate(document.elements(path.split(".") if path else []), start=1)
    count = 0
    while taken := list(_some(elements)):
        count += len(taken)
        for part in _parts(taken, reading):
            yield _batch(part, reading)
    if not count:
        yield Batch(frame_of_objects([], []))
    if count and not reading.names:
        raise DeliveryError(
            where=where,
            expected="an array of JSON objects with keys",
            found="no key at all",
            cure="Correct read.records, or ask for the delivery again.",
        )


def _some(elements: Iterator[_Element]) -> Iterator[_Element]:
    """The next elements, as many as are a batch."""
    size = 0
    for number, (text, value) in itertools.islice(elements, _ROWS_OF_A_BATCH):
        yield number, (text, value)
        size += len(text)
        if size > LONGEST_VALUE:
            return


def _parts(taken: list[_Element], reading: Objects) -> Iterator[list[_Element]]:
    """The elements in parts of which none is too large as a table."""
    rows = [value for _, (_, value) in taken if isinstance(value, dict)]
    with contextlib.suppress(NotAllowedError, RecursionError):
        rows = [flattened(row, reading.kept) for row in rows]
    shapes = shapes_of(rows)
    if are_too_many(rows, shapes):
        reading.names.require_room(itertools.chain.from_iterable(shapes))
        middle = len(taken) // 2
        yield from _parts(taken[:middle], reading)
        yield from _parts(taken[middle:], reading)
    else:
        yield taken


def _batch(taken: list[_Element], reading: Objects) -> Batch:
    """The rows of some elements; their keys are added to the names."""
    numbers = [number for number, _ in taken]
    try:
        rows = [_row(value, reading.kept) for _, (_, value) in taken]
        reading.names.require_room(itertools.chain.from_iterable(shapes_of(rows)))
        frame = frame_of_objects(rows, numbers)
        reading.names.add(itertools.chain.from_iterable(shapes_of(rows)))
    except (ValueError, RecursionError) as error:
        if len(taken) > 1:  # of a half, until each that is wrong is alone
            middle = len(taken) // 2
            first, second = (_batch(part, reading) for part in (taken[:middle], taken[middle:]))
            rows_of_both = pl.concat([first.rows, second.rows], how="diagonal")
            texts = rows_of_both.select(pl.exclude(LINE).fill_null(""), LINE)
            return Batch(texts, first.unreadable + second.unreadable)
        ((number, (text, _)),) = taken
        held_back = Unreadable(number, text.encode(reading.encoding, "replace"), reason_of(error))
        return Batch(pl.DataFrame(schema={LINE: pl.Int64}), (held_back,))
    return Batch(frame)


def _row(value: object, kept: frozenset[str]) -> Object:
    if isinstance(value, NotAllowedError | RecursionError):
        raise value
    if not isinstance(value, dict):
        raise NotAllowedError("another value than an object")
    return flattened(value, kept)
