"""Reading a published file: one select, or everything as CSV.

Belongs here: access for people and programs, read only and locked down. Does not belong here: what a customer's rows
mean together (`explanation`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.publish.publication import RUN_TIME_MARK, text_of
from crm_pipeline.state.files import appearing
from crm_pipeline.warehouse import Warehouse, open_reader
from crm_pipeline.warehouse.connection import quoted


@contextlib.contextmanager
def published(path: Path) -> Iterator[Warehouse]:
    """A published file, read only; its tables answer to names with and without schema.

    Raises:
        ConfigurationError: nothing has been published, or the file is not a published one.
    """
    try:
        with open_reader(path) as reader:
            yield reader
    except (duckdb.IOException, duckdb.CatalogException):
        raise ConfigurationError(
            where=str(path),
            expected="a published file",
            found="a file that can't be read as one",
            cure="Publish again.",
        ) from None


def query(path: Path, sql: str) -> pl.DataFrame:
    """The rows of one select on the published tables; `customers` and `crm.customers` mean the same.

    No file, no network and no other database can be reached.

    Raises:
        ConfigurationError: nothing has been published, it is not exactly one select, or DuckDB refuses it.
    """
    with published(path) as reader:
        try:
            statements = reader.connection.extract_statements(sql)
            if [statement.type for statement in statements] == [duckdb.StatementType.SELECT]:
                return reader.frame(statements[0].query)
        except duckdb.Error as error:
            raise _refused(str(error).splitlines()[0]) from None
    raise _refused(f"{len(statements)} statements, or one that is not a select")


def export_csv(path: Path, folder: Path) -> list[Path]:
    """One CSV file per published table with its stable columns, rows sorted, nested values as JSON, null as nothing.

    Two publications of equal data give equal bytes.

    Args:
        path: the published file.
        folder: where `<table>.csv` are written, in place of ones that are there.

    Raises:
        ConfigurationError: nothing has been published.
    """
    written = []
    with published(path) as reader:
        for table, columns in _stable_columns(reader).items():
            texts = ", ".join(f"{text_of(name, kind)} AS {quoted(name)}" for name, kind in columns)
            frame = reader.frame(f"SELECT {texts} FROM {quoted(table)} ORDER BY ALL")
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


def _refused(found: str) -> ConfigurationError:
    return ConfigurationError(
        where="query",
        expected="one select on the published tables",
        found=found,
        cure="Correct the SQL; `SHOW TABLES` and `DESCRIBE customers` tell what there is.",
    )
