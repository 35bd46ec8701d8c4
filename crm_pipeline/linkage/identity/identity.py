"""Persistent customer ids: from clusters and the ledger to a new ledger entry and the tables that show it.

Belongs here: reading, writing, and the projection of the ledger on tables. Does not belong here: the rule
(`identity_rule`) and the naming of events (`identity_events`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from crm_pipeline.errors import LinkageError
from crm_pipeline.linkage.identity.identity_events import events_between
from crm_pipeline.linkage.identity.identity_rule import Assignment, assign, resolved
from crm_pipeline.state.ledger import IDS_SCHEMA, MEMBERS_SCHEMA, Entry, Ledger
from crm_pipeline.tables import CLUSTERS, CUSTOMER_IDS, FORMER_MEMBERS, IDENTITY_EVENTS, MEMBERS
from crm_pipeline.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class IdentitySummary:
    """What this run changed, and how things stand.

    Attributes:
        customer_count: current ids.
        record_count: current records, each of which belongs to one of them.
        entry_number: the ledger entry written; None when nothing changed.
        event_counts: number of events of this run by kind; kinds without events are left out.
    """

    customer_count: int
    record_count: int
    entry_number: int | None
    event_counts: dict[str, int]


def assign_customers(warehouse: Warehouse, ledger: Ledger, *, run_id: str, now: datetime) -> IdentitySummary:
    """What changed, after every current record has its customer and the ledger says how it came to it.

    Reads `link.clusters` and `std.customers`; appends to the ledger only when something changed; then fills
    `link.members`, `link.former_members`, `gold.customer_ids` and `gold.identity_events` from the whole ledger.
    A crash between ledger and tables is healed by the next call.

    Args:
        warehouse: where the tables are.
        ledger: the identities so far.
        run_id: the run that asks; it is entered with each event.
        now: UTC without a zone.

    Raises:
        LinkageError: the clusters are not those of the current records.
    """
    records = _clustered_records(warehouse)
    after = assign(records, ledger.ids, ledger.members)
    events = events_between(ledger.ids, ledger.members, after)
    entry = Entry(_changed_ids(after, ledger.ids, now), _changed_members(after, ledger.members), events)
    number = ledger.append(entry, run_id=run_id, now=now)
    with warehouse.transaction():
        _fill_tables(warehouse, ledger)
    counts = events["kind"].value_counts(sort=False).sort("kind")
    return IdentitySummary(
        customer_count=after.ids.filter(pl.col("status") == "current").height,
        record_count=after.records.height,
        entry_number=number,
        event_counts=dict(zip(counts["kind"].to_list(), counts["count"].to_list(), strict=True)),
    )


def _clustered_records(warehouse: Warehouse) -> pl.DataFrame:
    records = warehouse.frame(f"""
        SELECT record_key, cluster_key, matched_by,
               min(valid_from) AS first_seen, bool_or(valid_to IS NULL) AS is_living
        FROM std.customers FULL JOIN {CLUSTERS.qualified} USING (record_key)
        GROUP BY record_key, cluster_key, matched_by
        HAVING is_living OR cluster_key IS NOT NULL
        ORDER BY record_key
    """)
    stale = records.filter(pl.col("cluster_key").is_null() | pl.col("first_seen").is_null() | ~pl.col("is_living"))
    if stale.height:
        raise LinkageError(
            where=CLUSTERS.qualified,
            expected="exactly the current records of std.customers",
            found=f"{stale.height} records that are in one of them only",
            cure="Run the linkage step before identities are assigned.",
        )
    return records.drop("is_living")


def _changed_ids(after: Assignment, ids: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Ids that are new or differ; `since` is now, unless only the founder is another."""
    old = ids.select("sequence", *(pl.col(name).alias(f"old_{name}") for name in ids.columns if name != "sequence"))
    joined = after.ids.join(old, on="sequence", how="left", maintain_order="left")
    is_same_state = pl.col("status").eq_missing(pl.col("old_status")) & pl.col("merged_into").eq_missing(
        pl.col("old_merged_into")
    )
    is_same_founder = pl.col("founder_record_key").eq_missing(pl.col("old_founder_record_key"))
    return joined.filter(~(is_same_state & is_same_founder)).select(
        *(name for name in IDS_SCHEMA if name != "since"),
        pl.when(is_same_state).then("old_since").otherwise(pl.lit(now, dtype=pl.Datetime("us"))).alias("since"),
    )


def _changed_members(after: Assignment, members: pl.DataFrame) -> pl.DataFrame:
    old = members.select("record_key", pl.col("sequence").alias("old_sequence"))
    joined = after.records.join(old, on="record_key", how="left", maintain_order="left")
    changed = joined.filter(pl.col("sequence").ne_missing(pl.col("old_sequence")))
    return changed.select(list(MEMBERS_SCHEMA)).sort("record_key")


def _fill_tables(warehouse: Warehouse, ledger: Ledger) -> None:
    """The four tables that show the ledger; members take their explanation from `link.clusters`."""
    standing = _standing(ledger.ids)
    warehouse.replace(CUSTOMER_IDS, standing.drop("sequence"))
    warehouse.replace(IDENTITY_EVENTS, ledger.events)
    belonging = ledger.members.select("record_key", "sequence").join(
        standing.select("sequence", "customer_id"), on="sequence", how="left", maintain_order="left"
    )
    clusters = CLUSTERS.qualified
    with warehouse.registered("_belonging", belonging):
        warehouse.replace(
            MEMBERS,
            f"SELECT c.*, customer_id FROM {clusters} c JOIN _belonging USING (record_key)",
        )
        warehouse.replace(
            FORMER_MEMBERS,
            f"SELECT record_key, customer_id FROM _belonging ANTI JOIN {clusters} USING (record_key)",
        )


def _standing(ids: pl.DataFrame) -> pl.DataFrame:
    """The rows of `gold.customer_ids`, with sequence; an alias of a retired id is retired since that one is."""
    target = ids.select(
        pl.col("sequence").alias("stands_for"),
        pl.col("customer_id").alias("target_id"),
        pl.col("status").alias("target_status"),
        pl.col("since").alias("target_since"),
    )
    joined = ids.join(resolved(ids), on="sequence").join(target, on="stands_for").sort("sequence")
    is_alive = pl.col("target_status") == "current"
    return joined.select(
        "sequence",
        pl.col("customer_id").alias("any_customer_id"),
        pl.when(is_alive).then("target_id").alias("customer_id"),
        pl.when(is_alive).then("status").otherwise("target_status").alias("reason"),
        pl.when(is_alive).then("since").otherwise(pl.max_horizontal("since", "target_since")).alias("since"),
    )
