"""The records of customers, read in portions of whole customers.

Belongs here: numbering customers and records, the spans of all records, reading one portion. Does not belong here:
what speaks for a value beside its record (`evidence`), ranking and choosing.

Customers are numbered from 0 in the order of customer_id, records in that of record_key: numbers are several times as
fast to sort and join as the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil

import polars as pl

from crm_pipeline.golden.units import CONTACT_LISTS, UNION_COLUMN
from crm_pipeline.tables import Column
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

NUMBERED = "golden_scratch_numbered"
SPANS = "golden_scratch_spans"
_CUSTOMERS = "golden_scratch_customers"
SCRATCH = (NUMBERED, SPANS, _CUSTOMERS)

# A portion of so many records takes about a gigabyte of memory.
RECORDS_AT_ONCE = 3_000_000


@dataclass(frozen=True, slots=True)
class Portion:
    """Whole customers, some or all.

    Attributes:
        first: number of its first customer.
        customers: customer_id, first_seen_on and changed_on, in the order of their numbers.
        records: one living record: its golden columns, those of other types than text as `_text_…` besides; phones,
            emails, external_ids; source, extract, source_id; `_customer`, from 0 within the portion; `_record`, its
            number; `_seen_at`, microseconds since 1970: updated_at, else created_at, else the business date.
    """

    first: int
    customers: pl.DataFrame
    records: pl.DataFrame


def number_records(warehouse: Warehouse) -> None:
    """Fills the scratch tables: living records with their numbers, spans of all records, customers with their dates."""
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {NUMBERED} AS
        WITH customers AS (
            SELECT customer_id, CAST(row_number() OVER (ORDER BY customer_id) - 1 AS INTEGER) AS _customer
            FROM (SELECT DISTINCT customer_id FROM link.members)
        )
        SELECT record_key, _customer, customer_id, row_number() OVER (ORDER BY record_key) AS _record
        FROM link.members JOIN customers USING (customer_id)
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
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_CUSTOMERS} AS
        SELECT any_value(_customer) AS _customer, customer_id, min(first_seen_on) AS first_seen_on,
            max(changed_on) AS changed_on
        FROM {SPANS} JOIN (SELECT DISTINCT customer_id, _customer FROM {NUMBERED}) USING (customer_id)
        GROUP BY customer_id
    """)


def portions(warehouse: Warehouse, columns: Iterable[Column], *, most: int = RECORDS_AT_ONCE) -> Iterator[Portion]:
    """All customers in portions of about `most` records, in the order of their numbers.

    Args:
        warehouse: where `number_records` was called.
        columns: of std.customers with one value a record.
        most: records of a portion.
    """
    customers = int(warehouse.value(f"SELECT count(*) FROM {_CUSTOMERS}"))
    records = int(warehouse.value(f"SELECT count(*) FROM {NUMBERED}"))
    size = ceil(customers / max(1, ceil(records / most))) or 1
    for first in range(0, customers, size):
        yield _portion(warehouse, columns, first, first + size)


def _portion(warehouse: Warehouse, columns: Iterable[Column], first: int, behind: int) -> Portion:
    columns = tuple(columns)
    names = (*(column.name for column in columns), *CONTACT_LISTS.values(), UNION_COLUMN)
    texts = "".join(
        f", CAST({quoted(column.name)} AS VARCHAR) AS {quoted(text_of(column))}"
        for column in columns
        if column.type != "VARCHAR"
    )
    within = f"_customer >= {first} AND _customer < {behind}"
    customers = f"SELECT * EXCLUDE (_customer) FROM {_CUSTOMERS} WHERE {within} ORDER BY _customer"
    records = f"""
        SELECT source, extract, source_id, {", ".join(quoted(name) for name in names)}{texts},
            _customer - {first} AS _customer, _record,
            epoch_us(coalesce(updated_at, created_at, CAST(valid_from AS TIMESTAMP))) AS _seen_at
        FROM std.customers JOIN (SELECT record_key, _customer, _record FROM {NUMBERED} WHERE {within})
        USING (record_key) WHERE valid_to IS NULL
    """
    return Portion(first, warehouse.frame(customers), warehouse.frame(records))


def text_of(column: Column) -> str:
    """The column of a portion that has `column` as text."""
    return column.name if column.type == "VARCHAR" else f"_text_{column.name}"
