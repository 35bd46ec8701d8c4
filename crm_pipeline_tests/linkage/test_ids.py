"""Customer ids against an independent implementation of ISO 7064."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from crm_pipeline.linkage.identity.ids import customer_ids, is_customer_id

SEQUENCES = st.lists(st.integers(1, 10**15), min_size=1, max_size=50)


@given(SEQUENCES)
def test_check_digit_is_iso_7064(sequences: list[int]) -> None:
    """Digits and check digit of every id pass python-stdnum's MOD 11,10, and ids are valid to ourselves."""
    for sequence, customer_id in zip(sequences, customer_ids(pl.Series(sequences)), strict=True):
        assert customer_id == "C" + f"{sequence:08d}" + mod_11_10.calc_check_digit(f"{sequence:08d}")
        assert is_customer_id(customer_id)


@given(st.integers(1, 10**9), st.integers(1, 8), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(sequence: int, place: int, shift: int) -> None:
    """No id is still valid after one of its digits was replaced by another."""
    customer_id = customer_ids(pl.Series([sequence]))[0]
    wrong = str((int(customer_id[place]) + shift) % 10)
    assert not is_customer_id(customer_id[:place] + wrong + customer_id[place + 1 :])


def test_what_is_not_an_id_is_refused() -> None:
    """Other prefixes, lengths, alphabets and the sequence 0 are no customer ids."""
    for text in ("", "C", "000000011", "D000000011", "C00000011", "C００0000011", "C00000000" + "2", "C0000000111"):
        assert not is_customer_id(text)


def test_no_ids_for_no_sequences() -> None:
    """An empty series gives an empty series of text."""
    assert customer_ids(pl.Series([], dtype=pl.Int64)).to_list() == []
