"""Connected components of pairs of records.

Belongs here: the graph algorithm, by scipy. Does not belong here: what a component means (`clusters`, `training`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def component_of(record_keys: pl.Series, links: pl.DataFrame) -> pl.Series:
    """Per record the smallest key of its component, in the order of the records.

    Args:
        record_keys: all records, sorted and unique.
        links: record_key_l and record_key_r, in any order; a pair with another record links nothing.
    """
    nodes = pl.DataFrame({"record_key": record_keys}).with_row_index("node")
    left, right = nodes.rename({"record_key": "record_key_l"}), nodes.rename({"record_key": "record_key_r"})
    edges = links.join(left, on="record_key_l").join(right, on="record_key_r", suffix="_r")
    ends = (edges["node"].to_numpy(), edges["node_r"].to_numpy())
    graph = coo_array((np.ones(edges.height, dtype=np.int8), ends), shape=(nodes.height, nodes.height))
    _, labels = connected_components(graph, directed=False)
    # Records are sorted, so the first record of a label is the smallest of its component.
    _, first, of_record = np.unique(labels, return_index=True, return_inverse=True)
    return record_keys.gather(first[of_record].astype(np.int64))
