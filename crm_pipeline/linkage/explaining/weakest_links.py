"""The weakest link of each customer: the one without which, and without all weaker ones, it falls in two.

Belongs here: which link that is, as a pure function of customers and links, for all of them at once. Does not belong
here: which links hold (`clustering.clusters`), and why a link has its weight (`explained_pairs`).

It is the weakest link of the maximum spanning tree: any two records of the customer are joined by a path of links that
are all at least as strong.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from crm_pipeline.linkage.clustering.bridges import Ints, component_labels
from crm_pipeline.linkage.clustering.clusters import DECISION, MATCHED_BY_ORDER

_LINK = ("record_key_l", "record_key_r", "matched_by", "rule", "match_weight")
_SCHEMA = {
    "customer_id": pl.String,
    "record_count": pl.Int64,
    **dict.fromkeys(_LINK[:-1], pl.String),
    "match_weight": pl.Float64,
    "left_count": pl.Int64,
    "right_count": pl.Int64,
}


def weakest_links(members: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """One row per customer of two records or more, in order of customer_id.

    Columns: customer_id, record_count; record_key_l, record_key_r, matched_by, rule and match_weight of its weakest
    link; left_count and right_count, the records on the side of either end if that link and all weaker ones were gone.

    Decisions are stronger than identifiers, identifiers than links of the model, and these are ordered by weight; of
    equal ones the one with the larger keys counts as weaker. Parts that no link joins are joined by decisions: the
    smallest records of the parts are linked, without a rule. match_weight is null but for a link of the model.

    Args:
        members: record_key and customer_id, each record once.
        links: record_key_l, record_key_r, matched_by, rule, match_weight, in any order; one between two customers, or
            of a record that is no member, links nothing.
    """
    nodes = members.select("record_key", "customer_id").sort("record_key").with_row_index("node")
    edges = _ordered(nodes, links)
    if nodes.is_empty() or edges.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    left, right = edges.select("left", "right").to_numpy().astype(np.int64).T
    # Strongest first, numbered from 1: the minimum spanning tree by number is the maximum spanning tree by strength.
    numbers = np.arange(1, edges.height + 1, dtype=np.float64)
    tree = minimum_spanning_tree(coo_array((numbers, (left, right)), shape=(nodes.height, nodes.height)).tocsr())
    kept = np.sort(tree.data.astype(np.int64)) - 1
    weakest = _last_of_each(edges["customer"].to_numpy()[kept], kept)
    rest = np.setdiff1d(kept, weakest, assume_unique=True)
    sides = component_labels(nodes.height, left[rest], right[rest])
    sizes = np.bincount(sides)
    return (
        edges[weakest]
        .with_columns(
            pl.Series("left_count", sizes[sides[left[weakest]]], dtype=pl.Int64),
            pl.Series("right_count", sizes[sides[right[weakest]]], dtype=pl.Int64),
        )
        .with_columns((pl.col("left_count") + pl.col("right_count")).alias("record_count"))
        .select(list(_SCHEMA))
        .sort("customer_id")
    )


def _ordered(nodes: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """The links within customers, strongest first, those that are missing among them; with nodes `left`, `right`."""
    ends = [
        nodes.rename({"node": side, "record_key": key, "customer_id": f"customer_{side}"})
        for side, key in (("left", "record_key_l"), ("right", "record_key_r"))
    ]
    inside = (
        links.select(_LINK)
        .join(ends[0], on="record_key_l")
        .join(ends[1], on="record_key_r")
        .filter((pl.col("customer_left") == pl.col("customer_right")) & (pl.col("left") != pl.col("right")))
        .rename({"customer_left": "customer_id"})
        .drop("customer_right")
    )
    order = pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER))
    return (
        pl.concat([inside, _missing(nodes, inside).select(inside.columns)])
        .with_columns(pl.when(pl.col("matched_by") == "model").then("match_weight").alias("match_weight"))
        .sort([order, "match_weight", "left", "right"], descending=[False, True, False, False], nulls_last=True)
        .unique(["left", "right"], keep="first", maintain_order=True)
        .with_columns(pl.col("customer_id").rank("dense").alias("customer"))
    )


def _missing(nodes: pl.DataFrame, inside: pl.DataFrame) -> pl.DataFrame:
    """Links from the smallest record of each customer to that of each part that nothing joins to it."""
    left, right = inside.select("left", "right").to_numpy().astype(np.int64).T
    parts = nodes.with_columns(pl.Series("part", component_labels(nodes.height, left, right)))
    firsts = parts.unique(["customer_id", "part"], keep="first", maintain_order=True)
    first = pl.col("node").first().over("customer_id"), pl.col("record_key").first().over("customer_id")
    return firsts.select(
        "customer_id",
        first[0].alias("left"),
        first[1].alias("record_key_l"),
        pl.col("node").alias("right"),
        pl.col("record_key").alias("record_key_r"),
        pl.lit(DECISION).alias("matched_by"),
        pl.lit(None, dtype=pl.String).alias("rule"),
        pl.lit(None, dtype=pl.Float64).alias("match_weight"),
    ).filter(pl.col("left") != pl.col("right"))


def _last_of_each(groups: Ints, numbers: Ints) -> Ints:
    """The largest of the ascending numbers in each group, ascending."""
    _, last = np.unique(groups[::-1], return_index=True)
    found: Ints = np.sort(numbers[::-1][last])
    return found
