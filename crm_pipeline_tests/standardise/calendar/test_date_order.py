"""Claims on the order of day and month in a column."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.calendar import dates
from crm_pipeline.standardise.calendar.date_order import DateOrder, Evidence, decide, evidence


def found(*cells: str | None) -> Evidence:
    return evidence(pl.Series(cells, dtype=pl.String))


def test_counts() -> None:
    """Cells are counted by what they allow, each as often as it stands there; times and other forms do not matter."""
    cells = (
        "25/05/2025",
        "25/05/2025 10:30",
        "05/25/2025",
        "03/05/2025",
        "99-12-31",
        "2025-03-05",
        "5 May 2025",
        None,
        "x",
    )
    assert found(*cells) == Evidence(
        day_first=2, month_first=1, year_first=1, ambiguous=1, fits_dmy=3, fits_mdy=2, fits_ymd=1
    )
    assert found() == Evidence()


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["25/05/2025", "03/05/2025"], DateOrder.DMY),
        (["05/25/2025", "03/05/2025"], DateOrder.MDY),
        (["25-03-05", "99-12-31"], DateOrder.YMD),
        (["25-3-5"], DateOrder.YMD),
        (["03/05/2025", "04/05/2025"], None),
        (["25/05/2025", "05/25/2025"], None),
        (["2025-03-05", "昨天"], None),
        (["25/05/2025"] * 60 + ["03/05/2025"] * 39 + ["05/25/2025"], DateOrder.DMY),
        (["25/05/2025"] * 60 + ["03/05/2025"] * 38 + ["05/25/2025"] * 2, None),
        (["25/05/2025"] + ["03/05/2025"] * 99, None),
    ],
)
def test_decision(cells: list[str], order: DateOrder | None) -> None:
    """An order is decided when it alone fits all cells but one in a hundred."""
    assert decide(found(*cells)) == order


def test_words() -> None:
    """The line says the counts and the decision, or the setting that decides, in both languages."""
    assert "read as dmy" in found("25/05/2025").text
    assert "按 dmy 读取" in found("25/05/2025").text_zh
    assert "date_order" in found("03/05/2025").text
    assert "date_order" in found("03/05/2025").text_zh


@given(
    st.lists(st.dates(date(1950, 1, 1), date(2030, 1, 1)), min_size=40, max_size=60),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]),
)
@settings(max_examples=20, deadline=None)
def test_columns_written_in_one_order(days: list[date], form: str) -> None:
    """A column written in one order is read as written, or is left undecided; never as another day."""
    cells = pl.Series([day.strftime(form) for day in days])
    order = decide(evidence(cells))
    read = dates.read(cells, order, date(2026, 1, 1))["value"].to_list()
    assert all(value in (None, day) for value, day in zip(read, days, strict=True))
    if order:
        assert read == days
