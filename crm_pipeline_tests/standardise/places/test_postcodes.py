"""Claims about postal codes."""

from __future__ import annotations

import polars as pl
import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.standardise.places import postcodes

CASES = [
    ("sw1a1aa", "GB", "SW1A 1AA"), ("EC2A 4RH", "GB", "EC2A 4RH"), ("k1a0b1", "CA", "K1A 0B1"),
    ("94103", "US", "94103"),
    ("941031234", "US", "94103-1234"), ("94103-1234", "US", "94103-1234"), ("200120", "CN", "200120"),
    ("２００１２０", "CN", "200120"), ("1234ab", "NL", "1234 AB"), ("1000001", "JP", "100-0001"),
    ("D-10117", "DE", "10117"),
    ("00-001", "PL", "00-001"), ("11455", "SE", "114 55"), ("1234", "XX", "1234"),
    ("1701", "US", "01701"), ("2139-1234", "US", "02139-1234"), ("50000", "CN", "050000"), ("1067", "DE", "01067"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "country", "expected"), CASES)
def test_codes_in_the_form_of_their_country(text: str, country: str, expected: str) -> None:
    """Codes are written as their country writes them, and stay so when they are read again."""
    for written in (text, expected):
        assert postcodes.read(pl.Series([written]), country).row(0) == (expected, None)


@pytest.mark.parametrize(
    ("text", "country", "reason"),
    [
        ("701", "US", "form"),
        ("990000000", "CN", "form"),
        ("N/A", "CN", "placeholder"),
        (None, "CN", None),
        (" ", "CN", None),
    ],
)
def test_no_codes(text: str | None, country: str, reason: str | None) -> None:
    """A code of another form is refused."""
    assert postcodes.read(pl.Series([text], dtype=pl.String), country).row(0) == (None, reason)


def test_forms_are_of_countries() -> None:
    """The table has about seventy countries, each under its code."""
    assert len(postcodes.FORMS) > 60
    assert all(pycountry.countries.get(alpha_2=code) for code in postcodes.FORMS)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.none() | st.text(max_size=9), st.sampled_from([*postcodes.FORMS, None])), max_size=6))
def test_any_text(rows: list[tuple[str | None, str | None]]) -> None:
    """Any text is read, row for row, and what comes out stays as it is."""
    codes = pl.Series([row[0] for row in rows], dtype=pl.String)
    countries = pl.Series([row[1] for row in rows], dtype=pl.String)
    found = postcodes.read(codes, countries)
    assert found.height == len(rows)
    assert set(found["reason"].drop_nulls()) <= set(postcodes.REASONS)
    assert postcodes.read(found["value"], countries)["value"].to_list() == found["value"].to_list()
