"""Options of expectations, parsed; each parser returns the value or raises ValueError saying what it expected.

Belongs here: what a bound, a set, a length, a flag or a regular expression may be. Does not belong here: which
expectation takes which option (`catalogue`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime

import polars as pl
from polars.exceptions import ComputeError

from crm_pipeline.quality.rules import Option, ValueKind

# The part of regular expressions on which Python (Great Expectations on pandas) and Rust (Polars) agree. Left out:
# \w \s \b (other Unicode tables), (?i) (Python folds more letters), look-around and back references (Rust has none),
# \Z and \z (each knows one), set operations inside brackets (Rust only).
_ESCAPES = re.compile(r"[dDAtnrf]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[!-/:;=?@\[-`{-~]")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_BRACKETS = re.compile(r"(\\.)|(\[\^?\]?(?:[^\]\\]|\\.)*\])", re.DOTALL)
_SET_OPERATION = re.compile(r"\[|&&|--|~~")
_OTHER_GROUP = re.compile(r"\(\?(?!:|P<)")
_END = re.compile(rf"{_BRACKETS.pattern}|\$", re.DOTALL)


def flag(raw: object, _kind: ValueKind) -> Option:
    """True or false."""
    if not isinstance(raw, bool):
        raise ValueError("true or false")  # noqa: TRY004 one error type for all parsers
    return raw


def size(raw: object, _kind: ValueKind) -> Option:
    """A whole number of characters or rows, from 0."""
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ValueError("a whole number, 0 or more")
    return raw


def bound(raw: object, kind: ValueKind) -> Option:
    """A bound: a finite number for a column of numbers, a time without a zone for a column of dates or timestamps."""
    return _time(raw) if kind is ValueKind.TIME else _number(raw)


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise ValueError("a number, because the column holds numbers")
    return float(raw)


def _time(raw: object) -> datetime:
    expected = 'a date such as "1900-01-01", or "1900-01-01T00:00:00"'
    if not isinstance(raw, str):
        raise ValueError(expected)  # noqa: TRY004 one error type for all parsers
    try:
        time = datetime.fromisoformat(raw)
    except ValueError:
        raise ValueError(expected) from None
    if time.tzinfo is not None:
        raise ValueError(f"{expected}, without a time zone")
    return time


def value_set(raw: object, kind: ValueKind) -> Option:
    """The values allowed, all text or all numbers as the column is, at least one."""
    if not isinstance(raw, list) or not raw:
        raise ValueError("a list of one or more values")
    if kind is ValueKind.NUMBER:
        return tuple(_number(value) for value in raw)
    if not all(isinstance(value, str) for value in raw):
        raise ValueError("a list of texts, because the column holds text")
    return tuple(raw)


def regex(raw: object, _kind: ValueKind) -> Option:
    """A regular expression that means the same to both judges; `$` is the very end of the text."""
    if not isinstance(raw, str) or not raw:
        raise ValueError("a regular expression")
    if not all(_ESCAPES.fullmatch(escape) for escape in _ESCAPE.findall(raw)):
        raise ValueError("no \\w, \\s, \\b, \\Z, \\p or back reference, the judges differ on them: write [0-9A-Za-z_]")
    brackets = [_ESCAPE.sub("", found[2][1:]) for found in _BRACKETS.finditer(raw) if found[2]]
    if any(_SET_OPERATION.search(bracket) for bracket in brackets):
        raise ValueError("no [, &&, -- or ~~ inside brackets, the judges differ on them")
    if _OTHER_GROUP.search(_BRACKETS.sub("", raw)):
        raise ValueError("only (…), (?:…) and (?P<name>…): no look-around and no flags, the judges differ on them")
    try:
        re.compile(raw)
        pl.select(pl.lit("").str.contains(raw))
    except (re.error, ComputeError):
        raise ValueError("a regular expression that Python and Rust both understand") from None
    return raw


def python_regex(pattern: str) -> str:
    r"""The same pattern for Python: `$` becomes `\Z`, for Python's `$` also holds before a last line break."""
    return _END.sub(lambda found: found[1] or found[2] or r"\Z", pattern)


def check_range(options: Mapping[str, Option]) -> None:
    """Nothing, when at least one bound is there and they are in order; else ValueError."""
    low, high = options.get("min_value"), options.get("max_value")
    if low is None and high is None:
        raise ValueError("min_value, max_value or both")
    if low is not None and high is not None and low > high:  # type: ignore[operator]  # both of one kind, parsed alike
        raise ValueError("min_value that is not above max_value")
