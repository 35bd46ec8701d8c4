"""SQLite: a file, read by ADBC; types are those of the values, not of columns.

Belongs here: how this dialect is asked. Does not belong here: what is asked for (`opening`), cursors (`cursors`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa

from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases.server import Column, DatabaseFailureError, Kind, Problem, first_line

_ROWS_OF_A_BATCH = 32_768
_KINDS = {
    frozenset({"integer"}): Kind.INTEGER,
    frozenset({"real"}): Kind.FLOAT,
    frozenset({"integer", "real"}): Kind.FLOAT,
}
# What SQLite says of a file that it can't read, and what that is.
_UNFIT = {
    "unable to open": "a file that can't be opened; this user may lack the right to",
    "not a database": "a file that is no SQLite database, or a damaged one",
    "malformed": "a file that is no SQLite database, or a damaged one",
}


class Sqlite:
    """A connection that reads only."""

    def __init__(self, cursor: Any, read: DatabaseRead, zone: ZoneInfo) -> None:
        self.zone: tzinfo = zone
        self._cursor = cursor
        self._read = read

    def clock(self) -> datetime:
        """The time of this machine: there is no server."""
        return datetime.now(UTC)

    def describe(self, select: str) -> Sequence[Column]:
        """The columns of a select; types only of a table, as they were declared."""
        declared = self._declared()
        names = self._ask(f"SELECT * FROM (\n{select}\n) AS crm_rows LIMIT 0").schema.names
        return [Column(name, declared.get(name, ""), Kind.OTHER) for name in names]

    def describe_cursor(self, select: str, column: Column) -> Column:
        """The column with the kind that all its values have; one pass over them."""
        name = self.quoted(column.name)
        found = self._ask(
            f"SELECT DISTINCT typeof({name}) FROM (\n{select}\n) AS crm_rows WHERE {name} IS NOT NULL"
        ).column(0)
        types = frozenset(found.to_pylist())
        kind = Kind.TEXT if types <= {"text"} else _KINDS.get(types, Kind.OTHER)
        if not types and self._read.overlap_number is not None:  # no row says it
            kind = Kind.INTEGER
        return Column(column.name, column.type or "/".join(sorted(types)), kind)

    def quoted(self, name: str) -> str:
        """A name exactly as it is."""
        return '"' + name.replace('"', '""') + '"'

    def literal(self, text: str) -> str:
        """A text."""
        return "'" + text.replace("'", "''") + "'"

    def text_of(self, reference: str, column: Column) -> str:  # noqa: ARG002 - each value has its own type
        r"""The text of each value by its own type: bytes as \x and hexadecimal digits, a real number in full."""
        short = f"CAST({reference} AS TEXT)"
        real = f"CASE WHEN CAST({short} AS REAL) = {reference} THEN {short} ELSE printf('%!.17g', {reference}) END"
        return (
            f"CASE typeof({reference}) WHEN 'null' THEN '' WHEN 'blob' THEN '\\x' || lower(hex({reference})) "
            f"WHEN 'real' THEN {real} ELSE {short} END"
        )

    def rows(self, select: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - all are texts
        """The rows, some ten thousand at a time."""
        with _sorted_out(self._read):
            self._cursor.execute(select)
            yield from self._cursor.fetch_record_batch()

    def _declared(self) -> dict[str, str]:
        if self._read.table is None:
            return {}
        found = self._ask(f"SELECT name, type FROM pragma_table_xinfo({self.literal(self._read.table_names[-1])})")
        return {name: kind.lower() for name, kind in zip(*(column.to_pylist() for column in found), strict=True)}

    def _ask(self, select: str) -> pa.Table:
        with _sorted_out(self._read):
            self._cursor.execute(select)
            return self._cursor.fetch_arrow_table()


@contextlib.contextmanager
def open_server(read: DatabaseRead, zone: ZoneInfo, root: Path) -> Iterator[Sqlite]:
    """A connection to the file of `read`.

    Args:
        read: the extract's `read:`.
        zone: of times without one.
        root: the project folder, for a path with three slashes: `sqlite:///data/shop.db`.

    Raises:
        DatabaseFailureError: there is no such database.
    """
    import adbc_driver_sqlite.dbapi as adbc  # noqa: PLC0415 - a fifth of a second, for those who read databases

    path = root / unquote(urlsplit(read.database.get_secret_value()).path.removeprefix("/"))
    if not path.is_file():
        raise DatabaseFailureError(Problem.NO_FILE, f"no file {path}")
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with contextlib.ExitStack() as stack:
        with _sorted_out(read):
            connection = stack.enter_context(contextlib.closing(adbc.connect(uri)))
        options = {"adbc.sqlite.query.batch_rows": _ROWS_OF_A_BATCH}
        cursor = stack.enter_context(contextlib.closing(connection.cursor(adbc_stmt_kwargs=options)))
        yield Sqlite(cursor, read, zone)


@contextlib.contextmanager
def _sorted_out(read: DatabaseRead) -> Iterator[None]:
    """Raises what the driver raises as a failure of ours."""
    import adbc_driver_manager  # noqa: PLC0415 - comes with the driver, as late

    try:
        yield
    except (adbc_driver_manager.Error, OSError, pa.ArrowException) as error:
        raise _failure(first_line(str(error), read)) from None


def _failure(message: str) -> DatabaseFailureError:
    found = next((found for said, found in _UNFIT.items() if said in message), None)
    if found:
        return DatabaseFailureError(Problem.NO_FILE, found)
    said = message.rpartition("prepare query: ")[2].partition("\n")[0]
    if "no such" in message or "ambiguous column" in message:
        return DatabaseFailureError(Problem.UNKNOWN, said)
    if "syntax error" in message or "prepare" in message:
        return DatabaseFailureError(Problem.SYNTAX, said)
    if "readonly" in message:
        return DatabaseFailureError(Problem.WRITES, "a statement that writes")
    if "locked" in message or "busy" in message:
        found = "a database that another process has locked"
        return DatabaseFailureError(Problem.UNREACHABLE, found, is_transient=True)
    return DatabaseFailureError(Problem.FAILED, "an error while it was computed")
