"""Why things happened to customer ids: each event's cause, the pair behind it, and what had changed.

Belongs here: which of the causes counts. Does not belong here: which events there are (`identity_events`), and finding
pairs (`evidence`).

- created: new record; revived: returned record; retired: deletion;
- merged, moved: what the link behind it rests on, which is decision, identifier or model;
- split: decision, duplicate_free or weak_bridge, where that refused a link between the two; returned record, where only
  deleted records came back; deletion, where a record of the customer is gone; else what the strongest pair that is left
  rests on, or what had brought the records together.

Where several things changed at once, `changed` lists all of them.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.linkage.clustering.clusters import MATCHED_BY_ORDER, SINGLE
from crm_pipeline.linkage.identity.evidence import PAIR_SCHEMA, joining, left_between, uniting
from crm_pipeline.linkage.identity.identity_events import Before
from crm_pipeline.linkage.identity.identity_rule import Assignment
from crm_pipeline.state.ledger import Circumstances
from crm_pipeline.tables import IDENTITY_EVENTS, IDENTITY_KINDS

NEW_RECORD, RETURNED_RECORD, DELETED_RECORD, DELETION = "new record", "returned record", "deleted record", "deletion"
# What may have changed since the entry before, in the order in which it is listed.
CHANGES = (NEW_RECORD, RETURNED_RECORD, DELETED_RECORD, "model", "settings", "package")
_WRITTEN = tuple(n for n in IDENTITY_EVENTS.column_names if n not in ("event_number", "occurred_at", "run_id"))
_SURELY = {"created": NEW_RECORD, "revived": RETURNED_RECORD, "retired": DELETION}


def explained(
    events: pl.DataFrame,
    before: Before,
    after: Assignment,
    evidence: pl.DataFrame,
    *,
    earlier: Circumstances | None,
    present: Circumstances,
) -> pl.DataFrame:
    """The events as `gold.identity_events` has them, number, time and run apart; by kind, then by the id concerned.

    Args:
        events: those of `identity_events.events_between`.
        before: ids and members as they stood.
        after: what the rule made of them.
        evidence: schema `evidence.EVIDENCE_SCHEMA`, of the records of merges, splits and moves at least.
        earlier: what the newest entry of the ledger was made under; None: not known.
        present: what this one is made under.
    """
    events = events.sort(pl.col("kind").cast(pl.Enum(IDENTITY_KINDS)), "sequence", "others").with_row_index("event")
    places = after.records.select("record_key", "sequence").join(
        before.members.select("record_key", "former", "lived"), on="record_key", how="left", maintain_order="left"
    )
    told = (
        events.join(_behind(events, places, after, evidence), on="event", how="left")
        .join(evidence.select("rank", "refused_by", *PAIR_SCHEMA), on="rank", how="left")
        .join(_circumstances_of_splits(events, places, before), on="event", how="left")
        .join(_brought_by(events, after, before), on="event", how="left")
        .join(_changed_records(events, places, before), on="event", how="left")
        .sort("event")
    )
    common = [] if earlier is None else _differing(earlier, present)
    return told.with_columns(
        _cause().alias("cause"),
        _customer_ids(told, after.ids).alias("customer_ids"),
        pl.lit(present.model_version, dtype=pl.Int32).alias("model_version"),
        pl.concat_list(pl.col("changed").fill_null(_NO_TEXTS), pl.lit(common, dtype=pl.List(pl.String))).alias(
            "changed"
        ),
    ).select(_WRITTEN)


_NO_TEXTS = pl.lit([], dtype=pl.List(pl.String))


def _differing(earlier: Circumstances, present: Circumstances) -> list[str]:
    """What of the circumstances is another, in words of `CHANGES`."""
    differs = {
        "model": earlier.model_version != present.model_version,
        "settings": earlier.settings != present.settings,
        "package": earlier.code_version != present.code_version,
    }
    return [name for name in CHANGES if differs.get(name)]


def _customer_ids(events: pl.DataFrame, ids: pl.DataFrame) -> pl.Series:
    """`others` as customer ids, in their order."""
    known = (
        events.select("event", "others")
        .explode("others")
        .join(
            ids.select(pl.col("sequence").alias("others"), "customer_id"),
            on="others",
            how="left",
            maintain_order="left",
        )
    )
    return known.group_by("event", maintain_order=True).agg("customer_id")["customer_id"]


def _behind(events: pl.DataFrame, places: pl.DataFrame, after: Assignment, evidence: pl.DataFrame) -> pl.DataFrame:
    """Per event with a pair behind it the rank of that: event, rank."""
    merges = _merges(events, places, after)
    apart = merges.filter(pl.col("from_former").ne_missing(pl.col("to_former")))
    together = merges.filter(pl.col("from_former").eq_missing(pl.col("to_former")))
    united = uniting(evidence, places, apart).select("event", "rank")
    # Ids that left a customer together were one before: what parted them from the rest is behind it.
    parted = pl.concat(
        [
            events.filter(pl.col("kind") == "split").select("event", "sequence", "formers"),
            together.select("event", "sequence", pl.concat_list("from_former").alias("formers")),
        ]
    ).explode("formers")
    moved = events.filter(pl.col("kind") == "moved").select("event", "sequence", "formers").explode("formers")
    found = [
        kind.rename({"formers": "former"})
        .join(ranks, on=["sequence", "former"])
        .group_by("event")
        .agg(pl.col("rank").min())
        for kind, ranks in ((parted, left_between(evidence, places)), (moved, joining(evidence, places)))
    ]
    return pl.concat([united, *found]).drop_nulls("rank")


def _merges(events: pl.DataFrame, places: pl.DataFrame, after: Assignment) -> pl.DataFrame:
    """Of each merge the customers that the two founders were of: event, sequence (now), from_former, to_former."""
    founders = after.ids.select("sequence", pl.col("founder_record_key").alias("record_key")).join(
        places.select("record_key", "former"), on="record_key"
    )
    merges = events.filter(pl.col("kind") == "merged").select(
        "event",
        pl.col("others").list.get(0).alias("sequence"),
        pl.col("sequence").alias("loser"),
    )
    return (
        merges.join(
            founders.select(pl.col("sequence").alias("loser"), pl.col("former").alias("from_former")), on="loser"
        )
        .join(founders.select("sequence", pl.col("former").alias("to_former")), on="sequence")
        .drop("loser")
    )


def _circumstances_of_splits(events: pl.DataFrame, places: pl.DataFrame, before: Before) -> pl.DataFrame:
    """Per event: `lost_one`, whether a former customer lost a record; `is_back`, whether only deleted ones came."""
    formers = (
        events.select("event", "sequence", pl.col("formers").alias("former")).explode("former").drop_nulls("former")
    )
    living = places.select("record_key")
    lost = before.members.filter("lived").join(living, on="record_key", how="anti").select("former").unique()
    losing = formers.join(lost, on="former").select("event", pl.lit(value=True).alias("lost_one")).unique()
    came = formers.join(places.drop_nulls("former"), on=["sequence", "former"])
    back = came.group_by("event").agg((~pl.col("lived")).all().alias("is_back"))
    return events.select("event").join(losing, on="event", how="left").join(back, on="event", how="left")


def _brought_by(events: pl.DataFrame, after: Assignment, before: Before) -> pl.DataFrame:
    """Per event what had brought its records, or of a split those of the former customers, where they were."""
    ranked = pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER))
    first = ranked.filter(pl.col("matched_by") != SINGLE).min().cast(pl.String)
    now = events.select("event", "record_keys").explode("record_keys").rename({"record_keys": "record_key"})
    split = (
        events.filter(pl.col("kind") == "split").select("event", pl.col("formers").alias("former")).explode("former")
    )
    joined = now.join(after.records.select("record_key", "matched_by"), on="record_key")
    had = split.join(before.members.filter("lived").select("former", "matched_by"), on="former")
    return (
        events.select("event")
        .join(joined.group_by("event").agg(first.alias("joined_by")), on="event", how="left")
        .join(had.group_by("event").agg(first.alias("had_joined")), on="event", how="left")
    )


def _cause() -> pl.Expr:
    sure = pl.col("kind").replace_strict(_SURELY, default=None, return_dtype=pl.String)
    of_split = (
        pl.when(pl.col("refused_by") == "cannot_link")
        .then(pl.lit("decision"))
        .when(pl.col("refused_by").is_not_null())
        .then("refused_by")
        .when("is_back")
        .then(pl.lit(RETURNED_RECORD))
        .when("lost_one")
        .then(pl.lit(DELETION))
        .otherwise(pl.coalesce("matched_by", "had_joined", pl.lit("model")))
    )
    of_merge = pl.coalesce("matched_by", "joined_by", pl.lit("model"))
    return pl.when(pl.col("kind") == "split").then(of_split).otherwise(pl.coalesce(sure, of_merge))


def _changed_records(events: pl.DataFrame, places: pl.DataFrame, before: Before) -> pl.DataFrame:
    """Per event what changed among the records of the customers concerned, then and now: event, changed."""
    gone = before.members.filter("lived").join(places.select("record_key"), on="record_key", how="anti")
    back = places.filter(~pl.col("lived"))
    found = pl.concat(
        [
            _facts(places.filter(pl.col("former").is_null()), "sequence", NEW_RECORD),
            _facts(back, "sequence", RETURNED_RECORD),
            _facts(back, "former", RETURNED_RECORD),
            _facts(gone, "former", DELETED_RECORD),
        ]
    ).unique()
    concerned = events.select("event", pl.col("others").alias("sequence")).explode("sequence")
    return (
        concerned.join(found, on="sequence")
        .group_by("event")
        .agg(pl.col("changed").cast(pl.Enum(CHANGES)).unique().sort().cast(pl.String))
    )


def _facts(records: pl.DataFrame, customer: str, change: str) -> pl.DataFrame:
    return records.select(pl.col(customer).alias("sequence"), pl.lit(change).alias("changed"))
