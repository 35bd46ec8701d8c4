"""Opening a table or a query as a delivery: what is asked, in one select of texts, and what came.

The database itself makes each value text, in a select around the one that is asked for: only it knows all its types,
and its own text loses nothing. Null becomes the empty text.

Belongs here: the order of questions, placeholders, retries. Does not belong here: a dialect (one module each).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import DatabaseRead
from crm_pipeline.settings.sql_text import filled, one_select
from crm_pipeline.sources.databases import mysql, other, postgresql, sqlite
from crm_pipeline.sources.databases.cursors import (
    COMPARABLE,
    Watermark,
    is_number,
    require_overlap,
    since_literal,
    time_literal,
)
from crm_pipeline.sources.databases.server import Column, DatabaseFailureError, Server
from crm_pipeline.sources.databases.texts import Digest, batch_of
from crm_pipeline.sources.reading import Asked, Reading
from crm_pipeline.state.delivery import LINE, Batch, Origin

PAUSES_SECONDS = (0.5, 2.0, 5.0)  # between attempts to connect: a restart of the server takes some seconds


@contextlib.contextmanager
def open_rows(read: DatabaseRead, asked: Asked) -> Iterator[Reading]:
    """The rows of a table or a query, all texts, in the order in which the database gives them.

    Nothing but the columns is asked for until batches are taken.

    Args:
        read: the extract's `read:`.
        asked: for which day, from when on.

    Raises:
        ConfigurationError: the query, a table, a column or the cursor is not what the database has.
        DeliveryError: it can't be reached, refuses, takes too long or breaks off; while batches are taken too.
    """
    where = f"{asked.where}, {read.place}"
    zone = read.zone or asked.zone
    with contextlib.ExitStack() as stack:
        with _told(where):
            server = stack.enter_context(_connected(read, asked, zone))
            question = _question(server, read, asked, zone, where)
        digest = Digest([column.name for column in question.columns])
        yield Reading(
            tuple(column.name for column in question.columns),
            _batches(server, question, digest, where),
            lambda: _origin(read, question, digest),
            question.watermark.until if question.watermark else lambda: None,
        )


@dataclass(frozen=True, slots=True)
class _Question:
    """What a database is asked.

    Attributes:
        select: of texts, one per column.
        columns: of the result.
        watermark: where the next delivery goes on; None where each gives all.
    """

    select: str
    columns: Sequence[Column]
    watermark: Watermark | None


def _connected(read: DatabaseRead, asked: Asked, zone: ZoneInfo) -> AbstractContextManager[Server]:
    """A session; a failure that may pass is tried again."""
    stack = contextlib.ExitStack()
    for pause in (*PAUSES_SECONDS, None):
        try:
            server = stack.enter_context(_server(read, asked, zone))
        except DatabaseFailureError as failure:
            if pause is None or not failure.is_transient:
                raise
            time.sleep(pause)
        else:
            return _closing(stack, server)
    raise AssertionError("the loop returns or raises")


@contextlib.contextmanager
def _closing(stack: contextlib.ExitStack, server: Server) -> Iterator[Server]:
    with stack:
        yield server


def _server(read: DatabaseRead, asked: Asked, zone: ZoneInfo) -> AbstractContextManager[Server]:
    match read.dialect:
        case "postgresql":
            return postgresql.open_server(read, zone)
        case "mysql":
            return mysql.open_server(read, zone, asked.day, asked.temporary)
        case "sqlite":
            return sqlite.open_server(read, zone, asked.root)
        case _:
            return other.open_server(read, zone, asked.temporary)


def _question(server: Server, read: DatabaseRead, asked: Asked, zone: ZoneInfo, where: str) -> _Question:
    clock = server.clock()
    ends = datetime.combine(asked.day + timedelta(days=1), datetime.min.time(), asked.zone)
    bound = min(clock, ends) if "until" in read.placeholders else clock
    since = asked.since or read.initial
    values = {"date": server.literal(asked.day.isoformat()), "until": time_literal(server, bound, zone)}
    anything = since_literal(server, since or "", None, zone, where)  # columns do not depend on it
    columns = _described(server, read, {**values, "since": anything}, where)
    cursor = _cursor(server, read, asked, columns, values, where)
    if "since" in read.placeholders or cursor is not None:
        require_overlap(read, cursor, where)
        watermark = Watermark(read, cursor, since, bound, zone)
        values["since"] = since_literal(server, since, cursor, zone, where) if since else ""
    else:
        watermark = None
    select = _select(server, read, values)
    if read.table and cursor is not None and since:
        name = server.quoted(cursor.name)
        select += f" WHERE {name} >= {values['since']} OR {name} IS NULL"
    texts = ", ".join(
        f"{server.text_of(f'crm_rows.{server.quoted(column.name)}', column)} AS {server.quoted(f'c{index}')}"
        for index, column in enumerate(columns)
    )
    return _Question(f"SELECT {texts} FROM (\n{select}\n) {_alias(read)}", columns, watermark)


def _alias(read: DatabaseRead) -> str:
    return "crm_rows" if read.dialect == "other" else "AS crm_rows"


def _select(server: Server, read: DatabaseRead, values: Mapping[str, str]) -> str:
    if read.query is None:
        return f"SELECT * FROM {'.'.join(map(server.quoted, read.table_names))}"
    return filled(one_select(read.query, read.dialect), read.dialect, values)


def _described(server: Server, read: DatabaseRead, values: Mapping[str, str], where: str) -> Sequence[Column]:
    columns = server.describe(_select(server, read, values))
    folded = [column.name.casefold() for column in columns]
    repeated = sorted({name for name in folded if folded.count(name) > 1})
    blank = [place for place, name in enumerate(folded, start=1) if not name.strip() or name in {LINE, "?column?"}]
    if repeated or blank:
        found = f"{repeated[0]} more than once" if repeated else f"no fit name for the column {blank[0]}"
        raise ConfigurationError(
            where=where,
            expected="a distinct name for each column, letter case apart",
            found=found,
            cure="Name columns in read.query with AS.",
        )
    return columns


def _cursor(
    server: Server,
    read: DatabaseRead,
    asked: Asked,
    columns: Sequence[Column],
    values: Mapping[str, str],
    where: str,
) -> Column | None:
    """The column whose greatest value is the next `:since`; None: the clock, or nothing is asked on from."""
    name = read.cursor or asked.cursor
    if name is None or (read.query is not None and "since" not in read.placeholders):
        return None
    column = next((column for column in columns if column.name == name), None)
    if column is not None:
        written = asked.since or read.initial or ""
        # SQLite holds a text for greater than any number: a number finds all rows that may be meant.
        since = {"since": written if is_number(written) else server.literal(written)}
        column = server.describe_cursor(_select(server, read, {**values, **since}), column)
        if column.kind in COMPARABLE:
            return column
    if read.cursor is None:
        return None
    if column is None:
        known = ", ".join(column.name for column in columns)
        raise ConfigurationError(
            where=where, expected=f"the column {name} (read.cursor)", found=f"only {known}", cure="Correct read.cursor."
        )
    raise ConfigurationError(
        where=where,
        expected="a cursor that is a number, a date or a time",
        found=f"{name}, of type {column.type}",
        cure="Choose another one, or convert it in read.query.",
    )


def _batches(server: Server, question: _Question, digest: Digest, where: str) -> Iterator[Batch]:
    """All rows, numbered from 1; at least one batch, which says the columns."""
    names = [column.name for column in question.columns]
    place = names.index(question.watermark.column.name) if question.watermark and question.watermark.column else None
    line = 1
    with _told(where):
        for rows in server.rows(question.select, question.columns):
            batch = batch_of(rows, names, line)
            if line == 1 or rows.num_rows:
                yield batch
            line += rows.num_rows
            digest.add(batch)
            if place is not None and question.watermark:
                question.watermark.see(batch.rows.to_series(place))
    if line == 1:
        yield batch_of(None, names, line)


def _origin(read: DatabaseRead, question: _Question, digest: Digest) -> Origin:
    types = {column.name: column.type for column in question.columns if column.type}
    cursor = question.watermark.column if question.watermark else None
    details = {"dialect": read.dialect, **({"cursor": cursor.name} if cursor else {})}
    return Origin(
        read.place, digest.hexdigest(), digest.byte_count, "utf-8", format="database", details=details, types=types
    )


@contextlib.contextmanager
def _told(where: str) -> Iterator[None]:
    """Raises a failure of the database as an error for people."""
    try:
        yield
    except DatabaseFailureError as failure:
        raise failure.as_error(where) from None
