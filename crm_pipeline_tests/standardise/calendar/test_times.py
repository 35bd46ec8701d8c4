"""Claims on moments in UTC."""
# ruff: noqa: DTZ001 - tables hold times in UTC without a zone

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.calendar import times
from crm_pipeline.standardise.calendar.date_order import DateOrder

TODAY = date(2026, 11, 23)
HALF_PAST_SIX = datetime(2025, 3, 5, 6, 30)

SHANGHAI = [
    *("2025-03-05 14:30:00", "2025-03-05 14:30", "2025-03-05T14:30:00", "2025/3/5 14:30", "2025年3月5日14时30分"),
    *("2025年3月5日 下午2点30分", "2025年3月5日下午2点半", "2025年3月5日 14:30", "2025-3-5 下午2:30",
      "2025-03-05 2:30 PM"),
    *("2025-03-05 02:30:00 p.m.", "2025-03-05 PM 2:30", "March 5, 2025 2:30 pm", "2:30 PM, 5 Mar 2025",
      "20250305143000"),
    *("202503051430", "20250305T143000", "2025-03-05 14h30", "5.3.2025 14.30", "2025-03-05T14:30+08:00",
      "45721.6041667"),
    *("2025-03-05 06:30:00Z", "2025-03-05T06:30:00.000Z", "2025-03-05 06:30 UTC", "2025-03-05 14:30 +08"),
    *("2025-03-05 14:30 GMT+8", "2025-03-05 14:30 UTC+08:00", "2025-03-05 01:30:00-0500", "1741156200",
      "1741156200000"),
    *("Wed Mar 05 2025 14:30:00 GMT+0800 (中国标准时间)", "2025-03-05T14:30:00+08:00[Asia/Shanghai]",
      "2025-03-05 14:30:00,000"),
    *("2025년 3월 5일 오후 2시 30분", "Wed, 05 Mar 2025 06:30:00 GMT", "5 mars 2025 à 14h30",
      "Mar 5 06:30:00 UTC 2025"),
]  # fmt: skip
REFUSED = {
    "clock": ["2025-03-05 25:00", "2025-03-05 24:00:01", "2025-03-05 10:60", "2025-03-05 上午 14:30",
    "2025-03-05 晚上12点"],
    "zone": ["2025-03-05 14:30 CST", "2025-03-05 10:00+99:99", "2025-03-05 10:00 EST", "Mar 5 14:30:00 IST 2025"],
    "incomplete": ["14:30", "2:30 PM", "2025-03", "March 2025"],
    "impossible": ["2025-02-30 10:00"],
    "ambiguous": ["03/05/2025 10:00"],
    "placeholder": ["0000-00-00 00:00:00", "1900-01-01 00:00:00", "无"],
    "form": ["yesterday 10:00", "2025-03-05 10:00 and more"],
}  # fmt: skip


def read(
    values: Sequence[str | None], zone: str = "Asia/Shanghai", order: DateOrder | None = None
) -> list[tuple[Any, ...]]:
    return times.read(pl.Series(values, dtype=pl.String), zone, order, TODAY).rows()


def test_ways_of_writing() -> None:
    """Every way of writing half past two in Shanghai is that moment in UTC."""
    tenth = timedelta(milliseconds=10)  # a worksheet's part of a day has seven places
    rows = dict(zip(SHANGHAI, read(SHANGHAI, order=DateOrder.DMY), strict=True))
    assert {text for text, (_, reason) in rows.items() if reason} == set()
    assert {text for text, (value, _) in rows.items() if abs(value - HALF_PAST_SIX) > tenth} == set()


SAME = (
    *(
        "2025-03-05 14:30:05",
        "2025-3-5 14:30:5",
        "20250305 143005",
        "20250305T143005+0800",
        "2025-03-05-14.30.05.000000",
    ),
    *("2025-03-05 14:30:05 +0800 CST", "2025-03-05 14:30:05 北京时间", "2025-03-05 14:30:05.000 Asia/Shanghai"),
    *("05-MAR-25 02.30.05.000000 PM", "20250305T063005Z", "2025年3月5日 下午2点30分5秒", "14:30:05 2025-03-05"),
)


@pytest.mark.parametrize("cell", SAME)
def test_what_systems_write(cell: str) -> None:
    """Databases, programs and people write one moment in many ways."""
    assert read([cell]) == [(datetime(2025, 3, 5, 6, 30, 5), None)]


def test_the_end_of_a_day() -> None:
    """24:00 is the first moment of the next day (ISO 8601), and an hour before a date takes no figure of its year."""
    assert read(["2025-03-05 24:00:00"]) == [(datetime(2025, 3, 5, 16), None)]
    assert read(["凌晨2点 2025-03-05"]) == [(datetime(2025, 3, 4, 18), None)]


@pytest.mark.parametrize("reason", REFUSED)
def test_reasons(reason: str) -> None:
    """What is no moment has no value, and its own reason; an abbreviated zone is never guessed."""
    assert read(REFUSED[reason]) == [(None, reason)] * len(REFUSED[reason])
    assert set(REFUSED) <= set(times.REASONS)


def test_clocks_that_leap() -> None:
    """A time that the clocks leap over is a gap; a day without its midnight begins later."""
    assert read(["2025-03-30 02:30", "2025-10-26 02:30"], "Europe/Berlin") == [
        (None, "gap"), (datetime(2025, 10, 26, 0, 30), None),
    ]  # fmt: skip
    assert read(["2018-11-04"], "America/Sao_Paulo") == [(datetime(2018, 11, 4, 3), None)]
    assert read(["2011-12-30"], "Pacific/Apia") == [(None, "gap")]


def test_order_and_length() -> None:
    """Rows keep their places, cells that are read by columns and others mixed; nothing stays nothing."""
    cells = ["2025-03-05 14:30:00", None, "x", "2025年3月5日14时30分", "", "2025-03-05 14:30:00"]
    assert read(cells) == [
        (HALF_PAST_SIX, None), (None, None), (None, "form"), (HALF_PAST_SIX, None), (None, None),
        (HALF_PAST_SIX, None),
    ]  # fmt: skip


@given(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)))
@settings(max_examples=25, deadline=None)
def test_idempotent(moment: datetime) -> None:
    """A standard moment read again in UTC is itself."""
    assert read([str(moment), f"{moment.isoformat()}Z"], "UTC") == [(moment, None)] * 2


@given(st.lists(st.none() | st.text(max_size=12) | st.from_regex(r"\A[0-9年月日./: TZ+-]{1,20}\Z"), max_size=30))
@settings(max_examples=25, deadline=None)
def test_any_text(values: list[str | None]) -> None:
    """Any text keeps its row, has a value or a reason or neither, and never stops a run."""
    rows = read(values, "Europe/Berlin", DateOrder.DMY)
    assert len(rows) == len(values)
    assert all(value is None or reason is None for value, reason in rows)
    assert {reason for _, reason in rows} <= {None, *times.REASONS}
