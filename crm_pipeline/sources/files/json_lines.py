"""JSON Lines as rows: one object per line (RFC 8259); a line that is none is held back.

Belongs here: lines, and reading many alike ones at once. Does not belong here: an object as a row (`json_values`),
encodings (`decoding`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.decoding import TextBlock, as_delivered, text_blocks
from crm_pipeline.sources.files.encodings import encoding_of
from crm_pipeline.sources.files.json_values import (
    Columns,
    Names,
    NotAllowedError,
    Object,
    Objects,
    are_too_many,
    decode,
    flattened,
    frame_of,
    frame_of_objects,
    frames_of_objects,
    reason_of,
    scan,
    scan_no_arrays,
    shapes_of,
    values_of,
)
from crm_pipeline.sources.rows import Rows
from crm_pipeline.state.delivery import LINE, Batch, Unreadable

# So much is decoded at a time: objects take about ten times the memory of their text.
_BLOCK_BYTES = 1 << 20
_BLANKS = " \t\r"  # what JSON takes for white space, the end of the line apart
_KEY_AND_BLANK = re.compile(rb'"[ \t\r]+:')


def open_rows(file: Path, read: FileRead, where: str) -> Rows:
    """The objects as rows, all text, in their order, with `_line`; blank lines are passed over.

    Numbers stay as they are written, true and false are these words, an array is JSON text; null and a key that is
    absent are the empty text, as an empty cell of CSV is; an empty object has no column. Columns are the keys of all
    lines in the order of their first appearance, those of nested objects dotted; `columns` has those of the first
    megabyte. A line that is not one object, that has a key twice or one that is no name for a column, or differs from
    an earlier key by letter case only, is held back.

    Args:
        file: uncompressed.
        read: the extract's `read:`.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: an encoding that can't be told, or no key at all.
    """
    encoding = encoding_of(file, read.encoding, where)
    blocks = text_blocks(file, encoding.name, where)
    batches = _batches(blocks, Objects(encoding.name, frozenset(read.as_json), Names(where)), where)
    first = next(batches, None)
    columns = tuple(name for name in first.rows.columns if name != LINE) if first else ()
    following = itertools.chain([first], batches) if first else batches
    details = {"encoding": encoding.reason} | ({"as_json": ", ".join(read.as_json)} if read.as_json else {})
    return Rows(columns, following, encoding.name, details=details)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Some lines that are not blank.

    Attributes:
        texts: without outer blanks.
        numbers: of the lines in the file.
        written: the text they came from, in UTF-8.
        unreadable: lines that could not be decoded, not among the others.
    """

    texts: list[str]
    numbers: list[int]
    written: bytes
    unreadable: list[Unreadable] = field(default_factory=list)

    def halves(self) -> Iterator[_Lines]:
        """The first and the second half of the lines, what could not be decoded with the second."""
        middle = len(self.texts) // 2
        yield _Lines(self.texts[:middle], self.numbers[:middle], b"")
        yield _Lines(self.texts[middle:], self.numbers[middle:], b"", self.unreadable)


def _batches(blocks: Iterator[TextBlock], reading: Objects, where: str) -> Iterator[Batch]:
    has_rows = False
    for block in blocks:
        for lines in _lines(block, reading.encoding):
            for batch in _batches_of(lines, reading):
                has_rows |= batch.rows.height > 0
                yield batch
    if has_rows and not reading.names:
        raise DeliveryError(
            where=where,
            expected="one JSON object in each line, with keys",
            found="no key at all",
            cure="Correct read.format, or ask for the delivery again.",
        )


def _lines(block: TextBlock, encoding: str) -> Iterator[_Lines]:
    """The lines of a block, about a megabyte at a time."""
    start, line, content = 0, block.first_line, block.content
    while start < len(content):
        end = content.find(b"\n", start + _BLOCK_BYTES)
        end = len(content) if end < 0 else end
        written = content[start:end]
        texts = [text.strip(_BLANKS) for text in written.decode("utf-8").split("\n")]
        here = [each for each in block.damaged if line <= each.line < line + len(texts)]
        damaged = [Unreadable(each.line, each.raw, f"bytes that are not {encoding}") for each in here]
        bad = {each.line for each in here}
        numbers = [number for number, text in enumerate(texts, start=line) if text and number not in bad]
        if numbers or damaged:
            kept = [texts[number - line] for number in numbers]
            # Of damaged lines the text is not what was written, so that none is certain to be alike.
            yield _Lines(kept, numbers, b"" if damaged else written, damaged)
        start, line = end + 1, line + len(texts)


def _batches_of(lines: _Lines, reading: Objects) -> Iterator[Batch]:
    """The rows of some lines; their keys are added to the names."""
    names = reading.names
    try:
        values = _values_alike(lines.texts, lines.written, reading.kept)
        shapes = [tuple(values or ())]
        if values is None:
            rows = _objects(lines.texts, reading.kept)
            shapes = shapes_of(rows)
            names.require_room(itertools.chain.from_iterable(shapes))
            values = None if are_too_many(rows, shapes) else values_of(rows, shapes)
        frame = None if values is None else frame_of(values, lines.numbers)
        if frame is not None:
            names.add(itertools.chain.from_iterable(shapes))
    except (ValueError, RecursionError):
        yield from _batches_by_line(lines, reading)
        return
    if frame is not None:
        yield Batch(frame, tuple(lines.unreadable))
        return
    for half in lines.halves():
        yield from _batches_of(half, reading)


def _batches_by_line(lines: _Lines, reading: Objects) -> Iterator[Batch]:
    """The same where some line can't be a row: each is looked at by itself."""
    rows: list[Object] = []
    numbers: list[int] = []
    held_back = list(lines.unreadable)
    for text, number in zip(lines.texts, lines.numbers, strict=True):
        try:
            (row,) = _objects([text], reading.kept)
            frame_of_objects([row], [number])
            reading.names.add(row)
        except (ValueError, RecursionError) as error:
            held_back.append(Unreadable(number, as_delivered(text.encode(), reading.encoding), reason_of(error)))
        else:
            rows.append(row)
            numbers.append(number)
    frames = frames_of_objects(rows, numbers)
    yield Batch(next(frames), tuple(sorted(held_back, key=lambda each: each.line)))
    yield from map(Batch, frames)


def _values_alike(lines: Sequence[str], written: bytes, kept: frozenset[str]) -> Columns | None:
    """The values of each key, one per line; None unless each line is certain to be an object with the same keys.

    Of a repeated key the parser keeps the last, so keys are counted in the text too: there, `":` is at least as
    frequent as they are.

    Args:
        lines: without outer blanks.
        written: the same lines, in UTF-8; empty where they are not certain to be alike.
        kept: paths of objects that are one column, in which keys are not counted.
    """
    if kept or not written:
        return None
    decode_line = scan if b"[" in written else scan_no_arrays
    decoded = list(map(decode_line, lines, itertools.repeat(0)))  # ends early where no value begins
    rows = [value for value, _ in decoded]
    if [end for _, end in decoded] != list(map(len, lines)) or set(map(type, rows)) != {dict}:
        return None
    if any(blank in written for blank in (b" :", b"\t:", b"\r:")) and _KEY_AND_BLANK.search(written):
        return None
    values, key_count = _unfolded(rows)
    return values if key_count == written.count(b'":') else None


def _unfolded(rows: Sequence[Object], prefix: str = "") -> tuple[Columns, int]:
    """The values of each key, of nested objects each by itself, and the number of keys; -1 when rows differ in them.

    Keys of objects in arrays are not counted.

    Args:
        rows: at least one.
        prefix: of the keys.
    """
    names = tuple(rows[0])
    if set(map(tuple, rows)) != {names}:
        return {}, -1
    found: Columns = {}
    key_count = len(names) * len(rows)
    for name, values in zip(names, zip(*map(dict.values, rows), strict=True), strict=True):
        inner: Columns = {f"{prefix}{name}": values}
        if dict in (kinds := set(map(type, values))):
            inner, inner_count = _unfolded(values, f"{prefix}{name}.") if len(kinds) == 1 else ({}, -1)
            if inner_count < 0:
                return {}, -1
            key_count += inner_count
        if found.keys() & inner.keys():
            return {}, -1
        found |= inner
    return found, key_count


def _objects(lines: Sequence[str], kept: frozenset[str]) -> list[Object]:
    """Each line's object, without objects nested in it but those that are kept.

    Raises:
        ValueError: a line is not one JSON object.
        RecursionError: it is nested too deeply.
    """
    decoded = [decode(line) for line in lines]
    rows = [value for value, _ in decoded]
    if rows and set(map(type, rows)) != {dict}:
        raise NotAllowedError("another value than an object")
    if [end for _, end in decoded] != list(map(len, lines)):
        raise NotAllowedError("something behind the object")
    if sum(line.count("{") for line in lines) > len(lines):  # an object in an object, or a brace in a text
        return [flattened(row, kept) for row in rows]
    return rows
