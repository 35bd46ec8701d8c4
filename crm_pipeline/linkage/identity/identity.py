"""Persistent customer ids: from clusters and the ledger to a new ledger entry and the tables that show it.

Belongs here: reading, writing, and the projection of the ledger on tables. Does not belong here: the rule
(`identity_rule`), what it has to look at (`concerned`), events (`identity_events`) and their causes (`causes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

import crm_pipeline
from crm_pipeline.linkage.clustering.constraints import Constraints
from crm_pipeline.linkage.identity.causes import explained
from crm_pipeline.linkage.identity.concerned import concerned
from crm_pipeline.linkage.identity.evidence import EVIDENCE_SCHEMA, read_evidence
from crm_pipeline.linkage.identity.identity_events import Before, events_between
from crm_pipeline.linkage.identity.identity_rule import Assignment, assign, newest, resolved
from crm_pipeline.linkage.identity.stability import Stability, stability
from crm_pipeline.state.ledger import IDS_SCHEMA, MEMBERS_SCHEMA, Circumstances, Entry, Ledger
from crm_pipeline.tables import CLUSTERS, CUSTOMER_IDS, FORMER_MEMBERS, IDENTITY_EVENTS, IDENTITY_KINDS, MEMBERS
from crm_pipeline.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class IdentitySummary:
    """What this run changed, and how things stand.

    Attributes:
        customer_count: current ids.
        record_count: current records, each of which belongs to one of them.
        entry_number: the ledger entry written; None when nothing changed.
        event_counts: number of events of this run by kind; kinds without events are left out.
        stability: how far the records kept their ids.
    """

    customer_count: int
    record_count: int
    entry_number: int | None
    event_counts: dict[str, int]
    stability: Stability

    @property
    def figures(self) -> dict[str, int]:
        """What is kept of each run: records known before and what became of their ids, and events by kind."""
        return {
            "known_records": self.stability.known_count,
            "kept_records": self.stability.kept_count,
            "resolving_records": self.stability.resolving_count,
            **{f"ids_{kind}": self.event_counts.get(kind, 0) for kind in IDENTITY_KINDS},
        }


def assign_customers(
    warehouse: Warehouse,
    ledger: Ledger,
    *,
    run_id: str,
    now: datetime,
    constraints: Constraints | None = None,
    match_threshold: float | None = None,
    model_version: int | None = None,
) -> IdentitySummary:
    """What changed, after every current record has its customer and the ledger says how it came to it.

    Reads `link.clusters`, `std.customers` and, for causes, `link.pairs` and `link.conflicts`; appends to the ledger
    only when something changed; then fills `link.members`, `link.former_members`, `gold.customer_ids` and
    `gold.identity_events` from the whole ledger. A crash between ledger and tables is healed by the next call.

    Args:
        warehouse: where the tables are.
        ledger: the identities so far.
        run_id: the run that asks; it is entered with each event.
        now: UTC without a zone.
        constraints: those that the clusters were made under; none by default.
        match_threshold: the one that pairs were linked by; it is noted, to tell a change of it.
        model_version: the model that scored the pairs; it is entered with each event.

    Raises:
        LinkageError: the clusters are not those of the current records.
    """
    held_to = constraints or Constraints()
    circumstances = _circumstances(held_to, match_threshold, model_version)
    looked_at = concerned(warehouse, ledger.ids, ledger.members)
    after = assign(looked_at.records, looked_at.ids, looked_at.members, last_sequence=newest(ledger.ids))
    before = Before.of(looked_at.ids, looked_at.members)
    happened = events_between(before, after)
    needs_pairs = happened["kind"].is_in(["merged", "split", "moved"]).any()
    evidence = (
        read_evidence(warehouse, after.records["record_key"], held_to.decisions)
        if needs_pairs
        else pl.DataFrame(schema=EVIDENCE_SCHEMA)
    )
    events = explained(happened, before, after, evidence, earlier=ledger.circumstances, present=circumstances)
    measured = stability(ledger.members, before, after)
    changed = Entry(
        _changed_ids(after, looked_at.ids, now), _changed_members(after, looked_at.members), events, circumstances
    )
    number = ledger.append(changed, run_id=run_id, now=now)
    with warehouse.transaction():
        _fill_tables(warehouse, ledger)
    counts = events["kind"].value_counts(sort=False).sort("kind")
    return IdentitySummary(
        customer_count=ledger.ids.filter(pl.col("status") == "current").height,
        record_count=int(ledger.members["is_living"].sum()),
        entry_number=number,
        event_counts=dict(zip(counts["kind"].to_list(), counts["count"].to_list(), strict=True)),
        stability=measured,
    )


def _circumstances(constraints: Constraints, match_threshold: float | None, model_version: int | None) -> Circumstances:
    settings = {"match_threshold": match_threshold, "duplicate_free": sorted(constraints.duplicate_free)}
    return Circumstances(model_version, settings, crm_pipeline.__version__)


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
    """Records that are new, back or of another id, and those that are gone, with the id they last belonged to."""
    old = members.select("record_key", pl.col("sequence").alias("old_sequence"), pl.col("is_living").alias("lived"))
    joined = after.records.join(old, on="record_key", how="left")
    is_as_before = pl.col("lived").fill_null(value=False) & pl.col("sequence").eq_missing(pl.col("old_sequence"))
    changed = joined.filter(~is_as_before).with_columns(pl.lit(value=True).alias("is_living"))
    gone = members.filter("is_living").join(after.records.select("record_key"), on="record_key", how="anti")
    both = [changed, gone.with_columns(pl.lit(value=False).alias("is_living"))]
    return pl.concat([part.select(list(MEMBERS_SCHEMA)) for part in both]).sort("record_key")


def _fill_tables(warehouse: Warehouse, ledger: Ledger) -> None:
    """The four tables that show the ledger; members take their explanation from `link.clusters`."""
    standing = _standing(ledger.ids)
    warehouse.replace(CUSTOMER_IDS, standing.drop("sequence"))
    warehouse.replace(IDENTITY_EVENTS, ledger.events)
    named = standing.select("sequence", "customer_id")
    belonging = ledger.members.join(named, on="sequence", how="left", maintain_order="left")
    living = belonging.filter("is_living").select("record_key", "customer_id")
    with warehouse.registered("_belonging", living):
        warehouse.replace(
            MEMBERS, f"SELECT c.*, customer_id FROM {CLUSTERS.qualified} c JOIN _belonging USING (record_key)"
        )
    warehouse.replace(FORMER_MEMBERS, belonging.filter(~pl.col("is_living")).select("record_key", "customer_id"))


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
