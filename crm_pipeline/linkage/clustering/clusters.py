"""Clusters: the connected components of the linked pairs, as far as constraints and weak bridges leave them whole.

Belongs here: which current records are one customer, as a pure function of `link.pairs` and the constraints. Does not
belong here: which pairs are linked (`pairs`), what a constraint is (`constraints`), how links unite (`refusals`), and
which id a cluster gets (`identity`).

Weak bridges are cut first. A component within which no constraint is broken is a cluster. In the others must-links
unite first, then links from the strongest to the weakest, and a link that would break a constraint is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_pipeline.linkage.clustering.bridges import Bools, Ints, Links, component_labels, weak_bridges
from crm_pipeline.linkage.clustering.constraints import Constraints, Decision, extracts_of, standing
from crm_pipeline.linkage.clustering.groups import NOTHING
from crm_pipeline.linkage.clustering.refusals import Refusal, Restrictions, broken_components, explain_cuts, refuse
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS, ConflictReason
from crm_pipeline.warehouse import Warehouse

# Of two equally probable links the one named first explains the record: a person's word before a shared number. Links
# unite in this order too.
MATCHED_BY_ORDER = ("decision", "identifier", "model", "single")
DECISION, SINGLE = "decision", "single"
_LINK_COLUMNS = tuple(name for name in PAIRS.column_names if name != "verdict")


@dataclass(frozen=True, slots=True)
class ClusterSummary:
    """Counts over `link.clusters` and `link.conflicts`.

    Attributes:
        record_count: current records.
        cluster_count: components, those of one record included.
        single_count: records that are alone.
        largest_size: records in the largest component; 0 when there is none.
        cannot_link_count: links that decisions keep from holding.
        duplicate_free_count: links that would give a customer two records of an extract without duplicates.
        weak_bridge_count: links that were cut between dense groups.
    """

    record_count: int
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

    Reads `std.customers` and `link.pairs`; a pair whose record is not current links nothing.

    Args:
        warehouse: where the tables are.
        constraints: decisions and extracts without duplicates; none by default.
        cut_bridges: whether weak bridges are cut.
    """
    records = warehouse.frame("SELECT record_key FROM std.customers WHERE valid_to IS NULL ORDER BY record_key")
    links = warehouse.frame(
        f"SELECT {', '.join(_LINK_COLUMNS)} FROM {PAIRS.qualified} "
        "WHERE verdict = 'link' ORDER BY record_key_l, record_key_r"
    )
    clusters, conflicts = partition(records["record_key"], links, constraints or Constraints(), cut_bridges=cut_bridges)
    warehouse.replace(CLUSTERS, clusters)
    warehouse.replace(CONFLICTS, conflicts)
    sizes = clusters.group_by("cluster_key").len()["len"]
    largest = sizes.max()
    return ClusterSummary(
        record_count=clusters.height,
        cluster_count=sizes.len(),
        single_count=int((sizes == 1).sum()),
        largest_size=int(largest) if isinstance(largest, int) else 0,
        **{f"{reason.value}_count": int((conflicts["reason"] == reason.value).sum()) for reason in ConflictReason},
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
    decisions = standing(constraints.decisions)
    keys = _with_decided(record_keys, decisions)
    edges = _edges(keys, record_keys.len(), links)
    ends = edges.select("left", "right").to_numpy().astype(np.int64).T
    extracts = extracts_of(record_keys, constraints.duplicate_free)
    names = extracts.drop_nulls().unique().sort()
    must, cannot = (_ends(keys, decisions, is_same=is_same) for is_same in (True, False))
    restrictions = Restrictions(_marks(extracts, names, keys.len()), must, cannot)
    is_cut = _cut(keys.len(), edges, ends, must) if cut_bridges else np.zeros(edges.height, dtype=np.bool_)
    labels = component_labels(keys.len(), *np.concatenate([ends[:, ~is_cut], must], axis=1))
    broken = broken_components(labels, restrictions)
    refused = refuse(labels, broken, ends, _strongest_first(edges, is_cut), restrictions) if len(broken) else []
    refused += explain_cuts(labels, ends, is_cut, restrictions)
    cannot_ids = [decision.decision_id for decision in decisions if not decision.is_same]
    return _clusters(record_keys, labels, edges, must), _conflicts(edges, refused, cannot_ids, names.to_list())


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
