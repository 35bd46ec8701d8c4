"""The rule of clusters in plain Python, slow and without state: an oracle over sets of record keys.

Belongs here: the rule as a reader would write it, every condition tried anew for every link. Does not belong here:
anything of the package under test but its value types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import combinations
from typing import NamedTuple

import networkx as nx

from crm_pipeline.linkage.clustering.constraints import Decision

RANKS = {"decision": 0, "identifier": 1, "model": 2}


class Link(NamedTuple):
    """One linked pair; the weight of an identifier is None."""

    left: str
    right: str
    matched_by: str
    weight: float | None


class Expected(NamedTuple):
    """Groups of records, and the links that do not hold: pair to reason."""

    groups: set[frozenset[str]]
    conflicts: dict[tuple[str, str], str]


def extract_of(key: str) -> str:
    source, extract, _ = key.split("/", 2)
    return f"{source}.{extract}"


def accepted(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions that contradict no earlier ones, each tried on all that were accepted before it."""
    held: list[Decision] = []
    for decision in decisions:
        graph = nx.Graph([d.record_keys for d in [*held, decision] if d.is_same])
        graph.add_nodes_from(decision.record_keys)
        parts = [part for d in [*held, decision] if not d.is_same for part in joined_parts(graph, d)]
        if not parts:
            held.append(decision)
    return held


def joined_parts(graph: nx.Graph[str], cannot: Decision) -> list[Set[str]]:
    """The components that hold both records of a cannot-link."""
    graph.add_nodes_from(cannot.record_keys)
    return [part for part in nx.connected_components(graph) if set(cannot.record_keys) <= part]


def clusters(
    keys: Iterable[str],
    links: Iterable[Link],
    decisions: Sequence[Decision] = (),
    duplicate_free: Set[str] = frozenset(),
    bridges: Iterable[tuple[str, str]] = (),
) -> Expected:
    """The clusters of current records after bridges are cut, by growing sets.

    A bridge between two groups that a constraint keeps apart anyway has the reason of the constraint.
    """
    current = set(keys)
    held = accepted(decisions)
    cut = set(bridges)
    must = nx.Graph([d.record_keys for d in held if d.is_same])
    must.add_nodes_from(current | {key for d in held for key in d.record_keys})
    group_of = {key: part for part in nx.connected_components(must) for key in part}
    conflicts: dict[tuple[str, str], str] = {}
    for link in sorted(links, key=lambda k: (RANKS[k.matched_by], -(k.weight or 0.0), k.left, k.right)):
        if (link.left, link.right) in cut or not {link.left, link.right} <= current:
            continue
        one, other = group_of[link.left], group_of[link.right]
        if one == other:
            continue
        reason = broken(one, other, held, duplicate_free, current)
        if reason:
            conflicts[link.left, link.right] = reason
            continue
        whole = one | other
        group_of.update(dict.fromkeys(whole, whole))
    for left, right in cut:
        reason = broken(group_of[left], group_of[right], held, duplicate_free, current)
        conflicts[left, right] = reason or "weak_bridge"
    groups = {frozenset(group & current) for group in group_of.values()} - {frozenset()}
    return Expected(groups, conflicts)


def broken(
    one: Set[str], other: Set[str], held: Sequence[Decision], duplicate_free: Set[str], current: Set[str]
) -> str | None:
    """The constraint that a union of two groups breaks."""
    for d in held:
        left, right = d.record_keys
        if not d.is_same and ((left in one and right in other) or (left in other and right in one)):
            return "cannot_link"
    for a in one & current:
        for b in other & current:
            if extract_of(a) == extract_of(b) and {extract_of(a), extract_of(a).split(".")[0]} & duplicate_free:
                return "duplicate_free"
    return None


def weak_bridges(links: Sequence[Link], must: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The weak bridges as they are defined, by removing each link in turn."""
    pairs = {(link.left, link.right): link for link in links}
    must = list(must)
    graph: nx.MultiGraph[str] = nx.MultiGraph([*pairs, *must])
    cuts = {
        (link.left, link.right)
        for link in links
        if not nx.has_path(without(graph, [(link.left, link.right)]), link.left, link.right)
    }
    must_cuts = [pair for pair in must if not nx.has_path(without(graph, [pair]), *pair)]
    rest = without(graph, [*cuts, *must_cuts])
    block = {key: frozenset(part) for part in nx.connected_components(rest) for key in part}
    inner = {pair: link for pair, link in pairs.items() if pair not in cuts}
    found = set()
    for pair in cuts:
        link = pairs[pair]
        if link.matched_by == "model" and all(stands_above(end, block[end], inner, link) for end in pair):
            found.add(pair)
    return found


def without(graph: nx.MultiGraph[str], pairs: Iterable[tuple[str, str]]) -> nx.MultiGraph[str]:
    copy = graph.copy()
    copy.remove_edges_from(pairs)
    return copy


def stands_above(end: str, group: Set[str], inner: Mapping[tuple[str, str], Link], bridge: Link) -> bool:
    """Whether a group at one end of a bridge is dense, and stronger by three bits."""
    own = [link for pair, link in inner.items() if set(pair) <= group and link.matched_by == "model"]
    compared = {key for link in own for key in (link.left, link.right)}
    if len(compared) < 3 or end not in compared:
        return False
    pairs = [tuple(sorted(pair)) for pair in combinations(compared, 2)]
    linked = sum(pair in inner for pair in pairs)
    weights = [link.weight for link in own if link.weight is not None]
    return linked / len(pairs) >= 0.5 and bridge.weight is not None and bridge.weight <= min(weights) - 3
