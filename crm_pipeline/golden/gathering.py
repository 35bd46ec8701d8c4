"""The records of customers, read once into scratch tables for the merge.

Belongs here: living records numbered by customer, the spans of all records, and an overview of each customer. Does not
belong here: choosing between values (`candidates`, `survivorship`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from crm_pipeline.golden.candidates import RECORDS
from crm_pipeline.tables import Column
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

SPANS = "golden_scratch_spans"
OVERVIEW = "golden_scratch_overview"


def gather_records(warehouse: Warehouse, trust: Mapping[str, int]) -> None:
    """Fills RECORDS, the living records, and the spans of all records: first, last change, end."""
    levels = pl.DataFrame(
        {"source": list(trust), "level": list(trust.values())}, schema={"source": pl.String, "level": pl.Int64}
    )
    with warehouse.registered("golden_scratch_trust", levels):
        warehouse.execute(f"""
            CREATE OR REPLACE TEMP TABLE {RECORDS} AS
            WITH customers AS (
                SELECT customer_id, count(*) AS _record_count, row_number() OVER (ORDER BY customer_id) AS _customer
                FROM link.members GROUP BY customer_id
            ),
            numbered AS (
                SELECT record_key, row_number() OVER (ORDER BY record_key) AS _record, customers.*
                FROM link.members JOIN customers USING (customer_id)
            )
            SELECT records.* EXCLUDE (record_key, valid_from, valid_to, sequence, line, row_hash),
                numbered.* EXCLUDE (record_key), coalesce(trust.level, 0) AS _trust,
                coalesce(records.updated_at, records.created_at, CAST(records.valid_from AS TIMESTAMP)) AS _seen_at
            FROM std.customers AS records
            JOIN numbered USING (record_key)
            LEFT JOIN golden_scratch_trust AS trust ON trust.source = records.source
            WHERE records.valid_to IS NULL
        """)
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {SPANS} AS
        WITH spans AS (
            SELECT record_key, any_value(source) AS source, any_value(extract) AS extract,
                any_value(source_id) AS source_id, min(valid_from) AS first_seen_on,
                max(greatest(valid_from, coalesce(valid_to, valid_from))) AS changed_on,
                CASE WHEN count(*) = count(valid_to) THEN max(valid_to) END AS deleted_on
            FROM std.customers GROUP BY record_key
        )
        SELECT spans.*, coalesce(members.customer_id, former.customer_id) AS customer_id,
            members.match_probability, members.matched_by
        FROM spans
        LEFT JOIN link.members AS members USING (record_key)
        LEFT JOIN link.former_members AS former ON former.record_key = spans.record_key AND deleted_on IS NOT NULL
    """)


def gather_overview(warehouse: Warehouse, columns: Sequence[Column]) -> None:
    """Fills the overview: of each customer its counts, each column's smallest value, and whether there is another."""
    bounds = ", ".join(
        f"min({quoted(column.name)}) AS {quoted(column.name)}, "
        f"min({quoted(column.name)}) <> max({quoted(column.name)}) AS {has_choice(column)}"
        for column in columns
    )
    values = ", ".join(f"{quoted(column.name)}, false AS {has_choice(column)}" for column in columns)
    # Customers with one record, mostly the many, need no grouping: it would take most of the time of the merge.
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {OVERVIEW} AS
        SELECT _customer, customer_id, _record_count, 1 AS _source_count, {values}
        FROM {RECORDS} WHERE _record_count = 1
        UNION ALL BY NAME
        SELECT _customer, any_value(customer_id) AS customer_id, count(*) AS _record_count,
            count(DISTINCT source) AS _source_count, {bounds}
        FROM {RECORDS} WHERE _record_count > 1 GROUP BY _customer
    """)


def has_choice(column: Column) -> str:
    """The overview's column, quoted, that says whether a customer's records differ in `column`; null is not true."""
    return quoted(f"_has_choice_{column.name}")
