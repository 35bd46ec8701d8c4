"""Which records and ids a run can change: all but the customers that have just the records they had.

Belongs here: setting aside what stays as it is, so that a night costs what changed in it. Does not belong here: the
rule (`identity_rule`), which gives the same with and without what is set aside.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from crm_pipeline.errors import LinkageError
from crm_pipeline.linkage.identity.identity_rule import resolved
from crm_pipeline.tables import CLUSTERS
from crm_pipeline.warehouse import Warehouse

_CURRENT = "SELECT record_key FROM std.customers WHERE valid_to IS NULL"


@dataclass(frozen=True, slots=True)
class Concerned:
    """What the rule has to look at.

    Attributes:
        records: the living records: record_key, cluster_key, matched_by, first_seen; by record_key.
        ids: the ids as they stood, `state.ledger.IDS_SCHEMA`; by sequence.
        members: the records as they last belonged to these, `state.ledger.MEMBERS_SCHEMA`; by record_key.
    """

    records: pl.DataFrame
    ids: pl.DataFrame
    members: pl.DataFrame


def concerned(warehouse: Warehouse, ids: pl.DataFrame, members: pl.DataFrame) -> Concerned:
    """The records of `link.clusters`, the ids and the members that are not of a customer who stays as it is.

    A customer stays when one cluster has all the records that were living in it and no other, none of its deleted
    records is back, and no founder of its aliases is elsewhere.

    Args:
        warehouse: where the tables are.
        ids: all ids.
        members: all records ever seen.

    Raises:
        LinkageError: the clusters are not those of the current records.
    """
    _refuse_stale(warehouse)
    standing = resolved(ids)
    current = ids.select(pl.col("sequence").alias("stands_for"), (pl.col("status") == "current").alias("is_current"))
    before = (
        members.join(standing, on="sequence", how="left", maintain_order="left")
        .join(current, on="stands_for", how="left", maintain_order="left")
        .select("record_key", "stands_for", (pl.col("is_living") & pl.col("is_current")).alias("lived"))
    )
    founders = ids.drop_nulls("merged_into").select(
        pl.col("founder_record_key").alias("record_key"), pl.col("merged_into").alias("stands_for")
    )
    with (
        warehouse.registered("_before", before),
        warehouse.registered("_alias_founders", founders),
        warehouse.transaction(),
    ):
        try:
            _find(warehouse)
            kept = warehouse.frame("SELECT stands_for FROM _kept")["stands_for"]
            records = warehouse.frame("""
                WITH looked_at AS (SELECT * FROM _now ANTI JOIN _kept USING (cluster_key))
                SELECT record_key, cluster_key, matched_by, first_seen
                FROM looked_at JOIN (
                    SELECT record_key, min(valid_from) AS first_seen
                    FROM std.customers SEMI JOIN looked_at USING (record_key) GROUP BY record_key
                ) USING (record_key) ORDER BY record_key
            """)
        finally:
            warehouse.execute("DROP TABLE IF EXISTS _now")
            warehouse.execute("DROP TABLE IF EXISTS _kept")
    stays = kept.to_frame()
    looked_at = standing.join(stays, on="stands_for", how="anti").select("sequence")
    return Concerned(
        records,
        ids.join(looked_at, on="sequence", how="semi", maintain_order="left"),
        members.join(looked_at, on="sequence", how="semi", maintain_order="left"),
    )


def _refuse_stale(warehouse: Warehouse) -> None:
    counted = f"SELECT (SELECT count(*) FROM ({_CURRENT})), (SELECT count(*) FROM {CLUSTERS.qualified})"
    [(current, clustered)] = warehouse.execute(counted)
    both = warehouse.value(f"SELECT count(*) FROM {CLUSTERS.qualified} SEMI JOIN ({_CURRENT}) USING (record_key)")
    if stale := current + clustered - 2 * both:
        raise LinkageError(
            where=CLUSTERS.qualified,
            expected="exactly the current records of std.customers",
            found=f"{stale} records that are in one of them only",
            cure="Run the linkage step before identities are assigned.",
        )


def _find(warehouse: Warehouse) -> None:
    """`_now`, the clustered records with the customer they were of; `_kept`, the clusters of those who stay."""
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE _now AS
        SELECT c.record_key, cluster_key, matched_by, stands_for, coalesce(lived, false) AS lived
        FROM {CLUSTERS.qualified} c LEFT JOIN _before USING (record_key)
    """)
    warehouse.execute("""
        CREATE OR REPLACE TEMP TABLE _kept AS
        SELECT cluster_key, stands_for
        FROM (
            SELECT cluster_key, min(stands_for) AS stands_for, count(*) AS record_count FROM _now
            GROUP BY cluster_key HAVING bool_and(lived) AND min(stands_for) = max(stands_for)
        ) JOIN (
            SELECT stands_for, count(*) AS record_count FROM _before WHERE lived GROUP BY stands_for
        ) USING (stands_for, record_count)
    """)
    warehouse.execute("""
        DELETE FROM _kept WHERE stands_for IN (
            WITH looked_at AS (SELECT record_key, stands_for, lived FROM _now ANTI JOIN _kept USING (cluster_key))
            SELECT stands_for FROM looked_at WHERE NOT lived AND stands_for IS NOT NULL
            UNION ALL
            SELECT stands_for FROM _alias_founders SEMI JOIN looked_at USING (record_key)
        )
    """)
