"""One publication to PostgreSQL: everything becomes visible in one moment, or nothing does.

Belongs here: the order of the work within one transaction. Does not belong here: its parts (`shape`, `merging`,
`roles`), the session (`server`).

Rows go into temporary tables first and are merged by key, so that who reads sees one publication or the other, waits
for nothing, and an open transaction keeps what it saw. Only a change of columns takes the table for a moment; it waits
for readers in short attempts, so that none of theirs fails.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from crm_pipeline.errors import BusyError, PipelineError
from crm_pipeline.publish.edition import Edition
from crm_pipeline.publish.masks import golden_marks
from crm_pipeline.publish.postgresql import merging
from crm_pipeline.publish.postgresql.places import RESERVED, Places
from crm_pipeline.publish.postgresql.roles import ROLES, rights_sql
from crm_pipeline.publish.postgresql.server import WHERE, Session, session, told
from crm_pipeline.publish.postgresql.shape import Found, Shape, found
from crm_pipeline.publish.publication import Publication, column_types
from crm_pipeline.settings import Postgres
from crm_pipeline.state.publications import IS_GONE
from crm_pipeline.tables import PUBLISHED, Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

# Less than the second after which the server looks for a deadlock and ends one of the two.
_ATTEMPT, _ATTEMPTS, _PAUSE = "300ms", 200, 0.2

POSTGRES_PUBLISHED = Table(
    PUBLISHED.schema,
    PUBLISHED.name,
    "the one row that says what is published here",
    PUBLISHED.key,
    tuple(column for column in PUBLISHED.columns if column.name not in {"merged_row_count", "tables"}),  # of the file
)


@dataclass(frozen=True, slots=True)
class PostgresSummary:
    """What a publication did.

    Attributes:
        is_changed: False when the server already had this content, columns and rights.
        changed_rows: table to rows that came, changed or went; all rows of a table that was made.
    """

    is_changed: bool
    changed_rows: Mapping[str, int]


def published_entry(settings: Postgres, *, root: Path) -> tuple[int, str] | None:
    """Number of the entry of the store that the server has, and its fingerprint; None: it has none, or says none.

    Raises:
        PipelineError: the server can't be reached, or refuses us.
    """
    places = Places(settings.schema_name)
    with session(settings, root=root) as server, told():
        if not found(server, places).of(places.base, PUBLISHED.name):
            return None
        rows = server.rows(f"SELECT entry_number, fingerprint FROM {places.table(PUBLISHED.name)}")
        return None if not rows or rows[0][0] is None else (int(rows[0][0]), str(rows[0][1]))


def publish_postgresql(
    warehouse: Warehouse,
    settings: Postgres,
    tables: Sequence[Publication],
    *,
    root: Path,
    salt: str,
    changes: Mapping[str, str | None] | None,
    edition: Edition,
) -> PostgresSummary:
    """What was published on the server: each table with its views, comments and rights, and crm.published.

    Args:
        warehouse: a connection that reaches the sources of the tables.
        settings: `publish.postgres`.
        tables: what is published; a table on the server that is not among them is emptied.
        root: what a relative path of `ca` is relative to.
        salt: the secret that pseudonyms are made with.
        changes: what changed since the entry that the server has (see `published_entry`): table to a select of its
            columns and IS_GONE, or to None where all its rows are compared; a table that is not in it did not change.
            None: the rows of all tables are compared. So are those of a table whose columns changed.
        edition: what is told of this publication.

    Raises:
        BusyError: another publication to this server is going on.
        PipelineError: the server can't be reached, or refuses us; its readers see what was there.
    """
    places = Places(settings.schema_name)
    _require_free_names(tables)
    with session(settings, root=root) as server, told("tables, views and rights of ours to be made"):
        return _Publisher(warehouse, server, places, tables, changes).publish(salt, edition)


def _require_free_names(tables: Sequence[Publication]) -> None:
    if taken := sorted({table.name for table in tables} & {*RESERVED, PUBLISHED.name}):
        raise PipelineError(
            where=WHERE,
            expected="tables of other names than those of the publication itself",
            found=", ".join(taken),
            cure="Rename the SQL model.",
        )


class _Publisher:
    """One publication in the transaction of a session."""

    def __init__(
        self,
        warehouse: Warehouse,
        server: Session,
        places: Places,
        tables: Sequence[Publication],
        changes: Mapping[str, str | None] | None,
    ) -> None:
        self.warehouse, self.server, self.places = warehouse, server, places
        self.tables, self.changes = tables, changes
        self.golden = golden_marks(tables)
        self.owner = str(server.value("SELECT current_user"))
        self.roles: Collection[str] = ()

    def publish(self, salt: str, edition: Edition) -> PostgresSummary:
        """All of it."""
        self._lock()
        self._prepare(salt)
        now = found(self.server, self.places)
        self.roles = ROLES if (self.places.access, "own_owners") in now.columns else ()  # set up in this database
        shapes = [self._shape(table) for table in self.tables]
        digests = {shape.table.name: self._digest(shape) for shape in shapes}
        changed = [shape for shape in shapes if now.contracts.get(shape.table.name) != digests[shape.table.name]]
        own = Shape(self.places, Publication.of(POSTGRES_PUBLISHED), _types(POSTGRES_PUBLISHED), frozenset())
        if not changed and self._published_fingerprint(now) == edition.fingerprint:
            self._write_row(edition)
            return PostgresSummary(is_changed=False, changed_rows={})
        new = [shape for shape in shapes if not now.of(self.places.base, shape.table.name)]
        old = [shape for shape in shapes if shape not in new and (shape in changed or self._may_differ(shape))]
        whole = {shape.table.name for shape in old if self._is_whole(shape, now)}
        counts = {shape.table.name: self._make(shape) for shape in new}
        for shape in old:
            merging.stage(
                self.warehouse, self.server, shape, None if shape.table.name in whole else self._select(shape)
            )
        self._take([shape for shape in old if shape in changed], now)
        for shape in old:
            self._run(shape.reshape(now) if shape in changed else [])
            self._run(shape.nulls_allowed(now))
            counts[shape.table.name] = self._merge(shape, now, is_whole=shape.table.name in whole)
        if not now.of(self.places.base, own.table.name):
            self._run([*own.create(), *own.create_key()])
        for shape in (*changed, own):
            self._set_up(shape, now, digests.get(shape.table.name) or self._digest(own))
        counts |= {name: merging.empty(self.server, self.places.table(name)) for name in self._left(now)}
        self._write_row(edition)
        return PostgresSummary(is_changed=True, changed_rows=counts)

    def _run(self, statements: Sequence[str]) -> None:
        if statements:
            self.server.run(";\n".join(statements))

    def _lock(self) -> None:
        """One publication at a time; the lock ends with the transaction."""
        if not self.server.value(
            "SELECT pg_try_advisory_xact_lock(hashtext(%s))", (f"crm_pipeline {self.places.schema}",)
        ):
            raise BusyError(
                where=WHERE,
                expected="no other publication to this server at the same time",
                found="one that is going on",
                cure="Wait for it, then publish again: crm-pipeline publish.",
            )

    def _prepare(self, salt: str) -> None:
        """Schemas, where no administrator has made them, and our own two tables."""
        there = {
            row[0]
            for row in self.server.rows(
                "SELECT nspname FROM pg_namespace WHERE nspname = ANY (%s)", (list(self.places.schemas),)
            )
        }
        needed = (self.places.schema, self.places.base, self.places.masked)
        self._run([f"CREATE SCHEMA {quoted(schema)}" for schema in needed if schema not in there])
        if not found(self.server, self.places).of(self.places.base, "table_contracts"):
            self._run([
                f"CREATE TABLE {self.places.contracts} (name text PRIMARY KEY, digest text NOT NULL)",
                f"CREATE TABLE {self.places.salts} (salt text NOT NULL)",
                f"REVOKE ALL ON {self.places.contracts}, {self.places.salts} FROM PUBLIC",
            ])  # fmt: skip
        if self.server.rows(f"SELECT salt FROM {self.places.salts}") != [(salt,)]:
            self._run([f"DELETE FROM {self.places.salts}"])
            self.server.run(f"INSERT INTO {self.places.salts} VALUES (%s)", (salt,))

    def _shape(self, table: Publication) -> Shape:
        types = column_types(self.warehouse, table.source)
        nulls = ", ".join(f"count(*) - count({quoted(name)})" for name in table.order_by)
        counted = self.warehouse.execute(f"SELECT {nulls} FROM {table.source}")[0]
        nullable = frozenset(name for name, count in zip(table.order_by, counted, strict=True) if count)
        return Shape(self.places, table, types, nullable, self.golden)

    def _digest(self, shape: Shape) -> str:
        """Of all that is set up for a table, and for whom."""
        empty = Found({}, {}, {}, {})
        statements = [
            *shape.create(),
            *shape.views(empty),
            *shape.comments(empty),
            *self._rights(shape),
            str(shape.key),
        ]
        return hashlib.sha256("\n".join(statements).encode()).hexdigest()

    def _rights(self, shape: Shape) -> list[str]:
        names, personal = list(shape.types), dict(shape.table.personal)
        return rights_sql(self.places, shape.table.name, names, personal, self.roles, self.owner)

    def _may_differ(self, shape: Shape) -> bool:
        return self.changes is None or shape.table.name in self.changes

    def _select(self, shape: Shape) -> str | None:
        """What changed in a table; None: all its rows are compared."""
        if self.changes is None:
            return None
        nothing = f"SELECT true AS {IS_GONE}, * FROM {shape.table.source} LIMIT 0"
        return self.changes.get(shape.table.name, nothing)

    def _is_whole(self, shape: Shape, now: Found) -> bool:
        return self._select(shape) is None or shape.is_whole_anew(now)

    def _published_fingerprint(self, now: Found) -> str | None:
        if not now.of(self.places.base, PUBLISHED.name):
            return None
        rows = self.server.rows(f"SELECT fingerprint FROM {self.places.table(PUBLISHED.name)}")
        return str(rows[0][0]) if rows else None

    def _make(self, shape: Shape) -> int:
        self._run(shape.create())
        return merging.fill(self.warehouse, self.server, shape)

    def _merge(self, shape: Shape, now: Found, *, is_whole: bool) -> int:
        if now.keys.get(shape.table.name) != shape.key:  # rows of the old key may not be unique by the new one
            merging.empty(self.server, shape.target)
            self._run(shape.create_key())
        return merging.merge(self.server, shape, is_whole=is_whole)

    def _take(self, shapes: Sequence[Shape], now: Found) -> None:
        """The tables and views whose columns or rights change, once nobody reads them; none of the readers fails."""
        names = [shape.target for shape in shapes]
        for shape in shapes:
            for schema, view in ((self.places.schema, self.places.view), (self.places.masked, self.places.masked_view)):
                names += [view(shape.table.name)] if now.of(schema, shape.table.name) else []
        if not names:
            return
        for _ in range(_ATTEMPTS):
            try:
                self._run(["SAVEPOINT before", f"SET LOCAL lock_timeout = '{_ATTEMPT}'"])
                self._run([f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE", "SET LOCAL lock_timeout = 0"])
            except psycopg2.errors.LockNotAvailable:
                self._run(["ROLLBACK TO SAVEPOINT before"])
                time.sleep(_PAUSE)
            else:
                return
        raise BusyError(
            where=WHERE,
            expected="a moment without readers, since columns change",
            found=f"none in {_ATTEMPTS} attempts",
            cure="End long queries and idle transactions, then publish again: crm-pipeline publish.",
        )

    def _set_up(self, shape: Shape, now: Found, digest: str) -> None:
        """Views, comments and rights, and that they are there."""
        name = shape.table.name
        if now.contracts.get(name) == digest:
            return
        current = found(self.server, self.places)
        self._run([*shape.views(current), *shape.comments(current), *self._rights(shape)])
        self._run([
            f"INSERT INTO {self.places.contracts} VALUES ({literal(name)}, {literal(digest)}) "
            "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest"
        ])  # fmt: skip

    def _left(self, now: Found) -> list[str]:
        """Tables that were published and are no longer; a person erased must not stay in one."""
        published = {table.name for table in self.tables} | RESERVED | {PUBLISHED.name}
        return sorted(name for schema, name in now.columns if schema == self.places.base and name not in published)

    def _write_row(self, edition: Edition) -> None:
        target, names = self.places.table(PUBLISHED.name), POSTGRES_PUBLISHED.column_names
        self.server.run(f"DELETE FROM {target}")
        self.server.run(
            f"INSERT INTO {target} ({', '.join(names)}) VALUES ({', '.join('%s' for _ in names)})",
            [getattr(edition, name) for name in names],
        )


def _types(table: Table) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}
