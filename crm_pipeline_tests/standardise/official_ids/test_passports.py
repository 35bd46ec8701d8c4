"""Claims on passport numbers: their form, and the little that it tells."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings

from crm_pipeline.standardise.official_ids import passports
from crm_pipeline_tests.standardise.official_ids.identifier_claims import CELLS, check_reader, column, told

HARD = [
    ("e12345678", "E12345678"),
    ("Ｅ１２３４５６７８", "E12345678"),
    ("EA 123-4567", "EA1234567"),
    ("C01X00T47", "C01X00T47"),
    ("H0123456701", "H0123456701"),
    ("AB", "[wrong_length]"),
    ("ABCDEFGH", "[wrong_form]"),
    ("E1234567号", "[wrong_form]"),
    ("11010519491231002X", "[resident_id]"),
    ("123456789", "[placeholder]"),
    ("E1*****78", "[masked]"),
    ("无", "[placeholder]"),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("cell", "expected"), HARD, ids=[repr(cell) for cell, _ in HARD])
def test_hard_case(cell: str | None, expected: str | None) -> None:
    """Each cell is a number in the form of the machine-readable zone, or refused for the right reason."""
    assert told(passports.read, cell) == expected


@given(CELLS)
@settings(max_examples=25, deadline=None)
def test_reader(cells: list[str | None]) -> None:
    """No text breaks the reader, which keeps its promises on any."""
    check_reader(passports.read, cells, r"[0-9A-Z]{6,9}|[HM]\d{10}", passports.REASONS)


def test_the_form_tells_little() -> None:
    """Without a country only forms that one state uses tell the kind: EA1234567 may be Chinese or Polish."""
    frame = passports.read(column("E12345678", "EA1234567", "G12345678", "H0123456701", "M0123456701", None))
    assert frame["country"].to_list() == ["CN", None, None, "HK", "MO", None]
    assert frame["kind"].to_list() == ["ordinary", None, None, *["mainland_travel_permit"] * 2, None]


def test_china_tells_its_series() -> None:
    """With the country China, the series tell ordinary, diplomatic, service and Hong Kong passports."""
    cells = ["EA1234567", "G12345678", "DE1234567", "SE1234567", "PE1234567", "K12345678", "KJ1234567", "MA1234567"]
    frame = passports.read(column(*cells), "CN")
    assert frame["country"].to_list() == ["CN", "CN", "CN", "CN", "CN", "HK", "HK", "MO"]
    assert frame["kind"].to_list() == [
        "ordinary", "ordinary", "diplomatic", "service", "public_affairs", "ordinary", "ordinary", "ordinary",
    ]  # fmt: skip
    mixed = passports.read(column("EA1234567", "EA1234567"), pl.Series(["PL", "CN"]))
    assert mixed["kind"].to_list() == [None, "ordinary"]
