"""Moments in UTC, from the ways people and systems write them, with the zone of their source.

Belongs here: from a cell to its moment, and why a cell has none. Does not belong here: the day in it (`days`), reading
the clock (`clocks`).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from crm_pipeline.standardise.calendar import date_shapes, days
from crm_pipeline.standardise.calendar.date_order import DateOrder
from crm_pipeline.standardise.reasons import Reason

REASONS = days.REASONS | {
    "clock": Reason("a time of day that no clock shows, such as 25:00", "不存在的时刻，如 25:00"),
    "zone": Reason(
        "a time zone's abbreviation with several meanings, or an impossible offset: write it as +08:00",
        "含义不唯一的时区缩写或不可能的时差：请写成 +08:00",
    ),
    "gap": Reason("a local time that the clocks leap over", "因调整时钟而不存在的当地时间"),
    "range": Reason("a moment outside the years 1 to 9999", "不在公元 1 年至 9999 年之内的时间"),
}
_CLOCK = "日?[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,6})?)?"


def read(
    values: pl.Series, zone: str, order: DateOrder | None, today: date, *, has_counts: bool = True
) -> pl.DataFrame:
    """The moment of each cell in UTC, or why there is none: `value` (Datetime, no zone) and `reason`, row for row.

    A time without an offset is taken in `zone`, the earlier one where the clock shows it twice; a date as its first
    moment there; a time that the clocks leap over has none. An abbreviation other than UTC and GMT is never guessed.

    Args:
        values: text as delivered.
        zone: IANA name of the source's zone.
        order: as in `dates.read`.
        today: as in `dates.read`.
        has_counts: as in `dates.read`.
    """
    return _moments(values, zone, order, today, has_counts=has_counts)


def clean_timestamp(value: pl.Expr, zone: str) -> pl.Expr:
    """UTC without a zone, in any form that is a moment whatever the column and the year of its delivery; see `read`.

    Null where an order or today's date is needed, and for numbers other than 20250305.
    """
    return value.map_batches(
        lambda batch: _moments(batch, zone, None, None)["value"].alias(batch.name),
        return_dtype=pl.Datetime("us"),
        is_elementwise=True,
    )


def day_of(moment: pl.Expr, zone: str) -> pl.Expr:
    """The calendar date in `zone` of a time in UTC without a zone; UTC's where that date lies in no year 1 to 9999."""
    local = moment.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    return pl.when(local.dt.year().is_between(1, 9999)).then(local).otherwise(moment.dt.date())


def _moments(
    values: pl.Series, zone: str, order: DateOrder | None, today: date | None, *, has_counts: bool = True
) -> pl.DataFrame:
    cells = values.alias("cell").to_frame()
    local = cells.select(_plain(pl.col("cell"))).to_series()
    is_rest = local.is_null() & values.is_not_null()
    plain = pl.DataFrame({"cell": values, "local": local}).select(
        "cell", "local", pl.lit(True).alias("has_time"), pl.lit(None, pl.Int64).alias("offset"),
        pl.lit(None, pl.Datetime("us")).alias("instant"), pl.lit(None, pl.String).alias("reason"),
    )  # fmt: skip
    if not is_rest.any():
        return _in_zone(plain, zone)
    rest = cells.filter(is_rest)
    apart = _apart(rest["cell"].unique(maintain_order=True), order, today, has_counts=has_counts)
    rows = plain.with_row_index("row")
    known = rest.with_columns(rows.filter(is_rest)["row"]).join(apart, on="cell", how="left", maintain_order="left")
    every = pl.concat([rows.filter(~is_rest), known.select(rows.columns)]).sort("row").drop("row")
    return _in_zone(every, zone)


def _plain(cell: pl.Expr) -> pl.Expr:
    """The local time of a day in figures, year first, with a clock behind it: most cells of most systems."""
    day = date_shapes.simple(cell, _CLOCK)
    clock = cell.str.extract(r"[T ](.+)$", 1).str.replace("^([0-9]+:[0-9]+)$", "${1}:00")
    return (day + " " + clock).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")


def _apart(cells: pl.Series, order: DateOrder | None, today: date | None, *, has_counts: bool) -> pl.DataFrame:
    """The day and clock of distinct cells that are not plain, as local time; bare days need no taking apart either."""
    frame = cells.alias("cell").to_frame()
    day = date_shapes.simple(pl.col("cell")).str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")
    bare = frame.select("cell", day.alias("local")).drop_nulls("local").with_columns(
        pl.lit(value=False).alias("has_time"), pl.lit(None, pl.Int64).alias("offset"),
        pl.lit(None, pl.Datetime("us")).alias("instant"), pl.lit(None, pl.String).alias("reason"),
    )  # fmt: skip
    others = frame.join(bare, on="cell", how="anti", maintain_order="left")["cell"]
    return pl.concat([bare, _taken_apart(others, order, today, has_counts=has_counts)]) if others.len() else bare


def _taken_apart(cells: pl.Series, order: DateOrder | None, today: date | None, *, has_counts: bool) -> pl.DataFrame:
    apart = days.take_apart(cells, order, today, has_counts=has_counts)
    midnight = pl.col("value").cast(pl.Datetime("us"))
    has_time = pl.col("micros").is_not_null()
    local = midnight + pl.duration(microseconds=pl.col("micros").fill_null(0))
    reason = pl.coalesce("reason", "flaw")
    return apart.select(
        cells.alias("cell"),
        pl.when(reason.is_null()).then(local).alias("local"),
        has_time.alias("has_time"),
        "offset",
        pl.when(reason.is_null()).then("instant").alias("instant"),
        reason.alias("reason"),
    ).select("cell", "local", "has_time", "offset", "instant", "reason")


def _in_zone(known: pl.DataFrame, zone: str) -> pl.DataFrame:
    """`value` and `reason` of local times."""
    local, offset = pl.col("local"), pl.col("offset")
    by_offset = local - pl.duration(minutes=offset)
    by_zone = pl.when(offset.is_null()).then(_in_utc(local, zone)).otherwise(by_offset)
    utc = known.select(pl.coalesce("instant", by_zone).alias("value")).to_series()
    leapt = utc.is_null() & known["local"].is_not_null() & ~known["has_time"]
    if leapt.any():
        utc = utc.scatter(leapt.arg_true(), known.filter(leapt).select(_morning(local, zone)).to_series())
    value = pl.col("value")
    is_outside = ~value.dt.year().is_between(1, 9999)
    return known.with_columns(utc.alias("value")).select(
        pl.when(~is_outside).then(value).alias("value"),
        pl.when(pl.col("reason").is_not_null()).then("reason")
        .when(is_outside).then(pl.lit("range"))
        .when(value.is_null() & local.is_not_null()).then(pl.lit("gap")).alias("reason"),
    )  # fmt: skip


def _in_utc(local: pl.Expr, zone: str) -> pl.Expr:
    zoned = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _morning(midnight: pl.Expr, zone: str) -> pl.Expr:
    """The first quarter of an hour that exists on days whose midnight does not; null if the whole morning is left out.

    Clocks are put forward by quarters of an hour, by three hours at most, or by a whole day.
    """
    quarters = [_in_utc(midnight + pl.duration(minutes=15 * n), zone) for n in range(1, 13)]
    return pl.coalesce(quarters)
