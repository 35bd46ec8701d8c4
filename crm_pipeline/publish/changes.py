"""What changed since an earlier edition, row by row, by the key of each table.

Belongs here: comparing the tables of the warehouse with those of an edition. Does not belong here: merging changes into
a file (`duckdb_file`), or keeping them (`keeping`).

Rows are compared in all columns, also those of run time; whether a table changed at all is decided by its stable ones,
so that a run which only ran at another time changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crm_pipeline.publish.edition import Edition, read_edition
from crm_pipeline.publish.publication import Publication, TableState, column_types, fingerprint, row_hash, state_of
from crm_pipeline.state.publications import IS_GONE, Change
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

# Name of the attached earlier edition.
BASE = "publication_before"

_KEYS = "publication_scratch_keys"
_ROWS = "publication_scratch_rows_{}"

# A table of which more than this share changed is taken as a whole: to merge it would cost more.
_LARGEST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class TableChange:
    """What changed in one table.

    Attributes:
        publication: the table.
        state: what it holds now.
        types: column to DuckDB type, in order.
        change: none, rows by key, or the whole table.
        rows: a select of the table's columns and IS_GONE, in key order: what changed, or all rows; rows that are gone
            have their key only. Empty without a change.
        changed_count: rows that are new or changed; all of them where it is whole.
        gone_count: rows that are gone.
    """

    publication: Publication
    state: TableState
    types: Mapping[str, str]
    change: Change
    rows: str = ""
    changed_count: int = 0
    gone_count: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edition of `tables` would change; `base` is the edition that it was compared with, None without one."""

    base: Edition | None
    tables: Sequence[TableChange]

    @property
    def fingerprint(self) -> str:
        """That of the edition they lead to."""
        return fingerprint(table.state for table in self.tables)

    @property
    def is_nothing(self) -> bool:
        """Whether the edition that it was compared with has this content already."""
        return self.base is not None and self.base.fingerprint == self.fingerprint

    @property
    def row_count(self) -> int:
        """Rows of all tables."""
        return sum(table.state.row_count for table in self.tables)


@contextlib.contextmanager
def attached_edition(warehouse: Warehouse, path: Path) -> Iterator[Edition | None]:
    """What the edition at `path` tells of itself, attached read only as BASE within the block; None without a good one.

    Raises:
        DamagedError: the file can't be read where the block needs it.
    """
    edition = read_edition(path)
    if edition is None:
        yield None
        return
    with warehouse.attached(path, BASE, is_read_only=True):
        yield edition


@contextlib.contextmanager
def found_changes(warehouse: Warehouse, tables: Sequence[Publication], base: Edition | None) -> Iterator[Changes]:
    """What changed in `tables` since `base`, which is attached as BASE; scratch tables hold it within the block."""
    before = base.by_name if base else {}
    changed = []
    try:
        for number, table in enumerate(tables):
            state = state_of(warehouse, table)
            types = column_types(warehouse, table.source)
            known = before.get(table.name)
            if known == state:
                changed.append(TableChange(table, state, types, Change.NONE))
            elif known is None or known.structure != state.structure:
                changed.append(_whole(table, state, types))
            else:
                changed.append(_rows(warehouse, table, state, types, known, _ROWS.format(number)))
        yield Changes(base, changed)
    finally:
        for scratch in (_KEYS, *(_ROWS.format(number) for number in range(len(tables)))):
            warehouse.execute(f"DROP TABLE IF EXISTS temp.{scratch}")


def same_key(left: str, right: str, key: Sequence[str]) -> str:
    """An SQL condition: rows of the relations `left` and `right` have one key; nulls count as equal."""
    return " AND ".join(f"{left}.{quoted(name)} IS NOT DISTINCT FROM {right}.{quoted(name)}" for name in key)


def _whole(table: Publication, state: TableState, types: Mapping[str, str]) -> TableChange:
    rows = f"SELECT false AS {IS_GONE}, * FROM {table.source} ORDER BY {_key(table.order_by)}"
    return TableChange(table, state, types, Change.WHOLE, rows, changed_count=state.row_count)


def _rows(
    warehouse: Warehouse,
    table: Publication,
    state: TableState,
    types: Mapping[str, str],
    known: TableState,
    scratch: str,
) -> TableChange:
    """The rows that differ; all of them where too many do, or where the key does not tell rows apart."""
    key, hashed = table.order_by, row_hash(types)
    earlier = f"{BASE}.{quoted(table.name)}"
    either = ", ".join(
        f"CASE WHEN new.hash IS NULL THEN old.{name} ELSE new.{name} END AS {name}"
        for name in (quoted(column) for column in key)
    )
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_KEYS} AS
        SELECT {either}, new.hash IS NULL AS is_gone, old.hash IS NULL AS is_new
        FROM (SELECT {_key(key)}, {hashed} AS hash FROM {table.source}) AS new
        FULL JOIN (SELECT {_key(key)}, {hashed} AS hash FROM {earlier}) AS old ON {same_key("new", "old", key)}
        WHERE new.hash IS DISTINCT FROM old.hash
    """)
    [(present, new, gone)] = warehouse.execute(f"""
        SELECT count(*) FILTER (WHERE NOT is_gone), count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE is_gone)
        FROM {_KEYS}
    """)
    is_explained = known.row_count + new - gone == state.row_count
    if not is_explained or present + gone > state.row_count * _LARGEST_SHARE:
        return _whole(table, state, types)
    made = f"""
        CREATE OR REPLACE TEMP TABLE {scratch} AS
        SELECT false AS {IS_GONE}, source.* FROM {table.source} AS source
        SEMI JOIN (FROM {_KEYS} WHERE NOT is_gone) AS keys ON {same_key("source", "keys", key)}
        UNION ALL BY NAME
        SELECT true AS {IS_GONE}, {_key(key)} FROM {_KEYS} WHERE is_gone
        ORDER BY {_key(key)}
    """
    warehouse.execute(made)
    return TableChange(table, state, types, Change.ROWS, f"FROM temp.{scratch}", present, gone)


def _key(key: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in key)
