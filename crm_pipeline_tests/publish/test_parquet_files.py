"""Claims on Parquet files: readers who begin at current.json see one publication, whole, in a folder as in a bucket."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crm_pipeline.errors import PipelineError, StoreError
from crm_pipeline.publish import ParquetSummary, publish_duckdb, publish_parquet, read_edition
from crm_pipeline.publish.parquet_files import CURRENT
from crm_pipeline.storage import ObjectStore
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import SCHEMAS
from crm_pipeline_tests.publish.warehouse_rows import ONE, PUBLICATIONS, fill
from crm_pipeline_tests.storage.servers import bucket, open_place, s3_server, store

__all__ = ["bucket", "open_place", "s3_server", "store"]

NOW = datetime(2026, 1, 2, 3)  # noqa: DTZ001 - as stored


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with Warehouse.in_memory() as made:
        for schema in SCHEMAS:
            made.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        fill(made)
        yield made


def _publish(warehouse: Warehouse, place: ObjectStore, folder: Path, run_id: str = "run-1") -> ParquetSummary:
    file = folder / "crm.duckdb"
    publish_duckdb(warehouse, file, PUBLICATIONS, run_id=run_id, now=NOW, code_version="1")
    edition = read_edition(file)
    assert edition
    with warehouse.attached(file, "published_file", is_read_only=True):
        tables = [replace(each, source=f"published_file.main.{each.name}") for each in PUBLICATIONS]
        return publish_parquet(warehouse, place, tables, edition, temporary=folder)


def _read(place: ObjectStore) -> dict[str, pl.DataFrame]:
    """The tables as a reader finds them."""
    current = json.loads(place.read_bytes(CURRENT))
    found = {each["name"]: pl.read_parquet(io.BytesIO(place.read_bytes(each["file"]))) for each in current["tables"]}
    assert {name: frame.height for name, frame in found.items()} == {
        each["name"]: each["row_count"] for each in current["tables"]
    }
    return found


def _expected(warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    order = {each.name: ", ".join(each.order_by) for each in PUBLICATIONS}
    return {each.name: warehouse.frame(f"FROM {each.source} ORDER BY {order[each.name]}") for each in PUBLICATIONS}


def _equal(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> bool:
    return {n: f.rows() for n, f in found.items()} == {n: f.rows() for n, f in expected.items()}


def test_what_readers_find(warehouse: Warehouse, store: ObjectStore, tmp_path: Path) -> None:
    """Each table is there with its rows in key order, Chinese too; the same publication again writes nothing."""
    first = _publish(warehouse, store, tmp_path)
    assert first == ParquetSummary(True, tuple(each.name for each in PUBLICATIONS), 0)
    assert _equal(_read(store), _expected(warehouse))
    assert _read(store)["customers"].filter(pl.col("customer_id") == ONE)["name"].to_list() == ["王芳"]
    assert _publish(warehouse, store, tmp_path, "run-2") == ParquetSummary(is_changed=False)


def test_only_what_changed_is_written(warehouse: Warehouse, store: ObjectStore, tmp_path: Path) -> None:
    """A changed table gets a new file; the file of the publication before stays for its readers until the one after."""
    _publish(warehouse, store, tmp_path)
    before = {info.key for info in store.list("tables/")}
    warehouse.execute(f"UPDATE gold.customers SET city = '北京' WHERE customer_id = '{ONE}'")
    assert _publish(warehouse, store, tmp_path, "run-2") == ParquetSummary(True, ("customers",), 0)
    assert before < {info.key for info in store.list("tables/")}
    assert _equal(_read(store), _expected(warehouse))
    warehouse.execute(f"UPDATE gold.customers SET city = '广州' WHERE customer_id = '{ONE}'")
    assert _publish(warehouse, store, tmp_path, "run-3") == ParquetSummary(True, ("customers",), 1)
    assert _equal(_read(store), _expected(warehouse))
    assert not [*tmp_path.glob("*.parquet")]


class _Dying:
    """A store that fails at its n-th write."""

    def __init__(self, inner: ObjectStore, lasts: int) -> None:
        self._inner, self._left = inner, lasts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put(self, key: str, content: Path | bytes, *, if_absent: bool = False) -> None:
        if not self._left:
            raise StoreError(where=key, expected="room", found="none", cure="Make room.", transient=False)
        self._left -= 1
        self._inner.put(key, content, if_absent=if_absent)


@pytest.mark.parametrize("lasts", range(3))
def test_death_on_the_way(warehouse: Warehouse, store: ObjectStore, tmp_path: Path, lasts: int) -> None:
    """Whichever write fails, readers have the publication before; the next one completes and leaves nothing over."""
    _publish(warehouse, store, tmp_path)
    before = _expected(warehouse)
    warehouse.execute(f"UPDATE gold.customers SET city = '北京' WHERE customer_id = '{ONE}'")
    warehouse.execute("UPDATE gold.customer_contacts SET rank = rank + 1")
    with pytest.raises(StoreError):
        _publish(warehouse, _Dying(store, lasts), tmp_path, "run-2")  # type: ignore[arg-type]
    assert _equal(_read(store), before)
    warehouse.execute(f"UPDATE gold.customers SET city = '广州' WHERE customer_id = '{ONE}'")
    assert _publish(warehouse, store, tmp_path, "run-3").written == ("customers", "customer_contacts")
    assert _equal(_read(store), _expected(warehouse))
    current = {each["file"] for each in json.loads(store.read_bytes(CURRENT))["tables"]}
    assert len({info.key for info in store.list("tables/")} - current) == 2  # those of the publication before


@pytest.mark.parametrize("content", [b"{}", b"no JSON", b'{"format_version": 2, "tables": []}', b"[]"])
def test_a_place_of_somebody_else(warehouse: Warehouse, store: ObjectStore, tmp_path: Path, content: bytes) -> None:
    """A current.json of another form is left alone."""
    store.put(CURRENT, content)
    with pytest.raises(PipelineError, match="Name another place"):
        _publish(warehouse, store, tmp_path)
    assert store.read_bytes(CURRENT) == content
