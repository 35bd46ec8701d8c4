"""What must be clustered again: the components whose links or records are not those of the last time.

Belongs here: what was clustered, and which records a change reaches. Does not belong here: how a component is divided
(`dividing`), and the rows that follow (`clusters`).

    link.clustered_links    one link that was clustered: record_key_l, record_key_r, told (a hash of what links say)
    link.clustered_by       one row: basis, what else the clusters follow from

Both are changed in one transaction with `link.clusters` and `link.conflicts`; without them, and with other decisions or
extracts without duplicates than the last time, everything is clustered.
What links once joined is one cluster, or clusters between which `link.conflicts` has the links that do not hold: so the
components of the last time are known without the links of the others being read into memory.
"""

from __future__ import annotations

import hashlib

import polars as pl

from crm_pipeline.linkage.clustering.constraints import Constraints
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS
from crm_pipeline.warehouse import Warehouse

# Raised whenever the same links would be divided otherwise.
_DIVISION_VERSION = 1
# Of more touched records than this share, clustering everything is not slower, and leaves the tables in order.
LARGEST_SHARE = 0.3

_LINKS, _BASIS = "link.clustered_links", "link.clustered_by"
_REACHED, _TOUCHED = "linkage_reached_clusters", "linkage_touched_records"
_CURRENT = "(SELECT record_key FROM std.customers WHERE valid_to IS NULL)"
_NEW = f"(FROM {_CURRENT} ANTI JOIN {CLUSTERS.qualified} USING (record_key))"
_NOW = f"""
    (SELECT record_key_l, record_key_r, hash(matched_by, rule, match_weight, match_probability) AS told
     FROM {PAIRS.qualified} WHERE verdict = 'link')
"""


def basis_of(constraints: Constraints, *, cut_bridges: bool) -> str:
    """What clusters follow from besides the records and the links."""
    told = [
        str(_DIVISION_VERSION),
        str(cut_bridges),
        *sorted(constraints.duplicate_free),
        *(f"{d.record_key_l}\n{d.record_key_r}\n{d.is_same}\n{d.decision_id}" for d in constraints.decisions),
    ]
    return hashlib.sha256("\n\n".join(told).encode()).hexdigest()


def touched_records(warehouse: Warehouse, basis: str, constraints: Constraints) -> pl.Series | None:
    """The current records of all touched components in key order; None: everything is to be clustered.

    Records that decisions name are always among them, lest one of them be taken for gone.
    """
    if not _is_known(warehouse, basis):
        return None
    decided = pl.DataFrame(
        {"record_key": [key for decision in constraints.decisions for key in decision.record_keys]},
        schema={"record_key": pl.String},
    )
    with warehouse.registered("_decided", decided):
        warehouse.execute(f"""
            CREATE OR REPLACE TEMP TABLE {_TOUCHED} AS
            SELECT unnest([record_key_l, record_key_r]) AS record_key FROM (
                (FROM {_NOW} ANTI JOIN {_LINKS} USING (record_key_l, record_key_r, told))
                UNION ALL (FROM {_LINKS} ANTI JOIN {_NOW} n USING (record_key_l, record_key_r, told))
            )
            UNION SELECT record_key FROM _decided
            UNION (FROM {_NEW})
            UNION (
                SELECT unnest([record_key_l, record_key_r]) FROM {PAIRS.qualified}
                WHERE verdict = 'link' AND (record_key_l IN {_NEW} OR record_key_r IN {_NEW})
            )
            UNION (SELECT record_key FROM {CLUSTERS.qualified} ANTI JOIN {_CURRENT} c USING (record_key))
        """)
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {_REACHED} AS
        WITH RECURSIVE conflicts AS (
            SELECT l.cluster_key AS one, r.cluster_key AS other FROM {CONFLICTS.qualified}
            JOIN {CLUSTERS.qualified} l ON l.record_key = record_key_l
            JOIN {CLUSTERS.qualified} r ON r.record_key = record_key_r
        ), beside AS (SELECT one, other FROM conflicts UNION SELECT other, one FROM conflicts),
        reached AS (
            SELECT DISTINCT cluster_key FROM {CLUSTERS.qualified} SEMI JOIN {_TOUCHED} USING (record_key)
            UNION SELECT other FROM reached JOIN beside ON one = cluster_key
        )
        FROM reached
    """)
    warehouse.execute(f"""
        INSERT INTO {_TOUCHED}
        SELECT record_key FROM {CLUSTERS.qualified} SEMI JOIN {_REACHED} USING (cluster_key)
        EXCEPT FROM {_TOUCHED}
    """)
    records = warehouse.frame(f"FROM {_CURRENT} SEMI JOIN {_TOUCHED} USING (record_key) ORDER BY record_key")
    count = int(warehouse.value(f"SELECT count(*) FROM {_CURRENT}"))
    return records["record_key"] if records.height <= count * LARGEST_SHARE else None


def links_of_touched(warehouse: Warehouse, columns: tuple[str, ...]) -> pl.DataFrame:
    """The links between the records that `touched_records` found, in key order."""
    return warehouse.frame(f"""
        SELECT {", ".join(columns)} FROM {PAIRS.qualified} SEMI JOIN {_TOUCHED} ON record_key = record_key_l
        WHERE verdict = 'link' ORDER BY record_key_l, record_key_r
    """)


def change_touched(warehouse: Warehouse, clusters: pl.DataFrame, conflicts: pl.DataFrame) -> None:
    """`link.clusters` and `link.conflicts` with these rows in place of those of the records that were found."""
    warehouse.execute(f"DELETE FROM {CLUSTERS.qualified} WHERE record_key IN (FROM {_TOUCHED})")
    warehouse.execute(f"DELETE FROM {CONFLICTS.qualified} WHERE record_key_l IN (FROM {_TOUCHED})")
    warehouse.insert(CLUSTERS, clusters)
    warehouse.insert(CONFLICTS, conflicts)
    warehouse.execute(f"DELETE FROM {_LINKS} WHERE record_key_l IN (FROM {_TOUCHED})")
    warehouse.execute(f"INSERT INTO {_LINKS} FROM {_NOW} WHERE record_key_l IN (FROM {_TOUCHED})")


def remember_all(warehouse: Warehouse, basis: str) -> None:
    """Notes that all links were clustered."""
    warehouse.execute(f"CREATE OR REPLACE TABLE {_LINKS} AS FROM {_NOW}")
    warehouse.execute(f"CREATE OR REPLACE TABLE {_BASIS} AS SELECT ? AS basis", [basis])


def forget_touched(warehouse: Warehouse) -> None:
    """Drops what `touched_records` left for the others."""
    for table in (_REACHED, _TOUCHED):
        warehouse.execute(f"DROP TABLE IF EXISTS {table}")


def _is_known(warehouse: Warehouse, basis: str) -> bool:
    tables = {f"{schema}.{name}" for schema, name in warehouse.execute(_TABLES)}
    if not tables >= {_LINKS, _BASIS} or not (warehouse.exists(CLUSTERS) and warehouse.exists(CONFLICTS)):
        return False
    return warehouse.execute(f"FROM {_BASIS}") == [(basis,)]


_TABLES = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()"
