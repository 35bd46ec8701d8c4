"""The figures that are watched, out of loads and profiles: what is measured, and the least change worth a look.

Belongs here: each figure's value and the floor of its σ. Does not belong here: bands and verdicts
(`quality.anomalies`).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from crm_pipeline.quality.anomalies import FIGURES, LONGEST_HISTORY
from crm_pipeline.tables.watching import WHOLE

_LEAST_RECORDS = 20  # of fewer, one record more or less is a twentieth
_DELIVERY = ("source", "extract", "entity", "business_date", "sequence", "position")
_COLUMN = (*_DELIVERY, "column_name")

# Floors of σ. Times the multiplier of 30 figures, 4.8, they are the least change that can be an anomaly.
_VOLUME = 0.05  # of the rows: 24 %
_SHARE = 0.01  # of all cells: 5 of 100
_COUNT = 0.05  # of the different values: 24 %
_MEDIAN = 0.02  # of the figure: 10 %
_WAIT_DAYS = 0.3  # 1.4 days: the second day without a daily delivery
_AGE_DAYS = 1.0  # 5 days
_MOVED = 0.01  # of all values: 5 of 100 in other categories
_STATISTIC = 0.4  # standard error of a median, in units of the range between its outer twentieths: 1.25 σ / 3.3 σ
_CATEGORIES = 0.2  # of √(categories / records): about half of what sampling moves


def figures_of(loads: pl.DataFrame, profiles: pl.DataFrame, today: date) -> pl.DataFrame:
    """All figures of the newest delivery of each extract and of the 30 before: columns of `quality.anomalies.FIGURES`.

    Args:
        loads: `ops.loads`.
        profiles: `state.profiles`.
        today: to which days since the newest delivery are counted.
    """
    order = pl.struct("business_date", "sequence")
    placed = loads.with_columns(
        (order.rank("dense", descending=True).over("source", "extract") - 1).cast(pl.Int64).alias("position")
    ).filter(pl.col("position") <= LONGEST_HISTORY)
    seen = profiles.join(
        placed.select("source", "extract", "business_date", "sequence", "position"),
        on=["source", "extract", "business_date", "sequence"],
    )
    columns = seen.filter(pl.col("column_name") != WHOLE, pl.col("record_count") >= _LEAST_RECORDS)
    parts = [*_of_deliveries(placed, today), *_of_columns(columns), _of_categories(columns)]
    return pl.concat([pl.DataFrame(schema=FIGURES), *(_shaped(part) for part in parts)])


def _shaped(part: pl.DataFrame) -> pl.DataFrame:
    """A part as figures; those that can't be measured are left out."""
    if "column_name" not in part.columns:
        part = part.with_columns(pl.lit("").alias("column_name"))
    return part.select(pl.col(name).cast(kind) for name, kind in FIGURES.items()).drop_nulls("measured")


def _of_deliveries(loads: pl.DataFrame, today: date) -> list[pl.DataFrame]:
    """Rows, waiting and schema of each delivery; the wait of the newest is until today."""
    ordered = loads.sort("source", "extract", "position", descending=[False, False, True])
    day, rows = pl.col("business_date"), pl.col("delivered_count")
    gap = (day - day.shift(1).over("source", "extract")).dt.total_days()
    waited = pl.when(pl.col("position") == 0).then((pl.lit(today) - day).dt.total_days()).otherwise(None)
    is_new_day = gap > 0  # a second delivery of a day says nothing of waiting
    waits = ordered.with_columns(gap.alias("gap"))
    # The wait for the newest delivery is history too: it has come.
    history = waits.filter(is_new_day.alias("gap")).with_columns(
        pl.col("gap").alias("measured"), (pl.col("position") + 1).alias("position")
    )
    newest = ordered.with_columns(waited.alias("measured")).filter(pl.col("position") == 0)
    age = (day - pl.col("last_updated_at").dt.date()).dt.total_days()
    return [
        _named(ordered, "volume", rows, pl.max_horizontal(_VOLUME * rows, 1.0)),
        _named(
            pl.concat([history.select(newest.columns), newest]), "days_since_delivery", pl.col("measured"), _WAIT_DAYS
        ),
        _named(ordered, "days_since_change", age, _AGE_DAYS),
        _named(ordered, "schema", pl.col("schema_changes").list.len(), 1.0),
    ]


def _named(frame: pl.DataFrame, metric: str, measured: pl.Expr, floor: pl.Expr | float) -> pl.DataFrame:
    expression = floor if isinstance(floor, pl.Expr) else pl.lit(floor)
    return frame.with_columns(pl.lit(metric).alias("metric"), measured.alias("measured"), expression.alias("floor"))


def _of_columns(columns: pl.DataFrame) -> list[pl.DataFrame]:
    """Shares of nulls and of different values, and the median, of each column of each delivery."""
    records, filled, seen = pl.col("record_count"), pl.col("filled_count"), pl.col("looked_at_count")
    nulls, different = 1 - filled / records, pl.col("distinct_count") / seen
    median = pl.col("median")
    enough = columns.filter(seen >= _LEAST_RECORDS)
    spread = _STATISTIC * (pl.col("high") - pl.col("low")) / seen.sqrt()
    return [
        _named(columns, "null_share", nulls, _share_floor(nulls, records)),
        _named(enough, "distinct_share", different, _share_floor(different, seen)),
        _named(
            enough,
            "distinct_count",
            pl.col("distinct_count"),
            pl.max_horizontal(_COUNT * pl.col("distinct_count"), 1.0),
        ),
        _named(enough, "median", median, pl.max_horizontal(_MEDIAN * median.abs(), spread, 1e-9)),
    ]


def _share_floor(share: pl.Expr, rows: pl.Expr) -> pl.Expr:
    """The standard error of a share among so many rows, at least a hundredth."""
    inner = share.clip(0, 1)
    return pl.max_horizontal(pl.lit(_SHARE), (inner * (1 - inner) / rows).sqrt())


def _of_categories(columns: pl.DataFrame) -> pl.DataFrame:
    """How far the values of a column are from where they usually are: half the sum of differences of shares, 0 to 1.

    Usual is the median share of each category over the deliveries before the newest.
    """
    told = columns.filter(pl.col("shares").list.len() > 0).select(*_COLUMN, "looked_at_count", "shares")
    series = ["source", "extract", "column_name"]
    long = told.explode("shares").unnest("shares")
    categories = long.select(*series, "category").unique()
    whole = told.drop("shares").join(categories, on=series)  # a category that a delivery lacks has the share 0
    shares = whole.join(
        long.select(*_COLUMN, "category", "share"), on=[*_COLUMN, "category"], how="left", nulls_equal=True
    ).with_columns(pl.col("share").fill_null(0))
    usual = (
        shares.filter(pl.col("position") > 0).group_by(*series, "category").agg(pl.col("share").median().alias("usual"))
    )
    moved = shares.join(usual, on=[*series, "category"], how="left", nulls_equal=True).with_columns(
        pl.col("usual").fill_null(0)
    )
    sums = moved.group_by(*_COLUMN, "looked_at_count").agg(
        (0.5 * (pl.col("share") - pl.col("usual")).abs().sum()).alias("moved"), pl.len().alias("category_count")
    )
    floor = _MOVED + _CATEGORIES * (pl.col("category_count") / pl.col("looked_at_count")).sqrt()
    return _named(sums, "shares", pl.col("moved"), floor)
