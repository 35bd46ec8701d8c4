"""Claims on reading a published file."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish import export_csv, query
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.publish.warehouse_rows import ONE, fill, publish


def test_names_with_and_without_schema(published: Path) -> None:
    """`customers` and `crm.customers` are the same table."""
    assert query(published, "FROM customers").equals(query(published, "FROM crm.customers;"))


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELEC 1",
        "SELECT * FROM nowhere",
        "SELECT 1; SELECT 2",
        "DELETE FROM customers",
        "CREATE TEMP TABLE t AS SELECT 1",
        "COPY customers TO 'stolen.csv'",
        "ATTACH 'other.duckdb'",
        "SET threads = 1",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "SELECT CAST(name AS INTEGER) FROM customers",
    ],
)
def test_everything_but_one_good_select_is_refused(published: Path, sql: str) -> None:
    """Writing, reading files, several statements and errors in the SQL are the caller's to correct."""
    with pytest.raises(ConfigurationError, match="query: expected one select") as caught:
        query(published, sql)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_local_variables_are_out_of_reach(published: Path) -> None:
    """A frame of the calling program is not a table."""
    secret = query(published, "SELECT 1 AS a")
    assert secret.height == 1
    with pytest.raises(ConfigurationError):
        query(published, "FROM secret")


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 1000])
def test_nothing_published(tmp_path: Path, content: bytes | None) -> None:
    """Without a published file, or with a damaged one, the message says so."""
    path = tmp_path / "crm.duckdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="expected a published file"):
        query(path, "SELECT 1")


def test_exports_of_equal_data_are_equal_bytes(warehouse: Warehouse, tmp_path: Path) -> None:
    """Two publications of equal data at other times, by other runs, export to the same bytes."""
    contents = []
    for number, now in enumerate([datetime(2026, 1, 1), datetime(2026, 5, 5)]):
        fill(warehouse, now=now)
        publish(warehouse, tmp_path / f"{number}.duckdb", now=now, run_id=str(number))
        written = export_csv(tmp_path / f"{number}.duckdb", tmp_path / str(number))
        contents.append({path.name: path.read_bytes() for path in written})
    fill(warehouse)
    assert contents[0] == contents[1]
    assert len(contents[0]) == 8


def test_export_is_faithful(published: Path, tmp_path: Path) -> None:
    """Rows are sorted, columns of run time are left out, nested values are JSON, quotes and line ends survive."""
    export_csv(published, tmp_path)
    with (tmp_path / "customers.csv").open(newline="", encoding="utf-8") as file:
        customers = list(csv.DictReader(file))
    assert [row["name"] for row in customers] == ["王芳", 'Ann, "A"\nLee']
    assert json.loads(customers[0]["external_ids"]) == [{"namespace": "erp", "value": "7"}]
    with (tmp_path / "customer_history.csv").open(newline="", encoding="utf-8") as file:
        history = list(csv.DictReader(file))
    assert history[0]["customer_id"] == ONE
    assert not {"valid_from", "valid_to"} & set(history[0])


def test_any_client_finds_both_names(published: Path) -> None:
    """Whoever opens the file by its name finds `customers`, and `crm.customers`, without a word about schemas."""
    with duckdb.connect(str(published), read_only=True) as client:
        for name in ("customers", "crm.customers"):
            assert client.execute(f"SELECT count(*) > 0 FROM {name}").fetchall() == [(True,)]
