"""Calendar dates in the ways people and systems write them, without guessing which of day and month comes first.

Belongs here: from a column to its days, and why a cell has none. Does not belong here: which order a column has
(`date_order`), the parts of one cell (`days`), moments (`times`), whether a date makes sense (suites).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from crm_pipeline.standardise.calendar import date_shapes, days
from crm_pipeline.standardise.calendar.date_order import DateOrder
from crm_pipeline.standardise.calendar.times import clean_timestamp, day_of

__all__ = ["REASONS", "clean_date", "clean_timestamp", "day_of", "read"]

REASONS = days.REASONS
_CLOCK = r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"


def read(
    values: pl.Series, order: DateOrder | None, today: date, *, zone: str = "UTC", has_counts: bool = True
) -> pl.DataFrame:
    """The day of each cell, or why there is none: `value` (Date) and `reason` (a code of `REASONS`), row for row.

    A time behind or before the day is left out, an offset too: the day is that of the clock that wrote it. Weekdays
    are left out and not compared.

    Args:
        values: text as delivered.
        order: of the column's dates in figures whose year does not stand first with four of them; None if not known:
            such cells are then `ambiguous`.
        today: of the delivery; years of two figures are at most five years later.
        has_counts: whether numbers may be a worksheet's serial days, or Unix seconds and milliseconds.
        zone: an IANA name; where Unix seconds and milliseconds are taken to their day.
    """
    frame = values.alias("cell").to_frame()
    seen = frame.drop_nulls().unique(maintain_order=True)
    day = date_shapes.simple(pl.col("cell"), _CLOCK).str.to_date("%Y-%m-%d", strict=False)
    read_by_columns = seen.with_columns(day.alias("value"), pl.lit(None, pl.String).alias("reason"))
    rest = read_by_columns.filter(pl.col("value").is_null())["cell"]
    apart = days.take_apart(rest, order, today, has_counts=has_counts).select(
        rest, pl.col("value"), "reason", "instant"
    )
    local = pl.col("instant").dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    apart = apart.with_columns(pl.coalesce("value", local).alias("value")).drop("instant")
    known = pl.concat([read_by_columns.drop_nulls("value"), apart])
    return frame.join(known, on="cell", how="left", maintain_order="left").drop("cell")


def clean_date(value: pl.Expr) -> pl.Expr:
    """The calendar date, in any form that is one whatever the column and the year of its delivery.

    Null where an order or today's date is needed, and for numbers other than 20250305.
    """
    return value.map_batches(
        lambda batch: _certain(batch)["value"].alias(batch.name), return_dtype=pl.Date(), is_elementwise=True
    )


def _certain(cells: pl.Series) -> pl.DataFrame:
    """The same as `take_apart`, without an order and without today, for each cell once."""
    frame = cells.alias("cell").to_frame()
    seen = frame.drop_nulls().unique(maintain_order=True)
    known = pl.concat([seen, days.take_apart(seen["cell"], None, None)], how="horizontal")
    return frame.join(known, on="cell", how="left", maintain_order="left")
