"""Days, clocks and offsets of cells, and why a cell has no day: what dates and times have in common.

Belongs here: from a cell to its parts. Does not belong here: ways of writing (`date_shapes`, `date_words`, `clocks`),
what a column or a zone makes of the parts (`dates`, `times`).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from crm_pipeline.standardise.calendar import clocks, date_counts
from crm_pipeline.standardise.calendar.date_order import DateOrder
from crm_pipeline.standardise.calendar.date_shapes import DAY, ERAS, INCOMPLETE, ISO_WEEK, ORDINAL, in_figures, plain
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text import placeholders

REASONS = SHARED | {
    "impossible": Reason("a date that no calendar has, such as 30 February", "日历上没有的日期，如 2 月 30 日"),
    "incomplete": Reason("a date without its day, month or year", "缺少年、月或日的日期"),
    "ambiguous": Reason(
        "a date whose order of day, month and year is not known: set date_order: ymd, dmy or mdy",
        "日期的年月日顺序不明：请设置 date_order: ymd、dmy 或 mdy",
    ),
    "number": Reason("a number that is no date", "不是日期的数字"),
    "form": Reason("not a date in any known form", "不是已知格式的日期"),
}
_SCHEMA = {
    "value": pl.Date(), "reason": pl.String(), "micros": pl.Int64(), "offset": pl.Int64(), "flaw": pl.String(),
    "instant": pl.Datetime("us"),
}  # fmt: skip
# A year of two figures is at most five years ahead: contracts end and deliveries are due then, and anybody born
# longer ago than 95 years is rarer than a slip.
_YEARS_AHEAD = 5
_SAME_FIGURES = "^(?:" + "|".join(rf"{n}{{4}}-?{n}{{2}}-?{n}{{2}}" for n in range(1, 10)) + ")$"


def take_apart(
    cells: pl.Series, order: DateOrder | None, today: date | None, *, has_counts: bool = True
) -> pl.DataFrame:
    """The day, clock and offset of each cell, or the moment that a number counts to; row for row.

    Columns: `value` (Date), `reason`, `micros`, `offset` and `flaw` as `clocks.split` has them, `instant` (Datetime in
    UTC without a zone: Unix seconds and milliseconds).

    Args:
        cells: text as delivered, best distinct.
        order: as in `read`.
        today: as in `read`; None: neither years of two figures nor counted days and seconds are read.
        has_counts: as in `read`.
    """
    if cells.is_empty():  # as mostly: the ways that most systems write are read before
        return pl.DataFrame(schema=_SCHEMA)
    cell = pl.col("cell")
    frame = cells.alias("cell").to_frame().with_columns(plain(cell).alias("text"))
    parts = pl.concat([frame, clocks.split(frame["text"])], how="horizontal")
    figures = in_figures(parts["day"], year_first=order is DateOrder.YMD)
    days = _days(figures, order, today)
    text = pl.col("text")
    is_placeholder = placeholders.is_placeholder(text, "date") | text.str.contains(_SAME_FIGURES)
    is_nothing = is_placeholder | pl.col("day").str.contains(r"^0+([-/.年月日 ]?0+)*$")
    joined = pl.concat([parts, days], how="horizontal")
    if today is not None and has_counts:
        joined = date_counts.counted(joined, today)
    else:
        joined = joined.with_columns(pl.lit(None, pl.Datetime("us")).alias("instant"))
    is_number = text.str.contains(r"^[+-]?[0-9]+(?:[.,][0-9]+)?$") & (pl.col("reason") == "form")
    is_read = pl.coalesce(pl.col("value").cast(pl.Datetime("us")), "instant").is_not_null()
    reason = (
        pl.when(is_nothing).then(pl.lit(PLACEHOLDER))
        .when(is_read | text.is_null()).then(None)
        .when(is_number).then(pl.lit("number"))
        .when((pl.col("day") == "") & pl.col("micros").is_not_null()).then(pl.lit("incomplete"))
        .otherwise("reason")
    )  # fmt: skip
    value = pl.when(~is_nothing.fill_null(value=False)).then("value")
    return joined.select(value, reason.alias("reason"), "micros", "offset", "flaw", "instant")


def _days(figures: pl.Series, order: DateOrder | None, today: date | None) -> pl.DataFrame:
    """`value` and `reason` of days in figures."""
    text = pl.col("figures")
    frame = figures.alias("figures").to_frame().with_columns(text.str.extract_groups(DAY).alias("part")).unnest("part")
    frame = frame.with_columns(_parts(order, today)).with_columns(_existing())
    rare = pl.coalesce(
        pl.when(text.str.contains(ISO_WEEK)).then(text).str.to_date("%G-w%V-%u", strict=False),
        pl.when(text.str.contains(ORDINAL)).then(text).str.to_date("%Y-%j", strict=False),
    )
    is_incomplete = (text == INCOMPLETE) | (pl.col("year") > 0) & ((pl.col("month") == 0) | (pl.col("day") == 0))
    return frame.with_columns(pl.coalesce("value", rare).alias("value")).select(
        "value",
        pl.when(pl.col("value").is_not_null()).then(None)
        .when(is_incomplete).then(pl.lit("incomplete"))
        .when(pl.col("needs_order")).then(pl.lit("ambiguous"))
        .when(pl.col("a").is_not_null() | text.str.contains(f"{ISO_WEEK}|{ORDINAL}")).then(pl.lit("impossible"))
        .otherwise(pl.lit("form")).alias("reason"),
    )  # fmt: skip


def _parts(order: DateOrder | None, today: date | None) -> list[pl.Expr]:
    """`year`, `month` and `day` as numbers, null where an order is needed and none, or another one, is known."""
    first, second, third = (pl.col(name).cast(pl.Int32) for name in "abc")
    era = pl.col("era").replace_strict(ERAS, default=None, return_dtype=pl.Int32)
    is_first = pl.col("era").is_not_null() | (pl.col("a").str.len_chars() == 4)
    has_last = (pl.col("a").str.len_chars() <= 2) & ~is_first
    is_ymd = pl.lit(order is DateOrder.YMD) & has_last & (pl.col("c").str.len_chars() < 4)
    is_last = has_last & (pl.col("c").str.len_chars() > 1) & pl.lit(order in {DateOrder.DMY, DateOrder.MDY})
    # 03/03/2025 is one day in every order that has the year last.
    is_alike = has_last & (first == second) & ((pl.col("c").str.len_chars() == 4) | (third > 31))
    is_last = is_last | (is_alike & ~is_ymd)
    written = pl.when(is_first | is_ymd).then(first).when(is_last).then(third)
    is_short = (pl.col("era") == "'") | ~is_first
    digits = pl.when(is_first | is_ymd).then(pl.col("a")).otherwise("c").str.len_chars()
    year = (
        pl.when(era.is_not_null()).then(written + era)
        .when(is_short & (digits < 4)).then(_century(written, today)).otherwise(written)
    )  # fmt: skip
    by_day = order is DateOrder.DMY
    month = pl.when(is_last).then(second if by_day else first).otherwise(second)
    day = pl.when(is_last).then(first if by_day else second).otherwise(third)
    return [
        year.alias("year"),
        month.alias("month"),
        day.alias("day"),
        (has_last & ~is_ymd & ~is_last).fill_null(value=False).alias("needs_order"),
    ]


def _century(year: pl.Expr, today: date | None) -> pl.Expr:
    if today is None:
        return pl.lit(None, pl.Int32)
    latest = today.year + _YEARS_AHEAD
    return latest - (latest - year) % 100


def _existing() -> pl.Expr:
    """`value`: the day where the calendar has it, in the years 1 to 9999."""
    year, month, day = pl.col("year"), pl.col("month"), pl.col("day")
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = (
        pl.when(month == 2).then(pl.when(is_leap).then(29).otherwise(28))
        .when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31)
    )  # fmt: skip
    exists = year.is_between(1, 9999) & month.is_between(1, 12) & day.is_between(1, length)
    parts = (pl.when(exists).then(part) for part in (year, month, day))
    return pl.date(*parts).alias("value")
