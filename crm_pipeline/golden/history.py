"""Versions of customers: what was published of each, from when to when.

Belongs here: comparing gold.customers with the customers of the last publication, and what that makes of
gold.customer_history. Does not belong here: how publications are kept (`state.publications`, `publish.keeping`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from crm_pipeline.golden.withholding import withhold_from_history
from crm_pipeline.tables import GOLDEN_COLUMNS, Column, customer_history
from crm_pipeline.tables import extra_columns as as_columns
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

_CHANGES = "history_scratch_changes"


def record_history(
    warehouse: Warehouse,
    *,
    before: str | None,
    now: datetime,
    extra_columns: Sequence[str | Column] = (),
    no_consent: Iterable[str] = (),
) -> int:
    """Number of customers that are new, changed or gone since the last publication; gold.customer_history is made anew.

    Only golden columns and extra columns count as a change, not record counts or dates. Columns that the last
    publication lacks are null in it, those that only it has are left out; a value of an own column whose type was
    changed since is null where it does not fit.

    Args:
        warehouse: the writing connection; gold.customers is read.
        before: database with the tables `customers`, `customers_archive` and `customer_history` of the last
            publication; None without one.
        now: time of publication, UTC without a zone, later than that of the last one.
        extra_columns: the project's own columns of gold.customers.
        no_consent: values of `consent` that refuse it; phones and e-mails of such customers are in no version.
    """
    columns = (*GOLDEN_COLUMNS, *as_columns(extra_columns))
    moment = f"TIMESTAMP {literal(now.isoformat(sep=' '))}"
    if before is None:
        changed = int(warehouse.value("SELECT count(*) FROM gold.customers"))
        unfolded = f"""
            SELECT *, {moment} AS valid_from, CAST(NULL AS TIMESTAMP) AS valid_to, CAST(1 AS INTEGER) AS version
            FROM (SELECT {_names(columns)} FROM gold.customers)
        """
    else:
        changed = _find_changes(warehouse, _every_customer(warehouse, before), columns)
        unfolded = _unfolded(warehouse, f"{before}.customer_history", columns, moment)
    warehouse.replace(customer_history(extra_columns), unfolded)
    withhold_from_history(warehouse, no_consent)
    warehouse.execute(f"DROP TABLE IF EXISTS temp.{_CHANGES}")
    return changed


def _every_customer(warehouse: Warehouse, before: str) -> str:
    """The customers of the last publication, archived ones too, as an SQL relation."""
    sql = "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = 'customers_archive'"
    if not warehouse.value(sql, [before]):
        return f"{before}.customers"
    return f"(FROM {before}.customers UNION ALL BY NAME FROM {before}.customers_archive)"


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(["customer_id", *(quoted(column.name) for column in columns)])


def _find_changes(warehouse: Warehouse, earlier: str, columns: Sequence[Column]) -> int:
    """Number of differences between gold.customers and `earlier`; makes the scratch table: customer_id, is_gone."""
    present = {row[0] for row in warehouse.execute(f"DESCRIBE FROM {earlier}")}
    old = ", ".join(_fitting(column, present) for column in columns)
    new = ", ".join(_text(column) for column in columns)
    # Lists and structures as text: DuckDB hashes a null list and an empty one alike.
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_CHANGES} AS
        WITH old AS (
            SELECT customer_id, hash({new}) AS hash FROM (SELECT customer_id, {old} FROM {earlier})
        ),
        new AS (SELECT customer_id, hash({new}) AS hash FROM gold.customers)
        SELECT customer_id, new.hash IS NULL AS is_gone
        FROM new FULL JOIN old USING (customer_id)
        WHERE new.hash IS DISTINCT FROM old.hash
    """)
    return int(warehouse.value(f"SELECT count(*) FROM {_CHANGES}"))


def _unfolded(warehouse: Warehouse, earlier: str, columns: Sequence[Column], moment: str) -> str:
    """A select of `gold.customer_history`: the versions before, closed where something changed, and the new ones."""
    present = {row[0] for row in warehouse.execute(f"DESCRIBE FROM {earlier}")}
    old = ", ".join(_fitting(column, present) for column in columns)
    return f"""
        SELECT customer_id, valid_from, version, {old},
            CASE WHEN valid_to IS NULL AND changed.customer_id IS NOT NULL THEN {moment} ELSE valid_to END AS valid_to
        FROM {earlier} LEFT JOIN {_CHANGES} AS changed USING (customer_id)
        UNION ALL BY NAME
        SELECT {_names(columns)}, {moment} AS valid_from, CAST(NULL AS TIMESTAMP) AS valid_to,
            CAST(coalesce(former.version, 0) + 1 AS INTEGER) AS version
        FROM gold.customers
        SEMI JOIN (FROM {_CHANGES} WHERE NOT is_gone) USING (customer_id)
        LEFT JOIN (
            SELECT customer_id, max(version) AS version FROM {earlier} GROUP BY customer_id
        ) AS former USING (customer_id)
    """


def _fitting(column: Column, present: Collection[str]) -> str:
    name = quoted(column.name)
    return f"TRY_CAST({name if column.name in present else 'NULL'} AS {column.type}) AS {name}"


def _text(column: Column) -> str:
    name = quoted(column.name)
    is_nested = column.type.endswith("]") or column.type.startswith(("STRUCT", "MAP"))
    return f"CAST(to_json({name}) AS VARCHAR)" if is_nested else name
