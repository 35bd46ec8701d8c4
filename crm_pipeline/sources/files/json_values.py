"""JSON objects as rows of text: what RFC 8259 and a table allow, nested objects as dotted names, values as written.

Belongs here: decoding one object strictly, its keys as names of columns, its values as text. Does not belong here:
where objects begin and end in a file (`json_lines`, `json_document`).
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import polars as pl

from crm_pipeline.state.delivery import LINE
from crm_pipeline.state.drafts import MOST_COLUMNS, too_many_columns

Object = dict[str, Any]
Columns = dict[str, Sequence[Any]]
_WORDS = {None: "", True: "true", False: "false"}
_MOST_CELLS = 2_000_000  # rows times columns that are a table at a time: sparse objects are far larger so than as text
_LINE_KEY = "a key that is kept for the line number"


class Number(str):
    """A number as it is written; of another type than a text, so that an array shows which it was."""

    __slots__ = ()


_TEXTS_AND_NONE = frozenset({str, Number, type(None)})


class NotAllowedError(ValueError):
    """What Python's parser lets pass and RFC 8259 or a table does not; the message names no content."""


def _object(pairs: list[tuple[str, Any]]) -> Object:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotAllowedError("a key that stands twice in one object")
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise NotAllowedError("a number that JSON does not know")


decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
).raw_decode
# The same without a look at what it finds, to see where it ends.
decode_any = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
# Faster, without a call per object, and hence of a repeated key the last value; StopIteration where no value begins.
# The second is for text without arrays, in which alone it matters what was a number.
scan, scan_no_arrays = (
    json.JSONDecoder(parse_int=kind, parse_float=kind, parse_constant=_refuse_constant).scan_once  # type: ignore[attr-defined]
    for kind in (Number, str)
)


class Names:
    """The names of columns so far, letter case apart distinct.

    Args:
        where: source, extract and file, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._known: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, names: Iterable[str]) -> None:
        """Takes in names that are all fit, or none of them.

        Raises:
            NotAllowedError: one is blank, kept for the line number, or differs from another by letter case only.
            DeliveryError: there are more than any table has.
        """
        new: dict[str, str] = {}
        for name in names:
            folded = name.casefold()  # SQL tells names apart by more than case only
            known = self._known.get(folded) or new.get(folded)
            if known == name:
                continue
            if known is not None:
                raise NotAllowedError("a key that differs from another by letter case only")
            if folded == LINE:
                raise NotAllowedError(_LINE_KEY)
            if not all(part.strip() for part in name.split(".")):
                raise NotAllowedError("a key that is no name for a column")
            new[folded] = name
        self.require_room(new.values())
        self._known |= new

    def require_room(self, names: Iterable[str]) -> None:
        """Nothing, when there are not too many columns with these.

        Raises:
            DeliveryError: there are; the message names the object whose keys most of them are.
        """
        new = {name for name in names if name.casefold() not in self._known}
        if len(self._known) + len(new) <= MOST_COLUMNS:
            return
        inner = (name.rpartition(".")[0] for name in (*self._known.values(), *new))
        [(prefix, count)] = Counter(inner).most_common(1)
        raise too_many_columns(self._where, prefix if count * 2 > MOST_COLUMNS else "")


@dataclass(frozen=True, slots=True)
class Objects:
    """What is known of the objects of a file while it is read.

    Attributes:
        encoding: in which it was delivered.
        kept: dotted paths of objects that are one column.
        names: of columns so far.
    """

    encoding: str
    kept: frozenset[str]
    names: Names


def flattened(row: Object, kept: frozenset[str] = frozenset(), prefix: str = "") -> Object:
    """The object without objects nested in it: their keys are dotted.

    Args:
        row: the object.
        kept: dotted paths of objects that stay as they are.
        prefix: of the keys in such paths.

    Raises:
        NotAllowedError: a key comes twice so.
    """
    pairs = []
    for key, value in row.items():
        if type(value) is dict and f"{prefix}{key}" not in kept:
            inner = flattened(value, kept, f"{prefix}{key}.")
            pairs += [(f"{key}.{name}", cell) for name, cell in inner.items()]
        else:
            pairs.append((key, value))
    return _object(pairs)


def shapes_of(rows: Sequence[Object]) -> list[tuple[str, ...]]:
    """The keys that rows have, each combination once; one at least."""
    return list(dict.fromkeys(map(tuple, rows))) or [()]


def are_too_many(rows: Sequence[Object], shapes: Sequence[tuple[str, ...]]) -> bool:
    """Whether rows of these shapes, with all their keys as columns, are too large for one table."""
    return len(rows) > 1 and len(rows) * len(set(itertools.chain.from_iterable(shapes))) > _MOST_CELLS


def values_of(rows: Sequence[Object], shapes: Sequence[tuple[str, ...]]) -> Columns:
    """The values of each key, one per row, None where a row lacks it; `shapes` are the keys that rows have."""
    if len(shapes) == 1:
        return dict(zip(shapes[0], zip(*map(dict.values, rows), strict=True), strict=True))
    names = dict.fromkeys(itertools.chain.from_iterable(shapes))
    return {name: [row.get(name) for row in rows] for name in names}


def frame_of(values: Columns, numbers: Sequence[int]) -> pl.DataFrame:
    """The values as text, the empty text where there is none, with `LINE`.

    Raises:
        UnicodeEncodeError: a text holds half of a surrogate pair.
    """
    if LINE in values:
        raise NotAllowedError(_LINE_KEY)
    texts = [pl.Series(name, _texts(column), dtype=pl.String) for name, column in values.items()]
    frame = pl.DataFrame([*texts, pl.Series(LINE, numbers, dtype=pl.Int64)])
    return frame.with_columns(pl.exclude(LINE).fill_null(""))


def frame_of_objects(rows: Sequence[Object], numbers: Sequence[int]) -> pl.DataFrame:
    """Flattened objects as rows of text, with `LINE`."""
    return frame_of(values_of(rows, shapes_of(rows)), numbers)


def frames_of_objects(rows: Sequence[Object], numbers: Sequence[int]) -> Iterator[pl.DataFrame]:
    """The same, one after the other where one would be too large."""
    if are_too_many(rows, shapes_of(rows)):
        middle = len(rows) // 2
        yield from frames_of_objects(rows[:middle], numbers[:middle])
        yield from frames_of_objects(rows[middle:], numbers[middle:])
    else:
        yield frame_of_objects(rows, numbers)


def reason_of(error: Exception) -> str:
    """What is said of an object that can't be a row; no content."""
    if isinstance(error, UnicodeEncodeError):
        return "half of a surrogate pair"
    if isinstance(error, RecursionError):
        return "values nested too deeply"
    return f"{error.msg} (character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else str(error)


def _texts(values: Sequence[Any]) -> Sequence[str | None]:
    if _TEXTS_AND_NONE.issuperset(map(type, values)):
        return values
    return [
        value if isinstance(value, str) else _json(value) if isinstance(value, list | dict) else _WORDS[value]
        for value in values
    ]


def _json(value: Any) -> str:
    """JSON as short as it can be written, numbers as they came."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_json(key)}:{_json(inner)}' for key, inner in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)  # a text, true, false or null
