"""Customer ids against an independent implementation of Damm's check digit."""

from __future__ import annotations

import itertools

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from stdnum import damm

from crm_pipeline.linkage.identity.ids import customer_ids, is_customer_id

SEQUENCES = st.lists(st.integers(1, 10**15), min_size=1, max_size=50)


@given(SEQUENCES)
def test_check_digit_is_damms(sequences: list[int]) -> None:
    """Digits and check digit of every id pass python-stdnum's Damm, and ids are valid to ourselves."""
    for sequence, customer_id in zip(sequences, customer_ids(pl.Series(sequences)), strict=True):
        assert customer_id == "C" + f"{sequence:08d}" + damm.calc_check_digit(f"{sequence:08d}")
        assert is_customer_id(customer_id)


@given(st.integers(1, 10**17))
def test_every_wrong_character_is_noticed(sequence: int) -> None:
    """No id is still valid after any one of its characters was replaced by any other of its kind."""
    customer_id = customer_ids(pl.Series([sequence]))[0]
    for place, right in enumerate(customer_id):
        for wrong in set("0123456789ABC" if place else "ABDGO0") - {right}:
            assert not is_customer_id(customer_id[:place] + wrong + customer_id[place + 1 :])


@given(st.integers(1, 10**17))
def test_every_swap_of_neighbours_is_noticed(sequence: int) -> None:
    """No id is still valid after two neighbours that differ changed places."""
    customer_id = customer_ids(pl.Series([sequence]))[0]
    for place, (left, right) in enumerate(itertools.pairwise(customer_id)):
        if left != right:
            assert not is_customer_id(customer_id[:place] + right + left + customer_id[place + 2 :])


def test_what_is_not_an_id_is_refused() -> None:
    """Other prefixes, lengths, alphabets and the sequence 0 are no customer ids."""
    for text in ("", "C", "000000011", "D000000011", "C00000011", "C００0000011", "C00000000" + "2", "C0000000111"):
        assert not is_customer_id(text)


def test_no_ids_for_no_sequences() -> None:
    """An empty series gives an empty series of text."""
    assert customer_ids(pl.Series([], dtype=pl.Int64)).to_list() == []
