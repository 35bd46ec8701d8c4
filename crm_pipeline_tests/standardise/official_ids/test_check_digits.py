"""Check characters against python-stdnum, the generator's own arithmetic, and examples of the standards."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_10

from crm_pipeline.standardise.official_ids import check_digits

digits = st.text("0123456789", min_size=17, max_size=17)
characters = st.text(check_digits.CREDIT_ALPHABET, min_size=17, max_size=17)


@given(st.lists(digits, max_size=20))
@settings(max_examples=25, deadline=None)
def test_of_resident_id(bodies: list[str]) -> None:
    """The 18th character of resident ids is python-stdnum's; its list of places is not asked."""
    checks = check_digits.of_resident_id(pl.Series(bodies, dtype=pl.String)).to_list()
    assert checks == [ric.calc_check_digit(body + "0") for body in bodies]


@given(st.lists(characters, max_size=20))
@settings(max_examples=25, deadline=None)
def test_of_credit_code(bodies: list[str]) -> None:
    """The 18th character of credit codes is python-stdnum's."""
    checks = check_digits.of_credit_code(pl.Series(bodies, dtype=pl.String)).to_list()
    assert checks == [uscc.calc_check_digit(body) for body in bodies]


@given(st.lists(st.text("0123456789", min_size=14, max_size=14), max_size=20))
@settings(max_examples=25, deadline=None)
def test_of_business_licence(bodies: list[str]) -> None:
    """The 15th digit of business licences is that of ISO 7064 MOD 11,10."""
    checks = check_digits.of_business_licence(pl.Series(bodies, dtype=pl.String)).to_list()
    assert checks == [mod_11_10.calc_check_digit(body) for body in bodies]


def test_of_organisation_code() -> None:
    """The 9th character is right for codes with a digit, with X, and with letters that count from 10."""
    bodies = pl.Series(["60003734", "D2143569", "MA2UK2XD", "00000012", None])
    assert check_digits.of_organisation_code(bodies).to_list() == ["1", "X", "9", "3", None]


def test_null_stays_null() -> None:
    """A row without a body has no check character, in a column of nulls alone too."""
    for of in (check_digits.of_resident_id, check_digits.of_credit_code, check_digits.of_business_licence):
        assert of(pl.Series([None, None], dtype=pl.String)).to_list() == [None, None]
        assert of(pl.Series([], dtype=pl.String)).to_list() == []
