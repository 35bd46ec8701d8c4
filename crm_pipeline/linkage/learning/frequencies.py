"""How frequent values are, so that agreeing in a rare name says more than in a common one.

Belongs here: frequencies of values over customers. Does not belong here: where they are used (`comparison`), and
keeping them (`state.models`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from crm_pipeline.linkage.candidates.records import RECORDS
from crm_pipeline.linkage.candidates.scratch import copy_frame
from crm_pipeline.linkage.model.comparison import Comparison
from crm_pipeline.warehouse import Warehouse

CUSTOMERS = "linkage_provisional_customers"

# A value that one customer alone has is met at another with half a customer's share.
_UNSHARED = 0.5


def term_frequencies(
    scratch: Warehouse,
    chosen: Sequence[Comparison],
    columns: Sequence[str],
    composed: Mapping[str, Sequence[str]],
    customers: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """Per column whose frequencies the comparisons use: value and the share of customers who have it, by value.

    Customers are counted, not records, because somebody delivered five times makes no name common; and of them all but
    one, because a customer is compared with the others. A value that is composed of others is at least as frequent as
    these are together.

    Args:
        scratch: where the prepared records are.
        chosen: the comparisons.
        columns: the usable columns.
        composed: per column those that it is made of.
        customers: record_key and customer of records that are probably one; others are customers of their own.
    """
    scratch.execute(f"DROP TABLE IF EXISTS {CUSTOMERS}")
    copy_frame(customers.select("record_key", "customer"), scratch, CUSTOMERS)
    names = sorted({level.frequency_of for comparison in chosen for level in comparison.levels} - {None}, key=str)
    found = {str(name): _frequencies(scratch, str(name)) for name in names}
    for name, parts in composed.items():
        if name in found and set(parts) <= found.keys() and {name, *parts} <= set(columns):
            found[name] = _composed(scratch, name, parts, found)
    return found


def _frequencies(scratch: Warehouse, name: str) -> pl.DataFrame:
    return scratch.frame(f"""
        SELECT value, greatest(owners - 1, {_UNSHARED}) / sum(owners) OVER () AS share
        FROM (
            SELECT {name} AS value, count(DISTINCT coalesce(customer, record_key)) AS owners
            FROM {RECORDS} LEFT JOIN {CUSTOMERS} USING (record_key) WHERE {name} IS NOT NULL GROUP BY {name}
        ) ORDER BY value
    """)


def _composed(scratch: Warehouse, name: str, parts: Sequence[str], found: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    rows = scratch.frame(f"SELECT {name} AS value, {', '.join(parts)} FROM {RECORDS} WHERE {name} IS NOT NULL")
    for part in parts:
        rows = rows.join(found[part].rename({"value": part, "share": f"{part}_share"}), on=part, how="left")
    product = pl.lit(1.0)
    for part in parts:
        product = product * pl.col(f"{part}_share")
    together = rows.group_by("value").agg(product.max().alias("together"))
    return (
        found[name]
        .join(together, on="value", how="left")
        .select("value", pl.max_horizontal("share", "together").alias("share"))
        .sort("value")
    )
