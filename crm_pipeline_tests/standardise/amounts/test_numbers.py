"""Claims on plain numbers, shares and choices."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise import choices
from crm_pipeline.standardise.amounts import numbers

CASES = [
    ("1,234.50", "1234.5", None), ("1,234,567", "1234567", None), ("１２．５", "12.5", None), ("+5", "5", None),
    ("-0.5", "-0.5", None), ("−0.5", "-0.5", None), ("007", "7", None), ("99999999999999.9999",
    "99999999999999.9999", None),
    ("1.00005", "1.0001", None), ("-1.00005", "-1.0001", None), ("12,34", None, "separators"), ("1.234,50",
    None, "separators"),
    ("1e3", None, "form"), ("¥5", None, "form"), ("一千", None, "form"), ("NaN", None, "placeholder"), ("12%",
    None, "percent"),
    ("100000000000000", None, "too_large"), ("9" * 60, None, "too_large"), ("N/A", None, "placeholder"), ("",
    None, None),
]  # fmt: skip
WORDS = [
    (choices.read_gender, [("男", "male", None), (" F ", "female", None), ("１", None, "unreadable"), ("无",
    None, "placeholder"), ("U", None, "placeholder"), ("Mrs.", "female", None), ("Dr.", None, "unreadable")]),
    (choices.read_kind, [("企业", "organisation", None), ("个人", "person", None), ("B2B", "organisation",
    None), ("事业单位", "organisation", None), ("VIP", None, "unreadable")]),
    (choices.read_boolean, [("Ｙ", True, None), ("否", False, None), ("maybe", None, "unreadable"), ("无", None,
    "placeholder"), ("启用", True, None), ("不同意", False, None), (None, None, None)]),
    (choices.read_boolean, [("有", True, None), ("无", False, None), ("未知", None, "placeholder")]),
    (
        choices.read_currency,
        [("人民币", "CNY", None), ("RMB", "CNY", None), ("元", "CNY", None), ("us$", "USD", None), ("€", "EUR", None),
         ("cny", "CNY", None), ("156", "CNY", None), ("港币元", "HKD", None), ("XXX", None, "unreadable"),
         ("$", None, "unreadable"), ("¥", None, "unreadable"), ("ABC", None, "unreadable"), ("",
         None, None)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number", "reason"), CASES)
def test_numbers(text: str, number: str | None, reason: str | None) -> None:
    """A number is read when its commas can only group thousands; all else has a reason."""
    read = numbers.read(pl.Series([text, None]))
    assert read.rows() == [(Decimal(number) if number else None, reason), (None, None)]


def test_shares() -> None:
    """A percentage is a hundredth, with or without its sign."""
    read = numbers.read_shares(pl.Series(["85%", "50", "12.34 %", "5‰", "x", None]))
    values = [value and float(value) for value in read["value"]]
    assert values == [0.85, 0.5, 0.1234, 0.005, None, None]
    assert read["reason"].to_list() == [None] * 4 + ["form", None]


def test_shared_signs() -> None:
    """A sign of several currencies is that of the country, if its own currency has it."""
    for country, codes in {"CN": ["CNY", None, "CNY"], "US": [None, "USD", "CNY"], "TW": [None, "TWD", "TWD"]}.items():
        assert choices.read_currency(pl.Series(["¥", "$", "元"]), country)["value"].to_list() == codes


@pytest.mark.parametrize(("read", "cases"), WORDS)
def test_words(read: object, cases: list[tuple[str | None, object, str | None]]) -> None:
    """A listed word is its value, another one is refused with the reason of its list, and nothing is guessed."""
    assert callable(read)
    frame = read(pl.Series([text for text, _, _ in cases], dtype=pl.String))
    assert frame.rows() == [(value, reason) for _, value, reason in cases]
    assert {reason for reason in frame["reason"] if reason} <= set(choices.REASONS)


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**13), max_value=10**13, places=6)))
@settings(max_examples=25, deadline=None)
def test_rounding_and_idempotence(values: list[Decimal]) -> None:
    """Numbers are rounded half away from zero at the fourth place, and read again are themselves."""
    expected = [value.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP) for value in values]
    read = numbers.read(pl.Series([f"{value:,f}" for value in values], dtype=pl.String))["value"]
    assert read.to_list() == expected
    assert numbers.read(read.cast(pl.String))["value"].to_list() == expected


@given(st.lists(st.none() | st.text(max_size=10), max_size=20))
@settings(max_examples=25, deadline=None)
def test_any_text(values: list[str | None]) -> None:
    """Any text keeps its row, has a value or a reason or neither, and never stops a run."""
    cells = pl.Series(values, dtype=pl.String)
    for read in (numbers.read, numbers.read_shares, *(read for read, _ in WORDS)):
        rows = read(cells).rows()
        assert len(rows) == len(values)
        assert all(value is None or reason is None for value, reason in rows)
