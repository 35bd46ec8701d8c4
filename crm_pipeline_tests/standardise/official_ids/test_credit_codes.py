"""Claims on unified social credit codes and on the registration numbers before them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

from crm_pipeline.generator.identifiers import credit_codes as generated
from crm_pipeline.generator.identifiers import mistyped
from crm_pipeline.generator.plan import Draws, Plan
from crm_pipeline.standardise.official_ids import business_licences, check_digits, credit_codes
from crm_pipeline_tests.standardise.official_ids.identifier_claims import CELLS, check_reader, column, told

HARD = [
    ("91110000600037341L", "91110000600037341L"),
    (" 9111 0000-6000 3734 1l ", "91110000600037341L"),
    ("９１１１００００６０００３７３４１Ｌ", "91110000600037341L"),
    ("A1110000600037341L", "[wrong_check]"),
    ("91110000600037341N", "[wrong_check]"),
    ("9111OOOO600037341L", "[look_alike_letters]"),
    ("91110000600037341I", "[look_alike_letters]"),
    ("B1110000600037341L", "[wrong_form]"),
    ("911100006000373?1L", "[wrong_form]"),
    ("9111000060003734", "[wrong_length]"),
    ("110108000000016", "[wrong_length]"),
    ("000000000000000000", "[placeholder]"),
    ("9111********37341L", "[masked]"),
    ("9.1310115E+17", "[rounded]"),
    ("暂无", "[placeholder]"),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("cell", "expected"), HARD, ids=[repr(cell) for cell, _ in HARD])
def test_hard_case(cell: str | None, expected: str | None) -> None:
    """Each cell is a code with a right check character, or refused for the right reason; letters are not guessed."""
    assert told(credit_codes.read, cell) == expected


@given(CELLS)
@settings(max_examples=25, deadline=None)
def test_reader(cells: list[str | None]) -> None:
    """No text breaks the reader, which keeps its promises on any."""
    check_reader(credit_codes.read, cells, r"[1-9ANY][0-9A-Y]\d{6}[0-9A-Y]{10}", credit_codes.REASONS)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"\A[1-9][1-9][0-9]{6}\Z"), st.text(check_digits.CREDIT_ALPHABET, min_size=10, max_size=10)
        )
    )
)
@settings(max_examples=25, deadline=None)
def test_agrees_with_python_stdnum(parts: list[tuple[str, str]]) -> None:
    """Where the first eight characters are digits, both accept the same codes."""
    codes = [start + end for start, end in parts]
    codes += [code[:17] + uscc.calc_check_digit(code[:17]) for code in codes]
    assert credit_codes.read(column(*codes))["value"].is_not_null().to_list() == [uscc.is_valid(code) for code in codes]


def test_parts() -> None:
    """A code tells what is registered, where, and the organisation's own code with its own check character."""
    codes = generated(pl.Series(["310115", "110105"] * 50), Draws(Plan(1, 1, 5), 9))
    frame = credit_codes.read(codes)
    assert frame["value"].to_list() == codes.to_list()
    assert set(frame["kind"]) == {"company"}
    assert frame["region_code"].to_list() == ["310115", "110105"] * 50
    assert frame["is_region_known"].all() and frame["is_organisation_code_valid"].all()
    assert frame["organisation_code"].to_list() == codes.str.slice(8, 9).to_list()
    assert credit_codes.read(mistyped(codes))["value"].null_count() == len(codes)


def test_own_check_is_a_soft_flag() -> None:
    """A code whose organisation part has another check character is a value, and so is one of an unknown division."""
    body = "92999999600037342"
    code = body + uscc.calc_check_digit(body)
    row = credit_codes.read(column(code)).row(0, named=True)
    assert (row["value"], row["kind"], row["is_region_known"]) == (code, "sole_trader", False)
    assert row["is_organisation_code_valid"] is False


LICENCES = [
    ("110108000000016", "110108000000016"),
    ("1101 0800-0000016", "110108000000016"),
    ("110108000000017", "[wrong_check]"),
    ("1101080000000", "[old_number]"),
    ("91110000600037341L", "[credit_code]"),
    ("11010800000001A", "[wrong_form]"),
    ("1101", "[wrong_length]"),
    ("企独沪总字第000123号", "[wrong_length]"),
    ("000000000000000", "[placeholder]"),
    ("无", "[placeholder]"),
    (None, None),
]


@pytest.mark.parametrize(("cell", "expected"), LICENCES, ids=[repr(cell) for cell, _ in LICENCES])
def test_licence(cell: str | None, expected: str | None) -> None:
    """A business licence is a number with a right check digit, or refused for the right reason."""
    assert told(business_licences.read, cell) == expected


@given(CELLS)
@settings(max_examples=25, deadline=None)
def test_licence_reader(cells: list[str | None]) -> None:
    """No text breaks the reader of licences, which keeps its promises on any."""
    check_reader(business_licences.read, cells, r"[1-9]\d{14}", business_licences.REASONS)


def test_licence_kinds() -> None:
    """The seventh digit tells domestic companies, those with foreign capital, and sole traders."""
    bodies = ["11010800000001", "11010845000001", "11010860000001"]
    frame = business_licences.read(column(*(body + mod_11_10.calc_check_digit(body) for body in bodies)))
    assert frame["kind"].to_list() == ["domestic", "foreign_invested", "sole_trader"]
    assert frame["region_code"].to_list() == ["110108"] * 3
    assert frame["is_region_known"].all()


def test_repeated_digits_are_never_licences_or_codes() -> None:
    """One digit repeated, or counted up, is no number even where its check digit is right."""
    cells = [digit * 15 for digit in "0123456789"] + ["123456789012345"]
    assert set(business_licences.read(column(*cells))["reason"]) == {"placeholder"}
    cells = [character * 18 for character in check_digits.CREDIT_ALPHABET] + ["123456789012345678"]
    assert credit_codes.read(column(*cells))["value"].null_count() == len(cells)
