"""The masked edition of the published DuckDB file: the same tables under the same names, for everybody.

Belongs here: tables as the masks show them, and who may read the file. Does not belong here: the masks (`masks`), how a
file is made (`duckdb_file`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from crm_pipeline.publish.duckdb_file import PublishSummary, publish_duckdb
from crm_pipeline.publish.masks import DuckDb, golden_marks, masked_columns, masked_order
from crm_pipeline.publish.publication import Publication, column_types
from crm_pipeline.tables import Personal
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

_FOR_EVERYBODY, _FOLDER = 0o644, 0o755
_SAYS = "MASKED EDITION; "


def publish_masked(
    warehouse: Warehouse,
    path: Path,
    tables: Sequence[Publication],
    *,
    salt: str,
    run_id: str,
    now: datetime,
    code_version: str,
) -> PublishSummary:
    """What was published under `path`: the tables as their masks show them, readable by everybody.

    The folder becomes readable too; what else lies in it keeps its own rights.

    Args:
        warehouse: a connection that reaches the sources of the tables and may make files.
        path: the published file.
        tables: as in the full edition.
        salt: the secret that pseudonyms are made with.
        run_id: the run that publishes.
        now: time of publication, UTC without a zone.
        code_version: version of crm_pipeline.
    """
    with _masked_views(warehouse, tables, salt) as masked:
        summary = publish_duckdb(warehouse, path, masked, run_id=run_id, now=now, code_version=code_version)
    path.chmod(_FOR_EVERYBODY)
    path.parent.chmod(_FOLDER)
    return summary


@contextlib.contextmanager
def _masked_views(warehouse: Warehouse, tables: Sequence[Publication], salt: str) -> Iterator[list[Publication]]:
    """Publications of the masked tables, which are views of this connection within the block."""
    golden = golden_marks(tables)
    try:
        yield [_masked_view(warehouse, table, salt, golden) for table in tables]
    finally:
        for table in tables:
            warehouse.execute(f"DROP VIEW IF EXISTS {_view_of(table)}")


def _masked_view(warehouse: Warehouse, table: Publication, salt: str, golden: Mapping[str, Personal]) -> Publication:
    types = column_types(warehouse, table.source)
    columns = masked_columns(table, types, DuckDb(salt), golden)
    selected = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    warehouse.execute(f"CREATE OR REPLACE TEMP VIEW {_view_of(table)} AS SELECT {selected} FROM {table.source}")
    return replace(
        table,
        source=_view_of(table),
        order_by=masked_order(table, types),
        description=f"{_SAYS}{table.description}",
    )


def _view_of(table: Publication) -> str:
    return f"temp.main.{quoted(f'masked {table.name}')}"
