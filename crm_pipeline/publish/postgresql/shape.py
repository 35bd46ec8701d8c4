"""Tables and views on the server as the contract of each publication wants them, whatever they were before.

Belongs here: what is there, and the statements from there to here. Does not belong here: rows (`merging`), rights
(`roles`).

Readers build on the views. A view keeps its columns and their order: a new column comes last, one that is no longer
published stays and is null. Only a column whose type changed has its views made anew, which the server refuses while
somebody's own view depends on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crm_pipeline.publish.masks import masked_columns
from crm_pipeline.publish.postgresql.columns import server_type
from crm_pipeline.publish.postgresql.masking import PostgreSql
from crm_pipeline.publish.postgresql.places import Places
from crm_pipeline.publish.postgresql.server import Session
from crm_pipeline.publish.publication import Publication
from crm_pipeline.tables import Personal
from crm_pipeline.warehouse.connection import literal, quoted

_COLUMNS = """
    SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'v') ORDER BY c.oid, a.attnum
"""
_KEYS = """
    SELECT t.relname, array_agg(a.attname ORDER BY k.place) FROM pg_catalog.pg_index AS i
        JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
        CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.number
    WHERE n.nspname = %s AND i.indisunique GROUP BY t.relname, i.indexrelid
"""
_NO_LONGER = "no longer published"


@dataclass(frozen=True, slots=True)
class Found:
    """What is on the server.

    Attributes:
        columns: (schema, relation) to column to type, in order.
        not_null: table to its columns that are declared so.
        keys: table to the columns of its key.
        contracts: table to the digest of what was set up for it.
    """

    columns: Mapping[tuple[str, str], Mapping[str, str]]
    not_null: Mapping[str, frozenset[str]]
    keys: Mapping[str, tuple[str, ...]]
    contracts: Mapping[str, str]

    def of(self, schema: str, name: str) -> Mapping[str, str]:
        """Column to type; nothing where there is no such table or view."""
        return self.columns.get((schema, name), {})


def found(session: Session, places: Places) -> Found:
    """What is on the server now."""
    columns: dict[tuple[str, str], dict[str, str]] = {}
    not_null: dict[str, set[str]] = {}
    for schema, relation, column, kind, is_not_null in session.rows(_COLUMNS, (list(places.schemas),)):
        columns.setdefault((schema, relation), {})[column] = kind
        if schema == places.base and is_not_null:
            not_null.setdefault(relation, set()).add(column)
    contracts = []
    if (places.base, "table_contracts") in columns:
        contracts = session.rows(f"SELECT name, digest FROM {places.contracts}")
    return Found(
        columns,
        {name: frozenset(names) for name, names in not_null.items()},
        {name: tuple(names) for name, names in session.rows(_KEYS, (places.base,))},
        dict(contracts),
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """One table as it is to be.

    Attributes:
        types: column to DuckDB type.
        key: columns that tell its rows apart.
        nullable_key: those of the key in which a null is.
        golden: column of crm.customers to its personal mark.
    """

    places: Places
    table: Publication
    types: Mapping[str, str]
    nullable_key: frozenset[str]
    golden: Mapping[str, Personal] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that tell its rows apart."""
        return self.table.order_by

    @property
    def target(self) -> str:
        """The table, quoted."""
        return self.places.table(self.table.name)

    @property
    def server_types(self) -> dict[str, str]:
        """Column to type of PostgreSQL."""
        return {name: server_type(kind) for name, kind in self.types.items()}

    @property
    def definition(self) -> str:
        """Columns with types, for CREATE TABLE."""
        return ", ".join(f"{quoted(name)} {kind}" for name, kind in self.server_types.items())

    def create(self) -> list[str]:
        """The table, without a key: that is faster made of rows that are there."""
        return [f"CREATE TABLE {self.target} ({self.definition})"]

    def create_key(self) -> list[str]:
        """The unique key, in which nulls are equal, and what can't be null."""
        names = ", ".join(map(quoted, self.key))
        filled = [f"ALTER COLUMN {quoted(name)} SET NOT NULL" for name in self.key if name not in self.nullable_key]
        index = quoted(f"{self.table.name}_key")
        statements = [f"CREATE UNIQUE INDEX {index} ON {self.target} ({names}) NULLS NOT DISTINCT"]
        return [*statements, *([f"ALTER TABLE {self.target} {', '.join(filled)}"] if filled else [])]

    def is_whole_anew(self, now: Found) -> bool:
        """Whether columns came, went or changed their type, or the key did: then every row is compared."""
        name = self.table.name
        return now.of(self.places.base, name) != self.server_types or now.keys.get(name) != self.key

    def reshape(self, now: Found) -> list[str]:
        """From the table that is there to this one; rows keep what they have, new columns are null."""
        name, before, after = self.table.name, now.of(self.places.base, self.table.name), self.server_types
        gone = [column for column in before if column not in after or before[column] != after[column]]
        new = [column for column in after if column not in before or before[column] != after[column]]
        statements = []
        if gone:
            statements += [f"DROP POLICY IF EXISTS own_customers ON {self.target}"]
            statements += self._views(now, {column: kind for column, kind in before.items() if column not in gone})
        changes = [f"DROP COLUMN {quoted(column)}" for column in gone]
        changes += [f"ADD COLUMN {quoted(column)} {after[column]}" for column in new]
        if now.keys.get(name) not in (None, self.key):
            statements.append(f"DROP INDEX {quoted(self.places.base)}.{quoted(f'{name}_key')}")
        return [*statements, *([f"ALTER TABLE {self.target} {', '.join(changes)}"] if changes else [])]

    def nulls_allowed(self, now: Found) -> list[str]:
        """Columns of the key in which a null has come."""
        columns = sorted(self.nullable_key & now.not_null.get(self.table.name, frozenset()))
        return [f"ALTER TABLE {self.target} ALTER COLUMN {quoted(column)} DROP NOT NULL" for column in columns]

    def views(self, now: Found) -> list[str]:
        """Both views of the table as it is to be."""
        return self._views(now, self.server_types)

    def _views(self, now: Found, there: Mapping[str, str]) -> list[str]:
        """Both views, over a table that has the columns `there`."""
        masked = masked_columns(self.table, self.types, PostgreSql(self.places.salts), self.golden)
        plain = {name: quoted(name) for name in self.types}
        options = {"crm": "security_invoker = true, security_barrier = true", "masked": "security_barrier = true"}
        return [
            *self._view(now.of(self.places.schema, self.table.name), there, plain, self.places.schema, options["crm"]),
            *self._view(
                now.of(self.places.masked, self.table.name), there, masked, self.places.masked, options["masked"]
            ),
        ]

    def _view(
        self, before: Mapping[str, str], there: Mapping[str, str], shown: Mapping[str, str], schema: str, options: str
    ) -> list[str]:
        view = f"{quoted(schema)}.{quoted(self.table.name)}"
        types = self.server_types
        is_made_anew = any(types.get(name, kind) != kind for name, kind in before.items())
        kept = {} if is_made_anew else before
        columns = {name: f"CAST(NULL AS {kind})" for name, kind in kept.items()}
        columns |= {name: f"CAST({shown[name]} AS {types[name]})" for name in there if name in shown}
        selected = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
        made = f"CREATE OR REPLACE VIEW {view} WITH ({options}) AS SELECT {selected} FROM {self.target}"
        return [*([f"DROP VIEW {view}"] if is_made_anew else []), made]

    def comments(self, now: Found) -> list[str]:
        """What the contract says of the table and its columns, on the table and both views."""
        places, name = self.places, self.table.name
        said = {column: self.table.column_descriptions.get(column, "") for column in self.types}
        statements = [f"COMMENT ON TABLE {self.target} IS {literal(self.table.description)}"]
        views = ((places.schema, places.view(name), ""), (places.masked, places.masked_view(name), "masked; "))
        for schema, view, mark in views:
            statements.append(f"COMMENT ON VIEW {view} IS {literal(mark + self.table.description)}")
            gone = {column: _NO_LONGER for column in now.of(schema, name) if column not in said}
            statements += _column_comments(view, {**said, **gone})
        return [*statements, *_column_comments(self.target, said)]


def _column_comments(relation: str, said: Mapping[str, str]) -> Sequence[str]:
    return [f"COMMENT ON COLUMN {relation}.{quoted(name)} IS {literal(text)}" for name, text in said.items()]
