"""Claims on calendar dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
import pytest
from dateutil import parser
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.calendar import dates
from crm_pipeline.standardise.calendar.date_order import DateOrder

TODAY = date(2026, 11, 23)
MARCH = date(2025, 3, 5)

READ = [
    *("2025-03-05", "2025-3-5", "2025/03/05", "2025.3.5", "20250305", "20250305.0", "2025 03 05", " 2025-03-05 "),
    *("2025年3月5日", "2025年03月05号", "2025 年 3 月 5 日", "2025年3月5", "２０２５年３月５日", "公元2025年3月5日"),
    *("二〇二五年三月五日", "二零二五年三月五日", "二○二五年三月五號", "25年3月5日", "2025年3月5日（星期三）",
      "2025-03-05(水)"),
    *("民国114年3月5日", "中華民國114年3月5日", "民國一一四年三月五日", "令和7年3月5日", "2025년 3월 5일",
      "2025년3월5일 수요일"),
    *("5 Mar 2025", "March 5, 2025", "Mar-05-2025", "05-Mar-25", "05MAR2025", "Wed, 5th March 2025",
      "5th of March 2025"),
    *("2025 Mar 5", "2025-Mar-05", "Wednesday, March 05, 2025", "5 mars 2025", "5. März 2025", "5 de marzo de 2025"),
    *("5 марта 2025 г.", "5 marca 2025", "5 Mart 2025", "5 maart 2025", "5 มีนาคม 2025", "5 मार्च 2025",
    "5 مارس 2025"),
    *("05 Tháng 3, 2025", "mercredi 5 mars 2025", "2025-W10-3", "2025W103", "2025-064", "2025064", "45721",
    "45721.5"),
    *("2025-03-05 14:30:00", "2025-03-05T14:30:00+08:00", "2025/3/5 下午2:30", "2025年3月5日14时30分",
      "20250305143000"),
    *("Wed Mar 05 2025 14:30:00 GMT+0800 (中国标准时间)", "Wed Mar 05 14:30:00 CST 2025", "14:30, March 5, 2025"),
    *("2025–03–05", "2025—3—5", "2025_03_05", "2025、3、5", "2025\\03\\05", "2025-3-5日", "2025-03-05+08:00",
    "R7.3.5"),
    *("二O二五年三月五日", "二Ｏ二五年三月五日", "贰零贰伍年叁月伍日", "民國一百一十四年三月五日",
    "2025年3月5日生", "生于2025.3.5"),
    *("/Date(1741156200000+0800)/", "1741156200", "1741156200000", "२०२५-०३-०५",
    "2025-03-05T14:30:00+08:00[Asia/Shanghai]", "2025/3/5 PM 2:26"),
]  # fmt: skip
REFUSED = {
    "placeholder": ["0000-00-00", "0000-00-00 00:00:00", "00000000", "0000年00月00日", "0001-01-01", "9999-12-31",
    "无", "N/A",
                    "11111111", "1900-01-01"],
    "impossible": ["2025-02-29", "2025-02-30", "2025-13-01", "20251301", "2025年2月30日", "31 April 2025",
    "2025年4月31日",
                   "2025-W54-1", "2025-366", "32 January 2025"],
    "incomplete": ["2025", "2025年", "2025-03", "2025年3月", "3月5日", "March 2025", "5 March", "2025-00-00",
    "1985-03-00",
                   "14:30", "下午2点"],
    "ambiguous": ["03/05/2025", "3.5.2025", "05-03-25", "25-03-05", "31/12/2025", "12/31/2025", "25-3-5",
    "03 05 2025"],
    "number": ["0.5", "7", "123", "99999", "12345678901", "-5", "120250305"],
    "form": ["yesterday", "昨天", "today", "3 days ago", "12-14 June 2021", "Q1 2025", "2025-03-05 and more",
    "Friday",
             "5 lis 2025", "农历正月初一", "2025/03-05", "2021-06-12/2021-06-14"],
}  # fmt: skip


def read(values: Sequence[str | None], order: DateOrder | None = None) -> list[tuple[date | None, str | None]]:
    return dates.read(pl.Series(values, dtype=pl.String), order, TODAY).select("value", "reason").rows()


@pytest.mark.parametrize("order", [None, *DateOrder])
def test_ways_of_writing(order: DateOrder | None) -> None:
    """Every way of writing 5 March 2025 is that day in any order, a year of two figures in its order apart."""
    rows = dict(zip(READ, read(READ, order), strict=True))
    first = {"05-Mar-25": (date(2005, 3, 25), None)} if order is DateOrder.YMD else {}
    assert rows == dict.fromkeys(READ, (MARCH, None)) | first


@pytest.mark.parametrize("reason", REFUSED)
def test_reasons(reason: str) -> None:
    """What is no date has no value, and its own reason."""
    assert read(REFUSED[reason]) == [(None, reason)] * len(REFUSED[reason])


def test_order_of_figures() -> None:
    """Figures with the year last are read in the order that the column has, and in no other."""
    cells = ["03/05/2025", "31/12/2025", "03.05.25", "25-03-05", "85-03-05"]
    assert read(cells, DateOrder.DMY) == [
        (date(2025, 5, 3), None), (date(2025, 12, 31), None), (date(2025, 5, 3), None), (date(2005, 3, 25), None),
        (None, "impossible"),
    ]  # fmt: skip
    assert read(cells[:3], DateOrder.MDY) == [(MARCH, None), (None, "impossible"), (MARCH, None)]
    assert read(cells, DateOrder.YMD) == [
        (None, "ambiguous"), (None, "ambiguous"), (date(2003, 5, 25), None), (MARCH, None), (date(1985, 3, 5), None),
    ]  # fmt: skip


def test_one_day_in_every_order() -> None:
    """A day whose number is its month's needs no order, unless the year might stand first."""
    assert read(["03/03/2025", "04.04.95", "03-03-05"]) == [
        (date(2025, 3, 3), None), (date(1995, 4, 4), None), (None, "ambiguous"),
    ]  # fmt: skip


@pytest.mark.parametrize(("figures", "year"), [("31", 2031), ("32", 1932), ("26", 2026), ("00", 2000), ("99", 1999)])
def test_years_of_two_figures(figures: str, year: int) -> None:
    """A year of two figures is at most five years after the delivery."""
    assert read([f"{figures}年1月2日"]) == [(date(year, 1, 2), None)]


def test_unix_time_in_a_zone() -> None:
    """Unix seconds are the day that they are in the source's zone."""
    cells = pl.Series(["1741190400"])  # 2025-03-05 16:00 in UTC
    assert dates.read(cells, None, TODAY, zone="Asia/Shanghai")["value"].to_list() == [date(2025, 3, 6)]
    assert dates.read(cells, None, TODAY)["value"].to_list() == [MARCH]


def test_hard_strings() -> None:
    """Nothing and blanks have neither value nor reason; reasons are those that the module lists."""
    assert read([None, "", "  ", "　"]) == [(None, None)] * 4
    assert set(REFUSED) <= set(dates.REASONS)


@given(st.dates(date(1901, 1, 2), date(2199, 12, 31)))
@settings(max_examples=25, deadline=None)
def test_idempotent(day: date) -> None:
    """A standard date read again is itself."""
    assert read([str(day)]) == [(day, None)]


@given(
    st.dates(date(1932, 1, 1), date(2031, 12, 31)),
    st.sampled_from(["%d %B %Y", "%B %d, %Y", "%a, %d %b %Y", "%d-%b-%y"]),
)
@settings(max_examples=25, deadline=None)
def test_agrees_with_dateutil(day: date, form: str) -> None:
    """English dates with the month in letters are what dateutil makes of them; two-digit years as far as both agree."""
    text = day.strftime(form)
    if "%y" in form and not 1980 <= day.year <= 2025:
        return
    assert read([text]) == [(parser.parse(text).date(), None)]


@given(st.lists(st.none() | st.text(max_size=12) | st.from_regex(r"\A[0-9年月日./: T-]{1,16}\Z"), max_size=30))
@settings(max_examples=25, deadline=None)
def test_any_text(values: list[str | None]) -> None:
    """Any text keeps its row, has a value or a reason or neither, and never stops a run."""
    rows = read(values)
    assert len(rows) == len(values)
    assert all(value is None or reason is None for value, reason in rows)
    assert {reason for _, reason in rows} <= {None, *dates.REASONS}
    assert all(row == (None, None) for row, cell in zip(rows, values, strict=True) if cell is None)
