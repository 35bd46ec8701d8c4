"""Customers who leave `customers` for the archive: dormant ones, tests, trials, by the project's rules.

Belongs here: which customers a rule applies to. Does not belong here: what activity is (`dbt_like_sql/gold/
customer_activity.sql`), leaving them out of what is published (`steps.publishing`).

It is decided anew in each run from what is known then: whoever is active again, or no longer meets a rule, is back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from crm_pipeline.settings.life_cycle import ArchiveRule
from crm_pipeline.tables import Column, customers, customers_archive
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted
from crm_pipeline.warehouse.row_expressions import expressions

_MARKED = "archiving_scratch_marked"
_ROWS_AT_ONCE = 100_000


def archive_customers(
    warehouse: Warehouse, rules: Mapping[str, ArchiveRule], *, extra_columns: Iterable[str | Column] = ()
) -> dict[str, int]:
    """Number of customers in the archive by reason; `gold.customers_archive` is made anew.

    Args:
        warehouse: the writing connection; gold.customers, gold.customer_activity and ops.loads are read.
        rules: reason to rule; the first that applies to a customer counts.
        extra_columns: the project's own columns of gold.customers.

    Raises:
        ConfigurationError: an expression can't be computed.
    """
    extra = tuple(extra_columns)
    table = customers_archive(extra)
    today: date | None = warehouse.value("SELECT max(business_date) FROM ops.loads") if rules else None
    warehouse.execute(f"CREATE OR REPLACE TEMP TABLE {_MARKED} (customer_id VARCHAR, place INTEGER, reason VARCHAR)")
    for place, (reason, rule) in enumerate(rules.items()):
        if today is not None:
            _mark(warehouse, rule, reason, place, today, extra)
    warehouse.replace(
        table,
        f"""
        SELECT c.*, m.reason AS archived_by, a.last_active_on
        FROM gold.customers AS c
        JOIN (SELECT customer_id, arg_min(reason, place) AS reason FROM {_MARKED} GROUP BY customer_id) AS m
            USING (customer_id)
        JOIN gold.customer_activity AS a USING (customer_id)
        """,
    )
    warehouse.execute(f"DROP TABLE temp.{_MARKED}")
    counted = warehouse.execute(f"SELECT archived_by, count(*) FROM {table.qualified} GROUP BY ALL")
    found: dict[str, int] = {reason: int(count) for reason, count in counted}
    return {reason: found.get(reason, 0) for reason in rules}


def check_archive_rules(rules: Mapping[str, ArchiveRule], extra_columns: Iterable[str | Column] = ()) -> None:
    """Nothing, when each expression can be computed.

    Raises:
        ConfigurationError: one can't, or looks at more than its customer.
    """
    empty = customers(tuple(extra_columns)).empty()
    for reason, rule in rules.items():
        _holds(empty, rule, reason)


def _mark(
    warehouse: Warehouse, rule: ArchiveRule, reason: str, place: int, today: date, extra: tuple[str | Column, ...]
) -> None:
    """Adds the customers to whom a rule applies to the scratch table."""
    day = rule.applied_on(today)
    since = f"DATE {literal(str(day))}"
    if rule.inactive_months is None:
        old_enough = f"c.first_seen_on <= {since}"
    else:
        old_enough = f"a.last_active_on <= {since} - INTERVAL {rule.inactive_months} MONTH"
    some = f"FROM gold.customers AS c JOIN gold.customer_activity AS a USING (customer_id) WHERE {old_enough}"
    marked = f"{place}, {literal(reason)}"
    if rule.when is None:
        warehouse.execute(f"INSERT INTO {_MARKED} SELECT c.customer_id, {marked} {some}")
        return
    names = ", ".join(f"c.{quoted(column.name)}" for column in customers(extra).columns)
    last = ""
    while True:
        rows = warehouse.frame(
            f"SELECT {names} {some} AND c.customer_id > ? ORDER BY c.customer_id LIMIT {_ROWS_AT_ONCE}", [last]
        )
        if rows.is_empty():
            return
        last = rows["customer_id"][-1]
        held = rows.filter(_holds(rows, rule, reason)).select("customer_id")
        with warehouse.registered("archiving_rows", held):
            warehouse.execute(f"INSERT INTO {_MARKED} SELECT customer_id, {marked} FROM archiving_rows")


def _holds(rows: pl.DataFrame, rule: ArchiveRule, reason: str) -> pl.Series:
    """For each customer whether the expression is true."""
    if rule.when is None:
        return pl.Series([True] * rows.height, dtype=pl.Boolean)
    told = expressions(rows, {"when": f"CAST(({rule.when}) AS BOOLEAN)"}, where=f"life_cycle.archive.{reason}")
    return told["when"].str.to_lowercase().eq("true").fill_null(value=False)
