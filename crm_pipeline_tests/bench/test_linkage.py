"""Claims on `python -m bench.linkage`: what it measures, what it shows, and what it skips."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.linkage import __main__ as bench
from bench.linkage.beside import export_records
from bench.linkage.errors import CUT, DIRECT, INDIRECT, NOT_BLOCKED, SCORED_LOW, classified, wrong
from bench.linkage.measuring import best_threshold, open_warehouse, with_customers
from bench.linkage.project import Prepared, prepare
from bench.linkage.sets import BY_NAME, FIXTURES, GENERATED, NAMES
from crm_pipeline.linkage.evaluation import agreement
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse

from .labels import labels_of, pairs_within


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """splink_fake_1000 in std, not linked."""
    return prepare(BY_NAME["splink_fake_1000"], FIXTURES, tmp_path_factory.mktemp("linkage") / "set")


def scored(rows: Iterable[tuple[str, str, float, str]]) -> pl.DataFrame:
    """Rows of `link.pairs` that the model scored: left, right, weight, verdict."""
    schema = {"record_key_l": pl.String, "record_key_r": pl.String, "match_weight": pl.Float64, "verdict": pl.String}
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    others = [pl.lit("model").alias("matched_by"), pl.lit("x").alias("rule"), pl.lit(0.5).alias("match_probability")]
    return frame.with_columns(others).select(PAIRS.column_names)


def test_a_set_on_the_path_of_a_run(prepared: Prepared) -> None:
    """The mapped columns stand in std cleaned, all records are there, and the truth has the pairs it is known for."""
    with open_warehouse(prepared.project) as warehouse:
        rows = warehouse.frame("SELECT * FROM std.customers WHERE valid_to IS NULL")
    delivered = pl.read_csv(FIXTURES / "splink_fake_1000" / "fake_1000.csv", infer_schema=False)
    assert set(rows["record_key"]) == set(prepared.labels["record_key"])
    for column, cells in (("given_name", "first_name"), ("family_name", "surname"), ("city", "city")):
        assert rows[column].count() == delivered[cells].count()
    in_range = delivered["dob"].str.to_date().is_between(pl.date(1900, 1, 1), prepared.project.config.start_date)
    assert rows["birth_date"].count() == in_range.sum()
    assert len(pairs_within(labels_of(prepared.labels))) == 2031
    assert prepared.labels["label"].n_unique() == 251


def test_no_label_is_delivered(prepared: Prepared) -> None:
    """The project folder has neither the labels nor keys that tell them; a record's key is the number of its row."""
    [file] = (prepared.project.root / "extracts").glob("*/*.csv")
    assert pl.read_csv(file).columns == ["row", "first_name", "surname", "dob", "city", "email"]
    assert pl.read_csv(file)["row"].to_list() == list(range(1, 1001))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y", "z", None])), min_size=1, max_size=12))
def test_measures_by_definition(records: list[tuple[str, str | None]]) -> None:
    """Pairs are counted over all labelled records, and a record without a cluster is alone."""
    keys = [f"k{n:02}" for n in range(len(records))]
    labels = pl.DataFrame({"record_key": keys, "label": [label for label, _ in records]})
    known = [(key, cluster) for key, (_, cluster) in zip(keys, records, strict=True) if cluster]
    schema = {"record_key": pl.String, "cluster_key": pl.String}
    found = with_customers(labels, pl.DataFrame([*known, ("unlabelled", "x")], schema=schema, orient="row"))
    told = agreement(found["label"], found["customer_id"])
    true = pairs_within(labels_of(labels))
    predicted = pairs_within({key: dict(known).get(key, key) for key in keys})
    assert (told.records, told.true_pairs, told.predicted_pairs) == (len(keys), len(true), len(predicted))
    assert told.correct_pairs == len(true & predicted)


def test_kinds_of_wrong_pairs() -> None:
    """A missed pair was not scored, scored too low or kept apart; a false one is a link or follows from others."""
    labelled = pl.DataFrame(
        {
            "record_key": ["a", "b", "c", "d", "e", "f", "g"],
            "label": ["1", "1", "1", "1", "2", "3", "4"],
            "customer_id": ["a", "b", "c", "b", "e", "e", "e"],
        }
    )
    pairs = scored([("a", "b", -3, "review"), ("c", "d", 9, "link"), ("e", "f", 8, "link"), ("f", "g", 8, "link")])
    with Warehouse.in_memory() as memory:
        kinds = {(left, right): kind for left, right, _, _, kind in classified(memory, labelled, pairs).rows()}
    not_scored = dict.fromkeys([("a", "c"), ("a", "d"), ("b", "c")], NOT_BLOCKED)
    links = {("e", "f"): DIRECT, ("f", "g"): DIRECT, ("e", "g"): INDIRECT}
    assert kinds == {("a", "b"): SCORED_LOW, ("c", "d"): CUT, **not_scored, **links}


def test_best_threshold(prepared: Prepared) -> None:
    """The best F1 is that of the best cut of the scored pairs, and the pairs are as before afterwards."""
    true = sorted(pairs_within(labels_of(prepared.labels)))[:40]
    of = labels_of(prepared.labels)
    false = [pair for pair in combinations(sorted(of)[:12], 2) if of[pair[0]] != of[pair[1]]][:6]
    rows = [(*pair, 5.0 + n / 10, "review") for n, pair in enumerate(true)]
    rows += [(*pair, 4.0, "review") for pair in false]
    with open_warehouse(prepared.project) as warehouse:
        warehouse.replace(PAIRS, scored(rows))
    f1, weight = best_threshold(prepared.project, prepared.labels)
    joined = {key: key for key in of}
    for left, right, *_ in rows[:40]:  # the true pairs alone; labels are closed, so components are right
        old, new = joined[right], joined[left]
        joined = {key: new if group == old else group for key, group in joined.items()}
    predicted = pairs_within(joined)
    assert f1 == pytest.approx(2 * len(predicted) / (len(predicted) + 2031))
    assert weight == 4.1
    with open_warehouse(prepared.project) as warehouse:
        assert warehouse.count(PAIRS) == len(rows)
        assert set(warehouse.frame("SELECT verdict FROM link.pairs")["verdict"]) == {"review"}


def test_wrong_pairs_side_by_side(prepared: Prepared) -> None:
    """So many of each kind, always the same, with what either record holds."""
    with open_warehouse(prepared.project) as warehouse:
        warehouse.replace(PAIRS, scored([]))
    alone = with_customers(prepared.labels, pl.DataFrame(schema={"record_key": pl.String, "cluster_key": pl.String}))
    found = wrong(prepared.project, alone, most=3)
    assert found == wrong(prepared.project, alone, most=3)
    assert found.counts[NOT_BLOCKED] == 2031
    assert [pair.kind for pair in found.chosen] == [NOT_BLOCKED] * 3
    assert all(pair.records[0].keys() == pair.records[1].keys() >= {"kind", "birth_date"} for pair in found.chosen)


def test_records_for_other_tools(prepared: Prepared) -> None:
    """Other tools are given flat text of the same records, without labels."""
    records = pl.read_parquet(export_records(prepared))
    assert records.columns == ["record_key", "kind", "name", "given_name", "family_name", "birth_date", "city", "email"]
    assert set(records.dtypes) == {pl.String}
    assert records.height == 1000


def test_missing_sets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A set whose files are not there is skipped with its name and the file; asked for, it makes it end with 1."""
    assert bench.main(["--data", str(tmp_path), "--sets", "febrl3,orgs_hard"]) == 1
    told = capsys.readouterr()
    assert f"febrl3 is skipped: no {tmp_path / 'febrl' / 'dataset3.csv'}" in told.err
    assert "orgs_hard is skipped" in told.err
    assert told.out.startswith("| set | by |")


def test_unknown_sets(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name is refused with the known ones."""
    with pytest.raises(SystemExit):
        bench.main(["--sets", "febrl9"])
    told = capsys.readouterr().err
    assert all(name in told for name in (*NAMES, GENERATED))


@pytest.mark.slow
def test_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """One command measures the project and plain Splink on one set, and shows wrong pairs beside JSON."""
    assert bench.main(["--sets", "splink_fake_1000", "--beside", "--errors", "1", "--json"]) == 0
    told = capsys.readouterr()
    own, plain = json.loads(told.out)
    assert (own["tool"], plain["tool"]) == ("crm_pipeline", "plain Splink")
    for figures in (own, plain):
        assert figures["agreement"]["true_pairs"] == 2031
        assert figures["agreement"]["precision"] > 0.9
    assert own["best_f1"] >= own["agreement"]["f1"]
    assert "not blocked" in told.err
