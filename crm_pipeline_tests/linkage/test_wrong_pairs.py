"""Wrong pairs, their reasons and their sources against looking at every pair of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.linkage.evaluation import (
    REASONED_COLUMNS,
    Reason,
    by_sources,
    compared,
    labelled_pairs,
    labelled_pairs_by_sources,
    with_reasons,
    wrong_labelled_pairs,
    wrong_pairs,
)
from crm_pipeline.warehouse import Warehouse, open_reader

PARTITIONS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from("abc")), max_size=30)


@pytest.fixture(scope="module")
def memory() -> Iterator[Warehouse]:
    """A database to compute in."""
    with Warehouse.in_memory() as opened:
        yield opened


def frame_of(keys: Sequence[str], labels: Sequence[str], customers: Sequence[str]) -> pl.DataFrame:
    columns = {"record_key": list(keys), "label": list(labels), "customer_id": list(customers)}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


@given(partition=PARTITIONS)
def test_wrong_pairs_and_sources_are_those_of_looking_at_all_pairs(
    partition: list[tuple[int, int, str]], memory: Warehouse
) -> None:
    """Each pair whose label and customer disagree is listed once, smaller key first; sources count as pairs do."""
    keys = [f"{source}/customers/{n:02}" for n, (_, _, source) in enumerate(partition)]
    labelled = frame_of(keys, [f"l{a}" for a, _, _ in partition], [f"c{b}" for _, b, _ in partition])
    expected, counts = [], Counter[tuple[str, str, str]]()
    for (l_key, l_label, l_customer), (r_key, r_label, r_customer) in combinations(sorted(labelled.rows()), 2):
        is_true, is_predicted = l_label == r_label, l_customer == r_customer
        if is_true != is_predicted:
            expected.append((l_key, r_key, "missed" if is_true else "false_link"))
        sources = (l_key[0], r_key[0])
        counts += Counter({(*sources, "true"): is_true, (*sources, "predicted"): is_predicted})
        counts += Counter({(*sources, "correct"): is_true and is_predicted})
    found = wrong_pairs(memory, labelled, most=1_000)
    assert found.rows() == sorted(expected)
    told = by_sources(memory, labelled)
    names = {"true": "true_pairs", "predicted": "predicted_pairs", "correct": "correct_pairs"}
    listed = {(*both, name): getattr(each, names[name]) for both, each in told.items() for name in names}
    assert {key: n for key, n in listed.items() if n} == {key: n for key, n in counts.items() if n}
    assert list(told) == sorted(told)


def test_too_many_wrong_pairs_leave_out_the_largest_groups(memory: Warehouse) -> None:
    """Of a customer of four labels and one of two, the list keeps the small one when it can't hold both."""
    labelled = frame_of("abcdef", "123456", "xxxxyy")
    assert wrong_pairs(memory, labelled, most=6).rows() == [("e", "f", "false_link")]
    assert wrong_pairs(memory, labelled, most=7).height == 7


def test_one_stranger_among_many_is_listed_without_comparing_the_many(memory: Warehouse) -> None:
    """In a customer of 200,000 records with one stranger, the 199,999 wrong pairs are listed, of 20 billion pairs."""
    size = 200_000
    labelled = pl.DataFrame({"n": range(size)}).select(
        pl.format("{}", "n").alias("record_key"),
        pl.when(pl.col("n") == 0).then(pl.lit("1")).otherwise(pl.lit("2")).alias("label"),
        pl.lit("x").alias("customer_id"),
    )
    found = wrong_pairs(memory, labelled, most=1_000_000)
    assert found.height == size - 1
    assert set(found["record_key_l"]) == {"0"}


PEOPLE = {"a": "k1", "b": "k1", "c": "k2", "d": "k3"}
ORGANISATIONS = {"o": "k1", "p": "k9"}


@pytest.fixture(scope="module")
def index_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published index of four people and two organisations with a key each under rule 0, `a` and `c` under 1."""
    folder = tmp_path_factory.mktemp("index")
    with Warehouse.open(folder / "matching.duckdb", temporary=folder / "temporary") as made:
        for population, records in (("people", PEOPLE), ("organisations", ORGANISATIONS)):
            keys = [(0, key, record) for record, key in records.items()]
            keys += [(1, "x", "a"), (1, "x", "c")] if population == "people" else []
            rows = pl.DataFrame(
                keys, schema={"rule": pl.Int32, "key": pl.String, "record_key": pl.String}, orient="row"
            )
            with made.registered("_keys", rows):
                made.execute(f"CREATE TABLE main.{population}_keys AS FROM _keys")
                made.execute(f"CREATE TABLE main.{population}_records AS SELECT DISTINCT record_key FROM _keys")
        made.execute("CREATE TABLE main.state AS SELECT 1 AS model_version")
    return folder / "matching.duckdb"


def test_how_far_pairs_came(index_file: Path) -> None:
    """A pair with a key in common under one rule was compared; others say why not, an equal key of others is none."""
    pairs = [("a", "b"), ("a", "c"), ("b", "c"), ("b", "d"), ("a", "o"), ("a", "z"), ("o", "p"), ("y", "z")]
    with open_reader(index_file) as index:
        found = compared(index, pl.DataFrame(pairs, schema=["record_key_l", "record_key_r"], orient="row"))
    assert {(left, right): reason for left, right, reason in found.rows()} == {
        ("a", "b"): Reason.SCORED_TOO_LOW,
        ("a", "c"): Reason.SCORED_TOO_LOW,
        ("b", "c"): Reason.NOT_BLOCKED,
        ("b", "d"): Reason.NOT_BLOCKED,
        ("a", "o"): Reason.OTHER_KIND,
        ("a", "z"): Reason.NOT_COMPARABLE,
        ("o", "p"): Reason.NOT_BLOCKED,
        ("y", "z"): Reason.NOT_COMPARABLE,
    }


def test_an_index_without_a_population(tmp_path: Path) -> None:
    """Where no population was compared, every record had nothing to be compared by."""
    with Warehouse.open(tmp_path / "matching.duckdb", temporary=tmp_path / "temporary") as made:
        made.execute("CREATE TABLE main.state AS SELECT 1 AS model_version")
    with open_reader(tmp_path / "matching.duckdb") as index:
        found = compared(index, pl.DataFrame({"record_key_l": ["a"], "record_key_r": ["b"]}))
    assert found.rows() == [("a", "b", Reason.NOT_COMPARABLE)]


def expected_reason(verdict: str, of_pair: str | None, how_far: str | None, *, is_refused: bool) -> str:
    """One reason by the page's words, case by case."""
    if verdict == "false_link":
        return "direct" if of_pair == "link" and not is_refused else "by_way_of_others"
    if is_refused:
        return "refused"
    if of_pair is not None:
        return {"review": "waits_for_review", "link": "not_published"}[of_pair]
    return how_far or "not_known"


def test_reasons_are_a_partition() -> None:
    """Every combination of verdict, stored pair, conflict and index gives each wrong pair exactly one reason."""
    cases = list(
        product(
            ("missed", "false_link"), (None, "review", "link"), (None, "not_blocked", "scored_too_low"), (False, True)
        )
    )
    keys = [(f"l{n}", f"r{n}") for n in range(len(cases))]
    names = ["record_key_l", "record_key_r"]

    def rows(width: int, chosen: list[tuple[object, ...]]) -> pl.DataFrame:
        schema = dict.fromkeys([*names, "a", "b", "c", "d"][:width], pl.String)
        return pl.DataFrame(chosen, schema=schema, orient="row")

    each = list(zip(keys, cases, strict=True))
    wrong = rows(3, [(*key, case[0]) for key, case in each]).rename({"a": "verdict"})
    pairs = rows(5, [(*key, case[1], "model", "a rule") for key, case in each if case[1]]).select(
        *names,
        pl.col("a").alias("verdict"),
        pl.col("b").alias("matched_by"),
        pl.col("c").alias("rule"),
        pl.lit(0.97).alias("match_probability"),
    )
    conflicts = rows(3, [(*key, "crm.customers") for key, case in each if case[3]]).rename({"a": "blocked_by"})
    missed = rows(3, [(*key, case[2]) for key, case in each if case[2]]).rename({"a": "compared"})
    found = with_reasons(wrong, pairs, conflicts, missed)
    assert tuple(found.columns) == REASONED_COLUMNS
    expected = [expected_reason(case[0], case[1], case[2], is_refused=case[3]) for case in cases]
    assert found["reason"].to_list() == expected
    assert set(expected) <= {reason.value for reason in Reason}
    evidence = found.select("matched_by", "rule", "match_probability").row(
        cases.index(("missed", "review", None, False))
    )
    assert evidence == ("model", "a rule", 0.97)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from(["ab", "ba", "aa", "bc"])), max_size=20))
def test_pairs_labelled_one_by_one(rows: list[tuple[bool, bool, str]]) -> None:
    """Counts and sources of labelled pairs are those of counting; without a negative there is no precision."""
    judged = pl.DataFrame(
        [(f"{s[0]}/e/{n}", f"{s[1]}/e/{n}", is_match, is_one) for n, (is_match, is_one, s) in enumerate(rows)],
        schema={"record_key_l": pl.String, "record_key_r": pl.String, "is_match": pl.Boolean, "is_one": pl.Boolean},
        orient="row",
    )
    told = labelled_pairs(judged["is_match"].to_numpy(), judged["is_one"].to_numpy())
    correct = sum(is_match and is_one for is_match, is_one, _ in rows)
    true, predicted = sum(row[0] for row in rows), sum(row[1] for row in rows)
    assert (told.true_pairs, told.predicted_pairs, told.correct_pairs) == (true, predicted, correct)
    assert told.negative_pairs == len(rows) - true
    assert told.recall == (correct / true if true else None)
    assert told.precision == (correct / predicted if predicted and true < len(rows) else None)
    assert wrong_labelled_pairs(judged).height == told.wrong_pairs
    with Warehouse.in_memory() as memory:
        by_source = labelled_pairs_by_sources(memory, judged)
    assert {both: n.true_pairs + n.negative_pairs for both, n in by_source.items()} == Counter(
        tuple(sorted(both)) for _, _, both in rows
    )
    assert sum(n.correct_pairs for n in by_source.values()) == correct
