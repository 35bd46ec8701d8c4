"""MySQL and MariaDB: what columns are by PyMySQL, which knows types and codes of errors; the rows by connectorx.

Belongs here: how this dialect is asked. Does not belong here: what is asked for (`opening`), cursors (`cursors`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import pyarrow as pa

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases.server import Column, DatabaseFailureError, Kind, Problem, first_line
from crm_pipeline.sources.databases.streaming import StreamingError, streamed

_GRACE_SECONDS = 5
_BINARY = 63  # the character set of what is no text
# By the numbers of the protocol.
_TYPES = {
    **{1: ("tinyint", Kind.INTEGER), 2: ("smallint", Kind.INTEGER), 3: ("int", Kind.INTEGER)},
    **{8: ("bigint", Kind.INTEGER), 9: ("mediumint", Kind.INTEGER), 13: ("year", Kind.INTEGER)},
    **{0: ("decimal", Kind.DECIMAL), 246: ("decimal", Kind.DECIMAL), 4: ("float", Kind.FLOAT)},
    **{5: ("double", Kind.FLOAT), 7: ("timestamp", Kind.TIME), 12: ("datetime", Kind.LOCAL_TIME)},
    **{10: ("date", Kind.DATE), 11: ("time", Kind.OTHER), 16: ("bit", Kind.OTHER), 245: ("json", Kind.OTHER)},
    **{247: ("enum", Kind.OTHER), 248: ("set", Kind.OTHER), 255: ("geometry", Kind.OTHER)},
}
_PROBLEMS = {
    **dict.fromkeys((1044, 1045, 1049, 1698, 1820, 1862, 3118, 4151), Problem.REFUSED),
    **dict.fromkeys((1054, 1146, 1052, 1060, 1305, 1109), Problem.UNKNOWN),
    **dict.fromkeys((1064, 1149, 1248), Problem.SYNTAX),
    **dict.fromkeys((1142, 1143, 1227, 1370), Problem.RIGHTS),
    **dict.fromkeys((1792, 1290), Problem.WRITES),
    **dict.fromkeys((1969, 3024, 1317), Problem.TIMEOUT),
    **dict.fromkeys((2006, 2013, 2055, 1053, 1927), Problem.LOST),
    **dict.fromkeys((1040, 1203, 1226, 2002, 2003, 2005), Problem.UNREACHABLE),
}


class Mysql:
    """A session that reads only, in which times without a zone are of `zone`."""

    def __init__(self, connection: Any, read: DatabaseRead, zone: ZoneInfo, day: date, folder: Path) -> None:
        self._connection = connection
        self._read = read
        self._folder = folder
        self.zone: tzinfo = zone
        self._session = ["SET NAMES utf8mb4", "SET SESSION TRANSACTION READ ONLY", self._time_zone(zone, day)]
        if "mariadb" in str(self._ask("SELECT lower(version())")[0][0]):
            self._session.append(f"SET SESSION max_statement_time = {read.timeout_seconds}")
        else:
            self._session.append(f"SET SESSION max_execution_time = {read.timeout_seconds * 1000}")
        for statement in self._session:
            self._ask(statement)
        self._require_zone()

    def clock(self) -> datetime:
        """The server's time."""
        found: datetime = self._ask("SELECT utc_timestamp(6)")[0][0]
        return found.replace(tzinfo=UTC)

    def describe(self, select: str) -> Sequence[Column]:
        """The columns of a select, by the types of the protocol."""
        with _sorted_out(self._read), self._connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM (\n{select}\n) AS crm_rows LIMIT 0")
            return [_column(field) for field in cursor._result.fields]  # the description lacks the character set

    def describe_cursor(self, select: str, column: Column) -> Column:  # noqa: ARG002 - the type says it all
        """The column: its type says it all."""
        return column

    def quoted(self, name: str) -> str:
        """A name exactly as it is."""
        return "`" + name.replace("`", "``") + "`"

    def literal(self, text: str) -> str:
        """A text."""
        return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"

    def text_of(self, reference: str, column: Column) -> str:
        r"""The server's own text; a `timestamp` in UTC with its zone, bytes as \x and hexadecimal digits."""
        text = f"CAST({reference} AS CHAR)"
        if column.kind is Kind.TIME:
            text = _zoned(reference, "@@session.time_zone")
        elif column.kind is Kind.LOCAL_TIME and self._read.timezone:
            text = _zoned(reference, f"'{_named(self._read.timezone)}'")
        elif column.kind is Kind.BINARY:
            text = f"concat('\\\\x', lower(hex({reference})))"
        elif column.type == "float":
            text = _float_text(reference)
        elif column.type == "bit":
            text = f"CAST({reference} + 0 AS CHAR)"
        elif column.type == "geometry":
            text = f"st_astext({reference})"
        return f"coalesce({text}, '')"

    def rows(self, select: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - all are texts
        """The rows, once all are received."""
        parts = urlsplit(self._read.database.get_secret_value())
        url = urlunsplit(parts._replace(scheme="mysql"))
        try:
            yield from streamed(
                url, select, before=self._session, folder=self._folder, timeout_seconds=self._read.timeout_seconds
            )
        except StreamingError as error:
            raise _failure(_code_in(str(error)), str(error), self._read) from None
        except TimeoutError:
            raise DatabaseFailureError(Problem.TIMEOUT, "none after that time") from None

    def _time_zone(self, zone: ZoneInfo, day: date) -> str:
        """The session's zone: its name where the server knows it, else its offset on the business date."""
        name = _named(zone.key)
        if self._knows(name):
            return f"SET SESSION time_zone = '{name}'"
        offset = datetime.combine(day, datetime.min.time(), zone).utcoffset() or timedelta()
        minutes = int(offset.total_seconds()) // 60
        self.zone = timezone(timedelta(minutes=minutes))
        return f"SET SESSION time_zone = '{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}'"

    def _knows(self, zone: str) -> bool:
        return self._ask(f"SELECT convert_tz('2026-01-01 00:00:00', '{zone}', '+00:00')")[0][0] is not None

    def _require_zone(self) -> None:
        if self._read.timezone and not self._knows(_named(self._read.timezone)):
            raise ConfigurationError(
                where="read.timezone",
                expected="UTC, or a zone that this server knows",
                found="a server without tables of time zones",
                cure="Load them with mysql_tzinfo_to_sql, or convert times in read.query.",
            )

    def _ask(self, statement: str) -> Any:
        with _sorted_out(self._read), self._connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


@contextlib.contextmanager
def open_server(read: DatabaseRead, zone: ZoneInfo, day: date, folder: Path) -> Iterator[Mysql]:
    """A session with the database of `read`.

    Args:
        read: the extract's `read:`.
        zone: of times without one.
        day: the business date, whose offset stands for a zone that the server does not know.
        folder: for rows between being received and being taken.

    Raises:
        DatabaseFailureError: there is none.
    """
    import pymysql  # noqa: PLC0415 - for those who read such a database

    parts = urlsplit(read.database.get_secret_value())
    options = dict(parse_qsl(parts.query))
    with contextlib.ExitStack() as stack:
        with _sorted_out(read):
            connection = stack.enter_context(
                pymysql.connect(
                    host=unquote(parts.hostname or "localhost"),
                    port=parts.port or 3306,
                    user=unquote(parts.username or ""),
                    password=unquote(parts.password or ""),
                    database=unquote(parts.path.removeprefix("/")) or None,
                    unix_socket=options.get("socket"),
                    ssl={"ca": None} if options.get("require_ssl") == "true" else None,
                    charset="utf8mb4",
                    connect_timeout=read.connect_timeout_seconds,
                    read_timeout=read.connect_timeout_seconds,  # of the greeting too
                    autocommit=True,
                )
            )
        # There is no other way to tell it apart from the greeting's; the server is to end a query before.
        connection._read_timeout = read.timeout_seconds + _GRACE_SECONDS
        yield Mysql(connection, read, zone, day, folder)


def _column(field: Any) -> Column:
    name, kind = _TYPES.get(field.type_code, ("", Kind.OTHER))
    if not name:
        name = "binary" if field.charsetnr == _BINARY else "text"
        kind = Kind.BINARY if field.charsetnr == _BINARY else Kind.OTHER
    return Column(field.name, name, kind)


def _named(zone: str) -> str:
    """A zone in the words of the server: UTC is known without tables."""
    return "+00:00" if zone in {"UTC", "Etc/UTC"} else zone


def _zoned(reference: str, zone: str) -> str:
    """UTC with its offset; a zero date, which is no time, as it is."""
    utc = f"CAST(convert_tz({reference}, {zone}, '+00:00') AS CHAR)"
    return f"coalesce(concat({utc}, '+00:00'), CAST({reference} AS CHAR))"


def _float_text(reference: str) -> str:
    """The six digits that the server shows where they are this number, else all that it has.

    They are, when they are nearer to it than half the distance to the next one: 24 bits are its precision.
    """
    short = f"CAST({reference} AS CHAR)"
    is_exact = f"abs(({short} + 0e0) - {reference}) < pow(2, floor(log2(abs({reference}))) - 24)"
    return f"CASE WHEN {is_exact} THEN {short} ELSE CAST({reference} + 0e0 AS CHAR) END"


@contextlib.contextmanager
def _sorted_out(read: DatabaseRead) -> Iterator[None]:
    """Raises what PyMySQL raises as a failure of ours."""
    import pymysql  # noqa: PLC0415 - as above

    try:
        yield
    except (pymysql.MySQLError, OSError) as error:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        raise _failure(code, str(error.args[-1]) if error.args else "", read) from None


def _code_in(message: str) -> int:
    """The number in `… ERROR 1045 (28000): …`; 2013, the connection was lost, where there is none."""
    digits = message.partition("ERROR ")[2].partition(" ")[0]
    return int(digits) if digits.isdecimal() else 2013


def _failure(code: int, message: str, read: DatabaseRead) -> DatabaseFailureError:
    problem = _PROBLEMS.get(code, Problem.FAILED)
    if problem is Problem.LOST:
        return DatabaseFailureError(problem, "one that broke off")
    if problem in {Problem.FAILED, Problem.TIMEOUT}:  # these may quote values
        return DatabaseFailureError(problem, f"the server's refusal, error {code}")
    said = message.partition(f"ERROR {code} ")[2].partition("): ")[2] or message
    return DatabaseFailureError(
        problem, f"{first_line(said, read)} (error {code})", is_transient=problem is Problem.UNREACHABLE
    )
