"""JSON Lines as rows: one object per line (RFC 8259), nested objects as columns with dotted names.

Belongs here: objects, their keys and values as text. Does not belong here: files (`files`), encodings (`decoding`).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
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

_Object = dict[str, Any]


class _Number(str):
    """A number as it is written; of another type than a text, so that an array shows which it was."""

    __slots__ = ()


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
    frames = [_block_frame(lines, numbers, first_lines, where) for lines, numbers in _blocks(content)]
    _check_keys(first_lines, where)
    rows = pl.concat(frames, how="diagonal")
    return rows.select(*(pl.col(name).fill_null("") for name in first_lines), LINE)


def _blocks(content: bytes) -> Iterator[tuple[list[str], list[int]]]:
    """The lines that are not blank and their numbers, some megabytes at a time."""
    start, line = 0, 1
    while start < len(content):
        end = content.find(b"\n", start + _BLOCK_BYTES)
        end = len(content) if end < 0 else end
        lines = [text.strip(_BLANKS) for text in content[start:end].decode("utf-8").split("\n")]
        numbers = [number for number, text in enumerate(lines, start=line) if text]
        if numbers:
            yield [text for text in lines if text], numbers
        start, line = end + 1, line + len(lines)


def _block_frame(lines: list[str], numbers: list[int], first_lines: dict[str, int], where: str) -> pl.DataFrame:
    """The rows of a block; keys that no earlier block had are added to `first_lines` with the line they appear on."""
    try:
        rows = _objects(lines)
        shapes = list(map(tuple, rows))
        distinct = dict.fromkeys(shapes)
        frame = pl.DataFrame({LINE: pl.Series(numbers, dtype=pl.Int64)} | _columns(rows, list(distinct)))
    except (ValueError, RecursionError):
        _refuse_first_wrong(lines, numbers, where)
        raise
    for shape in distinct:
        if not first_lines.keys() >= set(shape):
            line = numbers[shapes.index(shape)]
            first_lines |= {name: line for name in shape if name not in first_lines}
    return frame


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


def _columns(rows: list[_Object], shapes: list[tuple[str, ...]]) -> dict[str, pl.Series]:
    """The values of each key as text."""
    if len(shapes) == 1:
        values: Iterable[Sequence[Any]] = zip(*map(dict.values, rows), strict=True)
        names = list(shapes[0])
    else:
        names = list(dict.fromkeys(itertools.chain.from_iterable(shapes)))
        values = ([row.get(name) for row in rows] for name in names)
    if LINE in names:
        raise _NotAllowedError("a key that is kept for the line number")
    return {name: pl.Series(name, _texts(column), dtype=pl.String) for name, column in zip(names, values, strict=True)}


def _texts(values: Sequence[Any]) -> Sequence[str]:
    if {str, _Number}.issuperset(map(type, values)):
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
            _columns([row], [tuple(row)])
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
