"""Clusters: the connected components of the linked pairs, as far as constraints and weak bridges leave them whole.

Belongs here: which current records are one customer, as a pure function of `link.pairs` and the constraints. Does not
belong here: which pairs are linked (`pairs`), which components changed (`touched`), what a constraint is
(`constraints`), the order of division (`dividing`), and which id a cluster gets (`identity`).

Weak bridges are cut first. A component within which no constraint is broken is a cluster. In the others must-links
unite first, then links from the strongest to the weakest, and a link that would break a constraint is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_pipeline.linkage.clustering import touched
from crm_pipeline.linkage.clustering.bridges import Ints, component_labels
from crm_pipeline.linkage.clustering.constraints import Constraints
from crm_pipeline.linkage.clustering.dividing import MATCHED_BY_ORDER, divide, graph_of
from crm_pipeline.linkage.clustering.refusals import Refusal
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS, ConflictReason
from crm_pipeline.warehouse import Warehouse

__all__ = ["MATCHED_BY_ORDER", "SINGLE", "ClusterSummary", "cluster_records", "partition"]

DECISION, SINGLE = "decision", "single"
_LINK_COLUMNS = tuple(name for name in PAIRS.column_names if name != "verdict")
_RECORDS = "SELECT record_key FROM std.customers WHERE valid_to IS NULL ORDER BY record_key"
_LINKS = (
    f"SELECT {', '.join(_LINK_COLUMNS)} FROM {PAIRS.qualified} "
    "WHERE verdict = 'link' ORDER BY record_key_l, record_key_r"
)


@dataclass(frozen=True, slots=True)
class ClusterSummary:
    """Counts over `link.clusters` and `link.conflicts`.

    Attributes:
        record_count: current records.
        touched_count: those that were clustered now; the others belong to components that are as they were.
        cluster_count: components, those of one record included.
        single_count: records that are alone.
        largest_size: records in the largest component; 0 when there is none.
        cannot_link_count: links that decisions keep from holding.
        duplicate_free_count: links that would give a customer two records of an extract without duplicates.
        weak_bridge_count: links that were cut between dense groups.
    """

    record_count: int
    touched_count: int
    cluster_count: int
    single_count: int
    largest_size: int
    cannot_link_count: int = 0
    duplicate_free_count: int = 0
    weak_bridge_count: int = 0


def cluster_records(
    warehouse: Warehouse, *, constraints: Constraints | None = None, cut_bridges: bool = True
) -> ClusterSummary:
    """Counts, after `link.clusters` holds every current record, and `link.conflicts` every link that does not hold.

    Reads `std.customers` and `link.pairs`; a pair whose record is not current links nothing. Components that are as
    they were the last time keep their rows.

    Args:
        warehouse: where the tables are.
        constraints: decisions and extracts without duplicates; none by default.
        cut_bridges: whether weak bridges are cut.
    """
    constraints = constraints or Constraints()
    basis = touched.basis_of(constraints, cut_bridges=cut_bridges)
    with warehouse.transaction():
        try:
            records = touched.touched_records(warehouse, basis, constraints)
            if records is None:
                records = warehouse.frame(_RECORDS)["record_key"]
                clusters, conflicts = partition(records, warehouse.frame(_LINKS), constraints, cut_bridges=cut_bridges)
                warehouse.replace(CLUSTERS, clusters)
                warehouse.replace(CONFLICTS, conflicts)
                touched.remember_all(warehouse, basis)
            else:
                links = touched.links_of_touched(warehouse, _LINK_COLUMNS)
                clusters, conflicts = partition(records, links, constraints, cut_bridges=cut_bridges)
                touched.change_touched(warehouse, clusters, conflicts)
        finally:
            touched.forget_touched(warehouse)
    return _summary(warehouse, records.len())


def _summary(warehouse: Warehouse, touched_count: int) -> ClusterSummary:
    [(records, clusters, single, largest)] = warehouse.execute(f"""
        SELECT coalesce(sum(size), 0), count(*), count(*) FILTER (size = 1), coalesce(max(size), 0)
        FROM (SELECT count(*) AS size FROM {CLUSTERS.qualified} GROUP BY cluster_key)
    """)
    reasons = dict(warehouse.execute(f"SELECT reason, count(*) FROM {CONFLICTS.qualified} GROUP BY reason"))
    return ClusterSummary(
        record_count=int(records),
        touched_count=touched_count,
        cluster_count=clusters,
        single_count=single,
        largest_size=largest,
        **{f"{reason.value}_count": reasons.get(reason.value, 0) for reason in ConflictReason},
    )


def partition(
    record_keys: pl.Series, links: pl.DataFrame, constraints: Constraints, *, cut_bridges: bool = True
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `link.clusters`, one per record in key order, and of `link.conflicts`, in key order.

    Args:
        record_keys: all current records, sorted and unique.
        links: the linked pairs with the columns of `link.pairs`, verdict aside, each pair once, in any order.
        constraints: what they hold to.
        cut_bridges: whether weak bridges are cut.
    """
    graph = graph_of(record_keys, links, constraints)
    labels, refused = divide(graph, graph.edges, cut_bridges=cut_bridges)
    conflicts = _conflicts(graph.edges, refused, graph.cannot_ids, graph.extracts)
    return _clusters(record_keys, labels, graph.edges, graph.restrictions.must), conflicts


def _conflicts(
    edges: pl.DataFrame, refused: list[Refusal], decision_ids: list[str], extracts: list[str]
) -> pl.DataFrame:
    """Rows of `link.conflicts`."""
    blockers = {ConflictReason.CANNOT_LINK: decision_ids, ConflictReason.DUPLICATE_FREE: extracts}
    told = [(r.link, r.reason.value, blockers[r.reason][r.blocker] if r.reason in blockers else None) for r in refused]
    schema = {"link": pl.UInt32, "reason": pl.String, "blocked_by": pl.String}
    found = pl.DataFrame(told, schema=schema, orient="row")
    return edges.with_row_index("link").join(found, on="link").sort("link").select(CONFLICTS.column_names)


def _clusters(record_keys: pl.Series, labels: Ints, edges: pl.DataFrame, must: Ints) -> pl.DataFrame:
    """Rows of `link.clusters` from the final label of each node."""
    # Records are sorted, so the first record of a label is the smallest of its cluster.
    _, first, of_record = np.unique(labels[: record_keys.len()], return_index=True, return_inverse=True)
    smallest = record_keys.gather(first[of_record].astype(np.int64))
    keyed = pl.DataFrame({"record_key": record_keys, "cluster_key": smallest}).with_row_index("node")
    holds = pl.Series(labels)
    holding = edges.filter(holds.gather(edges["left"]) == holds.gather(edges["right"]))
    strongest = _strongest(pl.concat([_explained(holding), _decided(labels, record_keys.len(), must)]))
    return keyed.join(strongest, on="node", how="left", maintain_order="left").select(
        "record_key", "cluster_key", "match_probability", pl.col("matched_by").fill_null(SINGLE)
    )


def _explained(edges: pl.DataFrame) -> pl.DataFrame:
    """Two rows per link: node, match_probability, matched_by."""
    return pl.concat(
        [edges.select(pl.col(end).alias("node"), "match_probability", "matched_by") for end in ("left", "right")]
    )


def _decided(labels: Ints, record_count: int, must: Ints) -> pl.DataFrame:
    """The current records that must-links join to another current one, if by way of one that is gone."""
    groups = component_labels(len(labels), *must)[:record_count]
    joined = np.flatnonzero(np.bincount(groups, minlength=1)[groups] > 1)
    return pl.DataFrame({"node": pl.Series(joined, dtype=pl.UInt32)}).with_columns(
        pl.lit(1.0).alias("match_probability"), pl.lit(DECISION).alias("matched_by")
    )


def _strongest(explained: pl.DataFrame) -> pl.DataFrame:
    """Per node its most probable link, ties in order of `MATCHED_BY_ORDER`."""
    return (
        explained.with_columns(pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER)))
        .sort(["node", "match_probability", "matched_by"], descending=[False, True, False])
        .unique(subset="node", keep="first", maintain_order=True)
        .with_columns(pl.col("matched_by").cast(pl.String))
    )
