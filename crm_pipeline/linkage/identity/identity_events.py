"""What happened to customer ids between two states, in the words of `gold.identity_events`.

Belongs here: naming the events and their causes. Does not belong here: the rule that brought them about.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.linkage.clustering.clusters import MATCHED_BY_ORDER, SINGLE
from crm_pipeline.linkage.identity.identity_rule import Assignment, resolved
from crm_pipeline.tables import IDENTITY_KINDS

_COLUMNS = ("kind", "customer_ids", "record_keys", "cause")


def events_between(ids: pl.DataFrame, members: pl.DataFrame, after: Assignment) -> pl.DataFrame:
    """One row per event (kind, customer_ids, record_keys, cause), by kind, then by the sequence of the id concerned.

    Args:
        ids: the ids as they stood before.
        members: the id each record belonged to before.
        after: what the rule made of them.
    """
    before = members.join(resolved(ids), on="sequence", how="left").join(
        after.records.select("record_key", pl.lit(value=True).alias("is_living")), on="record_key", how="left"
    )
    changes = _changes(ids, after)
    found = [
        _given(after, before, ids),
        _merged(changes, after, before),
        _returned(changes, after, before),
        _retired(changes, before),
    ]
    named = pl.concat([events.select("sequence", "kind", "others", "record_keys", "cause") for events in found])
    written = named.with_columns(
        _as_customer_ids(named, after.ids), pl.col("kind").cast(pl.Enum(IDENTITY_KINDS)).alias("kind")
    )
    return written.sort("kind", "sequence").with_columns(pl.col("kind").cast(pl.String)).select(_COLUMNS)


def _as_customer_ids(events: pl.DataFrame, ids: pl.DataFrame) -> pl.Series:
    """`others` as customer ids, in their order; `others` lists sequences, the one that lives on first."""
    exploded = events.with_row_index("event").select("event", "others").explode("others")
    known = exploded.join(
        ids.select(pl.col("sequence").alias("others"), "customer_id"), on="others", how="left", maintain_order="left"
    )
    grouped = known.group_by("event", maintain_order=True).agg("customer_id")
    return grouped["customer_id"].alias("customer_ids")


def _changes(ids: pl.DataFrame, after: Assignment) -> pl.DataFrame:
    """The ids of before whose status, or whose stand-in, is another now; with the old stand-in and what it is now."""
    old = ids.join(resolved(ids), on="sequence").select(
        "sequence", pl.col("status").alias("old_status"), pl.col("stands_for").alias("old_stands_for")
    )
    target_status = ids.select(pl.col("sequence").alias("old_stands_for"), pl.col("status").alias("old_target_status"))
    now = resolved(after.ids)
    return (
        after.ids.join(old, on="sequence")
        .join(now, on="sequence")
        .join(target_status, on="old_stands_for", how="left")
        .join(now.rename({"sequence": "old_stands_for", "stands_for": "expected"}), on="old_stands_for", how="left")
        .filter((pl.col("status") != pl.col("old_status")) | (pl.col("stands_for") != pl.col("expected")))
    )


def _given(after: Assignment, before: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """New ids: created, or split when a record belonged to a customer before."""
    new = after.records.filter(pl.col("sequence") > ids["sequence"].max()) if ids.height else after.records
    origins = (
        new.select("record_key", "sequence")
        .join(before.select("record_key", "stands_for"), on="record_key")
        .select("sequence", pl.col("stands_for").alias("origin"))
        .unique()
    )
    listed = origins.group_by("sequence").agg(pl.col("origin").sort().alias("origins"))
    return (
        new.group_by("sequence")
        .agg(pl.col("record_key").sort().alias("record_keys"))
        .join(listed, on="sequence", how="left")
        .join(_split_causes(origins, before), on="sequence", how="left")
        .with_columns(
            pl.when(pl.col("origins").is_null()).then(pl.lit("created")).otherwise(pl.lit("split")).alias("kind"),
            pl.concat_list("sequence", pl.col("origins").fill_null([])).alias("others"),
            pl.col("cause").fill_null("new record"),
        )
    )


def _merged(changes: pl.DataFrame, after: Assignment, before: pl.DataFrame) -> pl.DataFrame:
    """Ids that became aliases, or aliases of another id; the records are those that came over."""
    losers = changes.filter(pl.col("status") == "merged").select("sequence", "merged_into", "founder_record_key")
    founders = losers.select("sequence", pl.col("founder_record_key").alias("record_key"))
    came = losers.select("sequence").join(before.select("sequence", "record_key"), on="sequence")
    concerned = (
        pl.concat([founders, came])
        .unique()
        .join(
            after.records.select("record_key", "matched_by", pl.col("sequence").alias("merged_into")), on="record_key"
        )
        .join(losers.select("sequence", "merged_into"), on=["sequence", "merged_into"])
    )
    return (
        concerned.group_by("sequence", "merged_into")
        .agg(pl.col("record_key").sort().alias("record_keys"), _first_cause().alias("cause"))
        .with_columns(
            pl.lit("merged").alias("kind"),
            pl.concat_list("merged_into", "sequence").alias("others"),
            pl.col("cause").fill_null("new record"),
        )
    )


def _returned(changes: pl.DataFrame, after: Assignment, before: pl.DataFrame) -> pl.DataFrame:
    """Ids that are current again: split off from a living customer, or revived."""
    back = changes.filter(pl.col("status") == "current").with_columns(
        ((pl.col("old_status") == "merged") & (pl.col("old_target_status") == "current")).alias("is_split")
    )
    origins = back.filter("is_split").select("sequence", pl.col("old_stands_for").alias("origin"))
    causes = _split_causes(origins, before)
    keys = after.records.group_by("sequence").agg(pl.col("record_key").sort().alias("record_keys"))
    return (
        back.join(keys, on="sequence")
        .join(causes, on="sequence", how="left")
        .with_columns(
            pl.when("is_split").then(pl.lit("split")).otherwise(pl.lit("revived")).alias("kind"),
            pl.when("is_split")
            .then(pl.concat_list("sequence", "old_stands_for"))
            .otherwise(pl.concat_list("sequence"))
            .alias("others"),
            pl.when("is_split").then("cause").otherwise(pl.lit("new record")).alias("cause"),
        )
    )


def _retired(changes: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Ids whose last record was deleted; the records are those that belonged to it."""
    gone = changes.filter(pl.col("status") == "retired").select("sequence", "founder_record_key")
    listed = before.group_by("sequence").agg(pl.col("record_key").sort().alias("record_keys"))
    return gone.join(listed, on="sequence", how="left").with_columns(
        pl.col("record_keys").fill_null(pl.concat_list("founder_record_key")),
        pl.lit("retired").alias("kind"),
        pl.concat_list("sequence").alias("others"),
        pl.lit("deletion").alias("cause"),
    )


def _split_causes(origins: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The cause per sequence: deletion when the origin lost a record, else what had once linked its records."""
    return (
        origins.join(before, left_on="origin", right_on="stands_for")
        .group_by("sequence")
        .agg(pl.col("is_living").is_null().any().alias("lost_one"), _first_cause().alias("linked_by"))
        .select(
            "sequence",
            pl.when("lost_one")
            .then(pl.lit("deletion"))
            .otherwise(pl.col("linked_by").fill_null("model"))
            .alias("cause"),
        )
    )


def _first_cause() -> pl.Expr:
    """The weightiest `matched_by` of a group as text; null when all are single."""
    ranked = pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER))
    return ranked.filter(pl.col("matched_by") != SINGLE).sort().first().cast(pl.String)
