"""Claims on amounts of money."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.amounts import money

READ = [
    ("1234.5", "1234.5", None), ("¥1,234.50", "1234.5", None), ("￥1,234.50", "1234.5", None), ("1234.5元",
    "1234.5", "CNY"),
    ("1.2万元", "12000", "CNY"), ("3亿", "300000000", None), ("1.5万亿", "1500000000000", None), ("5千美元", "5000",
    "USD"),
    ("USD 12", "12", "USD"), ("12 usd", "12", "USD"), ("$12", "12", None), ("US$1,000", "1000", "USD"),
    ("HK$5", "5", "HKD"), ("€1.234,56", "1234.56", "EUR"), ("1.234.567", "1234567", None), ("1 234,56 €", "1234.56",
    "EUR"),
    ("1'234.50 CHF", "1234.5", "CHF"), ("1234,56", "1234.56", None), ("0,99", "0.99", None), ("₹12,34,567",
    "1234567", "INR"),
    ("(123.45)", "-123.45", None), ("($12)", "-12", None), ("-123.45", "-123.45", None), ("123.45-", "-123.45", None),
    ("−5", "-5", None), ("-$5", "-5", None), ("$-5", "-5", None), ("+5", "5", None), ("RMB 100", "100", "CNY"),
    ("人民币100元", "100", "CNY"), ("100元整", "100", "CNY"), ("１２３．４", "123.4", None), (".5", "0.5", None),
    ("007", "7", None),
    ("人民币壹仟元整", "1000", "CNY"), ("壹仟贰佰叁拾肆元伍角陆分", "1234.56", "CNY"), ("三千五百万",
    "35000000", None),
    ("三亿五千万元", "350000000", "CNY"), ("壹拾万零伍佰元", "100500", "CNY"), ("99999999999999.9999",
    "99999999999999.9999", None),
    ("0.00005", "0.0001", None), ("-0.00005", "-0.0001", None), ("0.0000499999999999", "0", None),
]  # fmt: skip
REFUSED = {
    "placeholder": ["无", "N/A", "-", "未知"],
    "percent": ["12%", "12.5 ％"],
    "separators": ["12,34", "1,23", "€ 12,5", "1.234,5,6", "1,234,56"],
    "too_large": ["100000000000000", "123456789012345.6", "9999999万亿"],
    "currency": ["USD 12 EUR"],
    "form": ["free", "面议", "--5", "1e3", "5.", "12 元/月", "三百五", "二〇二五", "万亿", "abc 5", "-(5)", "5-6"],
}  # fmt: skip


def read(values: Sequence[str | None], currency: str | None = None) -> list[tuple[Any, ...]]:
    return money.read(pl.Series(values, dtype=pl.String), currency).select("value", "reason", "currency").rows()


def test_ways_of_writing() -> None:
    """An amount is read as a person would, with the currency that it names."""
    cells = [text for text, _, _ in READ]
    expected = {text: (Decimal(amount), None, currency) for text, amount, currency in READ}
    assert dict(zip(cells, read(cells), strict=True)) == expected


@pytest.mark.parametrize("reason", REFUSED)
def test_reasons(reason: str) -> None:
    """What is no amount for certain has no value, and its own reason."""
    assert read(REFUSED[reason]) == [(None, reason, None)] * len(REFUSED[reason])


def test_signs_of_several_currencies() -> None:
    """A sign of several currencies is the source's where it is one of them; 元 is CNY where nothing is known."""
    cells = ["$1", "¥1", "1元"]
    assert [row[2] for row in read(cells)] == [None, None, "CNY"]
    assert [row[2] for row in read(cells, "CNY")] == [None, "CNY", "CNY"]
    assert [row[2] for row in read(cells, "USD")] == ["USD", None, "CNY"]
    assert [row[2] for row in read(cells, "TWD")] == ["TWD", None, "TWD"]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**13), max_value=10**13, places=7))
@settings(max_examples=25, deadline=None)
def test_rounding(number: Decimal) -> None:
    """Amounts are rounded half away from zero at the fourth place, however they are written."""
    expected = number.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    rows = read([f"{number:f}", f"{number:,f}", f"USD {number:,f}"])
    assert [row[0] for row in rows] == [expected] * 3
    assert read([str(rows[0][0])])[0][0] == expected


@given(st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_amounts_in_characters(number: int) -> None:
    """A number written as a bill has it in characters is that number."""
    assert read([f"{in_characters(number)}元整"])[0][0] == number


@given(st.lists(st.none() | st.text(max_size=10) | st.from_regex(r"\A[0-9.,()$¥元万亿 +-]{1,14}\Z"), max_size=30))
@settings(max_examples=25, deadline=None)
def test_any_text(values: list[str | None]) -> None:
    """Any text keeps its row, has a value or a reason or neither, and never stops a run."""
    rows = read(values)
    assert len(rows) == len(values)
    assert all(value is None or reason is None for value, reason, _ in rows)
    assert {reason for _, reason, _ in rows} <= {None, *money.REASONS}
    assert all(row == (None, None, None) for row, cell in zip(rows, values, strict=True) if cell is None)


def in_characters(number: int) -> str:
    """A number in financial characters, group by group of four figures: an oracle that works the other way round."""
    figures, tens, myriads = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), ("", "万", "亿")
    out, gap = "", False
    for group in range(2, -1, -1):
        part = number // 10000**group % 10000
        gap = gap or (bool(out) and part < 1000)
        for place in range(3, -1, -1):
            digit = part // 10**place % 10
            if digit:
                out += ("零" if gap and out else "") + figures[digit] + tens[place]
                gap = False
            elif out and part % 10**place:
                gap = True
        out += myriads[group] if part else ""
        gap = gap or (bool(out) and not part)
    return out or "零"


UNITS = [
    ("1234元5角", "1234.5", "CNY"), ("3角", "0.3", None), ("1亿2000万", "120000000", None), ("1万5千", "15000", None),
    ("12万3456.78元", "123456.78", "CNY"), ("1.2w", "12000", None), ("1.2K", "1200", None), ("10 KRW", "10", "KRW"),
    ("USD 1.2 million", "1200000", "USD"), ("1,2345,6789", "123456789", None), ("港币1234元", "1234", "HKD"),
    ("¥100日元", "100", "JPY"), ("RMB¥1,234.50", "1234.5", "CNY"), ("1234.50 (USD)", "1234.5", "USD"),
    # What may be 15000 or 10005, and a thousand or a million.
    ("一万五", None, None), ("1万5", None, None), ("3亿5", None, None), ("1.2M", None, None), ("9999万10000元",
    None, None),
    ("XXX 1", None, None), ("100美元元", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "amount", "currency"), UNITS)
def test_units_beside_each_other(cell: str, amount: str | None, currency: str | None) -> None:
    """Units and signs that people put together are one amount; where the last digit's unit is not told, it is none."""
    value, _, code = money.read(pl.Series([cell]), None).row(0)
    assert (value, code) == (Decimal(amount) if amount else None, currency)


@pytest.mark.parametrize("cell", ["一亿亿", "一百万亿", "亿" * 2000, "万" * 2000, "一" * 2000 + "元", "1亿" * 2000])
def test_no_cell_is_too_much(cell: str) -> None:
    """Amounts beyond what fits, and endless numerals, are none; they stop nothing."""
    value, reason, _ = money.read(pl.Series([cell]), None).row(0)
    assert value is None
    assert reason is not None
