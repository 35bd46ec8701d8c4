"""Versions of customers: what was published of each, from when to when.

Belongs here: comparing gold.customers with what was last published, and unfolding the store into
gold.customer_history. Does not belong here: how the store lies on disk (`state.history`).

A row of the store is a customer's version: entry_number, published_at, customer_id, is_gone, the golden columns and
the extra columns of its time. A gone customer has nulls.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crm_pipeline.state.history import History
from crm_pipeline.tables import GOLDEN_COLUMNS, Column, customer_history
from crm_pipeline.tables import extra_columns as as_columns
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

_VERSIONS = "history_scratch_versions"
_CHANGES = "history_scratch_changes"


def record_history(
    warehouse: Warehouse, history: History, *, run_id: str, now: datetime, extra_columns: Sequence[str | Column] = ()
) -> int:
    """Number of customers that are new, changed or gone since the last entry; gold.customer_history is made anew.

    Only golden columns and extra columns count as a change, not record counts or dates. An entry is appended only when
    something changed, before publication: when a crash comes between, the next run finds no difference, and the time
    of the entry stands. Columns that stored entries lack are null, those that only they have are left out;
    a value of an own column whose type was changed since is null where it does not fit.

    Args:
        warehouse: the writing connection; gold.customers is read.
        history: the store.
        run_id: the run that publishes.
        now: time of publication, UTC without a zone.
        extra_columns: the project's own columns of gold.customers.
    """
    columns = (*GOLDEN_COLUMNS, *as_columns(extra_columns))
    if history.entries():
        _load_versions(warehouse, history, columns)
        changed = _find_changes(warehouse, columns)
        if changed:
            _append(warehouse, history, f"FROM {_CHANGES}", run_id=run_id, now=now)
            _load_versions(warehouse, history, columns)
        unfolded = _unfolded()
    else:  # everything is new: nothing to compare with, and nothing to read back
        first = f"SELECT false AS is_gone, {_names(columns)} FROM gold.customers"
        changed = int(warehouse.value("SELECT count(*) FROM gold.customers"))
        published_at = _append(warehouse, history, first, run_id=run_id, now=now) if changed else now
        unfolded = f"""
            SELECT *, TIMESTAMP {_moment(published_at)} AS valid_from, CAST(NULL AS TIMESTAMP) AS valid_to,
                CAST(1 AS INTEGER) AS version
            FROM ({first})
        """
    warehouse.replace(customer_history(extra_columns), unfolded)
    for scratch in (_VERSIONS, _CHANGES):
        warehouse.execute(f"DROP TABLE IF EXISTS {scratch}")
    return changed


def _append(warehouse: Warehouse, history: History, changes: str, *, run_id: str, now: datetime) -> datetime:
    """The time of a new entry with the rows of the select `changes`, in the order of customer_id."""
    with history.appending(run_id=run_id, now=now) as draft:
        warehouse.execute(f"""
            COPY (
                SELECT CAST({draft.number} AS INTEGER) AS entry_number,
                    TIMESTAMP {_moment(draft.published_at)} AS published_at, *
                FROM ({changes}) ORDER BY customer_id
            ) TO {literal(str(draft.path))} (FORMAT parquet, COMPRESSION zstd)
        """)
    return draft.published_at


def _moment(time: datetime) -> str:
    return literal(time.isoformat(sep=" "))


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(["customer_id", *(quoted(column.name) for column in columns)])


def _load_versions(warehouse: Warehouse, history: History, columns: Sequence[Column]) -> None:
    """Makes the scratch table of all stored versions under today's contract."""
    paths = [str(entry.path) for entry in history.entries()]
    wanted = {
        "entry_number": "INTEGER",
        "published_at": "TIMESTAMP",
        "customer_id": "VARCHAR",
        "is_gone": "BOOLEAN",
        **{column.name: column.type for column in columns},
    }
    stored: set[str] = set()
    origin = ""
    if paths:
        origin = f"FROM read_parquet([{', '.join(literal(path) for path in paths)}], union_by_name = true)"
        stored = {row[0] for row in warehouse.execute(f"DESCRIBE {origin}")}
    selected = ", ".join(
        f"TRY_CAST({quoted(name) if name in stored else 'NULL'} AS {kind}) AS {quoted(name)}"
        for name, kind in wanted.items()
    )
    nothing = "" if paths else "WHERE false"
    warehouse.execute(f"CREATE OR REPLACE TEMP TABLE {_VERSIONS} AS SELECT {selected} {origin} {nothing}")


def _find_changes(warehouse: Warehouse, columns: Sequence[Column]) -> int:
    """Number of differences between gold.customers and the latest versions; makes the scratch table that has them."""
    names = _names(columns)
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_CHANGES} AS
        WITH latest AS (
            SELECT versions.* FROM {_VERSIONS} AS versions
            JOIN (SELECT customer_id, max(entry_number) AS entry_number FROM {_VERSIONS} GROUP BY customer_id)
                USING (customer_id, entry_number)
            WHERE NOT is_gone
        )
        SELECT false AS is_gone, * FROM (SELECT {names} FROM gold.customers EXCEPT SELECT {names} FROM latest)
        UNION ALL BY NAME
        SELECT true AS is_gone, customer_id FROM latest ANTI JOIN gold.customers USING (customer_id)
    """)
    return int(warehouse.value(f"SELECT count(*) FROM {_CHANGES}"))


def _unfolded() -> str:
    """A select of `gold.customer_history`: each version until the customer's next entry, gone ones left out."""
    return f"""
        SELECT *, CAST(row_number() OVER (PARTITION BY customer_id ORDER BY entry_number) AS INTEGER) AS version
        FROM (
            SELECT *, published_at AS valid_from,
                lead(published_at) OVER (PARTITION BY customer_id ORDER BY entry_number) AS valid_to
            FROM {_VERSIONS}
        )
        WHERE NOT is_gone
    """
