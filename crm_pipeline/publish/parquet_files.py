"""The published tables as Parquet files in a folder or bucket, for whoever reads files rather than databases.

Belongs here: what lies there, and in which order it is written. Does not belong here: where it lies (`storage`), which
tables are published (`steps.publishing`).

    tables/<table>/<content>.parquet    one file for each table and content, rows in key order
    current.json                        the publication that counts: its tables and their files; replaced last, at once

A reader takes the files that `current.json` names. A publication that dies before it replaced `current.json` left
files that nobody names; the next one removes them. Files of the publication before stay until the one after, so that
whoever began to read goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_pipeline.errors import PipelineError
from crm_pipeline.publish.edition import Edition
from crm_pipeline.publish.publication import Publication, TableState, column_types
from crm_pipeline.storage import ObjectStore
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

FORMAT_VERSION = 1
CURRENT, _TABLES = "current.json", "tables/"


@dataclass(frozen=True, slots=True)
class ParquetSummary:
    """What was written.

    Attributes:
        is_changed: False when this very publication was there already.
        written: tables of which a file was written; others are as they were.
        removed_count: files that no publication names any more.
    """

    is_changed: bool
    written: tuple[str, ...] = ()
    removed_count: int = 0


def publish_parquet(
    warehouse: Warehouse, store: ObjectStore, tables: Sequence[Publication], edition: Edition, *, temporary: Path
) -> ParquetSummary:
    """What was written so that the store has the edition.

    Args:
        warehouse: a connection that reaches the sources of the tables.
        store: an empty place, or one that this function filled; nothing else may write there.
        tables: all that are published.
        edition: what it tells of itself.
        temporary: a private folder for one file at a time.

    Raises:
        PipelineError: the place holds a publication of another form.
        StoreError: the store can't be reached or is full; what was published before is as it was.
    """
    before = _current(store)
    if before.get("fingerprint") == edition.fingerprint:
        return ParquetSummary(is_changed=False)
    present = {info.key for info in store.list(_TABLES)}
    told, written = [], []
    for table in tables:
        state = edition.by_name[table.name]
        key = _key(state)
        if key not in present or key not in _files(before):  # one that nobody names may be of a publication that died
            _write(warehouse, store, table, key, temporary / f"{table.name}.parquet")
            written.append(table.name)
        types = column_types(warehouse, table.source)
        told.append(
            {
                "name": table.name,
                "file": key,
                "row_count": state.row_count,
                "key": list(table.order_by),
                "description": table.description,
                "columns": [
                    {"name": name, "type": kind, "description": table.column_descriptions.get(name, "")}
                    for name, kind in types.items()
                ],
            }
        )
    current = {
        "format_version": FORMAT_VERSION,
        "fingerprint": edition.fingerprint,
        "published_at": f"{edition.published_at.isoformat(timespec='microseconds')}Z",
        "run_id": edition.run_id,
        "code_version": edition.code_version,
        "tables": told,
    }
    store.put(CURRENT, (json.dumps(current, ensure_ascii=False, indent=2) + "\n").encode())
    unnamed = sorted(present - _files(before) - _files(current))
    for key in unnamed:
        store.delete(key)
    return ParquetSummary(is_changed=True, written=tuple(written), removed_count=len(unnamed))


def _current(store: ObjectStore) -> Mapping[str, Any]:
    """The publication that counts; empty before the first."""
    if not store.exists(CURRENT):
        return {}
    try:
        current: dict[str, Any] = json.loads(store.read_bytes(CURRENT))
        found = current["format_version"]
        _files(current)
    except (ValueError, KeyError, TypeError):
        found = "one that can't be read"
    if found != FORMAT_VERSION:
        raise PipelineError(
            where=f"{store.describe()}/{CURRENT}",
            expected=f"a publication of format version {FORMAT_VERSION}",
            found=str(found),
            cure="Name another place in publish.parquet.to, or empty this one.",
        )
    return current


def _files(current: Mapping[str, Any]) -> set[str]:
    """The keys of the files that a publication names."""
    return {str(table["file"]) for table in current.get("tables", ())}


def _key(state: TableState) -> str:
    """Where the file of a table with this content lies."""
    content = hashlib.sha256(f"{state.structure} {state.content}".encode()).hexdigest()[:16]
    return f"{_TABLES}{state.name}/{content}.parquet"


def _write(warehouse: Warehouse, store: ObjectStore, table: Publication, key: str, file: Path) -> None:
    order = ", ".join(quoted(name) for name in table.order_by)
    rows = f"SELECT * FROM {table.source} ORDER BY {order}"
    try:
        warehouse.execute(f"COPY ({rows}) TO {literal(str(file))} (FORMAT parquet, COMPRESSION zstd)")
        store.put(key, file)
    finally:
        file.unlink(missing_ok=True)
