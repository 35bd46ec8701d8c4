"""The rule by which customer ids are given, kept and passed on: a pure function of the clusters and the ledger.

Belongs here: the rule alone. Does not belong here: files and tables (`identity`), the words for what happened
(`identity_events`).

1. An id belongs to its founding record and goes where that record goes.
2. When the founder is gone, the earliest living record among those that last belonged to the id becomes its founder.
   An alias has no such records of its own: it waits for its founder.
3. Of several ids whose founders are in one cluster the lowest sequence stands for it; the others become its aliases.
4. A cluster in which no founder is gets a new id; its earliest record is the founder. New ids are numbered in the
   order of their founders.
5. An id without living founder and heir is retired. It comes back when one of them does.

Earliest: by (first valid_from over all versions, record key).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from crm_pipeline.linkage.identity.ids import customer_ids


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the rule says.

    Attributes:
        ids: every id ever given, in order of sequence: sequence, customer_id, founder_record_key, status, merged_into.
        records: every living record: record_key, cluster_key, matched_by, first_seen, seniority, sequence.
        last_sequence: the newest id before; later ones are new.
    """

    ids: pl.DataFrame
    records: pl.DataFrame
    last_sequence: int


def assign(
    records: pl.DataFrame, ids: pl.DataFrame, members: pl.DataFrame, *, last_sequence: int | None = None
) -> Assignment:
    """Ids and records after the rule was applied.

    Args:
        records: one row per living record: record_key, cluster_key, matched_by, first_seen.
        ids: the ids as they stood, see `state.ledger.IDS_SCHEMA`.
        members: the id each record last belonged to, see `state.ledger.MEMBERS_SCHEMA`.
        last_sequence: the newest id ever given; None: that of `ids`.
    """
    last = newest(ids) if last_sequence is None else last_sequence
    ranked = records.sort("first_seen", "record_key").with_row_index("seniority")
    founded = _with_heirs(ranked, ids, members)
    claims = founded.join(
        ranked.select("record_key", "cluster_key"), left_on="founder_record_key", right_on="record_key", how="left"
    ).with_columns(
        pl.when(pl.col("status") != "erased").then("cluster_key").alias("cluster_key"),
    )
    claims = claims.with_columns(pl.col("sequence").min().over("cluster_key").alias("winner"))
    given = _new_ids(ranked, claims, last_sequence=last)
    after = _with_status(claims)
    winners = pl.concat(
        [
            claims.drop_nulls("cluster_key").select("cluster_key", pl.col("winner").alias("sequence")).unique(),
            given.select("cluster_key", "sequence"),
        ]
    )
    all_ids = pl.concat([after, given.select(after.columns)]).sort("sequence")
    return Assignment(all_ids, ranked.join(winners, on="cluster_key", how="left", maintain_order="left"), last)


def resolved(ids: pl.DataFrame) -> pl.DataFrame:
    """Per sequence `stands_for`, the id that stands for it, itself unless it is an alias."""
    return ids.select("sequence", pl.coalesce("merged_into", "sequence").alias("stands_for"))


def newest(ids: pl.DataFrame) -> int:
    """The last sequence given; 0 when there is none."""
    last = ids["sequence"].max()
    return last if isinstance(last, int) else 0


def _with_heirs(ranked: pl.DataFrame, ids: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The ids, with the heir as founder where the founder is gone and there is one."""
    heirs = (
        members.select("record_key", "sequence")
        .join(ranked.select("record_key", "seniority"), on="record_key")
        .sort("seniority")
        .unique(subset="sequence", keep="first", maintain_order=True)
        .select("sequence", pl.col("record_key").alias("heir"))
    )
    living = ranked.select(pl.col("record_key").alias("founder_record_key"), pl.lit(value=True).alias("is_living"))
    inherits = (
        pl.col("is_living").is_null() & pl.col("heir").is_not_null() & ~pl.col("status").is_in(["merged", "erased"])
    )
    return (
        ids.join(heirs, on="sequence", how="left")
        .join(living, on="founder_record_key", how="left")
        .with_columns(pl.when(inherits).then("heir").otherwise("founder_record_key").alias("founder_record_key"))
        .drop("heir", "is_living", "since")
    )


def _new_ids(ranked: pl.DataFrame, claims: pl.DataFrame, *, last_sequence: int) -> pl.DataFrame:
    """New ids for the clusters that nobody claims, with their cluster_key."""
    founders = (
        ranked.join(claims.drop_nulls("cluster_key"), on="cluster_key", how="anti")
        .sort("seniority")
        .unique(subset="cluster_key", keep="first", maintain_order=True)
    )
    numbered = founders.with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + last_sequence + 1).alias("sequence"))
    return numbered.select(
        "cluster_key",
        "sequence",
        customer_ids(numbered["sequence"]),
        pl.col("record_key").alias("founder_record_key"),
        pl.lit("current").alias("status"),
        pl.lit(None, dtype=pl.Int64).alias("merged_into"),
    )


def _with_status(claims: pl.DataFrame) -> pl.DataFrame:
    """The old ids with their new status; an alias always points at an id that is no alias."""
    has_claim = pl.col("cluster_key").is_not_null()
    wins = has_claim & (pl.col("winner") == pl.col("sequence"))
    status = (
        pl.when(wins)
        .then(pl.lit("current"))
        .when(has_claim)
        .then(pl.lit("merged"))
        .when(pl.col("status") == "current")
        .then(pl.lit("retired"))
        .otherwise("status")
    )
    direct = claims.with_columns(
        status.alias("status"),
        pl.when(has_claim & ~wins).then("winner").when(~has_claim).then("merged_into").alias("merged_into"),
    )
    onward = direct.select(pl.col("sequence").alias("merged_into"), pl.col("merged_into").alias("onward"))
    return direct.join(onward, on="merged_into", how="left").select(
        "sequence",
        "customer_id",
        "founder_record_key",
        "status",
        pl.coalesce("onward", "merged_into").alias("merged_into"),
    )
