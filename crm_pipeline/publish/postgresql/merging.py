"""Rows into tables: a new table whole, a table that is there by what differs, so that readers never wait.

Belongs here: staging and merging within the one transaction. Does not belong here: shapes, rights.
"""

from __future__ import annotations

from crm_pipeline.publish.postgresql.copying import copy
from crm_pipeline.publish.postgresql.server import Session
from crm_pipeline.publish.postgresql.shape import Shape
from crm_pipeline.state.publications import IS_GONE
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

_ANALYSED_SHARE = 10  # of so many rows at least one changed: the server's figures of the table are made anew


def fill(warehouse: Warehouse, session: Session, shape: Shape) -> int:
    """Number of rows of a table that was just made, with its key; nobody else sees it yet."""
    count = copy(warehouse, session, f"FROM {shape.table.source}", shape.types, shape.target, is_new=True)
    for statement in shape.create_key():
        session.run(statement)
    session.run(f"ANALYZE {shape.target}")
    return count


def stage(warehouse: Warehouse, session: Session, shape: Shape, changes: str | None) -> None:
    """The rows to compare with, or the changes, in a temporary table of the transaction."""
    gone = "" if changes is None else f", {IS_GONE} boolean"
    types = dict(shape.types) if changes is None else {**shape.types, IS_GONE: "BOOLEAN"}
    session.run(f"CREATE TEMPORARY TABLE {_staged(shape)} ({shape.definition}{gone}) ON COMMIT DROP")
    copy(
        warehouse,
        session,
        f"FROM {shape.table.source}" if changes is None else changes,
        types,
        f"pg_temp.{_staged(shape)}",
    )
    session.run(f"ANALYZE pg_temp.{_staged(shape)}")


def merge(session: Session, shape: Shape, *, is_whole: bool) -> int:
    """Number of rows that came, changed or went."""
    source = f"pg_temp.{_staged(shape)}"
    if is_whole:
        source = _differences(session, shape)
    rows = int(session.value(f"SELECT count(*) FROM {source}"))
    if rows == 0:
        return 0
    on = _same_key(shape, "t", "c")
    session.run(f"DELETE FROM {shape.target} AS t USING {source} AS c WHERE c.{IS_GONE} AND {on}")
    names = ", ".join(map(quoted, shape.types))
    others = [quoted(name) for name in shape.types if name not in shape.key]
    update = ", ".join(f"{name} = excluded.{name}" for name in others)
    then = f"DO UPDATE SET {update}" if others else "DO NOTHING"
    session.run(
        f"INSERT INTO {shape.target} ({names}) SELECT {names} FROM {source} WHERE NOT {IS_GONE} "
        f"ON CONFLICT ({', '.join(map(quoted, shape.key))}) {then}"
    )
    if rows * _ANALYSED_SHARE > int(
        session.value("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", (shape.target,))
    ):
        session.run(f"ANALYZE {shape.target}")
    return rows


def empty(session: Session, target: str) -> int:
    """Number of rows that went from a table that is no longer published; it and its views stay."""
    return session.run(f"DELETE FROM {target}")


def _differences(session: Session, shape: Shape) -> str:
    """A temporary table of what tells the staged rows from those that are there."""
    differences, staged = f"pg_temp.{quoted(f'd {shape.table.name}')}", f"pg_temp.{_staged(shape)}"
    names = list(map(quoted, shape.types))
    mine, theirs = (", ".join(f"{alias}.{name}" for name in names) for alias in ("s", "t"))
    gone = ", ".join(
        f"t.{quoted(name)}" if name in shape.key else f"NULL::{kind}" for name, kind in shape.server_types.items()
    )
    session.run(f"""
        CREATE TEMPORARY TABLE {quoted(f"d {shape.table.name}")} ON COMMIT DROP AS
        SELECT {mine}, false AS {IS_GONE}
        FROM {staged} AS s LEFT JOIN {shape.target} AS t ON {_same_key(shape, "s", "t")}
        WHERE t.ctid IS NULL OR row({mine}) IS DISTINCT FROM row({theirs})
        UNION ALL
        SELECT {gone}, true FROM {shape.target} AS t
        WHERE NOT EXISTS (SELECT 1 FROM {staged} AS s WHERE {_same_key(shape, "s", "t")})
    """)
    return differences


def _same_key(shape: Shape, left: str, right: str) -> str:
    """Whether two rows have one key; nulls are equal, in a form that can be hashed."""
    conditions = []
    for name in map(quoted, shape.key):
        if name in map(quoted, shape.nullable_key):
            conditions += [
                f"({left}.{name} IS NULL) = ({right}.{name} IS NULL)",
                f"coalesce({left}.{name}::text, '') = coalesce({right}.{name}::text, '')",
            ]
        else:
            conditions.append(f"{left}.{name} = {right}.{name}")
    return " AND ".join(conditions)


def _staged(shape: Shape) -> str:
    return quoted(f"s {shape.table.name}")
