"""Clusters without constraints: connected components against networkx, and the tables that come of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import polars as pl
import pytest

from crm_pipeline.linkage import Constraints, Decision, cluster_records
from crm_pipeline.linkage.clustering.clusters import partition
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS
from crm_pipeline.warehouse import Warehouse

from .cluster_oracle import Link

Fill = Callable[[Warehouse, list[dict[str, Any]]], None]
PLAIN = Constraints()


def links(given: list[Link]) -> pl.DataFrame:
    """Links as rows of `link.pairs`."""
    columns = {
        "record_key_l": [link.left for link in given],
        "record_key_r": [link.right for link in given],
        "matched_by": [link.matched_by for link in given],
        "rule": ["name"] * len(given),
        "match_weight": [link.weight for link in given],
        "match_probability": [1.0 if link.weight is None else 1 / (1 + 2.0**-link.weight) for link in given],
        "verdict": ["link"] * len(given),
    }
    return pl.DataFrame(columns, schema=PAIRS.polars_schema)


def model(left: str, right: str, weight: float = 10.0) -> Link:
    return Link(left, right, "model", weight)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("density", [0.2, 0.8, 1.5, 4.0])
def test_components_are_those_of_networkx(seed: int, density: float) -> None:
    """On random graphs each record has the smallest key of its networkx component, and nothing is in conflict."""
    graph = nx.gnm_random_graph(60, int(60 * density / 2), seed=seed)
    key = {node: f"s/e/{node:03d}" for node in graph}
    edges = [model(*sorted((key[a], key[b]))) for a, b in graph.edges]
    found, conflicts = partition(pl.Series(sorted(key.values())), links(edges), PLAIN)
    expected = {key[n]: min(key[m] for m in part) for part in nx.connected_components(graph) for n in part}
    assert dict(zip(found["record_key"], found["cluster_key"], strict=True)) == expected
    assert conflicts.is_empty()


def test_strongest_link_explains_a_record() -> None:
    """A record shows its most probable link; of equal ones a decision counts before an identifier before the model."""
    given = [model("a", "b"), Link("b", "c", "identifier", None), Link("a", "c", "decision", None)]
    found, _ = partition(pl.Series(["a", "b", "c", "d"]), links(given), PLAIN)
    assert found["matched_by"].to_list() == ["decision", "identifier", "decision", "single"]
    assert found["match_probability"].to_list() == [1.0, 1.0, 1.0, None]


def test_only_links_that_hold_explain() -> None:
    """A refused link explains no record: the weaker one that holds does, and a record without one is single."""
    given = [Link("a", "b", "identifier", None), model("a", "c", 8), Link("b", "d", "identifier", None)]
    constraints = Constraints((Decision("a", "b", False, "1"), Decision("b", "d", False, "2")))
    found, conflicts = partition(pl.Series(["a", "b", "c", "d"]), links(given), constraints)
    assert found["matched_by"].to_list() == ["model", "single", "model", "single"]
    assert found["cluster_key"].to_list() == ["a", "b", "a", "d"]
    assert conflicts.select("record_key_l", "record_key_r", "reason", "blocked_by").rows() == [
        ("a", "b", "cannot_link", "1"),
        ("b", "d", "cannot_link", "2"),
    ]


def test_decision_explains_what_it_joined() -> None:
    """Records that must-links join show a decision of probability 1, also by way of a record that is gone."""
    constraints = Constraints((Decision("a", "gone", True, "1"), Decision("gone", "c", True, "2")))
    found, _ = partition(pl.Series(["a", "b", "c"]), links([model("a", "b")]), constraints)
    assert found.rows() == [
        ("a", "a", 1.0, "decision"),
        ("b", "a", links([model("a", "b")])["match_probability"][0], "model"),
        ("c", "a", 1.0, "decision"),
    ]


def test_only_links_between_current_records_count(warehouse: Warehouse, customers: Fill) -> None:
    """A pair under review and a pair with a deleted record link nothing; singles are there; the largest is counted."""
    customers(warehouse, [{"record_key": key} for key in "abcde"])
    given = links([model("a", "b"), model("b", "c"), model("d", "e"), model("d", "gone")])
    warehouse.replace(PAIRS, given.with_columns(pl.Series("verdict", ["link", "link", "review", "link"])))
    summary = cluster_records(warehouse)
    assert warehouse.execute("SELECT cluster_key FROM link.clusters ORDER BY record_key") == [(k,) for k in "aaade"]
    assert (summary.record_count, summary.cluster_count, summary.single_count, summary.largest_size) == (5, 3, 2, 3)


def test_conflicts_are_a_table(warehouse: Warehouse, customers: Fill) -> None:
    """The links that do not hold are in `link.conflicts` with what the pair had, and counted by reason."""
    customers(warehouse, [{"record_key": f"crm/customers/{key}"} for key in "abc"])
    a, b, c = (f"crm/customers/{key}" for key in "abc")
    warehouse.replace(PAIRS, links([Link(a, b, "identifier", None), model(b, c, 9.0), model(a, c, 7.0)]))
    constraints = Constraints((Decision(c, b, False, "decision 4"),), frozenset({"crm"}))
    summary = cluster_records(warehouse, constraints=constraints)
    assert (summary.cluster_count, summary.cannot_link_count, summary.duplicate_free_count) == (3, 1, 2)
    assert warehouse.exists(CONFLICTS)
    assert warehouse.exists(CLUSTERS)
    found = warehouse.frame("FROM link.conflicts").drop("match_probability").rows()
    assert found == [
        (a, b, "identifier", "name", None, "duplicate_free", "crm.customers"),
        (a, c, "model", "name", 7.0, "duplicate_free", "crm.customers"),
        (b, c, "model", "name", 9.0, "cannot_link", "decision 4"),
    ]
    assert cluster_records(warehouse).cluster_count == 1
    assert warehouse.count(CONFLICTS) == 0


def test_no_records_no_clusters(warehouse: Warehouse, customers: Fill) -> None:
    """An empty project has empty tables and a largest cluster of 0, also under constraints."""
    customers(warehouse, [])
    warehouse.ensure(PAIRS)
    assert cluster_records(warehouse).largest_size == 0
    constraints = Constraints((Decision("a", "b", True, "1"), Decision("a", "c", False, "2")), frozenset({"crm"}))
    assert cluster_records(warehouse, constraints=constraints).largest_size == 0
    assert warehouse.count(CONFLICTS) == 0
