"""Reading a published file: one select, or everything as CSV.

Belongs here: access for people and programs, read only and locked down. Does not belong here: what a customer's rows
mean together (`explanation`), files that hold what one select gives (`taking_out`).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars import selectors

from crm_pipeline.publish.publication import RUN_TIME_MARK, text_of
from crm_pipeline.publish.spreadsheets import escaped
from crm_pipeline.publish.taking_out import refused_select
from crm_pipeline.state.files import appearing
from crm_pipeline.warehouse import RefusedError, Warehouse, open_reader
from crm_pipeline.warehouse.connection import quoted


def query(path: Path, sql: str, *, zone: str = "UTC") -> pl.DataFrame:
    """The rows of one select on the published tables; `customers` and `crm.customers` mean the same.

    No file, no network and no other database can be reached.

    Args:
        path: the published file.
        sql: the select.
        zone: in which times that have a zone are given.

    Raises:
        ConfigurationError: nothing has been published, it is not exactly one select, or DuckDB refuses it.
    """
    with open_reader(path) as reader:
        try:
            return reader.select(sql).with_columns(selectors.datetime(time_zone="*").dt.convert_time_zone(zone))
        except RefusedError as refused:
            raise refused_select(refused) from None


def export_csv(path: Path, folder: Path) -> list[Path]:
    """One CSV file per published table with its stable columns, rows sorted, nested values as JSON, null as nothing.

    Two publications of equal data give equal bytes. Text that a spreadsheet would take for a formula has an apostrophe
    before it, see `spreadsheets`; `query` gives it as it is.

    Args:
        path: the published file.
        folder: where `<table>.csv` are written, in place of ones that are there.

    Raises:
        ConfigurationError: nothing has been published.
    """
    written = []
    with open_reader(path) as reader:
        for table, columns in _stable_columns(reader).items():
            texts = ", ".join(f"{text_of(name, kind)} AS {quoted(name)}" for name, kind in columns)
            frame = reader.frame(f"SELECT {texts} FROM {quoted(table)} ORDER BY ALL")
            frame = frame.with_columns(escaped(pl.col(name)) for name, kind in columns if kind == "VARCHAR")
            target = folder / f"{table}.csv"
            with appearing(target) as temporary:
                frame.write_csv(temporary)
            written.append(target)
    return written


def _stable_columns(reader: Warehouse) -> dict[str, list[tuple[str, str]]]:
    """Table to its stable columns with types, in order; tables sorted."""
    rows = reader.execute("""
        SELECT table_name, column_name, data_type, coalesce(comment, '') FROM duckdb_columns()
        WHERE schema_name = 'main' AND database_name = current_database() ORDER BY table_name, column_index
    """)
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind, comment in rows:
        columns = tables.setdefault(table, [])
        if not comment.endswith(RUN_TIME_MARK):
            columns.append((column, kind))
    return tables
