"""Links that do not hold: united from the strongest to the weakest, as far as constraints allow.

Belongs here: components of numbered nodes within which a constraint is broken, and which of their links are refused.
Does not belong here: what a constraint is (`constraints`), or frames (`clusters`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from crm_pipeline.linkage.clustering.bridges import Bools, Ints
from crm_pipeline.linkage.clustering.groups import NOTHING, Groups
from crm_pipeline.tables import ConflictReason


@dataclass(frozen=True, slots=True)
class Refusal:
    """A link that did not unite its two records.

    Attributes:
        link: its position among the links.
        reason: what stood in the way; of both a decision is named, not an extract.
        blocker: number of the cannot-link, or of the extract; `NOTHING` for a weak bridge.
    """

    link: int
    reason: ConflictReason
    blocker: int


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What constraints say of numbered nodes.

    Attributes:
        marks: per node the number of its extract without duplicates, or `NOTHING`.
        must: two rows, the nodes of each must-link.
        cannot: two rows, the nodes of each cannot-link; none contradicts the must-links.
    """

    marks: Ints
    must: Ints
    cannot: Ints

    def groups(self, nodes: Ints, same: Ints) -> Groups:
        """Groups of some of the nodes, numbered by their position in `nodes`, kept apart by the cannot-links.

        Args:
            nodes: ascending.
            same: two rows of nodes that are united, whatever the marks say.
        """
        local = _positions(len(self.marks), nodes)
        groups = Groups(len(nodes), [0 if mark == NOTHING else 1 << mark for mark in self.marks[nodes].tolist()])
        for left, right in local[same].T.tolist():
            groups.unite(groups.find(left), groups.find(right))
        numbers = np.flatnonzero((local[self.cannot] != NOTHING).all(axis=0))
        for number, (left, right) in zip(numbers.tolist(), local[self.cannot[:, numbers]].T.tolist(), strict=True):
            groups.keep_apart(left, right, number)
        return groups


def broken_components(labels: Ints, restrictions: Restrictions) -> Ints:
    """The components, as labelled, within which a constraint is broken; all others are clusters as they are."""
    apart = labels[restrictions.cannot]
    return np.union1d(apart[0][apart[0] == apart[1]], _with_duplicates(labels, restrictions.marks))


def refuse(labels: Ints, broken: Ints, ends: Ints, order: Ints, restrictions: Restrictions) -> list[Refusal]:
    """The refused links within broken components; `labels` of these are changed to those of their clusters.

    Args:
        labels: per node its component by links and must-links.
        broken: labels of the broken components.
        ends: two rows, the nodes of each link.
        order: the links that count, the strongest first.
        restrictions: what constraints say.
    """
    nodes = np.flatnonzero(np.isin(labels, broken))
    local = _positions(len(labels), nodes)
    groups = restrictions.groups(nodes, restrictions.must[:, local[restrictions.must[0]] != NOTHING])
    used = order[local[ends[0, order]] != NOTHING]
    refused = unite_links(groups, local[ends[:, used]].T.tolist())
    labels[nodes] = labels.max() + 1 + np.array([groups.find(node) for node in range(len(nodes))])
    return [Refusal(int(used[refusal.link]), refusal.reason, refusal.blocker) for refusal in refused]


def explain_cuts(labels: Ints, ends: Ints, is_cut: Bools, restrictions: Restrictions) -> list[Refusal]:
    """The links that were cut, with the constraint between the two clusters where there is one: it needs no review.

    Args:
        labels: per node its cluster.
        ends: two rows, the nodes of each link.
        is_cut: per link whether it was cut as a weak bridge; its ends are in two clusters.
        restrictions: what constraints say.
    """
    cut = np.flatnonzero(is_cut)
    if not len(cut):
        return []
    nodes = np.flatnonzero(np.isin(labels, labels[ends[:, cut]]))
    _, first, of_node = np.unique(labels[nodes], return_index=True, return_inverse=True)
    groups = restrictions.groups(nodes, np.stack([nodes, nodes[first[of_node]]]))
    found = []
    for link, (left, right) in zip(cut.tolist(), _positions(len(labels), nodes)[ends[:, cut]].T.tolist(), strict=True):
        reason, blocker = _obstacle(groups, groups.find(left), groups.find(right)) or (
            ConflictReason.WEAK_BRIDGE,
            NOTHING,
        )
        found.append(Refusal(link, reason, blocker))
    return found


def unite_links(groups: Groups, links: Iterable[Sequence[int]]) -> list[Refusal]:
    """The links that were refused, after all others united their nodes, one after the other.

    What is refused once stays refused, since groups only grow: the two ends of a refused link are in different groups
    at the end, and those of every other link in one.

    Args:
        groups: of the nodes, with what stands between them; changed.
        links: two nodes each, the strongest first.
    """
    refused = []
    find = groups.find
    for position, (left, right) in enumerate(links):
        left_root, right_root = find(left), find(right)
        if left_root == right_root:
            continue
        if (obstacle := _obstacle(groups, left_root, right_root)) is not None:
            refused.append(Refusal(position, *obstacle))
        else:
            groups.unite(left_root, right_root)
    return refused


def _obstacle(groups: Groups, left: int, right: int) -> tuple[ConflictReason, int] | None:
    """What stands between the groups of two different roots: a decision before an extract."""
    if (statement := groups.statement_between(left, right)) != NOTHING:
        return ConflictReason.CANNOT_LINK, statement
    if (mark := groups.mark_between(left, right)) != NOTHING:
        return ConflictReason.DUPLICATE_FREE, mark
    return None


def _positions(count: int, nodes: Ints) -> Ints:
    """Per node its position among `nodes`, or `NOTHING`."""
    positions = np.full(count, NOTHING, dtype=np.int64)
    positions[nodes] = np.arange(len(nodes))
    return positions


def _with_duplicates(labels: Ints, marks: Ints) -> Ints:
    """The components with several records of one extract without duplicates."""
    marked = np.flatnonzero(marks != NOTHING)
    if not len(marked):
        return marked
    both, counts = np.unique(np.stack([labels[marked], marks[marked]]), axis=1, return_counts=True)
    several: Ints = both[0][counts > 1]
    return several
