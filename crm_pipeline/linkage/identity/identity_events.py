"""What happened to customer ids between two states, in the words of `gold.identity_events`.

Belongs here: which events there are, and whom they concern. Does not belong here: the rule that brought them about
(`identity_rule`), and what is behind them (`evidence`, `causes`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from crm_pipeline.linkage.identity.identity_rule import Assignment, resolved

_NONE = pl.lit([], dtype=pl.List(pl.Int64))

# One event: kind; `sequence`, the id concerned; `others`, the sequences of all ids concerned, the one that lives on
# first; `formers`, of which customers its records were before, as far as they left one; record_keys, sorted.
_COLUMNS = ("kind", "sequence", "others", "formers", "record_keys")


@dataclass(frozen=True, slots=True)
class Before:
    """The state before, as events are told from it.

    Attributes:
        ids: schema `state.ledger.IDS_SCHEMA`.
        members: record_key, matched_by, former (the id that stood for its customer), lived (whether it was living).
    """

    ids: pl.DataFrame
    members: pl.DataFrame

    @classmethod
    def of(cls, ids: pl.DataFrame, members: pl.DataFrame) -> Before:
        """That of ids and members as the ledger has them."""
        told = members.join(resolved(ids), on="sequence", how="left", maintain_order="left")
        return cls(
            ids,
            told.select(
                "record_key", "matched_by", pl.col("stands_for").alias("former"), pl.col("is_living").alias("lived")
            ),
        )


def events_between(before: Before, after: Assignment) -> pl.DataFrame:
    """One row per event: kind, sequence, others, formers, record_keys; in no order.

    Args:
        before: ids and members as they stood.
        after: what the rule made of them.
    """
    changes = _changes(before.ids, after)
    named = [
        _given(after, before.members),
        _merged(changes, after, before.members),
        _returned(changes, after),
        _retired(changes, before.members),
    ]
    told = pl.concat([events.select(_COLUMNS) for events in named])
    return pl.concat([told, _moved(told, after, before.members).select(_COLUMNS)])


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


def _given(after: Assignment, members: pl.DataFrame) -> pl.DataFrame:
    """New ids: created, or split when a record belonged to a customer before."""
    new = after.records.filter(pl.col("sequence") > after.last_sequence)
    origins = (
        new.select("record_key", "sequence")
        .join(members.select("record_key", "former"), on="record_key")
        .group_by("sequence")
        .agg(pl.col("former").unique().sort().alias("formers"))
    )
    return (
        new.group_by("sequence")
        .agg(pl.col("record_key").sort().alias("record_keys"))
        .join(origins, on="sequence", how="left")
        .with_columns(
            pl.when(pl.col("formers").is_null()).then(pl.lit("created")).otherwise(pl.lit("split")).alias("kind"),
            pl.col("formers").fill_null(_NONE),
        )
        .with_columns(pl.concat_list("sequence", "formers").alias("others"))
    )


def _merged(changes: pl.DataFrame, after: Assignment, members: pl.DataFrame) -> pl.DataFrame:
    """Ids that became aliases, or aliases of another id; the records are those that came over."""
    losers = changes.filter(pl.col("status") == "merged").select(
        "sequence", "merged_into", "founder_record_key", pl.col("old_stands_for").alias("former")
    )
    founders = losers.select("sequence", "merged_into", pl.col("founder_record_key").alias("record_key"))
    came = losers.select("sequence", "merged_into", "former").join(members.select("record_key", "former"), on="former")
    over = (
        pl.concat([founders, came.select(founders.columns)])
        .unique()
        .join(
            after.records.select("record_key", pl.col("sequence").alias("merged_into")),
            on=["record_key", "merged_into"],
        )
    )
    return (
        over.group_by("sequence", "merged_into")
        .agg(pl.col("record_key").sort().alias("record_keys"))
        .join(losers.select("sequence", "former"), on="sequence")
        .with_columns(
            pl.lit("merged").alias("kind"),
            pl.concat_list("merged_into", "sequence").alias("others"),
            pl.concat_list("former").alias("formers"),
        )
    )


def _returned(changes: pl.DataFrame, after: Assignment) -> pl.DataFrame:
    """Ids that are current again: split off from a living customer, or revived."""
    is_split = (pl.col("old_status") == "merged") & (pl.col("old_target_status") == "current")
    keys = after.records.group_by("sequence").agg(pl.col("record_key").sort().alias("record_keys"))
    back = changes.filter(pl.col("status") == "current").with_columns(is_split.fill_null(value=False).alias("is_split"))
    return back.join(keys, on="sequence").with_columns(
        pl.when("is_split").then(pl.lit("split")).otherwise(pl.lit("revived")).alias("kind"),
        pl.when("is_split")
        .then(pl.concat_list("sequence", "old_stands_for"))
        .otherwise(pl.concat_list("sequence"))
        .alias("others"),
        pl.when("is_split").then(pl.concat_list("old_stands_for")).otherwise(_NONE).alias("formers"),
    )


def _retired(changes: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Ids whose last record was deleted; the records are those that belonged to it."""
    gone = changes.filter(pl.col("status") == "retired").select("sequence", "founder_record_key")
    listed = members.group_by(pl.col("former").alias("sequence")).agg(pl.col("record_key").sort().alias("record_keys"))
    return gone.join(listed, on="sequence", how="left").with_columns(
        pl.col("record_keys").fill_null(pl.concat_list("founder_record_key")),
        pl.lit("retired").alias("kind"),
        pl.concat_list("sequence").alias("others"),
        _NONE.alias("formers"),
    )


def _moved(told: pl.DataFrame, after: Assignment, members: pl.DataFrame) -> pl.DataFrame:
    """Known records that are of another customer than where their former one went, where no event names the two."""
    went = resolved(after.ids).rename({"sequence": "former", "stands_for": "expected"})
    strayed = (
        after.records.select("record_key", "sequence")
        .join(members.select("record_key", "former"), on="record_key")
        .join(went, on="former")
        .filter(pl.col("sequence") != pl.col("expected"))
    )
    ways = strayed.group_by("sequence", "former").agg(pl.col("record_key").sort().alias("record_keys"))
    named = told.select("others").with_row_index("event").explode("others")
    pairs = (
        named.join(named, on="event", suffix="_too")
        .filter(pl.col("others") != pl.col("others_too"))
        .select(pl.col("others").alias("sequence"), pl.col("others_too").alias("former"))
    )
    return ways.join(pairs, on=["sequence", "former"], how="anti").with_columns(
        pl.lit("moved").alias("kind"),
        pl.concat_list("sequence", "former").alias("others"),
        pl.concat_list("former").alias("formers"),
    )
