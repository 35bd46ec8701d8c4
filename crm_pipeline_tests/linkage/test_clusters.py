"""Connected components against networkx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import polars as pl
import pytest

from crm_pipeline.linkage import cluster_records
from crm_pipeline.linkage.clusters import components
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse

Fill = Callable[[Warehouse, list[dict[str, Any]]], None]


def links(rows: list[tuple[str, str, float, str]]) -> pl.DataFrame:
    names = ["record_key_l", "record_key_r", "match_probability", "matched_by"]
    schema = {name: PAIRS.polars_schema[name] for name in names}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("density", [0.2, 0.8, 1.5, 4.0])
def test_components_are_those_of_networkx(seed: int, density: float) -> None:
    """On random graphs each record has the smallest key of its networkx component."""
    graph = nx.gnm_random_graph(60, int(60 * density / 2), seed=seed)
    key = {node: f"s/e/{node:03d}" for node in graph}
    edges = [(*sorted((key[a], key[b])), 1.0, "model") for a, b in graph.edges]
    found = components(pl.Series(sorted(key.values())), links(edges))
    expected = {key[n]: min(key[m] for m in part) for part in nx.connected_components(graph) for n in part}
    assert dict(zip(found["record_key"], found["cluster_key"], strict=True)) == expected


def test_strongest_link_explains_a_record() -> None:
    """A record shows its most probable link; of equal ones a decision counts before an identifier before the model."""
    found = components(
        pl.Series(["a", "b", "c", "d"]),
        links([("a", "b", 0.995, "model"), ("b", "c", 1.0, "identifier"), ("a", "c", 1.0, "decision")]),
    )
    assert found["matched_by"].to_list() == ["decision", "identifier", "decision", "single"]
    assert found["match_probability"].to_list() == [1.0, 1.0, 1.0, None]


def test_only_links_between_current_records_count(warehouse: Warehouse, customers: Fill) -> None:
    """A pair under review and a pair with a deleted record link nothing; singles are there; the largest is counted."""
    customers(warehouse, [{"record_key": key} for key in "abcde"])
    schema = PAIRS.polars_schema
    rows = [
        {
            "record_key_l": left,
            "record_key_r": right,
            "matched_by": "model",
            "verdict": verdict,
            "match_probability": 1.0,
        }
        for left, right, verdict in [
            ("a", "b", "link"),
            ("b", "c", "link"),
            ("d", "e", "review"),
            ("d", "gone", "link"),
        ]
    ]
    warehouse.replace(PAIRS, pl.DataFrame(rows, schema=schema))
    summary = cluster_records(warehouse)
    assert warehouse.execute("SELECT cluster_key FROM link.clusters ORDER BY record_key") == [(k,) for k in "aaade"]
    assert (summary.record_count, summary.cluster_count, summary.single_count, summary.largest_size) == (5, 3, 2, 3)


def test_no_records_no_clusters(warehouse: Warehouse, customers: Fill) -> None:
    """An empty project has an empty table and a largest cluster of 0."""
    customers(warehouse, [])
    warehouse.ensure(PAIRS)
    assert cluster_records(warehouse).largest_size == 0
