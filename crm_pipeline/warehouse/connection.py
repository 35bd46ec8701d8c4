"""Connections to DuckDB files, with frames in and out under a table contract."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import duckdb
import polars as pl

from crm_pipeline.errors import ConfigurationError, PipelineError
from crm_pipeline.tables import Table
from crm_pipeline.warehouse.selection import RefusedError, Selection

__all__ = ["RefusedError", "Warehouse", "open_reader"]

# Times are UTC; and a statement of seconds draws no bar into the output of a command. Cursors inherit both.
SESSION = "SET TimeZone = 'UTC'; SET enable_progress_bar = false"
SCHEMAS = ("std", "link", "gold", "mart", "ops")


class DamagedError(Exception):
    """A database file that can't be read, by its path; for what can be derived again, a reason to discard it."""


def discard_database(path: Path) -> None:
    """Deletes a database file and its write-ahead log."""
    for file in (path, path.with_name(path.name + ".wal")):
        file.unlink(missing_ok=True)


def _is_damage(error: duckdb.Error) -> bool:
    """DuckDB has no class of its own for a block whose checksum is wrong."""
    return type(error) is duckdb.Error or isinstance(error, (duckdb.IOException, duckdb.SerializationException))


class Warehouse:
    """One writing connection to the warehouse file. DuckDB lets one process at a time have it.

    Reading methods fetch all rows at once: DuckDB 2 drops unread rows at commit.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._in_transaction = False

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path, *, temporary: Path, memory_limit: str | None = None) -> Iterator[Self]:
        """The warehouse at `path`, made with its schemas when it is not there; closed at the end.

        Args:
            path: the database file.
            temporary: folder for spilling to disk, on the same disk as the warehouse.
            memory_limit: DuckDB's own form, such as `4GB`; its default is 80 % of the machine.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir(parents=True, exist_ok=True)
        config: dict[str, str | bool | int | float | list[str]] = {"temp_directory": str(temporary)}
        if memory_limit:
            config["memory_limit"] = memory_limit
        connection = duckdb.connect(str(path), config=config)
        path.chmod(0o600)
        try:
            connection.execute(SESSION)
            for schema in SCHEMAS:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            yield cls(connection)
        finally:
            connection.close()

    @classmethod
    @contextlib.contextmanager
    def in_memory(cls, *, temporary: Path | None = None, memory_limit: str | None = None) -> Iterator[Self]:
        """A database of its own that is gone at the end; what does not fit into memory goes to a temporary folder.

        Args:
            temporary: where that folder is; null for the system's temporary one.
            memory_limit: as of `open`.
        """
        limit = {"memory_limit": memory_limit} if memory_limit else {}
        with tempfile.TemporaryDirectory(prefix="crm-pipeline-", dir=temporary) as folder:
            connection = duckdb.connect(":memory:", config={"temp_directory": folder, **limit})
            try:
                connection.execute(SESSION)
                yield cls(connection)
            finally:
                connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything in the block happens or nothing does; an inner block joins the outer one."""
        if self._in_transaction:
            yield
            return
        self.connection.execute("BEGIN TRANSACTION")
        self._in_transaction = True
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        else:
            self.connection.execute("COMMIT")
        finally:
            self._in_transaction = False

    @contextlib.contextmanager
    def attached(self, path: Path, name: str, *, is_read_only: bool = False) -> Iterator[None]:
        """The database file at `path` as `name` within the block, on every connection to this warehouse.

        It is made, or made its owner's alone, unless it is only read. Nothing may write to it and to the warehouse in
        one transaction.

        Raises:
            DamagedError: the file can't be read, as a whole or where the block needs it.
        """
        mode = "(READ_ONLY)" if is_read_only else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.connection.execute(f"ATTACH {literal(str(path))} AS {quoted(name)} {mode}")
        except duckdb.Error as error:
            raise DamagedError(str(path)) from error
        if not is_read_only:
            path.chmod(0o600)
        try:
            yield
        except duckdb.Error as error:
            if _is_damage(error):
                raise DamagedError(str(path)) from error
            raise
        finally:
            with contextlib.suppress(duckdb.Error):  # lest it hide what went wrong in the block
                self.connection.execute(f"DETACH {quoted(name)}")

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """All rows that the statement returns, in its order."""
        return self.connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """The first column of the first row."""
        return self.execute(sql, parameters)[0][0]

    def count(self, table: Table) -> int:
        """Number of rows of a table."""
        return int(self.value(f"SELECT count(*) FROM {table.qualified}"))

    def frame(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> pl.DataFrame:
        """The rows that the statement returns, as a Polars frame, in its order."""
        return _frame(self.connection.sql(sql, params=parameters or None))

    def select(self, sql: str) -> pl.DataFrame:
        """The rows of exactly one select, written by somebody else; result columns of one name are numbered.

        Raises:
            RefusedError: it is not exactly one select, DuckDB refuses it, or a column is of a type without a frame.
        """
        return self.selection(sql).frame()

    def selection(self, sql: str) -> Selection:
        """Exactly one select, written by somebody else, not run yet.

        Raises:
            RefusedError: it is not exactly one select, or DuckDB refuses it.
        """
        return Selection.of(self.connection, sql)

    @contextlib.contextmanager
    def registered(self, name: str, frame: pl.DataFrame) -> Iterator[None]:
        """`frame` readable as the view `name` within the block, without a copy."""
        self.connection.register(name, frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
        try:
            yield
        finally:
            self.connection.unregister(name)

    def exists(self, table: Table) -> bool:
        """Whether the table is there with exactly the contract's columns and types."""
        return self._columns(table) == [(column.name, column.type) for column in table.columns]

    def ensure(self, table: Table) -> bool:
        """True when the table had to be made, empty; one with other columns than the contract's is dropped first.

        Everything in the warehouse can be derived again, so a changed contract costs time, not data.
        """
        if self.exists(table):
            return False
        with self.transaction():
            self.connection.execute(f"DROP TABLE IF EXISTS {table.qualified}")
            self.connection.execute(f"CREATE TABLE {table.qualified} ({_definition(table)})")
        return True

    def replace(self, table: Table, rows: pl.DataFrame | str) -> int:
        """Number of rows after the table's content became `rows`, a frame or a select with the contract's columns.

        Rows are stored in key order. In one transaction: readers of this connection see the old or the new rows.
        """
        with self.transaction():
            self.connection.execute(f"CREATE OR REPLACE TABLE {table.qualified} ({_definition(table)})")
            return self.insert(table, rows, order_by=table.key)

    def insert(self, table: Table, rows: pl.DataFrame | str, *, order_by: Sequence[str] = ()) -> int:
        """Number of rows appended; columns are matched by name, missing ones are null, surplus ones are left out."""
        if isinstance(rows, pl.DataFrame) and rows.is_empty():
            # DuckDB 2.0 loses the rows that the same transaction inserts into a table whose first insert had none.
            return 0
        if isinstance(rows, str):
            return self._insert_select(table, f"({rows})", None, order_by)
        with self.registered("_rows_to_insert", rows):
            return self._insert_select(table, "_rows_to_insert", rows.columns, order_by)

    def _insert_select(self, table: Table, origin: str, names: list[str] | None, order_by: Sequence[str]) -> int:
        if names is None:
            names = [row[0] for row in self.execute(f"DESCRIBE SELECT * FROM {origin}")]
        used = [column for column in table.columns if column.name in names]
        missing = [name for name in table.key if name not in names]
        if missing:
            raise PipelineError(
                where=table.qualified,
                expected=f"the key columns {', '.join(table.key)}",
                found=f"rows without {', '.join(missing)}",
                cure="This is a defect; please report it.",
            )
        targets = ", ".join(quoted(column.name) for column in used)
        selected = ", ".join(f"CAST({quoted(column.name)} AS {column.type})" for column in used)
        order = f" ORDER BY {', '.join(quoted(name) for name in order_by)}" if order_by else ""
        inserted = self.execute(f"INSERT INTO {table.qualified} ({targets}) SELECT {selected} FROM {origin}{order}")
        return int(inserted[0][0])

    def _columns(self, table: Table) -> list[tuple[str, str]]:
        sql = """
            SELECT column_name, data_type FROM duckdb_columns()
            WHERE schema_name = ? AND table_name = ? AND database_name = current_database() ORDER BY column_index
        """
        found = self.execute(sql, [table.schema, table.name])
        return [(name, kind.replace('"', "")) for name, kind in found]  # field names of a STRUCT come quoted


@contextlib.contextmanager
def open_reader(path: Path, *, temporary: Path | None = None) -> Iterator[Warehouse]:
    """A published file, read only and with no way to other files or the network; closed at the end.

    Its tables answer to `customers` and to `crm.customers`.

    Args:
        path: the published file.
        temporary: folder for what does not fit into memory; null for the system's temporary one.

    Raises:
        ConfigurationError: nothing has been published yet, or the file is not a database.
    """
    if not path.exists():
        raise ConfigurationError(
            where=str(path), expected="a published file", found="none", cure="Run `crm-pipeline run` first."
        )
    with tempfile.TemporaryDirectory(prefix="crm-pipeline-", dir=temporary) as folder:
        connection = duckdb.connect(":memory:", config={"temp_directory": folder})
        try:
            connection.execute(SESSION)
            _attach_published(connection, path)
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield Warehouse(connection)
        finally:
            connection.close()


def _attach_published(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS crm (READ_ONLY)")
        connection.execute("USE crm")
    except duckdb.Error:
        raise ConfigurationError(
            where=str(path),
            expected="a published file",
            found="a file that can't be read as one",
            cure="Publish again with `crm-pipeline run`.",
        ) from None


def _frame(result: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(result.to_arrow_table()))


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _definition(table: Table) -> str:
    return ", ".join(f"{quoted(column.name)} {column.type}" for column in table.columns)
