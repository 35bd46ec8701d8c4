"""Databases that connectorx reads and that were not tried: values as it gives them, made text here.

Belongs here: the little that these dialects have in common. Does not belong here: a dialect with a module of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa

from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases.server import Column, DatabaseFailureError, Kind, Problem, first_line
from crm_pipeline.sources.databases.streaming import StreamingError, streamed

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS: tuple[tuple[Callable[[pa.DataType], bool], Kind], ...] = (
    (pa.types.is_integer, Kind.INTEGER),
    (pa.types.is_decimal, Kind.DECIMAL),
    (pa.types.is_floating, Kind.FLOAT),
    (pa.types.is_date, Kind.DATE),
    (lambda kind: pa.types.is_timestamp(kind) and kind.tz is None, Kind.LOCAL_TIME),
    (pa.types.is_timestamp, Kind.TIME),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind), Kind.BINARY),
)


class Other:
    """A database without a session: each select stands alone."""

    def __init__(self, read: DatabaseRead, zone: ZoneInfo, folder: Path) -> None:
        self.zone: tzinfo = zone
        self._read = read
        self._folder = folder

    def clock(self) -> datetime:
        """The time of this machine."""
        return datetime.now(UTC)

    def describe(self, select: str) -> Sequence[Column]:
        """The columns of a select, by their types in Arrow."""
        schema = next(self._streamed(f"SELECT * FROM (\n{select}\n) crm_rows WHERE 1 = 0")).schema
        return [Column(field.name, str(field.type), _kind(field.type)) for field in schema]

    def describe_cursor(self, select: str, column: Column) -> Column:  # noqa: ARG002 - the type says it all
        """The column: its type says it all."""
        return column

    def quoted(self, name: str) -> str:
        """A name exactly as it is, in standard SQL."""
        return '"' + name.replace('"', '""') + '"'

    def literal(self, text: str) -> str:
        """A text, in standard SQL."""
        return "'" + text.replace("'", "''") + "'"

    def text_of(self, reference: str, column: Column) -> str:  # noqa: ARG002 - made text here
        """The column itself."""
        return reference

    def rows(self, select: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - all are texts
        """The rows, once all are received."""
        yield from self._streamed(select, is_telling=False)

    def _streamed(self, select: str, *, is_telling: bool = True) -> Iterator[pa.RecordBatch]:
        url = self._read.database.get_secret_value()
        seconds = self._read.timeout_seconds
        try:
            yield from streamed(url, select, folder=self._folder, timeout_seconds=seconds)
        except StreamingError as error:
            found = first_line(str(error), self._read) if is_telling else "a failure"  # it may quote values
            raise DatabaseFailureError(Problem.FAILED, found) from None
        except TimeoutError:
            raise DatabaseFailureError(Problem.TIMEOUT, "none after that time") from None


@contextlib.contextmanager
def open_server(read: DatabaseRead, zone: ZoneInfo, folder: Path) -> Iterator[Other]:
    """A database that is connected to when it is asked."""
    yield Other(read, zone, folder)


def _kind(kind: pa.DataType) -> Kind:
    return next((found for is_of, found in _KINDS if is_of(kind)), Kind.OTHER)
