"""Counts add up, or the run fails with the numbers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.errors import ReconciliationError
from crm_pipeline.quality.reconcile import FATES, reconcile
from crm_pipeline.tables import LOADS

_COUNTS = st.lists(st.integers(0, 10**12), min_size=len(FATES), max_size=len(FATES))


def _loads(*rows: dict[str, Any]) -> pl.DataFrame:
    place = {"source": "crm", "extract": "customers", "business_date": dt.date(2026, 1, 5), "sequence": 1}
    empty = dict.fromkeys(LOADS.column_names)
    return pl.DataFrame([empty | place | row for row in rows], schema=LOADS.polars_schema)


def _load(counts: list[int], surplus: int = 0, **place: Any) -> dict[str, Any]:
    return dict(zip(FATES, counts, strict=True)) | {"delivered_count": sum(counts) + surplus} | place


@settings(deadline=None)
@given(st.lists(_COUNTS, max_size=5))
def test_balanced_deliveries_pass(counts: list[list[int]]) -> None:
    """Deliveries whose rows all met one fate pass, however many rows and deliveries there are."""
    reconcile(_loads(*(_load(count) for count in counts)))


@settings(deadline=None)
@given(_COUNTS, st.integers(-5, 5).filter(bool))
def test_one_row_too_many_or_few_fails(counts: list[int], surplus: int) -> None:
    """A single row lost or invented is found."""
    with pytest.raises(ReconciliationError):
        reconcile(_loads(_load(counts), _load(counts, surplus)))


def test_all_open_deliveries_are_listed_with_their_numbers() -> None:
    """The error lists each delivery that does not balance, in order, and none that does."""
    loads = _loads(
        _load([5, 0, 0, 0, 0], 1, source="shop"),
        _load([1, 2, 3, 4, 5], 0, source="desk"),
        _load([1, 2, 3, 4, 5], -1, sequence=2),
    )
    with pytest.raises(ReconciliationError) as caught:
        reconcile(loads)
    assert caught.value.found == (
        "crm.customers of 2026-01-05, delivery 2: 14 delivered, but 1 loaded, 2 unchanged, 3 quarantined, 4 duplicate, "
        "5 erased; shop.customers of 2026-01-05, delivery 1: 6 delivered, but 5 loaded, 0 unchanged, 0 quarantined, "
        "0 duplicate, 0 erased"
    )


@pytest.mark.parametrize("missing", ["delivered_count", *FATES])
def test_a_missing_count_never_balances(missing: str) -> None:
    """A count that was not taken fails, rather than pass as zero."""
    with pytest.raises(ReconciliationError):
        reconcile(_loads(_load([0, 0, 0, 0, 0]) | {missing: None}))
