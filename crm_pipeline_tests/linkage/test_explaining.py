"""Weights taken apart: the parts sum to what was stored, and say which rule finds a pair and which does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from crm_pipeline.linkage import pair_records
from crm_pipeline.linkage.explaining.explained_pairs import (
    MISSING,
    ExplainedPairs,
    all_pairs,
    explain_pairs,
    is_explainable,
)
from crm_pipeline.linkage.model.comparison import KINDS_NEEDED, THIN_EVIDENCE_CEILING
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse, open_reader

from .conftest import fill_customers

ENDS = ["record_key_l", "record_key_r"]
_SURNAMES = ("王", "李", "Smith", "Müller", "欧阳", "Featherstonehaugh")
_GIVEN = ("芳", "伟", "Ann", "Anna", "Robert", "Bob", "秀英")
_CITIES = ("上海", "北京", "Leeds")
_CORES = ("贝尔", "华为", "Intertech", "northwind")


@dataclass
class Linked:
    """Random records, linked, and their index."""

    index: Path
    model: StoredModel
    pairs: pl.DataFrame
    keys: list[str]


def _person(dice: Random, number: int) -> dict[str, Any]:
    family, given = dice.choice(_SURNAMES), dice.choice(_GIVEN)
    return {
        "kind": "person",
        "family_name": family,
        "given_name": given,
        "name": f"{family}{given}" if number % 5 else f"{given} {family}",
        "birth_date": date(1950, 1, 1) + timedelta(days=dice.randrange(14_000)),
        "phones": [f"+86138{dice.randrange(10**8):08}"],
        "emails": [f"someone{dice.randrange(10**6)}@example.com"],
        "city": dice.choice(_CITIES),
        "street": f"Road {dice.randrange(60)}",
        "postcode": f"{200_000 + dice.randrange(40)}",
        "gender": dice.choice(("female", "male")),
    }


def _organisation(dice: Random) -> dict[str, Any]:
    core, city = dice.choice(_CORES), dice.choice(_CITIES)
    return {
        "kind": "organisation",
        "name": f"{city}{core}{dice.choice(('科技有限公司', '贸易有限公司', ' Ltd'))}{dice.randrange(40)}",
        "phones": [f"+8621{dice.randrange(10**8):08}"],
        "website": f"https://{dice.choice(_CORES)}{dice.randrange(9)}.cn",
        "city": city,
        "street": f"Road {dice.randrange(60)}",
    }


def _again(dice: Random, row: dict[str, Any]) -> dict[str, Any]:
    """The same customer as another system knows it: a few cells gone or somebody else's."""
    other = _person(dice, 1) if row["kind"] == "person" else _organisation(dice)
    names = [name for name in row if name != "kind"]
    gone, wrong = dice.sample(names, 2), dice.sample(names, 1)
    return {**row, **dict.fromkeys(gone), **{name: other[name] for name in wrong}}


def random_records(seed: int) -> list[dict[str, Any]]:
    dice, rows = Random(seed), []
    for number in range(220):
        row = _person(dice, number) if number % 3 else _organisation(dice)
        rows += [row, *(_again(dice, row) for _ in range(dice.randrange(3)))]
    for given, family in (("Zebedee", "Cholmondeley"), ("Quenby", "Ruthven")):  # nothing in common but a rare name
        rows += [{"kind": "person", "given_name": given, "family_name": family, "gender": "male"} for _ in "ab"]
    return [{"record_key": f"s/e/{number:04}", **row} for number, row in enumerate(rows)]


@pytest.fixture(scope="module", params=[1, 2])
def linked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Linked]:
    """Some 440 people and organisations; every pair from a millionth on is stored."""
    folder = tmp_path_factory.mktemp("linked")
    with Warehouse.open(folder / "warehouse.duckdb", temporary=folder / "temporary") as warehouse:
        rows = random_records(request.param)
        fill_customers(warehouse, rows)
        models = ModelStore(folder / "models")
        index = folder / "matching.duckdb"
        pair_records(warehouse, models, review_threshold=1e-6, index_file=index)
        _with_namesakes(models)
        pair_records(warehouse, models, review_threshold=1e-6, index_file=index)
        used = models.latest()
        assert used is not None
        pairs = warehouse.frame(f"SELECT * FROM {PAIRS.qualified} ORDER BY ALL")
        yield Linked(index, used, pairs, [row["record_key"] for row in rows])


def _with_namesakes(models: ModelStore) -> None:
    """Another version, to which namesakes agree in other shares: so few records teach nothing of them."""
    before = models.latest()
    assert before is not None
    for population in before.model["populations"].values():
        levels = population["namesakes"]["levels"]
        levels |= {name: [0.9 - 0.7 * n for n in range(len(weights))] for name, weights in levels.items()}
    card = {name: told for name, told in before.card.items() if name != "version"}
    frequencies, left_out = before.term_frequencies(), before.left_out()
    models.append(before.model, card, term_frequencies=frequencies, left_out=left_out)


def explained(linked: Linked, pairs: pl.DataFrame) -> ExplainedPairs:
    with open_reader(linked.index) as index:
        return explain_pairs(index, linked.model, pairs)


def test_parts_sum_to_the_stored_weight(linked: Linked) -> None:
    """Prior, comparisons, rarity, namesakes, corrections sum to `link.pairs.match_weight` for every stored pair."""
    told = explained(linked, linked.pairs)
    parts = told.comparisons.group_by(ENDS).agg(pl.sum_horizontal("weight", "rarity", "namesakes").sum().alias("added"))
    both = linked.pairs.join(told.pairs, on=ENDS, suffix="_told").join(parts, on=ENDS)
    assert both.height == linked.pairs.height > 500
    total = pl.sum_horizontal("prior", "added", "related_correction", "ceiling_correction")
    assert both.select((total - pl.col("match_weight")).abs().max()).item() < 2e-6
    assert both.select((pl.col("match_weight_told") - pl.col("match_weight")).abs().max()).item() < 2e-6
    assert set(both["population"]) == {"people", "organisations"}
    for correction in ("related_correction", "ceiling_correction"):
        assert both[correction].max() <= 0  # type: ignore[operator]
        assert both[correction].min() < -0.1  # type: ignore[operator]
    assert (told.comparisons["rarity"] != 0).any()
    assert (told.comparisons["namesakes"] != 0).any()


def test_rule_is_the_first_that_finds_the_pair(linked: Linked) -> None:
    """The first rule told of a stored pair is the one it is credited to; a pair that no rule finds is not stored."""
    told = explained(linked, all_pairs(linked.keys[:60])).pairs
    stored = linked.pairs.select(*ENDS, "rule")
    joined = told.join(stored, on=ENDS, how="left")
    there = joined.filter(pl.col("rule").is_not_null())
    assert there.height > 10
    assert (there["rules"].list.first() == there["rule"]).all()
    assert joined.filter(pl.col("rules").list.len() == 0)["rule"].drop_nulls().is_empty()
    found = joined.filter((pl.col("rules").list.len() > 0) & (pl.col("match_weight") > -19))
    assert found["rule"].null_count() == 0


def test_thin_evidence_is_bounded(linked: Linked) -> None:
    """The ceiling takes something away just where fewer kinds of evidence agree than are needed, and to 0.9."""
    told = explained(linked, linked.pairs).pairs.filter(pl.col("ceiling_correction") < 0)
    assert told.height
    assert told["agreeing_kinds"].max() < KINDS_NEEDED  # type: ignore[operator]
    probability = 1 / (1 + 2 ** -told["match_weight"])
    assert (probability - THIN_EVIDENCE_CEILING).abs().max() < 1e-9  # type: ignore[operator]


def test_what_is_missing_says_nothing(linked: Linked) -> None:
    """A comparison is called missing just where it adds nothing to either odds; where it is not, both have a value."""
    told = explained(linked, all_pairs(linked.keys[:40])).comparisons
    missing = pl.col("label") == MISSING
    adds = pl.any_horizontal(pl.col("weight", "rarity", "namesakes", "related") != 0)
    assert told.filter(missing & adds).is_empty()
    apart = told.filter(~missing & ~pl.col("comparison").is_in(["address", "domains"]))
    assert apart.height
    assert apart["value_l"].null_count() + apart["value_r"].null_count() == 0


def test_each_pair_alone_as_among_others(linked: Linked) -> None:
    """What is told of a pair does not depend on which others are asked for; strangers to the index are left out."""
    among = explained(linked, linked.pairs.head(50))
    for n in (0, 17, 49):
        alone = explained(linked, linked.pairs[n : n + 1])
        ends = linked.pairs[n : n + 1].select(ENDS)
        assert alone.pairs.equals(among.pairs.join(ends, on=ENDS))
        assert alone.comparisons.equals(among.comparisons.join(ends, on=ENDS))
    gone = explained(linked, pl.DataFrame({"record_key_l": ["s/e/0000"], "record_key_r": ["~"]}))
    assert (gone.pairs.height, gone.comparisons.height) == (0, 0)
    assert is_explainable(linked.model)


def test_all_pairs() -> None:
    """Each pair once, the smaller key left, whatever the order and however often a key is given."""
    assert all_pairs(["b", "a", "c", "a"]).rows() == [("a", "b"), ("a", "c"), ("b", "c")]
    assert all_pairs([]).rows() == []
