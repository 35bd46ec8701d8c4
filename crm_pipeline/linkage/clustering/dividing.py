"""The graph of links, divided into clusters: as it is, and as it would be at other thresholds.

Belongs here: records and decided pairs as numbered nodes, and the order of division: weak bridges, components,
refusals. Does not belong here: tables (`clusters`), what a constraint is (`constraints`), how links unite (`refusals`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_pipeline.linkage.clustering.bridges import Bools, Ints, Links, component_labels, weak_bridges
from crm_pipeline.linkage.clustering.constraints import Constraints, Decision, extracts_of, standing
from crm_pipeline.linkage.clustering.groups import NOTHING
from crm_pipeline.linkage.clustering.refusals import Refusal, Restrictions, broken_components, explain_cuts, refuse

# Of two equally probable links the one named first explains the record: a person's word before a shared number. Links
# unite in this order too.
MATCHED_BY_ORDER = ("decision", "identifier", "model", "single")


@dataclass(frozen=True, slots=True)
class Graph:
    """Numbered nodes with what joins them and keeps them apart.

    Attributes:
        node_count: current records, behind them those that only decisions name.
        edges: links between current records with their nodes `left` and `right`, in order of keys.
        restrictions: what constraints say.
        cannot_ids: of the decisions that keep records apart, in their order.
        extracts: without duplicates, in the order of their numbers.
    """

    node_count: int
    edges: pl.DataFrame
    restrictions: Restrictions
    cannot_ids: list[str]
    extracts: list[str]


def graph_of(record_keys: pl.Series, links: pl.DataFrame, constraints: Constraints) -> Graph:
    """The graph of links between current records; a link of another record is left out.

    Args:
        record_keys: all current records, sorted and unique.
        links: rows of `link.pairs`, each pair once, in any order.
        constraints: what its clusters hold to.
    """
    decisions = standing(constraints.decisions)
    keys = _with_decided(record_keys, decisions)
    extracts = extracts_of(record_keys, constraints.duplicate_free)
    names = extracts.drop_nulls().unique().sort()
    must, cannot = (_ends(keys, decisions, is_same=is_same) for is_same in (True, False))
    return Graph(
        keys.len(),
        _edges(keys, record_keys.len(), links),
        Restrictions(_marks(extracts, names, keys.len()), must, cannot),
        [decision.decision_id for decision in decisions if not decision.is_same],
        names.to_list(),
    )


def divide(graph: Graph, edges: pl.DataFrame, *, cut_bridges: bool) -> tuple[Ints, list[Refusal]]:
    """Per node the number of its cluster, and the links among `edges` that do not hold."""
    ends = edges.select("left", "right").to_numpy().astype(np.int64).T
    must, count = graph.restrictions.must, graph.node_count
    is_cut = _cut(count, edges, ends, must) if cut_bridges else np.zeros(edges.height, dtype=np.bool_)
    labels = component_labels(count, *np.concatenate([ends[:, ~is_cut], must], axis=1))
    broken = broken_components(labels, graph.restrictions)
    refused: list[Refusal] = []
    if len(broken):
        refused = refuse(labels, broken, ends, _strongest_first(edges, is_cut), graph.restrictions)
    return labels, refused + explain_cuts(labels, ends, is_cut, graph.restrictions)


def clusters_at(
    record_keys: pl.Series,
    pairs: pl.DataFrame,
    constraints: Constraints,
    thresholds: Iterable[float],
    *,
    cut_bridges: bool = True,
) -> Iterator[Ints]:
    """Per threshold the number of each record's cluster, in the order of the records, had it been the match threshold.

    Links are then the pairs that the model scored at or above it, and those linked otherwise, whatever the threshold.

    Args:
        record_keys: all current records, sorted and unique.
        pairs: rows of `link.pairs`, those for review among them.
        constraints: what the clusters hold to.
        thresholds: match probabilities; below the review threshold pairs are not stored.
        cut_bridges: whether weak bridges are cut.
    """
    graph = graph_of(record_keys, pairs, constraints)
    is_scored = pl.col("matched_by") == "model"
    for threshold in thresholds:
        is_linked = pl.when(is_scored).then(pl.col("match_probability") >= threshold)
        linked = graph.edges.filter(is_linked.otherwise(pl.col("verdict") == "link"))
        labels, _ = divide(graph, linked, cut_bridges=cut_bridges)
        yield labels[: record_keys.len()]


def _with_decided(record_keys: pl.Series, decisions: list[Decision]) -> pl.Series:
    """The keys of all nodes: current records, behind them those that only decisions name, in key order."""
    named = pl.Series("record_key", [key for d in decisions for key in d.record_keys], dtype=pl.String).unique()
    return pl.concat([record_keys.rename("record_key"), named.filter(~named.is_in(record_keys.implode())).sort()])


def _edges(keys: pl.Series, record_count: int, links: pl.DataFrame) -> pl.DataFrame:
    """Links between current records with their nodes `left` and `right`, in order of keys."""
    nodes = keys.head(record_count).to_frame().with_row_index("node")
    left, right = (
        nodes.rename({"node": side, "record_key": key})
        for side, key in (("left", "record_key_l"), ("right", "record_key_r"))
    )
    return links.join(left, on="record_key_l").join(right, on="record_key_r").sort("left", "right")


def _ends(keys: pl.Series, decisions: list[Decision], *, is_same: bool) -> Ints:
    """Nodes of the decisions of one kind: two rows."""
    wanted = [decision.record_keys for decision in decisions if decision.is_same == is_same]
    if not wanted:
        return np.empty((2, 0), dtype=np.int64)
    named = {key for pair in wanted for key in pair}
    nodes = keys.to_frame().with_row_index("node").filter(pl.col("record_key").is_in(list(named)))
    number = dict(zip(nodes["record_key"], nodes["node"], strict=True))
    return np.array([[number[key] for key in pair] for pair in wanted], dtype=np.int64).T


def _cut(node_count: int, edges: pl.DataFrame, ends: Ints, must: Ints) -> Bools:
    """Per link whether it is a weak bridge."""
    is_model = (edges["matched_by"] == "model").to_numpy()
    weight = edges["match_weight"].fill_null(np.inf).to_numpy()
    return weak_bridges(Links(node_count, ends[0], ends[1], is_model, weight), must[0], must[1])


def _marks(extracts: pl.Series, names: pl.Series, node_count: int) -> Ints:
    """Per node the position of its extract among `names`, or `NOTHING`."""
    marks = np.full(node_count, NOTHING, dtype=np.int64)
    numbers = pl.Series(range(names.len()), dtype=pl.Int64)
    numbered = extracts.replace_strict(names, numbers, default=NOTHING, return_dtype=pl.Int64)
    marks[: extracts.len()] = numbered.to_numpy()
    return marks


def _strongest_first(edges: pl.DataFrame, is_cut: Bools) -> Ints:
    """The links that were not cut in the order in which they unite.

    Decisions, identifiers, then by weight; the smaller keys first.
    """
    order = pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER))
    left = edges.with_row_index("link").filter(~is_cut)
    by = (order, "match_weight", "left", "right")
    ordered = left.sort(by, descending=[False, True, False, False], nulls_last=True)
    return ordered["link"].to_numpy().astype(np.int64)
