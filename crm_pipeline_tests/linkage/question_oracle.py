"""What people are asked, in plain Python: an oracle over dicts and sets of record keys.

Belongs here: the rules of the queue as a reader would write them. Does not belong here: anything of the package under
test but its value types.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import networkx as nx

from crm_pipeline.linkage import Constraints, Decision

from . import cluster_oracle
from .cluster_oracle import RANKS, Link

Row = Mapping[str, Any]
Pair = tuple[str, str]
FIRST = {"contradicted_identifier": 0, "duplicate_free": 1, "weak_bridge": 1, "between_thresholds": 2}


def questions(
    pairs: Sequence[Row], conflicts: Sequence[Row], clusters: Mapping[str, str], constraints: Constraints, largest: int
) -> list[dict[str, Any]]:
    """The queue in its order."""
    held = cluster_oracle.accepted(constraints.decisions)
    found = [*_between(pairs, conflicts, clusters, held), *_inside(pairs, clusters, constraints, held, largest)]
    return sorted(found, key=lambda q: (-q["priority"], q["record_key_l"], q["record_key_r"]))


def is_answered(held: Sequence[Decision], nodes: Mapping[str, str], left: str, right: str) -> bool:
    """Whether decisions join two nodes, or keep them apart."""
    ends = [tuple(nodes.get(key, key) for key in d.record_keys) for d in held]
    graph = nx.Graph([pair for pair, d in zip(ends, held, strict=True) if d.is_same])
    graph.add_nodes_from([left, right, *(node for pair in ends for node in pair)])
    part = {node: frozenset(nodes) for nodes in nx.connected_components(graph) for node in nodes}
    apart = [{part[one], part[other]} for (one, other), d in zip(ends, held, strict=True) if not d.is_same]
    return part[left] == part[right] or {part[left], part[right]} in apart


def _between(
    pairs: Sequence[Row], conflicts: Sequence[Row], clusters: Mapping[str, str], held: Sequence[Decision]
) -> Iterator[dict[str, Any]]:
    names = {"identifier": "contradicted_identifier", "model": "between_thresholds"}
    waiting = [{**p, "reason": names[p["matched_by"]]} for p in pairs if p["verdict"] == "review"]
    waiting += [dict(c) for c in conflicts if c["reason"] != "cannot_link"]
    of_two: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row in waiting:
        ends = frozenset(clusters[row[name]] for name in ("record_key_l", "record_key_r"))
        if len(ends) > 1:
            of_two.setdefault(ends, []).append(row)
    for ends, rows in of_two.items():
        best = min(
            rows, key=lambda r: (FIRST[r["reason"]], -r["match_probability"], r["record_key_l"], r["record_key_r"])
        )
        if not is_answered(held, clusters, *ends):
            sizes = [
                sum(c == clusters[best[name]] for c in clusters.values()) for name in ("record_key_l", "record_key_r")
            ]
            yield _question(
                best["record_key_l"], best["record_key_r"], best["reason"], sizes, len(rows), best["match_probability"]
            )


def _inside(
    pairs: Sequence[Row], clusters: Mapping[str, str], constraints: Constraints, held: Sequence[Decision], largest: int
) -> Iterator[dict[str, Any]]:
    for cluster in set(clusters.values()):
        members = {key for key, of in clusters.items() if of == cluster}
        within = [p for p in pairs if {p["record_key_l"], p["record_key_r"]} <= members]
        links = [
            Link(p["record_key_l"], p["record_key_r"], p["matched_by"], p["match_weight"])
            for p in within
            if p["verdict"] == "link"
        ]
        contradicted = sorted(
            (p["record_key_l"], p["record_key_r"])
            for p in within
            if p["verdict"] == "review" and p["matched_by"] == "identifier"
        )
        contradicted = [pair for pair in contradicted if not is_answered(held, {}, *pair)]
        asked = (
            (contradicted[0], "contradicted_identifier") if contradicted else _weakest(members, links, held, largest)
        )
        if asked is None or is_answered(held, {}, *asked[0]):
            continue
        pair, reason = asked
        supposed = [*constraints.decisions, Decision(*pair, False, "supposed")]
        groups = cluster_oracle.clusters(members, links, supposed, constraints.duplicate_free).groups
        left, right = (next(group for group in groups if key in group) for key in pair)
        if left != right:
            yield _question(*pair, reason, [len(left), len(right)], 1, 1.0)


def _weakest(
    members: set[str], links: Sequence[Link], held: Sequence[Decision], largest: int
) -> tuple[Pair, str] | None:
    """The weakest link of a suspicious cluster and the reason; None where it is not suspicious or all is confirmed."""
    sure = [(link.left, link.right) for link in links if link.matched_by != "model"]
    decided = [d.record_keys for d in held if d.is_same]
    groups = _parts([*sure, *decided], members)
    linked = {frozenset((groups[k.left], groups[k.right])) for k in links if groups[k.left] != groups[k.right]}
    count = len({groups[key] for key in members})
    is_large = len(members) >= max(2, largest / 2)
    if not is_large and not (count >= 4 and len(linked) < count * (count - 1) / 4):
        return None
    needed, last = list(decided), None
    for link in sorted(links, key=lambda k: (RANKS[k.matched_by], -(k.weight or 0.0), k.left, k.right)):
        parts = _parts(needed, members)
        if parts[link.left] != parts[link.right]:
            needed.append((link.left, link.right))
            last = link
    return ((last.left, last.right), "large_cluster" if is_large else "sparse_cluster") if last else None


def _parts(edges: Sequence[Pair], members: set[str]) -> dict[str, frozenset[str]]:
    graph = nx.Graph(edges)
    graph.add_nodes_from(members)
    return {key: frozenset(part) for part in nx.connected_components(graph) for key in part}


def _question(left: str, right: str, reason: str, sizes: Sequence[int], pairs: int, p: float) -> dict[str, Any]:
    entropy = -sum(x * math.log2(x) for x in (p, 1 - p) if 0 < x < 1)
    uncertainty = entropy if reason == "between_thresholds" else 1.0
    digits = hashlib.md5(f"{left}\n{right}".encode(), usedforsecurity=False).hexdigest()[:16]
    return {
        "question_id": f"Q{digits.upper()}",
        "record_key_l": left,
        "record_key_r": right,
        "reason": reason,
        "record_count_l": sizes[0],
        "record_count_r": sizes[1],
        "pair_count": pairs,
        "priority": round(uncertainty * min(sizes), 9),
    }
