"""Claims on old beside new: the sample, the comparison, and which model goes on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from math import log2
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.linkage import model_change_table, pair_records
from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.records import RECORDS
from crm_pipeline.linkage.candidates.scratch import copy_frame, scratch_database
from crm_pipeline.linkage.learning import comparing, taking_over
from crm_pipeline.linkage.learning.comparing import VERDICTS, compare, draw_sample, levels_beside
from crm_pipeline.linkage.learning.sanity import newly_out_of_order, out_of_order
from crm_pipeline.linkage.learning.taking_over import waiting_model
from crm_pipeline.linkage.model.people import PEOPLE
from crm_pipeline.state.models import ModelStore
from crm_pipeline.warehouse import Warehouse

from .conftest import fill_customers
from .test_pairs import labelled, pairs_of

KEYS = ["record_key_l", "record_key_r"]
WEIGHTS = st.floats(-30, 30, allow_nan=False)


def sampled(warehouse: Warehouse, records: list[str], pairs: list[tuple[str, str]], earlier: pl.DataFrame) -> Any:
    """`draw_sample` over these records and candidates."""
    with scratch_database(warehouse) as scratch:
        copy_frame(pl.DataFrame({"record_key": records}), scratch, RECORDS)
        candidates = pl.DataFrame(pairs, schema={"join_key_l": pl.String, "join_key_r": pl.String}, orient="row")
        copy_frame(candidates.with_columns(match_key=pl.lit("0")), scratch, blocking.CANDIDATES)
        return draw_sample(scratch, earlier).rows()


def place(pair: tuple[str, str]) -> str:
    return hashlib.md5("\x1f".join(pair).encode()).hexdigest()  # noqa: S324 - a place in a sample, no secret


def test_the_sample_is_fixed(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pairs with the smallest MD5 are drawn; those drawn before stay as long as both records live, found or not."""
    monkeypatch.setattr(comparing, "SAMPLE_PAIRS", 20)
    monkeypatch.setattr(comparing, "PAIRS_THAT_STAY", 15)
    records = [f"crm/顾客/{n:02d}" for n in range(40)]
    pairs = [(a, b) for n, a in enumerate(records) for b in records[n + 1 :]]
    Random(5).shuffle(pairs)
    nothing = pl.DataFrame(schema=dict.fromkeys(KEYS, pl.String))
    first = sampled(warehouse, records, pairs, nothing)
    assert first == sorted(sorted(pairs, key=place)[:20])
    kept = sorted(first, key=place)[:15]
    gone = kept[0][0]
    living = [key for key in records if key != gone]
    found = [pair for pair in pairs if gone not in pair and pair not in kept[5:]]
    again = sampled(warehouse, living, found, pl.DataFrame(first, schema=KEYS, orient="row"))
    stays = sorted((pair for pair in first if gone not in pair), key=place)[:15]
    others = sorted((pair for pair in found if pair not in stays), key=place)[: 20 - len(stays)]
    assert again == sorted([*stays, *others])


def verdict(weight: float) -> str:
    probability = round(1 / (1 + 2**-weight), 9)
    return "link" if probability >= 0.95 else "review" if probability >= 0.6 else "none"


@given(st.lists(st.tuples(WEIGHTS, WEIGHTS, st.booleans(), st.booleans()), max_size=40))
def test_compare_counts_verdicts(weights: list[tuple[float, float, bool, bool]]) -> None:
    """The matrix of verdicts, what is kept and what changes are those of a plain count; shares are of what is kept."""
    frames = [
        pl.DataFrame(
            {
                "record_key_l": [f"{n:02d}" for n in range(len(weights))],
                "match_weight": [pair[i] for pair in weights],
                "is_found": [pair[i + 2] for pair in weights],
            },
            schema={"record_key_l": pl.String, "match_weight": pl.Float64, "is_found": pl.Boolean},
        ).with_columns(record_key_r=pl.col("record_key_l") + "x")
        for i in (0, 1)
    ]
    told = compare(*frames, 0.95, 0.6)
    verdicts = [
        (verdict(old) if is_old else "none", verdict(new) if is_new else "none") for old, new, is_old, is_new in weights
    ]
    assert told["verdicts"] == {a: {b: verdicts.count((a, b)) for b in VERDICTS} for a in VERDICTS}
    kept = [each for each in verdicts if each != ("none", "none")]
    changed = [each for each in kept if each[0] != each[1]]
    assert (told["pairs"], told["kept"], told["changed"]) == (len(weights), len(kept), len(changed))
    assert told["changed_share"] == (pytest.approx(len(changed) / len(kept), abs=1e-6) if kept else 0)
    assert told["lost"] == sum(old != "none" and not pair[3] for (old, _), pair in zip(verdicts, weights, strict=True))
    largest = [abs(row["new"] - row["old"]) for row in told["largest_changes"]]
    assert largest == sorted((abs(b - a) for a, b, *_ in weights if a != b), reverse=True)[: len(largest)]


def test_levels_beside_each_other() -> None:
    """A level stands beside the same one of the other model, and has nulls where the other lacks it."""

    def model(m: float, u: float, label: str) -> dict[str, Any]:
        missing = {"is_null_level": True, "label_for_charts": "missing"}
        level = {"label_for_charts": label, "m_probability": m, "u_probability": u}
        return {"splink": {"comparisons": [{"output_column_name": "city", "comparison_levels": [missing, level]}]}}

    [same] = levels_beside(model(0.8, 0.1, "equal"), model(0.4, 0.1, "equal"))
    assert (same["weight_old"], same["weight_new"]) == (pytest.approx(log2(8), abs=1e-6), 2.0)
    new, old = levels_beside(model(0.8, 0.1, "equal"), model(0.4, 0.1, "nearly"))
    assert (new["level"], new["m_old"], new["m_new"]) == ("nearly", None, 0.4)
    assert (old["level"], old["m_old"], old["m_new"]) == ("equal", 0.8, None)


@pytest.mark.parametrize(
    ("ratios", "agreeing", "expected"),
    [
        ((100, 20, 0.1), [2, 1], []),
        ((20, 100, 0.1), [2, 1], []),  # among agreements the data decide
        ((100, 0.02, 0.1), [2, 1], ["city"]),
        ((100, 0.03, 0.1), [2, 1], []),  # less than two bits
        ((100, 0.02, 0.1), [2], []),  # what strangers agree in as often is no agreement
    ],
)
def test_agreement_weighs_no_less_than_difference(
    ratios: tuple[float, ...], agreeing: list[int], expected: list[str]
) -> None:
    """A comparison is out of order where an agreement weighs two bits less than difference; a hint never is."""
    levels = [{"m_probability": 0.01 * ratio, "u_probability": 0.01} for ratio in ratios]
    comparison = {"output_column_name": "city", "comparison_levels": [{"is_null_level": True}, *levels]}
    model = {"splink": {"comparisons": [comparison]}, "agreement": [{"comparison": "city", "agreeing": agreeing}]}
    assert out_of_order(model) == expected
    assert out_of_order({**model, "agreement": []}) == []


def disordered(times: float) -> dict[str, Any]:
    """A model in which difference makes one customer `times` likelier than the agreement of one comparison does."""
    levels = [{"m_probability": m, "u_probability": 0.1} for m in (0.1 / times, 0.1)]
    comparison = {"output_column_name": "city", "comparison_levels": [{"is_null_level": True}, *levels]}
    return {"splink": {"comparisons": [comparison]}, "agreement": [{"comparison": "city", "agreeing": [1]}]}


@given(st.lists(st.floats(2.1, 7.9), min_size=2, max_size=12))
def test_a_value_at_the_edge_does_not_alternate(months: list[float]) -> None:
    """A comparison that lies about the edge month after month never keeps a retrained model from taking over.

    By hand: 3.9 times is in order and 4.1 times is not, and neither is newly so after the other.
    """
    assert (out_of_order(disordered(3.9)), out_of_order(disordered(4.1))) == ([], ["city"])
    for last, now in zip([3.9, 4.1, *months], [4.1, 3.9, *months[1:]], strict=False):
        assert newly_out_of_order(disordered(now), disordered(last)) == []


@pytest.mark.parametrize("last", [0.01, 1.0, 1.9])
def test_what_was_sound_is_newly_out_of_order(last: float) -> None:
    """A comparison that was sound under the last model is named as soon as it is out of order, and not before."""
    assert newly_out_of_order(disordered(4.1), disordered(last)) == ["city"]
    assert newly_out_of_order(disordered(3.9), disordered(last)) == []


def test_weights_are_those_of_a_run(warehouse: Warehouse, tmp_path: Path) -> None:
    """A pair of the sample has the weight that a run under the same model gives it, also where phones are left out."""
    models, rows = ModelStore(tmp_path / "models"), labelled()
    for row in rows[:60]:
        row["phones"] = ["+8676012345678"]  # a switchboard, neither key nor compared
    for n, row in enumerate(rows[60:]):
        row["phones"] = [f"+86760{n // 2:08d}"]
    fill_customers(warehouse, rows)
    pair_records(warehouse, models)
    stored, expected = models.read(1), pairs_of(warehouse).sort(KEYS)
    assert "+8676012345678" in stored.left_out()["key"]
    frozen = taking_over._weigher("people", stored.model["populations"], stored.term_frequencies(), stored.left_out())
    found = comparing.weights(warehouse, PEOPLE, expected.select(KEYS), frozen)
    assert found.drop("is_found").rows() == expected.select(*KEYS, "match_weight").rows()
    assert found["is_found"].all()
    assert [row["verdict"] for row in expected.to_dicts()] == [verdict(weight) for weight in found["match_weight"]]


def test_pairs_that_are_not_found_any_more_have_changed(warehouse: Warehouse, tmp_path: Path) -> None:
    """A pair with no key in common under the new model's rules, or with only left-out ones, is lost at equal weight."""
    models, rows = ModelStore(tmp_path / "models"), labelled()
    fill_customers(warehouse, rows)
    pair_records(warehouse, models)
    stored, pairs = models.read(1), pairs_of(warehouse).sort(KEYS)
    same = taking_over._weigher("people", stored.model["populations"], stored.term_frequencies(), stored.left_out())
    by_email = replace(same, model={**same.model, "blocking_rules": ["email"]})
    emails = {row["record_key"]: row["emails"] for row in rows}
    shared = [
        {*(emails[pair["record_key_l"]] or ())} & {*(emails[pair["record_key_r"]] or ())} for pair in pairs.to_dicts()
    ]
    old, new = (comparing.weights(warehouse, PEOPLE, pairs.select(KEYS), each) for each in (same, by_email))
    assert old["match_weight"].equals(new["match_weight"])
    assert new["is_found"].to_list() == [bool(each) for each in shared]
    told = compare(old, new, 0.95, 0.6)
    assert told["changed"] == told["lost"] == sum(not each for each in shared) > 50
    without = by_email.left_out.select("rule", "key").vstack(
        pl.DataFrame({"rule": "email", "key": sorted({email for found in shared for email in found})})
    )
    left_out = comparing.weights(warehouse, PEOPLE, pairs.select(KEYS), replace(by_email, left_out=without))
    assert not left_out["is_found"].any()


def test_a_model_trained_on_the_same_records_changes_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    """Trained anew on the same records, no verdict changes; the card has old beside new, the summary no key."""
    models = ModelStore(tmp_path / "models")
    fill_customers(warehouse, labelled())
    first = pair_records(warehouse, models)
    assert (first.model_change, "beside" in models.read(1).card) == ({}, False)
    summary = pair_records(warehouse, models, retrain=True, largest_model_change=0.0)
    told = summary.model_change["people"]
    assert (summary.model_version, summary.waiting_model) == (2, None)
    assert told["kept"] > 500
    assert (told["changed"], told["weight_difference"]["highest"]) == (0, 0.0)
    beside = models.read(2).card["beside"]
    assert beside["version"] == 1
    levels = {(row["comparison"], row["level"]) for row in beside["populations"]["people"]["levels"]}
    assert len(levels) > 10
    assert "test/people" not in json.dumps(summary.model_change) + model_change_table(summary.model_change)
    assert "| people | link |" in model_change_table(summary.model_change)


def without_emails(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records as a source delivers them that gives six in ten customers a wrong e-mail address."""
    return [{**row, "emails": [f"x{n}@example.com"]} if n % 5 > 1 else row for n, row in enumerate(rows)]


@pytest.fixture
def waiting(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    """A store whose second model changed too much and waits; the warehouse holds the pairs of the first one."""
    monkeypatch.setattr(taking_over, "FEWEST_CHANGED", 1)
    models = ModelStore(tmp_path / "models")
    fill_customers(warehouse, labelled())
    pair_records(warehouse, models)
    fill_customers(warehouse, without_emails(labelled()))
    pair_records(warehouse, models)
    before = pairs_of(warehouse)
    summary = pair_records(warehouse, models, retrain=True, largest_model_change=0.0)
    assert (summary.model_version, summary.waiting_model, summary.new_model_reason) == (1, 1, None)
    assert summary.model_change["people"]["changed"] > 0
    assert pairs_of(warehouse).equals(before)
    return models


def test_a_model_that_changes_much_waits_until_accepted(warehouse: Warehouse, waiting: ModelStore) -> None:
    """It is stored whole, goes on waiting, and is the next version, as it was, once people accepted it by number."""
    refused = waiting.refused.read(1)
    assert (refused.card["refused_because"], refused.card["beside"]["version"]) == ("changed", 1)
    changes = refused.card["beside"]["populations"]["people"]["largest_changes"]
    assert changes
    assert all(row["record_key_l"] < row["record_key_r"] for row in changes)
    assert pair_records(warehouse, waiting, accepted_models=[7]).model_version == 1
    assert waiting_model(waiting) == refused
    summary = pair_records(warehouse, waiting, accepted_models=[1])
    assert (summary.model_version, waiting.versions(), waiting_model(waiting)) == (2, [1, 2], None)
    accepted = waiting.read(2)
    assert (accepted.model, accepted.card["accepted_refused_version"]) == (refused.model, 1)
    assert accepted.left_out().equals(refused.left_out())
    assert {name: frame.rows() for name, frame in accepted.term_frequencies().items()} == {
        name: frame.rows() for name, frame in refused.term_frequencies().items()
    }
    assert pair_records(warehouse, waiting, accepted_models=[1]).model_version == 2  # once is enough


def test_what_was_compared_with_another_model_waits_no_longer(warehouse: Warehouse, waiting: ModelStore) -> None:
    """When another version took over meanwhile, an old acceptance lets nothing in: it was given for another change."""
    assert pair_records(warehouse, waiting, retrain=True, largest_model_change=1.0).model_version == 2
    assert waiting_model(waiting) is None
    assert pair_records(warehouse, waiting, accepted_models=[1]).model_version == 2


def test_a_needed_model_takes_over_whatever_it_changes(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a column came, the last model can't go on: the new one takes over, and its card says what it changed."""
    monkeypatch.setattr(taking_over, "FEWEST_CHANGED", 0)
    models, rows = ModelStore(tmp_path / "models"), labelled()
    fill_customers(warehouse, [{**row, "emails": None} for row in rows])
    pair_records(warehouse, models)
    fill_customers(warehouse, rows)
    summary = pair_records(warehouse, models, largest_model_change=0.0)
    assert (summary.model_version, summary.waiting_model) == (2, None)
    assert summary.model_change["people"]["changed"] > 0
    levels = models.read(2).card["beside"]["populations"]["people"]["levels"]
    gained = [row for row in levels if row["comparison"] == "emails"]
    assert gained
    assert all(row["m_old"] is None and row["m_new"] > 0 for row in gained)


def test_a_refusal_for_nonsense_is_kept_and_never_accepted(warehouse: Warehouse, tmp_path: Path) -> None:
    """What can't be true is refused with its record, and no acceptance lets it in."""
    models, rows = ModelStore(tmp_path / "models"), labelled()
    fill_customers(warehouse, rows)
    pair_records(warehouse, models)
    odd = [{**row, "city": f"{'abcdef'[n % 6]}ville"} for n, row in enumerate(rows)]
    fill_customers(warehouse, odd)
    summary = pair_records(warehouse, models, retrain=True)
    assert summary.refused_model == ["people.address"]
    refused = models.refused.read(1)
    assert (refused.card["refused_because"], refused.card["comparisons"]) == ("impossible", ["people.address"])
    assert (waiting_model(models), refused.term_frequencies()) == (None, {})
    assert pair_records(warehouse, models, accepted_models=[1]).model_version == 1


def test_the_sample_is_stored(waiting: ModelStore) -> None:
    """The sample lies in the store, by population and in key order, and is written anew only when it changed."""
    sample = waiting.sample()
    assert sample["population"].unique().to_list() == ["people"]
    assert sample.rows() == sorted(sample.rows())
    waiting.keep_sample(sample)
    files = list((waiting.folder / "samples").iterdir())
    assert len(files) <= 2
