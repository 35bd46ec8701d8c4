"""Figures that are not what they usually are: the newest of each series against a robust band of those before it.

The band is median ± k · σ, σ = 1.4826 · MAD, the median absolute deviation made comparable with a standard deviation
(Rousseeuw and Croux 1993). Past anomalies in the history hardly move either, since half of it would have to be bad.

k is 4 · (1 + 6 / n) of a history of n figures: 4.8 of 30, 7.4 of 7. Iglewicz and Hoaglin (1993) take 3.5 for one
figure; here a hundred figures of an extract are judged each night, and σ out of few figures is itself uncertain: of
normal noise 3.5 finds 0.6 % with a history of 30 and 6.8 % with one of 7, this k 0.06 % and 1.1 %. σ has a floor, given
with each figure: what sampling alone makes, and the least that is worth a look; so a history that never moved (MAD 0)
does not make an anomaly of any movement.

Belongs here: the band and the verdict, on frames alone. Does not belong here: where figures come from, or what happens
to anomalies (`steps.watching`).
"""

from __future__ import annotations

import polars as pl

LONGEST_HISTORY = 30  # deliveries; a month of a daily one
LEAST_HISTORY = 7  # a week of a daily one: below it a weekend can't be told from an outage
LEAST_OF_WEEKDAY = 4  # of the last 30 deliveries of a daily extract, each weekday has four
_MAD_TO_SIGMA = 1.4826
_MULTIPLIER, _OF_FEW = 4.0, 6.0

SERIES = ("source", "extract", "column_name", "metric")
FIGURES = {
    "source": pl.String(),
    "extract": pl.String(),
    "entity": pl.String(),
    "column_name": pl.String(),
    "metric": pl.String(),
    "business_date": pl.Date(),
    "sequence": pl.Int32(),
    "position": pl.Int64(),
    "measured": pl.Float64(),
    "floor": pl.Float64(),
}
ONE_SIDED = ("days_since_delivery", "days_since_change", "shares", "schema")  # nothing can be too little


def judge_figures(figures: pl.DataFrame, accepted: pl.DataFrame) -> pl.DataFrame:
    """The newest figure of each series with its band: one row per series that has a long enough history.

    A figure that is outside of the band is none the less as usual where it is inside the band of its own weekday, if
    four deliveries of that weekday or more are in the history; and days of waiting are, where the history has two waits
    at least as long. A number of different values is unusual only where both its share and its count are.

    Args:
        figures: columns of `FIGURES`; `position` 0 is the newest, 1 the one before; `floor` the least σ, above 0.
        accepted: the columns of `SERIES`, with `business_date` and `sequence` of the delivery from which on a series
            counts, that one included; a series once at most.

    Returns:
        Columns of `FIGURES` without position and floor, then median, low (null where nothing is too little), high,
        history_count and is_anomaly, by series.
    """
    since = accepted.rename({"business_date": "since_date", "sequence": "since_sequence"})
    known = figures.join(since, on=SERIES, how="left", nulls_equal=True).filter(
        pl.col("since_date").is_null()
        | (pl.col("position") == 0)
        | (pl.col("business_date") > pl.col("since_date"))
        | ((pl.col("business_date") == pl.col("since_date")) & (pl.col("sequence") >= pl.col("since_sequence")))
    )
    # The delivery that was accepted begins a history; it is not judged by the one before it.
    is_accepted = (pl.col("business_date") == pl.col("since_date")) & (pl.col("sequence") == pl.col("since_sequence"))
    newest = known.filter(pl.col("position") == 0, ~is_accepted.fill_null(value=False))
    history = known.filter(pl.col("position").is_between(1, LONGEST_HISTORY))
    judged = newest.join(_bands(history), on=SERIES).join(_weekday_bands(newest, history), on=SERIES, how="left")
    enough = (pl.col("history_count") >= LEAST_HISTORY) | (pl.col("metric") == "schema")
    verdicts = (
        judged.filter(enough).with_columns(_limits("")).with_columns(_limits("weekday_")).with_columns(_verdict())
    )
    return _without_lone_shares(verdicts).select(
        *(name for name in FIGURES if name not in {"position", "floor"}),
        *("median", "low", "high", "history_count", "is_anomaly"),
    ).sort(SERIES)  # fmt: skip


def _bands(history: pl.DataFrame) -> pl.DataFrame:
    """Of each series the median, σ before its floor, the floor, how many, and the second largest figure."""
    measured = pl.col("measured")
    return history.group_by(SERIES).agg(
        measured.median().alias("median"),
        (_MAD_TO_SIGMA * (measured - measured.median()).abs().median()).alias("sigma"),
        pl.col("floor").median().alias("history_floor"),
        pl.len().cast(pl.Int64).alias("history_count"),
        measured.sort(descending=True).get(1, null_on_oob=True).alias("second_largest"),
    )


def _weekday_bands(newest: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """The same over the deliveries of the weekday of the newest one, where there are enough."""
    weekday = newest.select(*SERIES, pl.col("business_date").dt.weekday().alias("weekday"))
    alike = history.join(weekday, on=SERIES).filter(pl.col("business_date").dt.weekday() == pl.col("weekday"))
    bands = _bands(alike).filter(pl.col("history_count") >= LEAST_OF_WEEKDAY)
    return bands.select(*SERIES, pl.exclude(SERIES).name.prefix("weekday_"))


def _limits(prefix: str) -> list[pl.Expr]:
    """The ends of a band; null where there is none."""
    sigma = pl.max_horizontal(f"{prefix}sigma", f"{prefix}history_floor", "floor")
    reach = _MULTIPLIER * (1 + _OF_FEW / pl.col("history_count")) * sigma  # four of a weekday only let pass
    reach = pl.when(pl.col(f"{prefix}median").is_not_null()).then(reach)
    high = pl.col(f"{prefix}median") + reach
    waited = pl.col("metric").is_in(["days_since_delivery", "days_since_change"])
    high = pl.when(waited).then(pl.max_horizontal(high, f"{prefix}second_largest")).otherwise(high)
    high = pl.when(pl.col("metric") == "schema").then(0.0).otherwise(high)
    low = pl.when(~pl.col("metric").is_in(ONE_SIDED)).then(pl.col(f"{prefix}median") - reach)
    return [low.alias(f"{prefix}low"), high.alias(f"{prefix}high")]


def _verdict() -> pl.Expr:
    """Whether the figure is out of both bands; a changed schema always is."""
    measured = pl.col("measured")
    is_out = (measured < pl.col("low")).fill_null(value=False) | (measured > pl.col("high"))
    is_usual_that_day = (measured <= pl.col("weekday_high")) & (measured >= pl.col("weekday_low")).fill_null(value=True)
    is_schema = pl.col("metric") == "schema"
    verdict = pl.when(is_schema).then(measured > 0).otherwise(is_out & ~is_usual_that_day.fill_null(value=False))
    return verdict.alias("is_anomaly")


def _without_lone_shares(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Shares of different values judged together with their counts, which are not shown by themselves.

    More rows of known values lower the share and not the count; more rows of keys raise the count and not the share.
    """
    is_count = pl.col("metric") == "distinct_count"
    usual = verdicts.filter(is_count, ~pl.col("is_anomaly")).select(
        "source",
        "extract",
        "column_name",
        pl.lit("distinct_share").alias("metric"),
        pl.lit(value=True).alias("is_lone"),
    )
    joined = verdicts.filter(~is_count).join(usual, on=SERIES, how="left")
    return joined.with_columns(pl.col("is_anomaly") & pl.col("is_lone").is_null())
