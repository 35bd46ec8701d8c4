"""PostgreSQL, and what speaks its protocol: rows by ADBC, each value as the text that the server itself gives it.

Belongs here: how this dialect is asked. Does not belong here: what is asked for (`opening`), cursors (`cursors`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import pyarrow as pa

from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases.server import Column, DatabaseFailureError, Kind, Problem, first_line

_KINDS = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), Kind.INTEGER),
    "numeric": Kind.DECIMAL,
    **dict.fromkeys(("float4", "float8"), Kind.FLOAT),
    "date": Kind.DATE,
    "timestamp": Kind.LOCAL_TIME,
    "timestamptz": Kind.TIME,
}
# A connection that went dead is noticed after a minute; a parameter in the URL wins.
_PARAMETERS = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_UNREACHABLE = ("Connection refused", "timeout expired", "could not translate host name", "Network is unreachable",
                "No route to host", "closed the connection", "No such file or directory", "Connection reset",
                "Connection timed out", "could not send", "could not receive")  # fmt: skip
_NOT_NOW = ("starting up", "shutting down", "too many clients", "remaining connection slots", "recovery mode")
_PROBLEMS = {
    "25006": Problem.WRITES,
    "28": Problem.REFUSED,
    "3D": Problem.REFUSED,
    "42501": Problem.RIGHTS,
    "42601": Problem.SYNTAX,
    "42": Problem.UNKNOWN,
    "3F": Problem.UNKNOWN,
    "57014": Problem.TIMEOUT,
    "57": Problem.LOST,
    "08": Problem.LOST,
}


class Postgresql:
    """A session that reads only, in which times without a zone are of `zone`."""

    def __init__(self, cursor: Any, read: DatabaseRead, zone: ZoneInfo) -> None:
        self._cursor = cursor
        self._read = read
        self.zone: tzinfo = zone
        settings = {
            "default_transaction_read_only": "on",
            "TimeZone": zone.key,
            "statement_timeout": str(read.timeout_seconds * 1000),
            "DateStyle": "ISO, YMD",
            "IntervalStyle": "postgres",
            "bytea_output": "hex",
            "extra_float_digits": "3",
            "standard_conforming_strings": "on",
            "xmloption": "content",
        }
        for name, value in settings.items():
            self._ask(f"SELECT set_config('{name}', {self.literal(value)}, false)")

    def clock(self) -> datetime:
        """The server's time."""
        found: datetime = self._ask("SELECT clock_timestamp()").column(0)[0].as_py()
        return found

    def describe(self, select: str) -> Sequence[Column]:
        """The columns of a select, by the server's own names of types."""
        schema = self._ask(f"SELECT * FROM (\n{select}\n) AS crm_rows LIMIT 0").schema
        types = [(field.metadata or {}).get(b"POSTGRESQL:type", b"").decode() for field in schema]
        return [
            Column(name, kind, _KINDS.get(kind, Kind.OTHER)) for name, kind in zip(schema.names, types, strict=True)
        ]

    def describe_cursor(self, select: str, column: Column) -> Column:  # noqa: ARG002 - the type says it all
        """The column: its type says it all."""
        return column

    def quoted(self, name: str) -> str:
        """A name exactly as it is."""
        return '"' + name.replace('"', '""') + '"'

    def literal(self, text: str) -> str:
        """A text of an unknown type, which takes on that of what it is compared with."""
        return "'" + text.replace("'", "''") + "'"

    def text_of(self, reference: str, column: Column) -> str:
        """The server's own text; a zone is written with its minutes, padding of `character` stays."""
        text = f"{reference}::text"
        if column.type == "bpchar":
            text = f"textin(bpcharout({reference}))"
        if column.kind is Kind.LOCAL_TIME and self._read.timezone:
            text = f"({reference} AT TIME ZONE {self.literal(self._read.timezone)})::text"
        if column.kind is Kind.TIME or (column.kind is Kind.LOCAL_TIME and self._read.timezone):
            text = rf"regexp_replace({text}, '([ :.][0-9]+[+-][0-9]{{2}})( BC)?$', '\1:00\2')"
        return f"coalesce({text}, '')"

    def rows(self, select: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - all are texts
        """The rows, as the server sends them: memory holds one batch of about 16 MB."""
        with _sorted_out(self._read):
            self._cursor.execute(select)
            yield from self._cursor._results.reader  # fetch_record_batch() loses the SQLSTATE of errors on the way

    def _ask(self, select: str) -> pa.Table:
        with _sorted_out(self._read):
            self._cursor.execute(select)
            return self._cursor.fetch_arrow_table()


@contextlib.contextmanager
def open_server(read: DatabaseRead, zone: ZoneInfo) -> Iterator[Postgresql]:
    """A session with the database of `read`.

    Raises:
        DatabaseFailureError: there is none.
    """
    import adbc_driver_postgresql.dbapi as adbc  # noqa: PLC0415 - a fifth of a second, for those who read databases

    with contextlib.ExitStack() as stack:
        with _sorted_out(read, is_connecting=True):
            connection = stack.enter_context(contextlib.closing(adbc.connect(_uri(read), autocommit=True)))
        cursor = stack.enter_context(contextlib.closing(connection.cursor()))
        yield Postgresql(cursor, read, zone)


def _uri(read: DatabaseRead) -> str:
    parts = urlsplit(read.database.get_secret_value())
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    asked = {**_PARAMETERS, "connect_timeout": str(read.connect_timeout_seconds), "client_encoding": "utf8", **given}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
    return urlunsplit(parts._replace(scheme="postgresql", query=query))


@contextlib.contextmanager
def _sorted_out(read: DatabaseRead, *, is_connecting: bool = False) -> Iterator[None]:
    """Raises what the driver raises as a failure of ours."""
    import adbc_driver_manager  # noqa: PLC0415 - comes with the driver, as late

    try:
        yield
    except (adbc_driver_manager.Error, OSError, pa.ArrowException) as error:
        raise _failure(str(error), getattr(error, "sqlstate", None) or "", read, is_connecting=is_connecting) from None


def _failure(message: str, state: str, read: DatabaseRead, *, is_connecting: bool) -> DatabaseFailureError:
    _, _, said = message.partition("ERROR:")
    line = first_line(said or message.partition("[libpq]")[2] or message, read)
    if is_connecting:
        is_transient = any(words in message for words in (*_UNREACHABLE, *_NOT_NOW))
        problem = Problem.UNREACHABLE if is_transient else Problem.REFUSED
        return DatabaseFailureError(problem, line, is_transient=is_transient)
    if not state:  # said by the client's side: the server is gone
        return DatabaseFailureError(Problem.LOST, "one that broke off")
    problem = _PROBLEMS.get(state) or _PROBLEMS.get(state[:2]) or Problem.FAILED
    is_telling = problem in {Problem.UNKNOWN, Problem.SYNTAX, Problem.RIGHTS, Problem.WRITES}  # others may quote values
    return DatabaseFailureError(problem, line if is_telling else f"the server's refusal, SQLSTATE {state}")
