"""Weak bridges: single weak links of the model between two groups whose own links are many and strong.

Belongs here: which links are weak bridges, as a pure function of a component. Does not belong here: what becomes of
them (`clusters`).

Two customers are often joined by one false link: a shared phone, a namesake in the same town. Had the two groups been
one customer, the model would have found more of the pairs between them, as it found most of those within each. Only the
model's links tell this: records that share an identifier are often parts with nothing in common to be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Records of a group that have a link of the model within it. Two records say nothing of how a group hangs together.
FEWEST_RECORDS = 3
# Share of the pairs of these records that are linked. Where the model finds every second pair within two groups, and
# the two are one customer, it finds just one of the nine or more pairs between them by a chance of about 2 %.
LEAST_DENSITY = 0.5
# Bits by which a bridge is weaker than the weakest link of the model in either group: its odds are 8 times lower. In
# FEBRL's sets 2 and 3 and in 43,000 simulated records of four sources (pseudopeople), linked from 0.6, 0.9 and 0.99 on,
# no link within one customer was cut; without a margin three in five of those cut at 0.9 were right links.
LEAST_MARGIN = 3.0

_FEWEST_IN_COMPONENT = 2 * FEWEST_RECORDS


@dataclass(frozen=True, slots=True)
class Links:
    """Links between the nodes 0 to `node_count` - 1, each pair of nodes once.

    Attributes:
        node_count: of nodes.
        left: one node of each link.
        right: the other.
        is_model: whether the model made the link; another one is never cut.
        weight: log2 of the odds; read for links of the model only.
    """

    node_count: int
    left: Ints
    right: Ints
    is_model: Bools
    weight: Floats

    def at(self, chosen: Bools | Ints) -> Links:
        """Some of the links, over the same nodes."""
        return Links(self.node_count, self.left[chosen], self.right[chosen], self.is_model[chosen], self.weight[chosen])


def weak_bridges(links: Links, must_left: Ints, must_right: Ints) -> Bools:
    """Per link whether it is a weak bridge.

    A weak bridge is a link of the model without which its component falls into two (no must-link joins them either),
    and which joins two groups, each of which

    - is a component of what remains without all bridges, must-links that are ones among them,
    - has at least `FEWEST_RECORDS` records with a link of the model inside, among them the end of the bridge,
    - has at least `LEAST_DENSITY` of the pairs of these records linked,
    - has no link of the model within `LEAST_MARGIN` bits above the bridge.

    Args:
        links: all links of the components in question.
        must_left: one node of each must-link.
        must_right: the other.
    """
    is_weak = np.zeros(len(links.left), dtype=np.bool_)
    large = _in_large_components(links, must_left, must_right)
    chosen = np.flatnonzero(large[links.left])
    if not links.is_model[chosen].any():
        return is_weak
    within, kept = links.at(chosen), large[must_left]
    left = np.concatenate([within.left, must_left[kept]])
    right = np.concatenate([within.right, must_right[kept]])
    bridges = find_bridges(links.node_count, left, right)
    group = component_labels(links.node_count, left[~bridges], right[~bridges])
    is_weak[chosen] = _between_dense_groups(within, bridges[: len(chosen)], group)
    return is_weak


def component_labels(node_count: int, left: Ints, right: Ints) -> Ints:
    """Per node the number of its connected component."""
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(node_count, node_count))
    labels: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def _in_large_components(links: Links, must_left: Ints, must_right: Ints) -> Bools:
    """Per node whether its component has records enough for two groups."""
    ends = np.concatenate([links.left, must_left]), np.concatenate([links.right, must_right])
    labels = component_labels(links.node_count, *ends)
    is_large: Bools = (np.bincount(labels, minlength=1) >= _FEWEST_IN_COMPONENT)[labels]
    return is_large


def find_bridges(node_count: int, left: Ints, right: Ints) -> Bools:
    """Per link whether its component falls into two without it; in linear time (Tarjan 1974).

    Two links between the same nodes are no bridges. Depth first without recursion: `low` is the earliest node that a
    node's subtree reaches other than by the link it was entered through; where that is the node itself, nothing else
    leads back.
    """
    starts, targets, numbers = _adjacency(node_count, left, right)
    is_bridge = np.zeros(len(left), dtype=np.bool_)
    seen, low = [0] * node_count, [0] * node_count
    clock = 0
    for root in dict.fromkeys(left.tolist()):
        if seen[root]:
            continue
        clock += 1
        seen[root] = low[root] = clock
        path, through, upcoming = [root], [-1], [starts[root]]
        while path:
            node, at = path[-1], upcoming[-1]
            if at < starts[node + 1]:
                upcoming[-1] = at + 1
                target = targets[at]
                if numbers[at] == through[-1]:
                    continue
                if seen[target]:
                    low[node] = min(low[node], seen[target])
                    continue
                clock += 1
                seen[target] = low[target] = clock
                path.append(target)
                through.append(numbers[at])
                upcoming.append(starts[target])
                continue
            path.pop()
            upcoming.pop()
            entered = through.pop()
            if path:
                low[path[-1]] = min(low[path[-1]], low[node])
                is_bridge[entered] = low[node] == seen[node]
    return is_bridge


def _adjacency(node_count: int, left: Ints, right: Ints) -> tuple[list[int], list[int], list[int]]:
    """Where each node's neighbours start, one more at the end; the neighbours; and the links that lead to them."""
    ends, others = np.concatenate([left, right]), np.concatenate([right, left])
    order = np.argsort(ends, kind="stable")
    starts = np.zeros(node_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(ends, minlength=node_count), out=starts[1:])
    numbers = np.tile(np.arange(len(left)), 2)[order]
    return starts.tolist(), others[order].tolist(), numbers.tolist()


def _between_dense_groups(links: Links, bridges: Bools, group: Ints) -> Bools:
    """Per link whether it is a bridge of the model between two dense groups, and weaker than these are.

    Args:
        links: of the components.
        bridges: per link whether it is a bridge.
        group: per node the number of its component without bridges.
    """
    inner = links.at(~bridges)
    by_model = inner.at(inner.is_model)
    compared = np.zeros(links.node_count, dtype=np.bool_)
    compared[by_model.left] = compared[by_model.right] = True
    between_compared = inner.at(compared[inner.left] & compared[inner.right])
    record_count = np.bincount(group[compared], minlength=links.node_count)
    link_count = np.bincount(group[between_compared.left], minlength=links.node_count)
    weakest = np.full(links.node_count, np.inf)
    np.minimum.at(weakest, group[by_model.left], by_model.weight)
    pair_count = record_count * (record_count - 1) / 2
    is_dense = (record_count >= FEWEST_RECORDS) & (link_count >= LEAST_DENSITY * pair_count)
    is_weak: Bools = bridges & links.is_model
    for end in (links.left, links.right):
        is_weak &= is_dense[group[end]] & compared[end] & (links.weight <= weakest[group[end]] - LEAST_MARGIN)
    return is_weak
