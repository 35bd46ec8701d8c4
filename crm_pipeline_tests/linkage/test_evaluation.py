"""Measures of agreement against counting all pairs one by one, and thresholds against networkx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations

import networkx as nx
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.linkage.evaluation import (
    Agreement,
    agreement,
    at_thresholds,
    thresholds_from,
)
from crm_pipeline.tables import PAIRS

PARTITIONS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=40)
THRESHOLDS = [0.6, 0.8, 0.99, 1.0]


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def brute_force(labels: Sequence[object], customers: Sequence[object]) -> dict[str, object]:
    """The measures by their definitions, each pair and each record looked at by itself."""
    records = range(len(labels))
    true = {(a, b) for a, b in combinations(records, 2) if labels[a] == labels[b]}
    predicted = {(a, b) for a, b in combinations(records, 2) if customers[a] == customers[b]}
    both = len(true & predicted)
    precision, recall = ratio(both, len(predicted)), ratio(both, len(true))
    of = {a: {b for b in records if labels[a] == labels[b]} for a in records}
    within = {a: {b for b in records if customers[a] == customers[b]} for a in records}
    b_precision = ratio(sum(len(of[a] & within[a]) / len(within[a]) for a in records), len(labels))
    b_recall = ratio(sum(len(of[a] & within[a]) / len(of[a]) for a in records), len(labels))
    parts = {label: {c for m, c in zip(labels, customers, strict=True) if m == label} for label in labels}
    held = {customer: {m for m, c in zip(labels, customers, strict=True) if c == customer} for customer in customers}
    return {
        "records": len(labels),
        "labels": len(parts),
        "customers": len(held),
        "true_pairs": len(true),
        "predicted_pairs": len(predicted),
        "correct_pairs": both,
        "precision": precision,
        "recall": recall,
        "f1": ratio(2 * both, len(true) + len(predicted)),
        "b_cubed_precision": b_precision,
        "b_cubed_recall": b_recall,
        "b_cubed_f1": 2 * b_precision * b_recall / (b_precision + b_recall) if b_precision and b_recall else None,
        "exact_customers": len({frozenset(of[a]) for a in records if of[a] == within[a]}),
        "split_labels": sum(len(found) > 1 for found in parts.values()),
        "parts_of_split_labels": sum(len(found) for found in parts.values() if len(found) > 1),
        "mixed_customers": sum(len(found) > 1 for found in held.values()),
        "labels_in_mixed_customers": sum(len(found) for found in held.values() if len(found) > 1),
    }


def told(found: Agreement) -> dict[str, object]:
    return asdict(found) | {name: getattr(found, name) for name in ("precision", "recall", "f1", "b_cubed_f1")}


def measured(labels: Sequence[str], customers: Sequence[str]) -> Agreement:
    return agreement(pl.Series(labels, dtype=pl.String), pl.Series(customers, dtype=pl.String))


@given(PARTITIONS)
def test_measures_are_those_of_counting_all_pairs(partition: list[tuple[int, int]]) -> None:
    """On random partitions every measure equals its definition, computed pair by pair and record by record."""
    labels, customers = [f"l{a}" for a, _ in partition], [f"c{b}" for _, b in partition]
    assert told(measured(labels, customers)) == pytest.approx(brute_force(labels, customers), abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "customers", "pairwise", "b_cubed"),
    [
        pytest.param("aabb", "xxyy", (1, 1, 1), (1, 1, 1), id="perfect"),
        pytest.param("aabb", "wxyz", (None, 0, 0), (1, 0.5, 2 / 3), id="all single: no precision"),
        pytest.param("abcd", "wxyz", (None, None, None), (1, 1, 1), id="nothing to find and nothing found"),
        pytest.param("abcd", "xxyz", (0, None, 0), (0.75, 1, 6 / 7), id="nothing to find: no recall"),
        pytest.param("aabb", "xxxx", (1 / 3, 1, 0.5), (0.5, 1, 2 / 3), id="one giant customer"),
        pytest.param("aaab", "xxyy", (0.5, 1 / 3, 0.4), (0.75, 2 / 3, 12 / 17), id="split and mixed"),
        pytest.param("", "", (None, None, None), (None, None, None), id="no record"),
    ],
)
def test_measures_by_hand(
    labels: str, customers: str, pairwise: tuple[float | None, ...], b_cubed: tuple[float | None, ...]
) -> None:
    """Measures worked out by hand; what has no denominator is None, never 0 or 1."""
    found = measured(list(labels), list(customers))
    assert (found.precision, found.recall, found.f1) == pytest.approx(pairwise)
    assert (found.b_cubed_precision, found.b_cubed_recall, found.b_cubed_f1) == pytest.approx(b_cubed)


def test_published_example_of_b_cubed() -> None:
    """The example of Bagga and Baldwin 1998: one wrong link between two chains costs precision 0.76 or 0.58."""
    truth = [*"1111122", *"33333"]
    first, second = [*"aaaaabb", *"bbbbb"], [*"aaaaabb", *"aaaaa"]
    assert measured(truth, first).b_cubed_precision == pytest.approx(0.76, abs=0.005)
    assert measured(truth, second).b_cubed_precision == pytest.approx(0.58, abs=0.005)
    assert measured(truth, first).b_cubed_recall == measured(truth, second).b_cubed_recall == 1


def test_a_giant_customer_is_counted_not_listed() -> None:
    """A customer of 300,000 records has 45 billion pairs and is measured at once."""
    size = 300_000
    found = agreement(pl.Series([0] * size), pl.Series([0] * (size // 2) + [1] * (size // 2)))
    assert found.true_pairs == size * (size - 1) // 2
    assert found.correct_pairs == 2 * (size // 2 * (size // 2 - 1) // 2)


def pair_rows(rows: Sequence[tuple[str, str, str, float, str]]) -> pl.DataFrame:
    names = ["record_key_l", "record_key_r", "matched_by", "match_probability", "verdict"]
    schema = {name: PAIRS.polars_schema[name] for name in names}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    odds = pl.col("match_probability") / (1 - pl.col("match_probability"))
    weight = pl.when(pl.col("matched_by") == "model").then(odds.log(2)).alias("match_weight")
    return frame.with_columns(pl.lit("a rule").alias("rule"), weight)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("edges", [0, 30, 80])
def test_customers_at_a_threshold_are_components(seed: int, edges: int) -> None:
    """At every threshold the measures are those of the networkx components of links and pairs scored high enough."""
    graph = nx.gnm_random_graph(50, edges, seed=seed)
    kinds = [("model", "review"), ("identifier", "link"), ("identifier", "review"), ("decision", "link")]
    rows = []
    for n, (a, b) in enumerate(graph.edges):
        matched_by, verdict = kinds[n % 4 if n % 3 else 0]
        probability = (0.61 + n % 40 / 100) if matched_by == "model" else 1.0
        rows.append((f"{min(a, b):02}", f"{max(a, b):02}", matched_by, probability, verdict))
    keys = [f"{node:02}" for node in graph]
    labelled = {key: f"l{int(key) % 7}" for key in keys[::-2]}  # every second record, in another order
    found = at_thresholds(
        pl.DataFrame({"record_key": list(labelled), "label": list(labelled.values())}),
        pl.Series(keys),
        pair_rows([*rows, ("00", "gone", "model", 1.0, "link"), ("gone", "01", "identifier", 1.0, "link")]),
        THRESHOLDS,
    )
    for threshold, each in zip(THRESHOLDS, found, strict=True):
        linked = nx.Graph()
        linked.add_nodes_from(keys)
        linked.add_edges_from(
            (a, b) for a, b, by, p, verdict in rows if (p >= threshold if by == "model" else verdict == "link")
        )
        component = {key: n for n, part in enumerate(nx.connected_components(linked)) for key in part}
        expected = brute_force(list(labelled.values()), [component[key] for key in labelled])
        assert told(each) == pytest.approx(expected, abs=1e-12)


def test_records_without_a_label_join_others() -> None:
    """Two labelled records that an unlabelled one joins are one customer; the unlabelled one counts nowhere."""
    labelled = pl.DataFrame({"record_key": ["a", "c"], "label": ["1", "1"]})
    pairs = pair_rows([("a", "b", "model", 0.995, "link"), ("b", "c", "model", 0.7, "review")])
    high, low = at_thresholds(labelled, pl.Series(["a", "b", "c"]), pairs, [0.99, 0.7])
    assert (high.records, high.correct_pairs) == (2, 0)
    assert (low.records, low.correct_pairs) == (2, 1)


def test_thresholds_shown() -> None:
    """The project's two thresholds are shown, each once, and no threshold below which pairs are not stored."""
    assert thresholds_from(0.6, 0.99, (0.5, 0.6, 0.9, 0.99, 0.999)) == [0.6, 0.9, 0.99, 0.999]
    assert thresholds_from(0.85, 0.92, (0.5, 0.9)) == [0.85, 0.9, 0.92]
