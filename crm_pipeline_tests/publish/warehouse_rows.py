"""A small warehouse ready for publication: five records, two living customers, one merged away, one retired.

Run as a program it publishes and kills itself at a named point: `python -m … WAREHOUSE FILE POINT`.
"""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl

from crm_pipeline.publish import Publication, PublishSummary, duckdb_file, publish_duckdb
from crm_pipeline.publish.changes import TableChange
from crm_pipeline.tables import (
    CUSTOMER_CONTACTS,
    CUSTOMER_IDS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    IDENTITY_EVENTS,
    Table,
    customer_history,
    customers,
)
from crm_pipeline.warehouse import Warehouse

DAY = date(2026, 1, 1)
NOW = datetime(2026, 1, 2, 3)
ONE, TWO, MERGED, RETIRED = "C000000018", "C000000026", "C000000034", "C000000042"
TABLES: tuple[Table, ...] = (
    customers(),
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    CUSTOMER_CONTACTS,
    CUSTOMER_IDS,
    IDENTITY_EVENTS,
    customer_history(),
)
PUBLICATIONS = tuple(Publication.of(table) for table in TABLES)
POINTS = ("first table", "first merge", "checkpoint", "rename of the build", "publishing rename")


def fill(warehouse: Warehouse, *, now: datetime = NOW) -> None:
    """Makes all tables; `now` shows in columns of run time only."""
    counts = {"record_count": 2, "source_count": 2, "first_seen_on": DAY, "changed_on": DAY}
    ids = [{"namespace": "erp", "value": "7"}]
    golden = {"customer_id": ONE, "name": "王芳", "city": "上海", "phone": "+861", "external_ids": ids, **counts}
    other = {"customer_id": TWO, "name": 'Ann, "A"\nLee', **counts, "record_count": 1, "source_count": 1}
    lost = [{"value": "王方", "source": "erp", "extract": "e", "source_id": "2"}]
    origin = {"source": "crm", "extract": "e", "source_id": "1"}
    rows: dict[str, list[dict[str, Any]]] = {
        "customers": [other, golden],
        "customer_records": [
            _record("crm", "e", "1", ONE, "model"),
            _record("erp", "e", "2", ONE, "model"),
            _record("erp", "e", "3", TWO, "single"),
            {**_record("erp", "f", "3", ONE, None), "deleted_on": DAY},
            {**_record("shop", "e", "4", None, None), "deleted_on": DAY},
        ],
        "customer_values": [
            {
                "customer_id": ONE,
                "column_name": "name",
                "value": "王芳",
                **origin,
                "rule": "trust",
                "alternatives": lost,
            }
        ],
        "customer_contacts": [{"customer_id": ONE, "kind": "phone", "value": "+861", "rank": 1, "sources": ["crm"]}],
        "customer_ids": [
            {"any_customer_id": ONE, "customer_id": ONE, "reason": "current", "since": now},
            {"any_customer_id": TWO, "customer_id": TWO, "reason": "current", "since": now},
            {"any_customer_id": MERGED, "customer_id": ONE, "reason": "merged", "since": now},
            {"any_customer_id": RETIRED, "customer_id": None, "reason": "retired", "since": now},
        ],
        "identity_events": [
            _event(1, "created", [RETIRED], ["shop/e/4"], now),
            _event(2, "merged", [ONE, MERGED], ["crm/e/1", "erp/e/2"], now),
            _event(3, "retired", [RETIRED], ["shop/e/4"], now),
        ],
        "customer_history": [
            {"customer_id": ONE, "valid_from": now, "version": 1, "name": "王芳"},
            {"customer_id": MERGED, "valid_from": now, "valid_to": now, "version": 1, "name": "王方"},
        ],
    }
    for table in TABLES:
        cells = [[row.get(name) for name in table.column_names] for row in rows[table.name]]
        warehouse.replace(table, pl.DataFrame(cells, table.polars_schema, orient="row"))


def _record(source: str, extract: str, source_id: str, customer: str | None, matched_by: str | None) -> dict[str, Any]:
    key = {"source": source, "extract": extract, "source_id": source_id, "customer_id": customer}
    return {**key, "match_probability": 0.995, "matched_by": matched_by, "first_seen_on": DAY}


def _event(number: int, kind: str, ids: list[str], records: list[str], now: datetime) -> dict[str, Any]:
    told = {"event_number": number, "kind": kind, "customer_ids": ids, "record_keys": records, "cause": "model"}
    return {**told, "occurred_at": now, "run_id": "run"}


def publish(warehouse: Warehouse, path: Path, *, now: datetime = NOW, run_id: str = "run") -> PublishSummary:
    return publish_duckdb(warehouse, path, PUBLICATIONS, run_id=run_id, now=now, code_version="1")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Warehouse]:
    with Warehouse.open(path, temporary=path.parent / "temporary") as warehouse:
        yield warehouse


def die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def main(warehouse_file: str, published_file: str, point: str) -> None:
    """Publishes and dies at the point; at `publishing rename` everything is built and nothing visible."""
    replace, build, merge = Path.replace, duckdb_file._build_table, duckdb_file._merge_table

    def replacing(self: Path, target: Path) -> Path:
        is_build = self.name == "publication.duckdb"
        if (point == "rename of the build") == is_build:
            die()
        return replace(self, target)

    def building(warehouse: Warehouse, change: TableChange) -> None:
        build(warehouse, change)
        if point == "first table":
            die()

    def merging(warehouse: Warehouse, change: TableChange) -> None:
        merge(warehouse, change)
        if point == "first merge":
            die()

    patches = [
        mock.patch.object(duckdb_file, "_build_table", building),
        mock.patch.object(duckdb_file, "_merge_table", merging),
    ]
    if point == "first table":
        patches.append(mock.patch.object(duckdb_file, "_LARGEST_MERGED_SHARE", 0))
    if point == "checkpoint":
        patches.append(mock.patch.object(duckdb_file, "write_edition", die))
    if "rename" in point:
        patches.append(mock.patch.object(Path, "replace", replacing))
    with opened(Path(warehouse_file)) as warehouse, contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        publish(warehouse, Path(published_file))


def leftovers(folder: Path) -> list[str]:
    """Names in the folder that are not published files."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".duckdb" or path.name.startswith("."))


if __name__ == "__main__":
    main(*sys.argv[1:])
