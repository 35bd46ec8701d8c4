"""Claims on identifiers of no known form, and on what all identifiers share."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from crm_pipeline.standardise.official_ids import identifiers
from crm_pipeline_tests.standardise.cleaning import cleaned
from crm_pipeline_tests.standardise.official_ids.identifier_claims import CELLS, check_reader, column, told

HARD = [
    (" ab 12-x ", "AB12-X"),
    ("９１３１００００", "91310000"),
    ("0012", "0012"),
    ("10001", "10001"),
    ("111111", "[placeholder]"),
    ("１２３４５６", "[placeholder]"),
    ("0", "[placeholder]"),
    ("n / a", "[placeholder]"),
    ("未知", "[placeholder]"),
    ("00 00 00", "[placeholder]"),
    ("", None),
    (" \u3000", None),
    (None, None),
]


@pytest.mark.parametrize(("cell", "expected"), HARD, ids=[repr(cell) for cell, _ in HARD])
def test_hard_case(cell: str | None, expected: str | None) -> None:
    """An identifier keeps its hyphens and zeros; what many type for want of one is told as a placeholder."""
    assert told(identifiers.read, cell) == expected


@given(CELLS)
@settings(max_examples=25, deadline=None)
def test_reader(cells: list[str | None]) -> None:
    """No text breaks the reader, which keeps its promises on any and gives what `clean` gives."""
    check_reader(identifiers.read, cells, r"\S+", identifiers.REASONS)
    values = identifiers.read(column(*cells))["value"].to_list()
    plain = cleaned(cells, identifiers.clean)
    assert all(value in (None, other) for value, other in zip(values, plain, strict=True))


@given(CELLS)
@settings(max_examples=25, deadline=None)
def test_compact(cells: list[str | None]) -> None:
    """The compact writing keeps nulls, changes nothing when done again, and leaves its input as it was."""
    delivered = column(*cells)
    once = identifiers.compact(delivered)
    assert delivered.to_list() == cells
    assert once.is_null().to_list() == delivered.is_null().to_list()
    assert identifiers.compact(once).to_list() == once.to_list()
