"""Clusters: the connected components of the linked pairs.

Belongs here: which current records are one customer, as a pure function of `link.pairs`. Does not belong here: which
pairs are linked (`pairs`), and which id a cluster gets (`identity`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crm_pipeline.tables import CLUSTERS, PAIRS
from crm_pipeline.warehouse import Warehouse

# Of two equally probable links the one named first explains the record: a person's word before a shared number.
MATCHED_BY_ORDER = ("decision", "identifier", "model", "single")
SINGLE = "single"


@dataclass(frozen=True, slots=True)
class ClusterSummary:
    """Counts over `link.clusters`.

    Attributes:
        record_count: current records.
        cluster_count: components, those of one record included.
        single_count: records that are alone.
        largest_size: records in the largest component; 0 when there is none.
    """

    record_count: int
    cluster_count: int
    single_count: int
    largest_size: int


def cluster_records(warehouse: Warehouse) -> ClusterSummary:
    """Counts, after `link.clusters` holds every current record with its component of linked pairs.

    Reads `std.customers` and `link.pairs`; a pair whose record is not current links nothing.
    """
    records = warehouse.frame("SELECT record_key FROM std.customers WHERE valid_to IS NULL ORDER BY record_key")
    links = warehouse.frame(
        f"SELECT record_key_l, record_key_r, match_probability, matched_by FROM {PAIRS.qualified} "
        "WHERE verdict = 'link' ORDER BY record_key_l, record_key_r"
    )
    clusters = components(records["record_key"], links)
    warehouse.replace(CLUSTERS, clusters)
    sizes = clusters.group_by("cluster_key").len()["len"]
    largest = sizes.max()
    return ClusterSummary(
        record_count=clusters.height,
        cluster_count=sizes.len(),
        single_count=int((sizes == 1).sum()),
        largest_size=int(largest) if isinstance(largest, int) else 0,
    )


def components(record_keys: pl.Series, links: pl.DataFrame) -> pl.DataFrame:
    """One row per record, in key order, with the columns of `link.clusters`.

    Args:
        record_keys: all records, sorted and unique.
        links: record_key_l, record_key_r, match_probability and matched_by of the linked pairs.
    """
    nodes = pl.DataFrame({"record_key": record_keys}).with_row_index("node")
    left, right = nodes.rename({"record_key": "record_key_l"}), nodes.rename({"record_key": "record_key_r"})
    edges = links.join(left, on="record_key_l").join(right, on="record_key_r", suffix="_r")
    ends = (edges["node"].to_numpy(), edges["node_r"].to_numpy())
    graph = coo_array((np.ones(edges.height, dtype=np.int8), ends), shape=(nodes.height, nodes.height))
    _, labels = connected_components(graph, directed=False)
    # Records are sorted, so the first record of a label is the smallest of its component.
    _, first, of_record = np.unique(labels, return_index=True, return_inverse=True)
    keyed = nodes.with_columns(record_keys.gather(first[of_record].astype(np.int64)).alias("cluster_key"))
    return keyed.join(_strongest(edges), on="node", how="left", maintain_order="left").select(
        "record_key", "cluster_key", "match_probability", pl.col("matched_by").fill_null(SINGLE)
    )


def _strongest(edges: pl.DataFrame) -> pl.DataFrame:
    """Per node its most probable link, ties in order of `MATCHED_BY_ORDER`."""
    both = pl.concat(
        [edges.select(pl.col(end).alias("node"), "match_probability", "matched_by") for end in ("node", "node_r")]
    )
    return (
        both.with_columns(pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER)))
        .sort(["node", "match_probability", "matched_by"], descending=[False, True, False])
        .unique(subset="node", keep="first", maintain_order=True)
        .with_columns(pl.col("matched_by").cast(pl.String))
    )
