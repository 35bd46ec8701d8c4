"""Claims on what people are asked, and on what is told of their decisions."""

from __future__ import annotations

from random import Random
from typing import Any

import networkx as nx
import polars as pl
import pytest

from crm_pipeline.linkage import Constraints, Decision, cluster_records
from crm_pipeline.linkage.clustering.disagreements import judge_decisions
from crm_pipeline.linkage.clustering.questions import find_questions, unanswered
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS, REVIEW_QUEUE
from crm_pipeline.warehouse import Warehouse

from . import cluster_oracle, question_oracle
from .conftest import fill_customers
from .test_clusters_constrained import random_case

Pair = tuple[str, str, str, float | None, str]
WEIGHTS = {"link": (5.0, 8.0, 11.0, 11.0, 15.0), "review": (0.7, 1.0, 2.0, 3.5)}


def probability(weight: float | None) -> float:
    return 1.0 if weight is None else round(1 / (1 + 2**-weight), 9)


def fill(warehouse: Warehouse, keys: list[str], pairs: list[Pair]) -> None:
    """Current records, and pairs of (left, right, matched_by, weight, verdict)."""
    fill_customers(warehouse, [{"record_key": key} for key in keys])
    rows = [(a, b, by, "rule", weight, probability(weight), verdict) for a, b, by, weight, verdict in pairs]
    warehouse.replace(PAIRS, pl.DataFrame(rows, PAIRS.polars_schema, orient="row"))


def asked(
    warehouse: Warehouse, constraints: Constraints | None = None, *, largest: int = 100, applied: bool = True
) -> list[dict[str, Any]]:
    """The queue after clusters were made, with the decisions in force or before any of them."""
    constraints = constraints or Constraints()
    before = Constraints(duplicate_free=constraints.duplicate_free)
    cluster_records(warehouse, constraints=constraints if applied else before)
    find_questions(warehouse, constraints, largest_cluster=largest)
    order = "ORDER BY priority DESC, record_key_l, record_key_r"
    return warehouse.frame(f"FROM {REVIEW_QUEUE.qualified} {order}").to_dicts()


def random_pairs(seed: int, edges: list[cluster_oracle.Link]) -> list[Pair]:
    """The links, some of them waiting for review instead."""
    random = Random(seed)
    found = []
    for link in edges:
        verdict = random.choice(["link", "link", "review"])
        weight = None if link.matched_by == "identifier" else random.choice(WEIGHTS[verdict])
        left, right = sorted((link.left, link.right))
        found.append((left, right, link.matched_by, weight, verdict))
    return found


@pytest.mark.parametrize("block", range(6))
def test_the_queue_is_that_of_the_oracle(shared_warehouse: Warehouse, block: int) -> None:
    """On random pairs under random decisions, what is asked, why, how much hangs on it and the order are the oracle's.

    With decisions newer than the clusters the same is asked; how much hangs on it is counted with those decisions.
    """
    for seed in range(20 * block, 20 * block + 20):
        current, edges, constraints = random_case(seed)
        pairs = [pair for pair in random_pairs(seed, edges) if {pair[0], pair[1]} <= set(current)]
        fill(shared_warehouse, current, pairs)
        largest = Random(seed).choice([4, 12, 100])
        is_applied = bool(seed % 3)
        found = asked(shared_warehouse, constraints, largest=largest, applied=is_applied)
        rows = [shared_warehouse.frame(f"FROM {table.qualified}").to_dicts() for table in (PAIRS, CONFLICTS)]
        clusters = dict(shared_warehouse.frame(f"SELECT record_key, cluster_key FROM {CLUSTERS.qualified}").iter_rows())
        wanted = question_oracle.questions(rows[0], rows[1], clusters, constraints, largest)
        if is_applied:
            names = list(wanted[0]) if wanted else []
            assert [{name: row[name] for name in names} for row in found] == wanted, seed
        assert {(q["question_id"], q["reason"]) for q in found} == {(q["question_id"], q["reason"]) for q in wanted}, (
            seed
        )


def chain(*weights: float) -> list[Pair]:
    return [(f"a/x/{n}", f"a/x/{n + 1}", "model", weight, "link") for n, weight in enumerate(weights)]


def test_a_chain_is_asked_about_at_its_weakest_link(warehouse: Warehouse) -> None:
    """Six records in a row are sparse; the weakest link is asked, and what hangs on it is the smaller part.

    Confirmed, the next one is asked; denied, the two parts are too short to be suspicious.
    """
    fill(warehouse, [f"a/x/{n}" for n in range(6)], chain(9.0, 8.0, 7.0, 10.0, 11.0))
    [question] = asked(warehouse)
    told = {name: question[name] for name in ("record_key_l", "record_key_r", "reason", "stake", "priority")}
    assert told == {
        "record_key_l": "a/x/2", "record_key_r": "a/x/3", "reason": "sparse_cluster", "stake": 3, "priority": 3.0
    }  # fmt: skip
    confirmed = Constraints((Decision("a/x/3", "a/x/2", True, "D1"),))
    [question] = asked(warehouse, confirmed)
    assert (question["record_key_l"], question["record_key_r"]) == ("a/x/1", "a/x/2")
    assert asked(warehouse, Constraints((Decision("a/x/2", "a/x/3", False, "D1"),))) == []


def test_two_customers_are_asked_about_once(warehouse: Warehouse) -> None:
    """Of four pairs between two customers one is asked, the most probable; deciding another one answers it too."""
    pairs: list[Pair] = [
        ("a/x/1", "a/x/2", "model", 9.0, "link"),
        ("b/x/1", "b/x/2", "model", 9.0, "link"),
        ("a/x/1", "b/x/1", "model", 1.0, "review"),
        ("a/x/1", "b/x/2", "model", 2.0, "review"),
        ("a/x/2", "b/x/1", "model", 2.0, "review"),
        ("a/x/2", "b/x/2", "model", 0.7, "review"),
    ]
    fill(warehouse, ["a/x/1", "a/x/2", "b/x/1", "b/x/2"], pairs)
    [question] = asked(warehouse)
    assert (question["record_key_l"], question["record_key_r"], question["pair_count"]) == ("a/x/1", "b/x/2", 4)
    assert (question["reason"], question["stake"]) == ("between_thresholds", 2)
    assert question["uncertainty"] == pytest.approx(0.721928, abs=1e-6)  # of 0.8
    for is_same in (True, False):
        assert asked(warehouse, Constraints((Decision("a/x/2", "b/x/2", is_same, "D1"),)), applied=False) == []


def test_what_a_decision_answers_does_not_depend_on_the_order(shared_warehouse: Warehouse) -> None:
    """Questions filtered by decisions one after the other are those filtered by all at once."""
    for seed in range(100, 130):
        current, edges, constraints = random_case(seed)
        fill(shared_warehouse, current, random_pairs(seed, edges))
        cluster_records(shared_warehouse)
        find_questions(shared_warehouse, Constraints(), largest_cluster=100)
        every = shared_warehouse.frame(f"FROM {REVIEW_QUEUE.qualified}")
        clusters = shared_warehouse.frame(f"SELECT record_key, cluster_key FROM {CLUSTERS.qualified}")
        left = every
        for count in range(len(constraints.decisions) + 1):
            left = unanswered(left, constraints.decisions[:count], clusters)
        assert left.rows() == unanswered(every, constraints.decisions, clusters).rows()


def test_disagreements(warehouse: Warehouse) -> None:
    """Each decision in force is held against the pair, the links of others, and extracts without duplicates."""
    pairs: list[Pair] = [
        ("a/x/1", "b/x/1", "model", 9.0, "link"),
        ("b/x/1", "b/x/2", "identifier", None, "link"),
        ("a/x/3", "b/x/3", "model", 1.5, "review"),
        ("a/x/4", "b/x/4", "model", 6.0, "link"),
    ]
    fill(warehouse, [f"{source}/x/{n}" for source in "ab" for n in range(1, 6)], pairs)
    decisions = [
        Decision("a/x/4", "b/x/4", False, "D1"),  # the pair is linked
        Decision("a/x/1", "b/x/2", False, "D2"),  # others would join them
        Decision("a/x/3", "b/x/3", True, "D3"),  # nothing links them, but the model has a score
        Decision("a/x/5", "b/x/5", True, "D4"),  # nothing at all
        Decision("a/x/1", "b/x/1", True, "D5"),  # the model says so too
        Decision("a/x/2", "a/x/5", True, "D6"),  # one extract without duplicates
        Decision("a/x/4", "b/x/4", True, "D7"),  # against D1
        Decision("a/x/9", "b/x/1", True, "D8"),  # never existed
    ]
    free = frozenset({"a"})
    cluster_records(warehouse, constraints=Constraints(tuple(decisions), free))
    told = judge_decisions(warehouse, decisions, free).drop("matched_by", "rule", "match_probability")
    assert told.rows() == [
        ("D1", "in_force", None, "linked", 6.0, 1),
        ("D2", "in_force", None, "linked_by_others", None, 1),
        ("D3", "in_force", None, "not_linked", 1.5, 0),
        ("D4", "in_force", None, "not_linked", None, 0),
        ("D5", "in_force", None, None, 9.0, 0),
        ("D6", "in_force", None, "duplicate_free", None, 0),
        ("D7", "contradicted", "D1", None, 6.0, 0),
        ("D8", "unknown_record", None, None, None, 0),
    ]  # fmt: skip


def test_a_same_by_way_of_others_is_no_disagreement(warehouse: Warehouse) -> None:
    """Two that other links join anyway are one to the model too, whether their own pair was scored or not."""
    fill(warehouse, ["a/x/1", "b/x/1", "c/x/1"], [
        ("a/x/1", "b/x/1", "model", 9.0, "link"), ("b/x/1", "c/x/1", "identifier", None, "link"),
    ])  # fmt: skip
    decisions = [Decision("a/x/1", "c/x/1", True, "D1")]
    cluster_records(warehouse, constraints=Constraints(tuple(decisions)))
    assert judge_decisions(warehouse, decisions, frozenset())["disagreement"].to_list() == [None]


def test_linked_is_what_a_graph_says(shared_warehouse: Warehouse) -> None:
    """On random graphs a decided same disagrees exactly where no path of links joins its records."""
    for seed in range(200, 240):
        current, edges, constraints = random_case(seed)
        pairs = [pair for pair in random_pairs(seed, edges) if {pair[0], pair[1]} <= set(current)]
        fill(shared_warehouse, current, pairs)
        decisions = [Decision(*sorted(d.record_keys), d.is_same, d.decision_id) for d in constraints.decisions]
        cluster_records(shared_warehouse, constraints=Constraints(tuple(decisions)), cut_bridges=False)
        graph = nx.Graph([(a, b) for a, b, _, _, verdict in pairs if verdict == "link"])
        graph.add_nodes_from(current)
        held = cluster_oracle.accepted(decisions)
        told = {row["decision_id"]: row for row in judge_decisions(shared_warehouse, decisions, frozenset()).to_dicts()}
        cannot = [d for d in held if not d.is_same]
        for d in held:
            if d.is_same and set(d.record_keys) <= set(current) and not cannot:
                expected = None if nx.has_path(graph, *d.record_keys) else "not_linked"
                assert told[d.decision_id]["disagreement"] == expected, seed
