"""Records of a page as rows: exactly as lines of JSON are, what is no row held back with its bytes.

Belongs here: where each record begins and ends in an answer that has some that are no rows. Does not belong here: an
object as a row (`sources.files.json_values`).
"""

from __future__ import annotations

import itertools
import json.decoder
import re
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from crm_pipeline.settings.rest_text import keys_of
from crm_pipeline.sources.files.json_values import (
    Names,
    NotAllowedError,
    Object,
    are_too_many,
    decode,
    decode_any,
    flattened,
    frame_of_objects,
    frames_of_objects,
    reason_of,
    shapes_of,
)
from crm_pipeline.sources.rest.answers import Answer
from crm_pipeline.state.delivery import Batch, Unreadable

_BLANKS = re.compile(r"[ \t\r\n,]*")


def batches_of(
    answer: Answer, path: str | None, first: int, names: Names, kept: frozenset[str] = frozenset()
) -> Iterator[Batch]:
    """The records of a page as rows of text, in one batch where that is not too large; their keys are added to `names`.

    Args:
        answer: the page.
        path: of the array of records.
        first: number of its first record in the delivery, for `LINE`.
        names: of columns so far.
        kept: dotted paths of objects that are one column.

    Raises:
        DeliveryError: more columns than any table has.
    """
    numbers = range(first, first + len(answer.records))
    if answer.is_strict:
        try:
            rows = [_row(record, kept) for record in answer.records]
            shapes = shapes_of(rows)
            names.require_room(itertools.chain.from_iterable(shapes))
            frame = None if are_too_many(rows, shapes) else frame_of_objects(rows, numbers)
            if frame is not None:
                names.add(itertools.chain.from_iterable(shapes))
        except (ValueError, RecursionError):
            pass
        else:
            if frame is not None:
                yield Batch(frame)
                return
    yield from _batches_by_record(answer.text, path, numbers, names, kept)


def complete(frame: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """The rows with every field as a column, empty where no record has it."""
    missing = [pl.lit("").alias(name) for name in fields if name not in frame.columns]
    return frame.select(*missing, pl.all()) if missing else frame


def _batches_by_record(
    text: str, path: str | None, numbers: Sequence[int], names: Names, kept: frozenset[str]
) -> Iterator[Batch]:
    """The same where some record can't be a row: each is looked at by itself."""
    rows: list[Object] = []
    lines: list[int] = []
    held_back = []
    for number, written in zip(numbers, _written(text, path), strict=True):
        try:
            row = _row(decode(written)[0], kept)
            frame_of_objects([row], [number])
            names.add(row)
        except (ValueError, RecursionError) as error:
            held_back.append(Unreadable(number, written.encode("utf-8", "surrogatepass"), reason_of(error)))
        else:
            rows.append(row)
            lines.append(number)
    frames = frames_of_objects(rows, lines)
    yield Batch(next(frames), tuple(held_back))
    yield from map(Batch, frames)


def _row(record: Any, kept: frozenset[str]) -> Object:
    if type(record) is not dict:
        raise NotAllowedError("another value than an object")
    return flattened(record, kept)


def _written(text: str, path: str | None) -> Iterator[str]:
    """Each record as it is written."""
    at = _skip(text, 0)
    for key in keys_of(path) if path else ():
        at = _member(text, at, key)
    if text[at] != "[":  # one object without an array around it
        yield text
        return
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = decode_any(text, at)
        yield text[at:end]
        at = _skip(text, end)


def _member(text: str, at: int, key: str) -> int:
    """Where the value of a key begins in the object that begins at `at`; of a repeated key the last one."""
    found = -1
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = json.decoder.scanstring(text, at + 1)  # type: ignore[attr-defined]  # what the decoder itself uses
        at = _skip(text, _skip(text, at) + 1)  # the colon
        found = at if name == key else found
        _, at = decode_any(text, at)
        at = _skip(text, at)
    return found


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at
