"""What every database is asked for, and what it may answer instead.

Belongs here: the interface of the dialects and what their failures have in common. Does not belong here: a dialect
(`postgresql`, `mysql`, `sqlite`, `other`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa

from crm_pipeline.errors import ConfigurationError, DeliveryError, PipelineError
from crm_pipeline.settings import DatabaseRead


class Kind(Enum):
    """What values of a column are, as far as that decides how they become text and how they are compared."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    DATE = "date"
    LOCAL_TIME = "date and time without a zone"
    TIME = "date and time with a zone"
    TEXT = "text that is ordered by code points"
    BINARY = "bytes"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result.

    Attributes:
        name: as the database gives it.
        type: its type in the words of the database; empty where it gives none.
        kind: what that means here.
    """

    name: str
    type: str
    kind: Kind


class Server(Protocol):
    """A database that answers."""

    @property
    def zone(self) -> tzinfo:
        """The zone that it takes times without one in, where they stand for a point in time."""

    def clock(self) -> datetime:
        """Its time, with a zone."""

    def describe(self, select: str) -> Sequence[Column]:
        """The columns of a select, without reading rows."""

    def describe_cursor(self, select: str, column: Column) -> Column:
        """The column with the kind that its values have, where its type does not say it."""

    def quoted(self, name: str) -> str:
        """A name as SQL."""

    def literal(self, text: str) -> str:
        """A text as SQL."""

    def text_of(self, reference: str, column: Column) -> str:
        """SQL for the text of a column, the empty text for null."""

    def rows(self, select: str, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """The rows of a select of nothing but texts, or, of the other dialects, of anything."""


class Problem(Enum):
    """Why a database gave no rows: what was expected, and what to do."""

    UNREACHABLE = ("a database that answers", "Check host, port and network, then run again; nothing was loaded.")
    NO_FILE = (
        "an SQLite database",
        "Correct the path in read.database: behind sqlite:/// it is one in the project, behind sqlite://// any.",
    )
    REFUSED = (
        "a user, password and database that the server accepts",
        "Correct the URL in read.database, or the variable that it comes from, then run again; nothing was loaded.",
    )
    UNKNOWN = ("tables and columns that the database has", "Correct read.table, read.query or read.cursor.")
    SYNTAX = ("one select that the database understands", "Correct read.query.")
    RIGHTS = ("a user who may read what is asked for", "Grant the user the right to select, or give another one.")
    WRITES = ("a select that only reads", "Correct read.query: the session is read only.")
    TIMEOUT = (
        "the last row within timeout_seconds",
        "Ask for less, help the query with an index, or raise read.timeout_seconds; nothing was loaded.",
    )
    LOST = ("a connection that lasts to the last row", "Run again: it goes on where it was; nothing was loaded.")
    FAILED = ("a select that the database can compute", "Try it in a client of the database; nothing was loaded.")


_OF_CONFIGURATION = frozenset({Problem.UNKNOWN, Problem.SYNTAX, Problem.WRITES})


class DatabaseFailureError(Exception):
    """What a driver raised, sorted.

    Args:
        problem: which it is.
        found: what the server said or its code; no values, no secrets.
        is_transient: whether the same call may succeed soon.
    """

    def __init__(self, problem: Problem, found: str, *, is_transient: bool = False) -> None:
        super().__init__(found)
        self.problem = problem
        self.found = found
        self.is_transient = is_transient

    def as_error(self, where: str) -> PipelineError:
        """The same as an error for people."""
        kind = ConfigurationError if self.problem in _OF_CONFIGURATION else DeliveryError
        expected, cure = self.problem.value
        return kind(where=where, expected=expected, found=self.found, cure=cure)


def first_line(message: str, read: DatabaseRead) -> str:
    """The first line of what a driver says, without the password and without a full stop."""
    found = next((line.strip() for line in message.splitlines() if line.strip()), "no reason")
    parts = urlsplit(read.database.get_secret_value())
    written = parts.netloc.rpartition("@")[0].partition(":")[2]
    for secret in {written, unquote(written), quote(unquote(written), safe="")} - {""}:
        found = found.replace(secret, "…")
    return found.rstrip(". ")
