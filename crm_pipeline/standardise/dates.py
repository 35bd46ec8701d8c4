"""Dates and times in the ways systems write them, without guessing which of day and month comes first."""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise import texts

_SHAPES = (
    (r"^\d{4}-\d{1,2}-\d{1,2}$", "%Y-%m-%d"),
    (r"^\d{4}/\d{1,2}/\d{1,2}$", "%Y/%m/%d"),
    (r"^\d{4}\.\d{1,2}\.\d{1,2}$", "%Y.%m.%d"),
    (r"^\d{8}$", "%Y%m%d"),
    (r"^\d{4}年\d{1,2}月\d{1,2}日$", "%Y年%m月%d日"),
)
_TIME = r"[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)"
_OFFSET = r"(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)"  # ISO 8601; the earth's zones end at +14:00


def clean_date(value: pl.Expr) -> pl.Expr:
    """The calendar date; a time behind it is left out; null when there is no such day."""
    text = _plain(value).str.replace(_TIME + _OFFSET + "?$", "")
    day = pl.coalesce(
        pl.when(text.str.contains(shape)).then(text.str.to_date(form, strict=False)) for shape, form in _SHAPES
    )
    return pl.when(day.dt.year() > 0).then(day)  # there is no year 0


def clean_timestamp(value: pl.Expr, zone: str) -> pl.Expr:
    """UTC without a zone; a time without an offset is taken in `zone`, a date as its first moment there."""
    text = _plain(value)
    time = text.str.extract(_TIME, 1)
    full = pl.when(time.str.count_matches(":", literal=True) == 1).then(time + ":00").otherwise(time)
    day = clean_date(text)
    moment = day.dt.to_string("%Y-%m-%d") + "T" + full.fill_null("00:00:00")
    local = moment.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    offset = text.str.extract("(" + _OFFSET + ")$").str.replace("Z", "+00:00", literal=True).str.replace(":", "")
    minutes = offset.str.slice(1, 2).cast(pl.Int64) * 60 + offset.str.slice(3, 2).cast(pl.Int64)
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    by_offset = local - pl.duration(minutes=sign * minutes)
    by_zone = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    in_utc = by_zone.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    has_offset = time.is_not_null() & offset.is_not_null()
    moment_utc = pl.when(has_offset).then(by_offset).otherwise(in_utc)
    return pl.when(moment_utc.dt.year().is_between(1, 9999)).then(moment_utc)


def _plain(value: pl.Expr) -> pl.Expr:
    """Clean text with full-width digits and signs in their plain form."""
    return texts.clean(value).str.normalize("NFKC")
