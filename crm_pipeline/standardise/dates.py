"""Dates and times in the ways systems write them, without guessing which of day and month comes first."""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise import texts

# 2025/03/05, 2025.03.05, 20250305 and 2025年3月5日, each to be written with hyphens.
_SHAPES = (
    r"^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})$",
    r"^([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})$",
    r"^([0-9]{4})([0-9]{2})([0-9]{2})$",
    r"^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日$",
)
_DAY = r"^((?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{1,2}-[0-9]{1,2})$"  # there is no year 0
_TIME = r"[T ]([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)"
_OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])"  # ISO 8601; the earth's zones end at +14:00


def clean_date(value: pl.Expr) -> pl.Expr:
    """The calendar date; a time behind it is left out; null when there is no such day."""
    return _date_of(_plain(value))


def clean_timestamp(value: pl.Expr, zone: str) -> pl.Expr:
    """UTC without a zone; a time without an offset is taken in `zone`, a date as its first moment there.

    Null for a local time that the clock leaps over, and for a date that it leaps over as a whole.
    """
    return _plain(value).map_batches(lambda batch: _timestamps(batch, zone), return_dtype=pl.Datetime("us"))


def day_of(moment: pl.Expr, zone: str) -> pl.Expr:
    """The calendar date in `zone` of a time in UTC without a zone; UTC's where that date lies in no year 1 to 9999."""
    local = moment.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
    return pl.when(local.dt.year().is_between(1, 9999)).then(local).otherwise(moment.dt.date())


def _timestamps(batch: pl.Series, zone: str) -> pl.Series:
    """The same in steps, each computed once."""
    text, local, offset = pl.col("text"), pl.col("local"), pl.col("offset")
    time = text.str.extract(_TIME, 1).str.replace("^([0-9]+:[0-9]+)$", "${1}:00").fill_null("00:00:00")
    moment = _date_of(text).dt.to_string("%Y-%m-%d") + "T" + time
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    minutes = sign * (offset.str.slice(1, 2).cast(pl.Int64) * 60 + offset.str.slice(3, 2).cast(pl.Int64))
    steps = pl.DataFrame({"text": batch}).select(
        moment.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us").alias("local"),
        text.str.extract(_TIME + "(" + _OFFSET + ")$", 2)
        .str.replace("Z", "+0000")
        .str.replace(":", "")
        .alias("offset"),
        text.str.contains(_TIME).alias("has_time"),
    )
    utc = steps.select(
        pl.when(offset.is_null()).then(_in_utc(local, zone)).otherwise(local - pl.duration(minutes=minutes))
    ).to_series()
    leapt = utc.is_null() & steps["local"].is_not_null() & ~steps["has_time"]
    if leapt.any():
        utc = utc.scatter(leapt.arg_true(), steps.filter(leapt).select(_morning(local, zone)).to_series())
    return utc.set(~utc.dt.year().is_between(1, 9999), None).alias(batch.name)


def _in_utc(local: pl.Expr, zone: str) -> pl.Expr:
    zoned = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _morning(midnight: pl.Expr, zone: str) -> pl.Expr:
    """The first quarter of an hour that exists on days whose midnight does not; null if the whole morning is left out.

    Clocks are put forward by quarters of an hour, by three hours at most, or by a whole day.
    """
    quarters = [_in_utc(midnight + pl.duration(minutes=15 * n), zone) for n in range(1, 13)]
    return pl.coalesce(quarters)


def _plain(value: pl.Expr) -> pl.Expr:
    """Clean text with full-width digits and signs in their plain form."""
    return texts.clean(value).str.normalize("NFKC")


def _date_of(text: pl.Expr) -> pl.Expr:
    day = text.str.replace(_TIME + _OFFSET + "?$", "")
    return day.map_batches(_each_day_once, return_dtype=pl.Date())


def _each_day_once(batch: pl.Series) -> pl.Series:
    """The dates of days as text, of which a column has few."""
    days = pl.DataFrame({"text": batch})
    day = pl.col("text")
    for shape in _SHAPES:
        day = day.str.replace(shape, "${1}-${2}-${3}")
    read = day.str.extract(_DAY, 1).str.to_date("%Y-%m-%d", strict=False)
    dates = days.unique().with_columns(read.alias("date"))
    return days.join(dates, on="text", how="left", maintain_order="left")["date"].alias(batch.name)
