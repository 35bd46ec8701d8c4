"""The published matching index: a copy that its owner alone can read, made anew with each publication."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.publish import publish_matching_index
from crm_pipeline.tables import MEMBERS, std
from crm_pipeline.warehouse import Warehouse, open_reader


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse with two members, beside an index with one table."""
    with Warehouse.open(tmp_path / "var" / "warehouse.duckdb", temporary=tmp_path / "temporary") as opened:
        rows = {"record_key": ["crm/customers/2", "crm/customers/1"], "customer_id": ["C1", "C1"]}
        opened.replace(MEMBERS, pl.DataFrame({**rows, "matched_by": ["model", "model"]}))
        ids = {"organisation_id": [None, "91310000607216416P"], "tax_id": ["", None]}
        day = {"valid_from": [date(2026, 1, 1)] * 2}
        opened.replace(std("customers"), pl.DataFrame({"record_key": rows["record_key"], **ids, **day}))
        with opened.attached(tmp_path / "index.duckdb", "made"):
            opened.execute("CREATE TABLE made.basis AS SELECT 'people' AS population, 1 AS model_version")
            opened.execute(
                "CREATE TABLE made.people_keys AS SELECT 1 AS rule, '张伟' AS key, 'crm/customers/1' AS record_key"
            )
        yield opened


def test_copy_has_the_index_and_the_customers(warehouse: Warehouse, tmp_path: Path) -> None:
    """The published file has the index, and the customer and identifiers of each record; it is its owner's alone."""
    published = tmp_path / "published" / "matching.duckdb"
    assert publish_matching_index(warehouse, tmp_path / "index.duckdb", published, "one")
    with open_reader(published) as reader:
        assert reader.execute("FROM people_keys") == [(1, "张伟", "crm/customers/1")]
        assert reader.execute("FROM members") == [("crm/customers/1", "C1"), ("crm/customers/2", "C1")]
        assert reader.execute("FROM identifiers") == [("organisation_id", "91310000607216416P", "crm/customers/1")]
    assert published.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in published.parent.iterdir()] == [published.name]


def test_made_anew_for_another_publication_only(warehouse: Warehouse, tmp_path: Path) -> None:
    """A file of the same publication is left alone; of another one, or a damaged one, it is replaced."""
    index, published = tmp_path / "index.duckdb", tmp_path / "published" / "matching.duckdb"
    assert [publish_matching_index(warehouse, index, published, told) for told in ("one", "one", "two")] == [1, 0, 1]
    published.write_bytes(b"no database")
    assert publish_matching_index(warehouse, index, published, "two")
    assert not publish_matching_index(warehouse, index, published, "two")


def test_made_anew_with_another_model(warehouse: Warehouse, tmp_path: Path) -> None:
    """A new model that changes nothing in the published customers makes the file anew all the same."""
    index, published = tmp_path / "index.duckdb", tmp_path / "published" / "matching.duckdb"
    assert publish_matching_index(warehouse, index, published, "one")
    with warehouse.attached(index, "made"):
        warehouse.execute("UPDATE made.basis SET model_version = 2")
    assert publish_matching_index(warehouse, index, published, "one")
    with open_reader(published) as reader:
        assert reader.execute("FROM basis") == [("people", 2)]


def test_one_that_was_cut_short_is_no_hindrance(warehouse: Warehouse, tmp_path: Path) -> None:
    """The temporary file and the log that a killed publication leaves are not taken for the next one's."""
    index, published = tmp_path / "index.duckdb", tmp_path / "published" / "matching.duckdb"
    published.parent.mkdir()
    temporary = published.with_name(".tmp-matching.duckdb")
    temporary.write_bytes(index.read_bytes())
    command = f"""
import duckdb, os
connection = duckdb.connect()
connection.execute("ATTACH '{temporary}' AS cut; SET checkpoint_threshold = '1TB'; CREATE TABLE cut.members (x INT)")
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", command], check=False)
    assert temporary.with_name(".tmp-matching.duckdb.wal").exists()
    with warehouse.attached(index, "made"):
        warehouse.execute("CREATE TABLE made.people_records AS SELECT 'crm/customers/1' AS record_key")
    assert publish_matching_index(warehouse, index, published, "one")
    with open_reader(published) as reader:
        tables = {name for (name,) in reader.execute("SELECT table_name FROM duckdb_tables()")}
    assert tables == {"basis", "people_keys", "people_records", "members", "identifiers", "published"}
    assert [path.name for path in published.parent.iterdir()] == [published.name]


def test_without_index_nothing_is_published(warehouse: Warehouse, tmp_path: Path) -> None:
    """Where nothing was compared there is no file, and that of an earlier publication is gone."""
    none, published = tmp_path / "none.duckdb", tmp_path / "published" / "matching.duckdb"
    assert not publish_matching_index(warehouse, none, published, "one")
    assert not published.exists()
    assert publish_matching_index(warehouse, tmp_path / "index.duckdb", published, "one")
    assert not publish_matching_index(warehouse, none, published, "two")
    assert list(published.parent.iterdir()) == []
