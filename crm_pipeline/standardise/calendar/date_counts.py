"""Days and moments as a count: a worksheet's serial days, Unix seconds and milliseconds.

Belongs here: which numbers are such a count. Does not belong here: days written in figures such as 20250305.
"""

from __future__ import annotations

from datetime import date

import polars as pl

# Serial days of the 1900 system, as Excel shows dates in cells of format General. Five figures: 10000 is 1927-05-18,
# and four may be a year. A count of things may have five figures too; hence only up to a few years after today.
_SERIAL = r"^([1-9][0-9]{4})(\.[0-9]+)?$"
_DAY_ZERO = date(1899, 12, 30)  # from serial 61 on; Excel counts a 29 February 1900 that never was
# Unix time from 2001-09-09 on has ten figures, in milliseconds thirteen.
_SECONDS, _MILLISECONDS = r"^[1-9][0-9]{9}(?:\.[0-9]{1,6})?$", r"^[1-9][0-9]{12}$"
_YEARS_AHEAD = 5
# A system that exports counts does so more often than people mistype: below, a number is rejected.
SMALLEST_SHARE = 0.01
_MICROS_A_DAY = 86_400_000_000


def share(cells: pl.Series) -> float:
    """The share of cells that are written as such a count, 0 to 1, of those that are not blank.

    In a column of dates, a single number of five figures is a slip and no day: see `SMALLEST_SHARE`.
    """
    text = cells.drop_nulls().str.strip_chars()
    filled = text.filter(text != "")
    like = filled.str.contains(rf"{_SERIAL}|{_SECONDS}|{_MILLISECONDS}|^/Date\([0-9]{{13}}")
    return float(like.mean() or 0.0)  # type: ignore[arg-type]  # the mean of truth values is a number


def counted(frame: pl.DataFrame, today: date) -> pl.DataFrame:
    """`frame` with `value` and `micros` of serial days, and `instant` (UTC without a zone) of Unix time.

    Numbers more than five years after `today` are not counts of time. The part of a day is rounded to milliseconds.

    Args:
        frame: `text`, `value` (Date), `micros` (Int64).
        today: of the delivery.
    """
    text = pl.col("text")
    latest = date(today.year + _YEARS_AHEAD, 12, 31)
    serial = text.str.extract(_SERIAL, 1).cast(pl.Int32)
    # Such a part of a day has a rounding error of some microseconds.
    share = text.str.extract(_SERIAL, 2).str.slice(0, 12).cast(pl.Float64).fill_null(0.0)
    millis = (share * (_MICROS_A_DAY / 1000)).round(0).cast(pl.Int64)
    is_serial = (serial <= (latest - _DAY_ZERO).days) & (millis * 1000 < _MICROS_A_DAY)
    day = pl.when(is_serial).then(serial + (_DAY_ZERO - date(1970, 1, 1)).days).cast(pl.Date)
    is_time = is_serial & text.str.contains(".", literal=True)
    seconds = pl.when(text.str.contains(_SECONDS)).then(text).cast(pl.Decimal(18, 6)) * 1_000_000
    millis_since = pl.when(text.str.contains(_MILLISECONDS)).then(text).cast(pl.Int64) * 1000
    micros = pl.coalesce(seconds.cast(pl.Int64), millis_since)
    instant = micros.cast(pl.Datetime("us"))
    return frame.with_columns(
        pl.coalesce("value", day).alias("value"),
        pl.coalesce("micros", pl.when(is_time).then(millis * 1000)).alias("micros"),
        pl.when(instant.dt.date() <= latest).then(instant).alias("instant"),
    )
