"""Suspicious customers, the link that holds each together most weakly, and what would become of them without it.

Belongs here: a pure function of clusters, their links and the constraints. Does not belong here: what a person is asked
(`questions`).

A customer is suspicious when it is large, half or more of the records that `largest_cluster` allows, or sparse: its
records, those that share an identifier or were decided to be one counted as one, are four or more, and fewer than half
of their pairs are linked. Where the model finds fewer than half of the pairs of what should be one customer, a chain of
chance links is more likely.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from crm_pipeline.linkage.clustering.bridges import Ints, component_labels
from crm_pipeline.linkage.clustering.clusters import MATCHED_BY_ORDER, partition
from crm_pipeline.linkage.clustering.constraints import Constraints, Decision, standing

FEWEST_GROUPS = 4
LEAST_DENSITY = 0.5
LARGE_SHARE = 0.5  # of the largest cluster allowed

WEAKEST_SCHEMA: dict[str, pl.DataType] = {
    "cluster_key": pl.String(),
    "record_key_l": pl.String(),
    "record_key_r": pl.String(),
    "is_large": pl.Boolean(),
}
"""A suspicious cluster, and its weakest link."""


def weakest_links(
    members: pl.DataFrame, links: pl.DataFrame, constraints: Constraints, largest_cluster: int
) -> pl.DataFrame:
    """The weakest link of each suspicious cluster, WEAKEST_SCHEMA, by cluster.

    The weakest link is the last that was needed when links unite from the strongest to the weakest: an edge of the
    maximum spanning tree. Links within what people decided to be one don't count, so that a customer whose links were
    all confirmed has none.

    Args:
        members: record_key and cluster_key of records of clusters that may be suspicious, all records of each.
        links: the links that hold, as in `link.pairs`; one with another record counts for nothing.
        constraints: the decisions among them.
        largest_cluster: records that a customer may have.
    """
    nodes = members.sort("cluster_key", "record_key").with_row_index("node")
    edges = _with_nodes(nodes, links)
    if edges.is_empty():
        return pl.DataFrame(schema=WEAKEST_SCHEMA)
    confirmed = component_labels(nodes.height, *_decided(nodes, constraints))
    suspicious = _suspicious(nodes, edges, confirmed, largest_cluster)
    tree = _spanning_tree(edges, confirmed)
    last = tree.sort("order").group_by("cluster_key", maintain_order=True).last()
    found = suspicious.join(last, on="cluster_key").sort("cluster_key")
    return found.select(list(WEAKEST_SCHEMA)).cast(pl.Schema(WEAKEST_SCHEMA))


def parts_without(
    members: pl.DataFrame, links: pl.DataFrame, constraints: Constraints, asked: pl.DataFrame
) -> pl.DataFrame:
    """For each pair asked about within a cluster how many records would stay with either if it were decided different.

    Columns of `asked`, with record_count_l and record_count_r. A pair that decisions join already is left out.

    Args:
        members: record_key and cluster_key, all records of the clusters asked about.
        links: the links that hold within them, as in `link.pairs`.
        constraints: those of the run.
        asked: record_key_l, record_key_r; one pair of a cluster.
    """
    supposed = [
        Decision(left, right, is_same=False, decision_id="supposed")
        for left, right in asked.select("record_key_l", "record_key_r").iter_rows()
    ]
    keys = members["record_key"].sort()
    pairs = links.select(pl.exclude("verdict"))
    constraints = Constraints((*constraints.decisions, *supposed), constraints.duplicate_free)
    clusters, _ = partition(keys, pairs, constraints, cut_bridges=False)
    sizes = clusters.with_columns(pl.len().cast(pl.Int64).over("cluster_key").alias("record_count"))
    found = asked
    for side in ("l", "r"):
        part = sizes.select(
            pl.col("record_key").alias(f"record_key_{side}"),
            pl.col("cluster_key").alias(f"part_{side}"),
            pl.col("record_count").alias(f"record_count_{side}"),
        )
        found = found.join(part, on=f"record_key_{side}", maintain_order="left")
    return found.filter(pl.col("part_l") != pl.col("part_r")).drop("part_l", "part_r")


def _with_nodes(nodes: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The links within clusters with their nodes and cluster, the strongest first, `order` counting from 1."""
    left = nodes.select(pl.col("node").alias("left"), pl.col("record_key").alias("record_key_l"), "cluster_key")
    right = nodes.select(
        pl.col("node").alias("right"), pl.col("record_key").alias("record_key_r"), pl.col("cluster_key").alias("other")
    )
    found = links.join(left, on="record_key_l").join(right, on="record_key_r")
    by = (pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER)), "match_weight", "record_key_l", "record_key_r")
    ordered = found.filter(pl.col("cluster_key") == pl.col("other")).sort(
        by, descending=[False, True, False, False], nulls_last=True
    )
    return ordered.with_row_index("order", offset=1)


def _decided(nodes: pl.DataFrame, constraints: Constraints) -> tuple[Ints, Ints]:
    """Nodes that must-links join, if by way of records that are gone: a chain as links to its first record."""
    keys = [decision.record_keys for decision in standing(constraints.decisions) if decision.is_same]
    named = sorted({key for pair in keys for key in pair})
    number = {key: position for position, key in enumerate(named)}
    ends = np.array([[number[key] for key in pair] for pair in keys], dtype=np.int64).reshape(-1, 2).T
    chain = component_labels(len(named), *ends) if named else np.empty(0, dtype=np.int64)
    joined = pl.DataFrame({"record_key": named, "chain": chain}, {"record_key": pl.String(), "chain": pl.Int64()})
    here = nodes.join(joined, on="record_key", maintain_order="left").with_columns(
        pl.col("node").first().over("chain").alias("first")
    )
    left, right = here.select("node", "first").to_numpy().astype(np.int64).T
    return left, right


def _suspicious(nodes: pl.DataFrame, edges: pl.DataFrame, confirmed: Ints, largest_cluster: int) -> pl.DataFrame:
    """Suspicious clusters: cluster_key, is_large."""
    sure = edges.filter(pl.col("matched_by") != "model").select("left", "right").to_numpy().astype(np.int64).T
    first = np.unique(confirmed, return_index=True)[1][confirmed].astype(np.int64)
    everyone = np.arange(nodes.height, dtype=np.int64)
    group = component_labels(nodes.height, np.concatenate([sure[0], everyone]), np.concatenate([sure[1], first]))
    grouped = nodes.select("cluster_key").with_columns(pl.Series("group", group))
    sizes = grouped.group_by("cluster_key").agg(
        pl.len().alias("record_count"), pl.col("group").n_unique().cast(pl.Int64).alias("groups")
    )
    ends = edges.select("left", "right").to_numpy().astype(np.int64).T
    low, high = np.minimum(group[ends[0]], group[ends[1]]), np.maximum(group[ends[0]], group[ends[1]])
    linked = (
        edges.select("cluster_key")
        .with_columns(pl.Series("low", low), pl.Series("high", high))
        .filter(pl.col("low") != pl.col("high"))
        .unique()
        .group_by("cluster_key")
        .agg(pl.len().cast(pl.Int64).alias("linked"))
    )
    pairs = pl.col("groups") * (pl.col("groups") - 1) / 2
    is_sparse = (pl.col("groups") >= FEWEST_GROUPS) & (pl.col("linked").fill_null(0) < LEAST_DENSITY * pairs)
    is_large = pl.col("record_count") >= max(2, LARGE_SHARE * largest_cluster)
    return (
        sizes.join(linked, on="cluster_key", how="left")
        .filter(is_sparse | is_large)
        .select("cluster_key", is_large.alias("is_large"))
    )


def _spanning_tree(edges: pl.DataFrame, confirmed: Ints) -> pl.DataFrame:
    """The links that are needed to hold the clusters together, the strongest taken first."""
    ends = confirmed[edges.select("left", "right").to_numpy().astype(np.int64)]
    between = edges.with_columns(pl.Series("low", ends.min(axis=1)), pl.Series("high", ends.max(axis=1))).filter(
        pl.col("low") != pl.col("high")
    )
    strongest = between.unique(subset=["low", "high"], keep="first", maintain_order=True)
    count = int(confirmed.max()) + 1
    cost = strongest["order"].to_numpy().astype(np.float64)
    graph = coo_array((cost, (strongest["low"].to_numpy(), strongest["high"].to_numpy())), shape=(count, count))
    needed = pl.Series("order", minimum_spanning_tree(graph.tocsr()).data, dtype=pl.Float64).cast(pl.UInt32)
    return strongest.filter(pl.col("order").is_in(needed.implode()))
