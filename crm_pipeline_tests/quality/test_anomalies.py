"""The band of the newest figure, on hand-written series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl
import pytest

from crm_pipeline.quality.anomalies import FIGURES, LEAST_HISTORY, SERIES, judge_figures

MONDAY = date(2026, 1, 5)
NOTHING = pl.DataFrame(
    schema={**dict.fromkeys(SERIES, pl.String()), "business_date": pl.Date(), "sequence": pl.Int32()}
)


def series(values: Sequence[float], *, metric: str = "volume", floor: float = 1.0, column: str = "") -> pl.DataFrame:
    """One figure of daily deliveries, oldest first."""
    rows = [
        ("crm", "x", "customers", column, metric, MONDAY + timedelta(days=day), 1, len(values) - 1 - day, value, floor)
        for day, value in enumerate(values)
    ]
    return pl.DataFrame(rows, schema=FIGURES, orient="row")


def verdicts(*figures: pl.DataFrame, accepted: pl.DataFrame = NOTHING) -> list[bool]:
    """Whether the newest figure of each series is an anomaly, by series; those not judged are left out."""
    return judge_figures(pl.concat(figures), accepted)["is_anomaly"].to_list()


def test_the_band_is_median_and_mad() -> None:
    """Low and high are the median ± 4 · (1 + 6 / n) · 1.4826 · MAD of the history, here of ten figures."""
    [row] = judge_figures(series([*range(1, 11), 100], floor=0.001), NOTHING).to_dicts()
    reach = 4 * (1 + 6 / 10) * 1.4826 * 2.5
    assert (row["median"], row["history_count"], row["is_anomaly"]) == (5.5, 10, True)
    assert (row["low"], row["high"]) == pytest.approx((5.5 - reach, 5.5 + reach))


@pytest.mark.parametrize(("newest", "is_anomaly"), [(100.0, False), (104.0, False), (107.0, True), (93.0, True)])
def test_a_history_that_never_moved_has_a_floor(newest: float, is_anomaly: bool) -> None:
    """With MAD 0 the floor stands for σ: with 24 figures, five of it are the edge."""
    assert verdicts(series([100.0] * 24 + [newest])) == [is_anomaly]


def test_an_outlier_in_the_history_does_not_hide_the_next() -> None:
    """Past anomalies widen the band hardly at all."""
    assert verdicts(series([100.0] * 20 + [9000.0, 1.0] + [9000.0])) == [True]


def test_a_short_history_is_not_judged() -> None:
    """Below seven deliveries there is no verdict, with seven there is."""
    assert verdicts(series([100.0] * (LEAST_HISTORY - 1) + [1.0])) == []
    assert verdicts(series([100.0] * LEAST_HISTORY + [1.0])) == [True]


def test_weekends_are_as_weekends_are() -> None:
    """A Sunday with a fifth of the rows is usual where Sundays are so, and a Monday with so few is not."""
    weeks = [1000, 1010, 990, 1000, 1005, 200, 205] * 5
    assert verdicts(series([*weeks[:-1], 202.0], floor=50)) == [False]
    assert verdicts(series([*weeks, 200.0], floor=50)) == [True]


def test_waiting_as_long_as_twice_before_is_usual() -> None:
    """A wait is an anomaly where it is longer than the second longest of the history."""
    waits = [1.0, 1, 1, 1, 3, 1, 1, 1, 1, 3, 1]
    assert verdicts(series([*waits, 3.0], metric="days_since_delivery", floor=0.3)) == [False]
    assert verdicts(series([*waits, 4.0], metric="days_since_delivery", floor=0.3)) == [True]


def test_any_change_of_the_schema_is_told() -> None:
    """A changed column is an anomaly without a history, and no change is none."""
    assert verdicts(series([0.0, 2.0], metric="schema")) == [True]
    assert verdicts(series([2.0, 0.0], metric="schema")) == [False]


def test_different_values_are_judged_by_share_and_count() -> None:
    """A share that falls since there are more rows of known values is usual; one default in place of all is not."""
    falling = series([0.10] * 10 + [0.02], metric="distinct_share", floor=0.01, column="a")
    same, one = ([50.0] * 10 + [newest] for newest in (50.0, 1.0))
    assert verdicts(falling, series(same, metric="distinct_count", floor=2.5, column="a")) == [False]
    assert verdicts(falling, series(one, metric="distinct_count", floor=2.5, column="a")) == [True]


def test_what_was_accepted_counts_anew() -> None:
    """The accepted delivery is not judged, seven later ones are its history, and a return to the old is an anomaly."""
    accepted = pl.DataFrame(
        [("crm", "x", "", "volume", MONDAY + timedelta(days=10), 1)], schema=NOTHING.schema, orient="row"
    )
    old, new = [100.0] * 10, [500.0] * 7
    assert verdicts(series([*old, 500.0]), accepted=NOTHING) == [True]
    assert verdicts(series([*old, 500.0]), accepted=accepted) == []
    assert verdicts(series([*old, *new[:6], 500.0]), accepted=accepted) == []
    assert verdicts(series([*old, *new, 500.0]), accepted=accepted) == [False]
    assert verdicts(series([*old, *new, 100.0]), accepted=accepted) == [True]


def test_nothing_is_judged_of_nothing() -> None:
    """No figures, no verdicts."""
    assert judge_figures(pl.DataFrame(schema=FIGURES), NOTHING).is_empty()
