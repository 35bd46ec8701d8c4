"""Which of day and month comes first in a column of dates in figures: told by the whole column, or not at all.

Belongs here: counting what the cells allow, and deciding. Does not belong here: reading a date (`dates`). 03/05/2025
allows both orders, 25/05/2025 only one. What no cell tells is not guessed: the source's settings say it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from crm_pipeline.standardise.calendar.date_shapes import day_texts, in_figures

_SLIPS = 0.01  # share of cells that may contradict an order: typing errors, and the swapped days of an old import


class DateOrder(StrEnum):
    """The order of year, month and day in a date in figures whose year does not stand first with four of them."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the cells of a column allow, counted over those that need an order and are a day in one at least.

    Attributes:
        day_first: cells that are a day only with the day first, such as 25/05/2025.
        month_first: only with the month first, such as 05/25/2025.
        year_first: only with the year first, such as 99-12-31.
        ambiguous: cells that are a day in more than one order.
        fits_dmy: cells that are a day with the day first, `fits_mdy` and `fits_ymd` likewise.
    """

    day_first: int = 0
    month_first: int = 0
    year_first: int = 0
    ambiguous: int = 0
    fits_dmy: int = 0
    fits_mdy: int = 0
    fits_ymd: int = 0

    @property
    def cells(self) -> int:
        """How many cells need an order."""
        return self.day_first + self.month_first + self.year_first + self.ambiguous

    @property
    def text(self) -> str:
        """The counts and what they decide, in English."""
        counts = (
            f"{self.day_first} dates allow only the day first, {self.month_first} only the month first, "
            f"{self.year_first} only the year first, {self.ambiguous} more than one order"
        )
        order = decide(self)
        return f"{counts}: {f'read as {order}' if order else 'not decided; set date_order: ymd, dmy or mdy'}"

    @property
    def text_zh(self) -> str:
        """The same in Chinese."""
        counts = (
            f"{self.day_first} 个日期只能是日在前，{self.month_first} 个只能是月在前，"
            f"{self.year_first} 个只能是年在前，{self.ambiguous} 个有多种可能"
        )
        order = decide(self)
        return f"{counts}：{f'按 {order} 读取' if order else '无法判断；请设置 date_order: ymd、dmy 或 mdy'}"


def evidence(values: pl.Series) -> Evidence:
    """What the cells of a column allow; cells that need no order, such as 2025-03-05, count for nothing.

    Args:
        values: text as delivered.
    """
    counted = values.drop_nulls().value_counts(name="cells")
    figures = in_figures(day_texts(counted.to_series(0)), year_first=False)
    pattern = r"^(?P<a>[0-9]{1,2})-(?P<b>[0-9]{1,2})-(?P<c>[0-9]{4}|[0-9]{1,2})$"
    parts = pl.DataFrame({"part": figures.str.extract_groups(pattern), "cells": counted["cells"]}).unnest("part")
    fits = parts.drop_nulls("a").select(*_fits(), "cells")
    dmy, mdy, ymd = pl.col("dmy"), pl.col("mdy"), pl.col("ymd")
    many = dmy.cast(pl.Int8) + mdy.cast(pl.Int8) + ymd.cast(pl.Int8)
    rules = {
        "day_first": dmy & (many == 1),
        "month_first": mdy & (many == 1),
        "year_first": ymd & (many == 1),
        "ambiguous": many > 1,
        "fits_dmy": dmy,
        "fits_mdy": mdy,
        "fits_ymd": ymd,
    }
    counts = fits.select(pl.col("cells").filter(rule).sum().alias(name) for name, rule in rules.items())
    return Evidence(**{name: int(count) for name, count in counts.row(0, named=True).items()})


def decide(found: Evidence) -> DateOrder | None:
    """The one order in which the column's cells are days; null where there is none or more than one.

    Up to one cell in a hundred may be a slip: an order is possible when it fits 99 % of the cells, and decided when it
    is the only possible one. So evidence for both orders decides nothing, unless one side is that small; and a single
    25/05/2025 among a thousand cells that fit both decides nothing either.
    """
    fits = {DateOrder.YMD: found.fits_ymd, DateOrder.DMY: found.fits_dmy, DateOrder.MDY: found.fits_mdy}
    possible = [order for order, count in fits.items() if count and found.cells - count <= _SLIPS * found.cells]
    return possible[0] if len(possible) == 1 else None


def _fits() -> list[pl.Expr]:
    first, second, third = (pl.col(name).cast(pl.Int32) for name in "abc")
    long, short = pl.col("a").str.len_chars(), pl.col("c").str.len_chars()

    def is_day(part: pl.Expr) -> pl.Expr:
        return part.is_between(1, 31)

    def is_month(part: pl.Expr) -> pl.Expr:
        return part.is_between(1, 12)

    return [
        (is_day(first) & is_month(second) & (short > 1)).alias("dmy"),
        (is_month(first) & is_day(second) & (short > 1)).alias("mdy"),
        ((long == 2) & is_month(second) & is_day(third) & (short < 4)).alias("ymd"),
    ]
