"""Claims on the published DuckDB file: what is in it, when it is replaced, and what a crash leaves."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from crm_pipeline.publish import Publication, query
from crm_pipeline.publish.duckdb_file import publish_duckdb
from crm_pipeline.publish.edition import read_edition
from crm_pipeline.warehouse import Warehouse, open_reader
from crm_pipeline_tests.publish.warehouse_rows import NOW, POINTS, TABLES, fill, leftovers, opened, publish

LATER = datetime(2026, 2, 2)

READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(con.execute("SELECT count(*) FROM crm.customers").fetchall()[0][0], flush=True)
con.close()
con = duckdb.connect(sys.argv[1], read_only=True)
print(con.execute("SELECT count(*) FROM crm.customers").fetchall()[0][0], flush=True)
"""


def customer_count(path: Path) -> int:
    return int(query(path, "SELECT count(*) FROM customers").item())


def test_content_is_the_warehouse_s(warehouse: Warehouse, published: Path) -> None:
    """Every table has the source's columns, types and rows, in key order, and comments on everything."""
    with open_reader(published) as reader:
        for table in TABLES:
            assert reader.execute(f"DESCRIBE crm.{table.name}") == warehouse.execute(f"DESCRIBE {table.qualified}")
            order = ", ".join(table.key)
            expected = warehouse.execute(f"FROM {table.qualified} ORDER BY {order}")
            assert reader.execute(f"FROM crm.{table.name}") == expected
        assert reader.execute("SELECT table_name FROM duckdb_tables() WHERE comment IS NULL") == []
        assert reader.execute("SELECT column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL") == []
        comments = dict(
            reader.execute("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'customers'")
        )
        assert "personal: direct" in comments["name"]


def test_key_order_whatever_the_source_s(warehouse: Warehouse, tmp_path: Path) -> None:
    """Rows of a source in any order, over several row groups and with nulls in the key, are published in key order."""
    rows = "SELECT CASE WHEN i % 7 > 0 THEN i % 5 END AS a, CAST(i AS VARCHAR) AS b FROM range(70_000) AS numbers (i)"
    table = Publication("gold.ordered", "ordered", ("a", "b"), ("a", "b"))
    order = "ORDER BY a, b"
    for source in (rows, f"{rows} {order}", f"({rows} {order}) UNION ALL SELECT 0, ''", f"{rows} {order} DESC"):
        warehouse.execute(f"CREATE OR REPLACE TABLE gold.ordered AS {source}")
        path = tmp_path / "ordered.duckdb"
        path.unlink(missing_ok=True)
        publish_duckdb(warehouse, path, [table], run_id="r", now=NOW, code_version="1")
        with open_reader(path) as reader:
            assert reader.execute("FROM ordered") == warehouse.execute(f"FROM gold.ordered {order}")
    warehouse.execute("DROP TABLE gold.ordered")


def test_published_row(warehouse: Warehouse, tmp_path: Path) -> None:
    """crm.published has one row that says what the file is, as the summary does."""
    path = tmp_path / "crm.duckdb"
    summary = publish(warehouse, path)
    told = query(path, "SELECT fingerprint, published_at, run_id, code_version, entry_number FROM published")
    assert told.rows() == [(summary.fingerprint, NOW, "run", "1", None)]
    assert summary.is_changed
    assert summary.row_counts["customer_records"] == 5


def test_only_the_owner_reads_and_nothing_is_left(warehouse: Warehouse, tmp_path: Path) -> None:
    """The file has mode 600, and neither a log nor a temporary file is beside it."""
    path = tmp_path / "crm.duckdb"
    publish(warehouse, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert leftovers(tmp_path) == []
    assert (
        warehouse.execute("SELECT database_name FROM duckdb_databases() WHERE database_name LIKE 'publication%'") == []
    )


def test_equal_content_leaves_the_file_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    """Another run with other times of its own, and rows in another order, does not touch the file."""
    path = tmp_path / "crm.duckdb"
    first = publish(warehouse, path)
    before = (path.stat().st_ino, path.stat().st_mtime_ns)
    fill(warehouse, now=LATER)
    warehouse.execute("CREATE OR REPLACE TABLE gold.customers AS FROM gold.customers ORDER BY customer_id DESC")
    second = publish(warehouse, path, now=LATER, run_id="another")
    fill(warehouse)
    assert (second.is_changed, second.fingerprint) == (False, first.fingerprint)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE gold.customers SET city = '' WHERE city IS NULL",
        "UPDATE gold.customer_contacts SET sources = []",
        "UPDATE gold.customer_contacts SET sources = NULL",
        "UPDATE gold.customer_contacts SET sources = ['crm', 'erp']",
        "UPDATE gold.customer_values SET alternatives = alternatives || alternatives",
        "DELETE FROM gold.customer_ids WHERE reason = 'retired'",
        "INSERT INTO gold.customer_contacts FROM gold.customer_contacts",
        "ALTER TABLE gold.customers ALTER record_count TYPE INTEGER",
    ],
)
def test_any_difference_replaces_the_file(warehouse: Warehouse, tmp_path: Path, change: str) -> None:
    """A null that became empty, a longer list, a row more or less, another type: each is a change."""
    path = tmp_path / "crm.duckdb"
    first = publish(warehouse, path)
    warehouse.execute(change)
    second = publish(warehouse, path)
    fill(warehouse)
    assert second.is_changed
    assert second.fingerprint != first.fingerprint


def test_descriptions_count(warehouse: Warehouse, tmp_path: Path) -> None:
    """A table that is described differently is published again."""
    path = tmp_path / "crm.duckdb"
    for description, is_changed in (("it's one", True), ("it's one", False), ("another", True)):
        table = Publication("gold.customers", "customers", ("customer_id",), ("customer_id",), description)
        summary = publish_duckdb(warehouse, path, [table], run_id="r", now=NOW, code_version="1")
        assert summary.is_changed is is_changed


def test_damaged_file_is_replaced(warehouse: Warehouse, tmp_path: Path) -> None:
    """A file that is no published file, and the log of whoever wrote to it, give way to a good one."""
    path = tmp_path / "crm.duckdb"
    path.write_bytes(b"damaged" * 5000)
    (tmp_path / "crm.duckdb.wal").write_bytes(b"stale")
    assert publish(warehouse, path).is_changed
    assert customer_count(path) == 2
    assert leftovers(tmp_path) == []


def test_damage_within_the_file_is_found_when_it_is_compared(tmp_path: Path) -> None:
    """A file whose rows can't be read any more, though it opens, gives way to one made as a whole."""
    path = tmp_path / "crm.duckdb"
    with opened(tmp_path / "warehouse.duckdb") as warehouse:
        warehouse.execute("CREATE TABLE gold.numbers AS SELECT n, hash(n)::VARCHAR AS text FROM range(200000) AS t(n)")
        numbers = Publication("gold.numbers", "numbers", ("n",), ("n", "text"))
        publish_duckdb(warehouse, path, [numbers], run_id="r", now=NOW, code_version="1")
        content = bytearray(path.read_bytes())
        for place in range(len(content) // 4, len(content) * 3 // 4, 4096):
            content[place] ^= 0xFF
        path.write_bytes(content)
        assert read_edition(path) is not None
        warehouse.execute("UPDATE gold.numbers SET text = 'new' WHERE n = 7")
        assert publish_duckdb(warehouse, path, [numbers], run_id="r", now=NOW, code_version="1").is_changed
    assert query(path, "SELECT count(*), count(DISTINCT text), max(text) FROM numbers").rows() == [
        (200_000, 200_000, "new")
    ]


def test_open_reader_is_not_disturbed(warehouse: Warehouse, tmp_path: Path) -> None:
    """A process that has the file open keeps reading the old edition and sees the new one after reconnecting."""
    path = tmp_path / "crm.duckdb"
    publish(warehouse, path)
    command = [sys.executable, "-c", READER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin
        assert reader.stdout
        print(file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "2\n"
        warehouse.execute("DELETE FROM gold.customers WHERE city IS NULL")
        assert publish(warehouse, path).is_changed
        fill(warehouse)
        print(file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "2\n"
        reader.stdin.close()
        assert reader.stdout.readline() == "1\n"


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_publishing(tmp_path: Path, point: str) -> None:
    """Killed at any point, the old edition stays readable; the next publication works and clears up."""
    path = tmp_path / "published" / "crm.duckdb"
    path.parent.mkdir()
    with opened(tmp_path / "warehouse.duckdb") as warehouse:
        fill(warehouse)
        warehouse.execute("DELETE FROM gold.customers WHERE city IS NULL")
        publish(warehouse, path)
        fill(warehouse)
    module = "crm_pipeline_tests.publish.warehouse_rows"
    command = [sys.executable, "-m", module, str(tmp_path / "warehouse.duckdb"), str(path), point]
    assert subprocess.run(command, check=False).returncode == -9
    assert customer_count(path) == 1
    assert [name for name in leftovers(path.parent) if not name.startswith(".tmp-")] == []
    with opened(tmp_path / "warehouse.duckdb") as warehouse:
        assert publish(warehouse, path).is_changed
    assert customer_count(path) == 2
    assert leftovers(path.parent) == []


def test_leftovers_go_even_when_nothing_changed(warehouse: Warehouse, tmp_path: Path) -> None:
    """What a killed publication left behind, personal data, does not wait for the next change."""
    path = tmp_path / "crm.duckdb"
    publish(warehouse, path)
    (tmp_path / ".tmp-crm.duckdb").write_bytes(b"x")
    (tmp_path / ".tmp-crm.duckdb.build").mkdir()
    (tmp_path / ".tmp-crm.duckdb.build" / "publication.duckdb.wal").write_bytes(b"x")
    assert not publish(warehouse, path).is_changed
    assert leftovers(tmp_path) == []


def test_two_editions_in_one_folder(warehouse: Warehouse, tmp_path: Path) -> None:
    """Files of one folder are published on their own, with different tables."""
    publish(warehouse, tmp_path / "crm.duckdb")
    table = Publication.of(TABLES[4])
    publish_duckdb(warehouse, tmp_path / "steward.duckdb", [table], run_id="r", now=NOW, code_version="1")
    assert query(tmp_path / "steward.duckdb", "SHOW TABLES")["name"].to_list() == ["customer_ids", "published"]
    assert customer_count(tmp_path / "crm.duckdb") == 2


def test_failure_leaves_the_old_edition(warehouse: Warehouse, tmp_path: Path) -> None:
    """An error while building leaves the file, no temporary file and no attached database."""
    path = tmp_path / "crm.duckdb"
    first = publish(warehouse, path)
    warehouse.execute("CREATE OR REPLACE VIEW gold.broken AS SELECT error('broken') AS a FROM range(1)")
    broken = Publication("gold.broken", "broken", ("a",), ())
    with pytest.raises(Exception, match="broken"):
        publish_duckdb(warehouse, path, [broken], run_id="r", now=NOW, code_version="1")
    warehouse.execute("DROP VIEW gold.broken")
    assert leftovers(tmp_path) == []
    assert not publish(warehouse, path).is_changed
    assert query(path, "SELECT fingerprint FROM published").item() == first.fingerprint


def test_reader_in_the_same_process(warehouse: Warehouse, tmp_path: Path) -> None:
    """A publication finds out that nothing changed, and replaces the file, while its own process reads it."""
    path = tmp_path / "crm.duckdb"
    publish(warehouse, path)
    with open_reader(path) as reader:
        assert not publish(warehouse, path).is_changed
        warehouse.execute("DELETE FROM gold.customers WHERE city IS NULL")
        assert publish(warehouse, path).is_changed
        fill(warehouse)
        assert reader.value("SELECT count(*) FROM customers") == 2
        assert customer_count(path) == 1
