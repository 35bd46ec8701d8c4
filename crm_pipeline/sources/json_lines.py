"""JSON Lines as rows: one object per line (RFC 8259), nested objects as columns with dotted names.

Belongs here: objects, their keys and values as text. Does not belong here: files (`files`), encodings (`decoding`).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Read
from crm_pipeline.sources.decoding import as_utf8
from crm_pipeline.sources.rows import Rows
from crm_pipeline.state.landing import LINE

STARTS_WITH_HEADER = True
# So much is decoded at a time: objects take about ten times the memory of their text.
_BLOCK_BYTES = 1 << 20
_BLANKS = " \t\r"  # what JSON takes for white space, the end of the line apart
_WORDS = {None: "", True: "true", False: "false"}

_KEY_AND_BLANK = re.compile(rb'"[ \t\r]+:')

_Object = dict[str, Any]
_Columns = dict[str, Sequence[Any]]


class _Number(str):
    """A number as it is written; of another type than a text, so that an array shows which it was."""

    __slots__ = ()


_TEXTS_AND_NONE = frozenset({str, _Number, type(None)})


class _NotAllowedError(ValueError):
    """What Python's parser lets pass and RFC 8259 or a table does not; the message names no content."""


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotAllowedError("a key that stands twice in one object")
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise _NotAllowedError("a number that JSON does not know")


_decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
).raw_decode
# Faster, without a call per object, and hence of a repeated key the last value; StopIteration where no value begins.
# The second is for text without arrays, in which alone it matters what was a number.
_scan, _scan_no_arrays = (
    json.JSONDecoder(parse_int=kind, parse_float=kind, parse_constant=_refuse_constant).scan_once  # type: ignore[attr-defined]
    for kind in (_Number, str)
)


def header_of(content: bytes, read: Read, where: str, *, is_start: bool) -> list[str]:
    """The column names: the keys of all lines in the order of their first appearance, those of nested objects dotted.

    Args:
        content: the file, or its first bytes; a line that is cut off is left out.
        read: the extract's `read:`.
        where: source, extract and file, for messages.
        is_start: whether the file goes on behind `content`.

    Raises:
        DeliveryError: as `rows_of`.
    """
    text = as_utf8(content, read, where, is_start=is_start)
    if is_start:
        text = text[: text.rfind(b"\n") + 1]
        if not text.strip():
            return []
    return _frame(text, where).columns[:-1]


def rows_of(content: bytes, read: Read, where: str) -> Rows:
    """The objects as rows, all text, in their order, with `_line`; blank lines are passed over.

    Numbers stay as they are written, true and false are these words, an array is JSON text; null and a key that is
    absent are the empty text, as an empty cell of CSV is; an empty object has no column.

    Args:
        content: the file.
        read: the extract's `read:`.
        where: source, extract and file, for messages.

    Raises:
        DeliveryError: another encoding, no rows, a line that is not one JSON object, a key that is repeated or blank;
            the message names the line, not its content.
    """
    return Rows(_frame(as_utf8(content, read, where), where), f"json lines, {read.encoding}")


def _frame(content: bytes, where: str) -> pl.DataFrame:
    first_lines: dict[str, int] = {}
    frames = [_block_frame(*block, first_lines, where) for block in _blocks(content)]
    _check_keys(first_lines, where)
    rows = pl.concat(frames, how="diagonal")
    return rows.select(*(pl.col(name).fill_null("") for name in first_lines), LINE)


def _blocks(content: bytes) -> Iterator[tuple[list[str], list[int], bytes]]:
    """The lines that are not blank, their numbers, and the text they came from, about a megabyte at a time."""
    start, line = 0, 1
    while start < len(content):
        end = content.find(b"\n", start + _BLOCK_BYTES)
        end = len(content) if end < 0 else end
        written = content[start:end]
        lines = [text.strip(_BLANKS) for text in written.decode("utf-8").split("\n")]
        numbers = [number for number, text in enumerate(lines, start=line) if text]
        if numbers:
            yield [text for text in lines if text], numbers, written
        start, line = end + 1, line + len(lines)


def _block_frame(
    lines: list[str], numbers: list[int], written: bytes, first_lines: dict[str, int], where: str
) -> pl.DataFrame:
    """The rows of a block; keys that no earlier block had are added to `first_lines` with the line they appear on."""
    try:
        values = _values_alike(lines, written)
        shapes = [tuple(values or ())]
        if values is None:
            rows = _objects(lines)
            shapes = list(map(tuple, rows))
            values = _values(rows, list(dict.fromkeys(shapes)))
        frame = pl.DataFrame({LINE: pl.Series(numbers, dtype=pl.Int64)} | _columns(values))
    except (ValueError, RecursionError):
        _refuse_first_wrong(lines, numbers, where)
        raise
    for shape in dict.fromkeys(shapes):
        if not first_lines.keys() >= set(shape):
            line = numbers[shapes.index(shape)]
            first_lines |= {name: line for name in shape if name not in first_lines}
    return frame


def _values_alike(lines: Sequence[str], written: bytes) -> _Columns | None:
    """The values of each key, one per line; None unless each line is certain to be an object with the same keys.

    Of a repeated key the parser keeps the last, so keys are counted in the text too: there, `":` is at least as
    frequent as they are.

    Args:
        lines: without outer blanks.
        written: the same lines, in UTF-8.
    """
    scan = _scan if b"[" in written else _scan_no_arrays
    decoded = list(map(scan, lines, itertools.repeat(0)))  # ends early where no value begins
    rows = [value for value, _ in decoded]
    if [end for _, end in decoded] != list(map(len, lines)) or set(map(type, rows)) != {dict}:
        return None
    if any(blank in written for blank in (b" :", b"\t:", b"\r:")) and _KEY_AND_BLANK.search(written):
        return None
    values, key_count = _unfolded(rows)
    return values if key_count == written.count(b'":') else None


def _unfolded(rows: Sequence[_Object], prefix: str = "") -> tuple[_Columns, int]:
    """The values of each key, of nested objects each by itself, and the number of keys; -1 when rows differ in them.

    Keys of objects in arrays are not counted.

    Args:
        rows: at least one.
        prefix: of the keys.
    """
    names = tuple(rows[0])
    if set(map(tuple, rows)) != {names}:
        return {}, -1
    found: _Columns = {}
    key_count = len(names) * len(rows)
    for name, values in zip(names, zip(*map(dict.values, rows), strict=True), strict=True):
        inner: _Columns = {f"{prefix}{name}": values}
        if dict in (kinds := set(map(type, values))):
            inner, inner_count = _unfolded(values, f"{prefix}{name}.") if len(kinds) == 1 else ({}, -1)
            if inner_count < 0:
                return {}, -1
            key_count += inner_count
        if found.keys() & inner.keys():
            return {}, -1
        found |= inner
    return found, key_count


def _objects(lines: Sequence[str]) -> list[_Object]:
    """Each line's object, without objects nested in it.

    Raises:
        ValueError: a line is not one JSON object.
        RecursionError: it is nested too deeply.
    """
    decoded = [_decode(line) for line in lines]
    rows = [value for value, _ in decoded]
    if set(map(type, rows)) != {dict}:
        raise _NotAllowedError("another value than an object")
    if [end for _, end in decoded] != list(map(len, lines)):
        raise _NotAllowedError("something behind the object")
    if sum(line.count("{") for line in lines) > len(lines):  # an object in an object, or a brace in a text
        return [_flattened(row) for row in rows]
    return rows


def _flattened(row: _Object) -> _Object:
    pairs = []
    for key, value in row.items():
        if type(value) is dict:
            pairs += [(f"{key}.{inner}", cell) for inner, cell in _flattened(value).items()]
        else:
            pairs.append((key, value))
    return _object(pairs)


def _values(rows: list[_Object], shapes: list[tuple[str, ...]]) -> _Columns:
    """The values of each key, one per row, None where a row lacks it."""
    if len(shapes) == 1:
        return dict(zip(shapes[0], zip(*map(dict.values, rows), strict=True), strict=True))
    names = dict.fromkeys(itertools.chain.from_iterable(shapes))
    return {name: [row.get(name) for row in rows] for name in names}


def _columns(values: _Columns) -> dict[str, pl.Series]:
    """The values as text, null where there is none."""
    if LINE in values:
        raise _NotAllowedError("a key that is kept for the line number")
    return {name: pl.Series(name, _texts(column), dtype=pl.String) for name, column in values.items()}


def _texts(values: Sequence[Any]) -> Sequence[str | None]:
    if _TEXTS_AND_NONE.issuperset(map(type, values)):
        return values
    return [
        value if isinstance(value, str) else _json(value) if isinstance(value, list) else _WORDS[value]
        for value in values
    ]


def _json(value: Any) -> str:
    """JSON as short as it can be written, numbers as they came."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_json(key)}:{_json(inner)}' for key, inner in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)  # a text, true, false or null


def _check_keys(first_lines: dict[str, int], where: str) -> None:
    """Refuses names that are not fit for columns; they are not shown, since a key may be somebody's data."""
    seen: set[str] = set()
    for name, line in first_lines.items():
        folded = name.casefold()  # SQL tells names apart by more than case only
        if folded in seen:
            _refuse(f"{where}:{line}", "a key that differs from another by letter case only")
        if not all(part.strip() for part in name.split(".")) or folded == LINE:
            _refuse(f"{where}:{line}", "a key that is no name for a column")
        seen.add(folded)
    if not first_lines:
        _refuse(where, "no key at all")


def _refuse_first_wrong(lines: Sequence[str], numbers: Sequence[int], where: str) -> None:
    """Raises what is said of the first line that can't be a row."""
    for line, number in zip(lines, numbers, strict=True):
        try:
            (row,) = _objects([line])
            _columns(_values([row], [tuple(row)]))
        except UnicodeEncodeError:
            _refuse(f"{where}:{number}", "half of a surrogate pair")
        except json.JSONDecodeError as error:
            _refuse(f"{where}:{number}", f"{error.msg} (character {error.pos + 1})")
        except RecursionError:
            _refuse(f"{where}:{number}", "values nested too deeply")
        except _NotAllowedError as error:
            _refuse(f"{where}:{number}", str(error))


def _refuse(where: str, found: str) -> NoReturn:
    raise DeliveryError(
        where=where,
        expected="one JSON object in each line, with distinct keys, letter case apart",
        found=found,
        cure="The file was cut short or is no JSON Lines; correct read.format, or ask for the delivery again.",
    ) from None
