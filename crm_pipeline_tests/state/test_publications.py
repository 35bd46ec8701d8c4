"""Claims on the append-only store of publications."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import read_json, sha256_of, write_json
from crm_pipeline.state.publications import Change, Publications, StoredTable

NOW = datetime(2026, 1, 1, 3)
TABLE = StoredTable("customers", ("customer_id",), {"customer_id": "VARCHAR"}, "s", "c", 1, Change.WHOLE, 1)


def append(store: Publications, value: str, now: datetime = NOW) -> None:
    told = {"run_id": "run", "code_version": "1", "fingerprint": value}
    with store.appending(now=store.time_of_next(now), **told) as draft:
        pl.DataFrame({"customer_id": [value]}).write_parquet(draft.file("customers"))
        draft.tables = [TABLE, StoredTable("orders", ("source",), {"source": "VARCHAR"}, "s", "c", 0, Change.NONE)]


def stored(store: Publications) -> list[str]:
    return [pl.read_parquet(entry.file("customers"))["customer_id"].item() for entry in store.entries()]


def test_entries_in_order(tmp_path: Path) -> None:
    """Entries come back in the order in which they were appended, numbered from 1, with all that was told of them."""
    store = Publications(tmp_path)
    assert store.entries() == []
    assert store.last() is None
    for hour, value in enumerate("ab"):
        append(store, value, NOW + timedelta(hours=hour))
    assert stored(store) == ["a", "b"]
    first, second = store.entries()
    assert [(each.number, each.published_at) for each in (first, second)] == [(1, NOW), (2, NOW + timedelta(hours=1))]
    assert store.last() == second
    customers, orders = second.tables
    assert (customers.columns, customers.key, customers.change) == (TABLE.columns, TABLE.key, Change.WHOLE)
    assert customers.sha256 == sha256_of(second.file("customers"))
    assert (orders.change, orders.sha256) == (Change.NONE, "")
    assert second.table("nothing") is None


def test_uncommitted_entry_does_not_count(tmp_path: Path) -> None:
    """Rows without entry.json, as a crash leaves them, are not read and are overwritten by the next append."""
    store = Publications(tmp_path)
    append(store, "a")
    left_over = tmp_path / "000002"
    left_over.mkdir()
    (left_over / "customers.parquet").write_bytes(b"half")
    (left_over / ".tmp-entry.json").write_text("{")
    assert stored(store) == ["a"]
    append(store, "b")
    assert stored(store) == ["a", "b"]
    assert sorted(path.name for path in left_over.iterdir()) == ["customers.parquet", "entry.json"]


def test_failed_block_commits_nothing(tmp_path: Path) -> None:
    """An error while the rows are written leaves the store as it was."""
    store = Publications(tmp_path)
    append(store, "a")
    told = {"run_id": "run", "code_version": "1", "fingerprint": "b"}
    with pytest.raises(ZeroDivisionError), store.appending(now=NOW, **told) as draft:
        draft.file("customers").write_bytes(b"half")
        raise ZeroDivisionError
    assert stored(store) == ["a"]


def test_time_runs_one_way(tmp_path: Path) -> None:
    """An entry is later than the one before it also when the clock went back."""
    store = Publications(tmp_path)
    append(store, "a")
    append(store, "b", NOW - timedelta(days=1))
    first, second = store.entries()
    assert second.published_at == first.published_at + timedelta(microseconds=1)


@pytest.mark.parametrize("lost", ["000001/entry.json", "000001/customers.parquet"])
def test_lost_entry_is_noticed(tmp_path: Path, lost: str) -> None:
    """An earlier entry that is incomplete is damage, not an interrupted append."""
    store = Publications(tmp_path)
    append(store, "a")
    append(store, "b")
    (tmp_path / lost).unlink()
    with pytest.raises(PipelineError, match="000001"):
        store.entries()


def test_unknown_format_is_refused(tmp_path: Path) -> None:
    """An entry of a later format is not read by guess."""
    store = Publications(tmp_path)
    append(store, "a")
    file = tmp_path / "000001" / "entry.json"
    write_json(file, {**read_json(file), "format_version": 2})
    with pytest.raises(PipelineError, match="format version 2"):
        store.entries()
