"""Claims on readers while publications replace the file under them: no error, no mixture, never back in time."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from crm_pipeline.publish import Publication, publish_duckdb
from crm_pipeline.tables import Column, Table
from crm_pipeline.warehouse import Warehouse

READERS, PUBLICATIONS, ROWS = 4, 20, 2_000
NOW = datetime(2026, 1, 28, 3)  # noqa: DTZ001 - as stored
_COLUMNS = (Column("number", "INTEGER", "which row"), Column("edition", "INTEGER", "of which publication"))
TABLES = tuple(Table("gold", name, "one row", ("number",), _COLUMNS) for name in ("customers", "orders"))
# Reads until the folder has a file `stop`; prints how many times it looked, and the editions that it saw, in order.
_READER = """
import sys
from pathlib import Path
from crm_pipeline.publish import query
file, seen, count = Path(sys.argv[1]), [], 0
sql = "SELECT max(c.edition), max(o.edition), count(*) FROM customers AS c FULL JOIN orders AS o USING (number)"
while not file.with_name("stop").exists():
    [(c, o, n)] = query(file, sql).rows()
    assert c == o, (c, o)
    assert n == int(sys.argv[2]), n
    count += 1
    file.with_name(f"reader-{sys.argv[3]}").touch()
    seen += [c] if not seen or seen[-1] != c else []
print(count, *seen)
"""


def _fill(warehouse: Warehouse, edition: int, *, is_whole: bool) -> None:
    """The rows of an edition: all are new, or one in a hundred, so that the file is made anew or changes merged."""
    for table in TABLES:
        warehouse.ensure(table)
        if is_whole:
            rows = f"SELECT i::INTEGER AS number, {edition} AS edition FROM range({ROWS}) AS r(i)"
            warehouse.replace(table, rows)
        else:
            warehouse.execute(f"UPDATE {table.qualified} SET edition = {edition} WHERE number % 100 = 0")


def test_readers_see_whole_editions(tmp_path: Path) -> None:
    """Four processes that read all the while during 20 publications see both tables of one edition, and newer ones."""
    file = tmp_path / "crm.duckdb"
    publications = [Publication.of(table) for table in TABLES]
    with Warehouse.in_memory() as warehouse:
        for schema in ("gold",):
            warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")

        def publish(edition: int) -> None:
            _fill(warehouse, edition, is_whole=edition % 5 == 1)
            now = NOW + timedelta(days=edition)
            publish_duckdb(warehouse, file, publications, run_id=f"run-{edition}", now=now, code_version="1")

        publish(1)
        command = [sys.executable, "-c", _READER, str(file), str(ROWS)]
        readers = [
            subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for n in range(READERS)
        ]
        try:
            while len([*tmp_path.glob("reader-*")]) < READERS and all(reader.poll() is None for reader in readers):
                time.sleep(0.05)
            for edition in range(2, PUBLICATIONS + 1):
                publish(edition)
        finally:
            file.with_name("stop").touch()
            told = [reader.communicate(timeout=120) for reader in readers]
    for reader, (out, err) in zip(readers, told, strict=True):
        assert reader.returncode == 0, err
        count, *seen = map(int, out.split())
        assert seen == sorted(seen)
        assert count >= len(seen)
    assert sum(len(out.split()) for out, _ in told) > 4 * READERS, "readers hardly looked while editions came"
