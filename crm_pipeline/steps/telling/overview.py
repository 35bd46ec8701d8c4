"""The result of the main job in a handful of counts, read from the published file.

Belongs here: what `run`, `status` and a report say first. Does not belong here: printing. Counts only, no values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from crm_pipeline.settings import Project
from crm_pipeline.warehouse import Warehouse, open_reader

_LOADS = """
    SELECT source, extract, entity, count(*) AS deliveries, sum(delivered_count)::BIGINT AS delivered,
        sum(loaded_count)::BIGINT AS loaded, sum(unchanged_count)::BIGINT AS unchanged,
        sum(quarantined_count)::BIGINT AS quarantined, sum(duplicate_count)::BIGINT AS duplicates,
        sum(erased_count)::BIGINT AS erased
    FROM crm.loads GROUP BY ALL ORDER BY source, extract
"""
_NEWEST = """
    SELECT source, extract, business_date, sequence, file_name, file_bytes,
        concat_ws(', ', format, encoding, dialect) AS read_as, delivered_count AS delivered, loaded_count AS loaded,
        unchanged_count AS unchanged, quarantined_count AS quarantined, duplicate_count AS duplicates,
        erased_count AS erased, deleted_count AS deleted, first_updated_at, last_updated_at, schema_changes
    FROM crm.loads
    QUALIFY row_number() OVER (PARTITION BY source, extract ORDER BY business_date DESC, sequence DESC) = 1
    ORDER BY source, extract
"""
_REJECTIONS = """
    WITH reason AS (
        SELECT source, extract, source_id, unnest(reasons) AS rule, unnest(severities) AS severity FROM crm.quarantine
    )
    SELECT source, extract, rule, severity, count(*) AS rows, count(DISTINCT source_id) AS keys
    FROM reason GROUP BY ALL ORDER BY source, extract, rule
"""

HELD_BACK = """
    SELECT coalesce(sum(quarantined_count + duplicate_count + erased_count), 0)::BIGINT FROM (
        FROM {loads} WHERE entity = 'customers'
        QUALIFY row_number() OVER (PARTITION BY source, extract ORDER BY business_date DESC, sequence DESC) = 1
    )
"""


@dataclass(frozen=True, slots=True)
class Overview:
    """What is published now.

    Attributes:
        loads: one extract: deliveries and the counts of its rows by outcome.
        newest: the newest delivery of each extract: rows by outcome, how it was read, what changed in its columns.
        rejections: one rule of one extract: rows concerned and their distinct keys.
        customers: golden customers.
        customer_records: living records behind them.
        held_back_rows: rows of the newest delivery of each customers extract that brought no record: quarantined,
            duplicates, erased.
        order_lines: published order lines.
        orphans: order lines without a customer.
    """

    published_at: datetime
    loads: pl.DataFrame
    newest: pl.DataFrame
    rejections: pl.DataFrame
    customers: int
    customer_records: int
    held_back_rows: int
    order_lines: int
    orphans: int

    @property
    def records_in(self) -> int:
        """Customer records that came in: the living ones, and the rows held back."""
        return self.customer_records + self.held_back_rows

    def as_dict(self) -> dict[str, object]:
        """The same for JSON."""
        return {
            "published_at": self.published_at.isoformat(),
            "customers": self.customers,
            "customer_records": self.customer_records,
            "records_in": self.records_in,
            "order_lines": self.order_lines,
            "orphans": self.orphans,
            "loads": self.loads.to_dicts(),
            "newest_loads": self.newest.to_dicts(),
            "rejections": self.rejections.to_dicts(),
        }


def overview(project: Project) -> Overview:
    """The counts of what is published.

    Raises:
        ConfigurationError: nothing is.
    """
    with open_reader(project.published_file) as reader:
        loads = reader.frame(_LOADS)
        return Overview(
            reader.value("SELECT published_at FROM crm.published"),
            loads,
            reader.frame(_NEWEST),
            reader.frame(_REJECTIONS),
            _count(reader, "customers"),
            _count(reader, "customer_records", "deleted_on IS NULL"),
            int(reader.value(HELD_BACK.format(loads="crm.loads"))),
            _count(reader, "orders"),
            _count(reader, "orders", "customer_id IS NULL"),
        )


def _count(reader: Warehouse, table: str, condition: str = "true") -> int:
    return int(reader.value(f"SELECT count(*) FROM crm.{table} WHERE {condition}"))
