"""What spreadsheets do to cells that nobody corrected, and what they write where nothing was meant.

Belongs here: telling such a cell from a correction. Does not belong here: what becomes of its line (`matching`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

_EXPONENT = r"^[+-]?\d([.,]\d+)?[eE]\+\d{2,3}$"  # 1.38E+10, as spreadsheets show what has 12 digits or more
_ANY_EXPONENT, _LONG_NUMBER = r"^[+-]?\d([.,]\d+)?[eE]\+?\d+$", r"^'*[+-]?\d{12,}$"
_OF_15_DIGITS = r"^[+-]?[1-9]\d{14}0+$"
_NO_VALUE = r"^(#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA|ERROR|UNCOMPUTED)|##+)$"
_WITH_ZEROS = r"^(0+\d+|\+0*\d{7,})$"
_ZEROS = r"^\+?0*(\d+)$"
_YEAR_FIRST = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$"
_YEAR_LAST = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$"
_MONTHS = 12

ROUNDED = "a spreadsheet has rounded the number in the column {}; write it as text into an .xlsx export"
NO_VALUE = "the column {} holds the error of a formula, or one that was never computed; write the value itself"
NO_ZEROS = "a spreadsheet has dropped the zeros or the + before the number in the column {}; correct the row in an \
.xlsx export, whose cells are text"
REWRITTEN = "a spreadsheet has rewritten the date in the column {} so that day and month can't be told; write it as \
YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file says of its cells.

    Attributes:
        is_text: whether they are kept as text, in a workbook; a CSV file that a spreadsheet saved has what it showed.
        has_long_numbers: whether any cell is a number of more digits than a spreadsheet keeps, which are 15.
    """

    is_text: bool = False
    has_long_numbers: bool = True


def is_same_date(old: pl.Series, new: pl.Series, kept: Kept) -> pl.Series:
    """Whether a spreadsheet wrote the same date in its own way: 2026-01-05 as 2026/1/5, or 2026-01-25 as 1/25/2026."""
    if kept.is_text:
        return pl.repeat(value=False, n=old.len(), dtype=pl.Boolean, eager=True)
    was, year_first, year_last = _numbers(old, _YEAR_FIRST), _numbers(new, _YEAR_FIRST), _numbers(new, _YEAR_LAST)
    is_plain = (was["b"] == was["c"]) | (was["c"] > _MONTHS)
    return (_is_equal(was, year_first) | (_is_shuffled(was, year_last) & is_plain)).fill_null(value=False)


def damage(old: pl.Series, new: pl.Series, is_changed: pl.Series, kept: Kept) -> pl.Series:
    """Why a changed cell can't be a correction, a text with {} for its column; null where it may be one."""
    rounded = new.str.contains(_EXPONENT) | (new.str.contains(_ANY_EXPONENT) & old.str.contains(_LONG_NUMBER))
    if kept.has_long_numbers:
        rounded |= new.str.contains(_OF_15_DIGITS)
    reason = (
        pl.when(~is_changed).then(pl.lit(None, dtype=pl.String))
        .when(new.str.contains(_NO_VALUE)).then(pl.lit(NO_VALUE))
        .when(rounded).then(pl.lit(ROUNDED))
    )  # fmt: skip
    if not kept.is_text:
        lost = old.str.contains(_WITH_ZEROS) & (old.str.replace(_ZEROS, "$1") == new)
        swapped = _is_shuffled(_numbers(old, _YEAR_FIRST), _numbers(new, _YEAR_LAST)).fill_null(value=False)
        reason = reason.when(lost).then(pl.lit(NO_ZEROS)).when(swapped).then(pl.lit(REWRITTEN))
    return pl.select(reason.alias(new.name)).to_series()


def _numbers(text: pl.Series, pattern: str) -> pl.DataFrame:
    """The three numbers of a date, `a`, `b`, `c`; null where it is none."""
    return pl.DataFrame({"text": text}).select(
        pl.col("text").str.extract(pattern, group).cast(pl.Int32).alias(name)
        for group, name in enumerate("abc", start=1)
    )


def _is_equal(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    return (one["a"] == other["a"]) & (one["b"] == other["b"]) & (one["c"] == other["c"])


def _is_shuffled(year_first: pl.DataFrame, year_last: pl.DataFrame) -> pl.Series:
    """Whether the first is a date with such a month, and the other has its year and the same two other numbers."""
    one, other = (year_first["b"], year_first["c"]), (year_last["a"], year_last["b"])
    is_alike = ((one[0] == other[0]) & (one[1] == other[1])) | ((one[0] == other[1]) & (one[1] == other[0]))
    return is_alike & (year_first["a"] == year_last["c"]) & (year_first["b"] <= _MONTHS)
