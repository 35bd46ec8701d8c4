"""Weak bridges: against networkx, against their definition, and at size."""

from __future__ import annotations

from itertools import combinations, pairwise
from random import Random

import networkx as nx
import numpy as np
import polars as pl
import pytest

from crm_pipeline.linkage import Constraints, Decision
from crm_pipeline.linkage.clustering.bridges import find_bridges
from crm_pipeline.linkage.clustering.clusters import partition

from . import cluster_oracle
from .cluster_oracle import Link
from .steps_taken import steps_of
from .test_clusters import links, model

Pairs = set[tuple[str, str]]


def cut(edges: list[Link], constraints: Constraints | None = None) -> Pairs:
    """The links that are cut when these are clustered."""
    keys = sorted({key for link in edges for key in link[:2]})
    _, conflicts = partition(pl.Series(keys), links(edges), constraints or Constraints())
    weak = conflicts.filter(pl.col("reason") == "weak_bridge")
    assert weak["blocked_by"].null_count() == weak.height
    return set(weak.select("record_key_l", "record_key_r").rows())


def clique(names: str, weight: float = 15.0, matched_by: str = "model") -> list[Link]:
    """All pairs of records named by one letter each."""
    return [
        Link(a, b, matched_by, weight if matched_by == "model" else None) for a, b in combinations(sorted(names), 2)
    ]


TWO = [*clique("abc"), *clique("xyz")]
BRIDGE = {("c", "x")}


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([*TWO, model("c", "x", 12.0)], BRIDGE),
        ([*TWO, model("c", "x", 12.1)], set()),
        ([*TWO, model("c", "x", 8.0), model("b", "y", 8.0)], set()),
        ([*TWO, Link("c", "x", "identifier", None)], set()),
        ([*clique("abc"), *clique("xy"), model("c", "x", 8.0)], set()),
        ([*clique("abc"), model("c", "d", 15), model("d", "x", 8), *clique("xyz")], set()),
        ([*clique("abc"), *clique("wxyz", 11.0), model("c", "x", 8.0)], BRIDGE),
        ([*clique("abc"), *clique("wxyz", 10.9), model("c", "x", 8.0)], set()),
        ([*clique("abc", matched_by="identifier"), *clique("xyz"), model("c", "x", 8.0)], set()),
        ([*TWO, *clique("mno"), model("c", "x", 8.0), model("n", "z", 8.0)], {("c", "x"), ("n", "z")}),
    ],
    ids=["weak", "not_weak_enough", "two_links", "identifier", "a_pair", "a_record_between", "four", "four_weak",
         "parts_by_identifier", "three_groups"],
)  # fmt: skip
def test_weak_bridges(edges: list[Link], expected: Pairs) -> None:
    """A single link of the model between two dense groups is cut when it is three bits weaker than all of theirs."""
    assert cut(edges) == expected


@pytest.mark.parametrize(("size", "is_cut"), [(3, True), (4, True), (5, True), (6, False), (12, False)])
def test_sparse_group(size: int, is_cut: bool) -> None:
    """A ring is dense up to five records, of whose ten pairs five are linked."""
    ring = [model(*sorted((f"r{n:02d}", f"r{(n + 1) % size:02d}")), 15.0) for n in range(size)]
    edges = [*clique("abc"), *ring, model("a", "r00", 7.0)]
    assert bool(cut(edges)) is is_cut


def test_identified_parts_do_not_count() -> None:
    """Records that only identifiers join to a group make it neither larger nor less dense."""
    parts = [Link("a", f"p{n}", "identifier", None) for n in range(9)]
    again = [Link(f"p{n}", f"p{n + 1}", "identifier", None) for n in range(8)]
    assert cut([*TWO, *parts, *again, model("c", "x", 8.0)]) == BRIDGE
    assert cut([*clique("ab"), *parts, *again, *clique("xyz"), model("b", "x", 8.0)]) == set()


def test_must_link_closes_the_way() -> None:
    """A must-link between the groups, or on the bridge itself, or by way of a record that is gone, keeps the link."""
    edges = [*TWO, model("c", "x", 8.0)]
    for chain in (["c", "x"], ["a", "z"], ["a", "gone", "z"]):
        decisions = tuple(Decision(a, b, True, "1") for a, b in pairwise(chain))
        assert cut(edges, Constraints(decisions)) == set()
    assert cut(edges, Constraints((Decision("a", "b", True, "1"),))) == BRIDGE
    assert cut(edges, Constraints((Decision("a", "gone", True, "1"),))) == BRIDGE


def test_bridges_are_left_when_not_asked_for() -> None:
    """With `cut_bridges` off the component stays whole."""
    keys = pl.Series(sorted("abcxyz"))
    found, conflicts = partition(keys, links([*TWO, model("c", "x", 8.0)]), Constraints(), cut_bridges=False)
    assert found["cluster_key"].n_unique() == 1
    assert conflicts.is_empty()


@pytest.mark.parametrize("seed", range(60))
def test_bridges_are_those_of_networkx(seed: int) -> None:
    """On random graphs, with double links among them, the bridges are those that networkx finds."""
    random = Random(seed)
    count = random.choice([2, 10, 40])
    pairs = [tuple(random.sample(range(count), 2)) for _ in range(int(count * random.choice([0.5, 1, 1.3])))]
    left, right = (np.array([pair[end] for pair in pairs], dtype=np.int64) for end in (0, 1))
    found = find_bridges(count, left, right)
    graph = nx.MultiGraph(pairs)
    expected = {frozenset(pair) for pair in nx.bridges(nx.Graph(graph)) if graph.number_of_edges(*pair) == 1}
    assert {frozenset(pair) for pair, is_bridge in zip(pairs, found, strict=True) if is_bridge} == expected


def bridged_case(seed: int) -> tuple[list[Link], list[Decision]]:
    """Groups of differing density and strength, joined by a few links."""
    random = Random(seed)
    edges: dict[tuple[str, str], Link] = {}
    sources = ["app", "crm", "erp", "shop", "web"]
    groups = [[f"{random.choice(sources)}/x/{group}{n}" for n in range(random.randint(3, 5))] for group in "abc"]

    def link(a: str, b: str, weights: list[float]) -> None:
        left, right = sorted((a, b))
        is_model = random.random() < 0.9
        weight = random.choice(weights) if is_model else None
        edges[left, right] = Link(left, right, "model" if is_model else "identifier", weight)

    for group in groups:
        for a, b in combinations(group, 2):
            if random.random() < 0.8:
                link(a, b, [10.0, 12.0, 15.0])
    for one, other in combinations(groups, 2):
        for _ in range(random.choice([0, 0, 0, 1, 1, 2])):
            link(random.choice(one), random.choice(other), [7.0, 8.0, 9.0])
    every = [key for group in groups for key in group]
    decided = [Decision(*random.sample(every, 2), True, "m") for _ in range(random.choice([0, 0, 1]))]
    return list(edges.values()), decided


def test_weak_bridges_are_those_of_the_definition() -> None:
    """On random groups the links that are cut are those that the definition, tried link by link, finds."""
    found_any = 0
    for seed in range(300):
        edges, decisions = bridged_case(seed)
        expected = cluster_oracle.weak_bridges(edges, [d.record_keys for d in decisions])
        assert cut(edges, Constraints(tuple(decisions))) == expected, seed
        found_any += bool(expected)
    assert found_any >= 20


def test_a_constraint_is_named_before_a_bridge() -> None:
    """A bridge whose two clusters a constraint keeps apart is listed with that constraint: nobody need judge it again.

    On random groups, groups, links and reasons are those of the oracle.
    """
    reasons: list[str] = []
    for seed in range(300):
        edges, must = bridged_case(seed)
        random, keys = Random(seed), sorted({key for link in edges for key in link[:2]})
        cannot = [Decision(*random.sample(keys, 2), False, "c") for _ in range(random.choice([0, 1, 2]))]
        constraints = Constraints((*must, *cannot), frozenset(random.choice([[], ["crm"]])))
        bridges = cluster_oracle.weak_bridges(edges, [d.record_keys for d in must])
        wanted = cluster_oracle.clusters(keys, edges, constraints.decisions, constraints.duplicate_free, bridges)
        found, conflicts = partition(pl.Series(keys), links(edges), constraints)
        listed = {(row["record_key_l"], row["record_key_r"]): row["reason"] for row in conflicts.to_dicts()}
        assert listed == wanted.conflicts, seed
        together = found.group_by("cluster_key").agg("record_key")["record_key"].to_list()
        assert {frozenset(group) for group in together} == wanted.groups, seed
        reasons += [wanted.conflicts[pair] for pair in bridges]
    assert {reasons.count(reason) > 0 for reason in ("cannot_link", "duplicate_free", "weak_bridge")} == {True}


def chain_of_groups(count: int) -> tuple[pl.Series, pl.DataFrame]:
    """Dense groups of four in a chain of weak links, as deep as a component can be."""
    left, right, weights = [], [], []
    for group in range(count):
        for a, b in combinations(range(4), 2):
            left.append(f"{group:05d}{a}")
            right.append(f"{group:05d}{b}")
            weights.append(15.0)
        if group:
            left.append(f"{group - 1:05d}3")
            right.append(f"{group:05d}0")
            weights.append(8.0)
    edges = links([model(*pair) for pair in zip(left, right, weights, strict=True)])
    return pl.Series([f"{group:05d}{n}" for group in range(count) for n in range(4)]), edges


def test_a_deep_component_falls_apart() -> None:
    """A chain of 12,500 dense groups falls apart at each weak link, however deep it is."""
    found, conflicts = partition(*chain_of_groups(12_500), Constraints())
    assert conflicts.height == 12_500 - 1
    assert found["cluster_key"].n_unique() == 12_500


def test_steps_grow_with_the_chain() -> None:
    """Four times the chain takes about four times the steps, not sixteen."""
    small, large = chain_of_groups(500), chain_of_groups(2_000)
    assert steps_of(lambda: partition(*large, Constraints())) < 6 * steps_of(lambda: partition(*small, Constraints()))
