"""Claims on identifiers with namespaces: one form for passports, all others as they are, none lost but placeholders."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.standardise.official_ids import namespaced

TYPE = pl.List(pl.Struct({"namespace": pl.String(), "value": pl.String()}))
ids = st.lists(
    st.builds(
        lambda namespace, value: {"namespace": namespace, "value": value},
        st.sampled_from(["passport", "erp"]),
        st.one_of(st.none(), st.sampled_from(["e 1234-5678", "无", "000000000", "123456789/US", " a1 "]), st.text()),
    ),
    max_size=3,
)


def cleaned(rows: list[Any]) -> list[Any]:
    """The lists as `clean` gives them."""
    found: list[Any] = namespaced.clean(pl.Series("external_ids", rows, dtype=TYPE)).to_list()
    return found


def one(namespace: str, value: str) -> list[dict[str, str]]:
    """A list of one identifier."""
    return [{"namespace": namespace, "value": value}]


@pytest.mark.parametrize(
    ("given_id", "wanted"),
    [
        (one("passport", "e 1234-5678"), one("passport", "E12345678")),
        (one("passport", "Ｇ１２３４５６７８"), one("passport", "G12345678")),
        (one("passport", "123456789/US"), one("passport", "123456789/US")),
        (one("passport", "000000000"), []),
        (one("passport", "无"), []),
        (one("erp", " a1 "), one("erp", "A1")),
        (one("erp", "not available"), []),
        (one("erp", "0000000000"), []),
        (one("erp", "１２３４５６７８９"), []),
        (one("erp", "n / a"), []),
        (one("erp", "Test"), []),
        (one("erp", "T-1"), one("erp", "T-1")),
        (one("erp", "1000000"), one("erp", "1000000")),
        ([], []),
        (None, None),
    ],
)
def test_hard_cases(given_id: Any, wanted: Any) -> None:
    """A passport in one form, one with its country as it is, placeholders gone, an empty list and none told apart."""
    assert cleaned([given_id, one("passport", "E87654321")])[0] == wanted


@given(st.lists(st.one_of(st.none(), ids), max_size=5))
def test_any_lists(rows: list[Any]) -> None:
    """Row for row, null for null, in their order, the same when read again, and no cell depends on another row."""
    found = cleaned(rows)
    assert len(found) == len(rows)
    assert [row is None for row in found] == [row is None for row in rows]
    assert cleaned(found) == found
    assert [cleaned([row])[0] for row in rows] == found
