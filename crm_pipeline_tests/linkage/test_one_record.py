"""One record against the published ones: the same candidates and weights as a run over all records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage import pair_records
from crm_pipeline.linkage.one_record import RecordMatcher
from crm_pipeline.state.models import ModelStore, StoredModel
from crm_pipeline.tables import PAIRS, std
from crm_pipeline.warehouse import Warehouse, open_reader

from .conftest import fill_customers
from .matching_index import add_identifiers, write_index
from .test_pairs import labelled

CUSTOMERS = std("customers")
PLACES = (("上海", "200001"), ("北京", "100001"), ("Leeds", "LS1"), ("成都", "610000"))
CORES = ("华通", "北方", "Acme", "蓝天", "长江", "Globex", "东风")
TRADES = ("贸易", "科技", "Logistics")


@dataclass
class Published:
    """A project after a run: its pairs, its model, and the index open for one record after another."""

    rows: dict[str, dict[str, Any]]
    pairs: pl.DataFrame
    used: StoredModel
    matcher: RecordMatcher


def organisations() -> list[dict[str, Any]]:
    """Two hundred records of organisations: names that differ in form or sign, shared telephones, identifiers."""
    random, rows = Random(5), []
    for n in range(200):
        city, postcode = random.choice(PLACES)
        core, trade = random.choice(CORES), random.choice(TRADES)
        number = random.randrange(40)
        rows.append(
            {
                "record_key": f"erp/customers/{n:03}",
                "kind": "organisation",
                "name": f"{core}{number}{trade}有限公司" if random.random() < 0.7 else f"{core}{number} {trade}",
                "name_key": f"{core}{number}{trade}".lower(),
                "phones": [f"+86215{number:07}"] if random.random() < 0.6 else None,
                "emails": [f"info@{core.lower()}{number}.example"] if random.random() < 0.5 else None,
                "organisation_id": f"9131{number:014}" if random.random() < 0.2 else None,
                "external_ids": [{"namespace": "duns", "value": str(number)}] if random.random() < 0.1 else None,
                "city": city,
                "postcode": postcode,
                "street": f"{number} Main Street",
            }
        )
    return [{name: value for name, value in row.items() if name in CUSTOMERS.column_names} for row in rows]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """A thousand people and two hundred organisations, linked, and their index."""
    folder = tmp_path_factory.mktemp("published")
    rows = [*labelled(), *organisations()]
    with Warehouse.open(folder / "warehouse.duckdb", temporary=folder / "temporary") as warehouse:
        fill_customers(warehouse, rows)
        models = ModelStore(folder / "models")
        pair_records(warehouse, models)
        used = models.read(1)
        (folder / "published").mkdir()
        write_index(warehouse, used, folder / "published" / "matching.duckdb")
        add_identifiers(warehouse, folder / "published" / "matching.duckdb")
        pairs = warehouse.frame(f"SELECT * FROM {PAIRS.qualified}")
    with open_reader(folder / "published" / "matching.duckdb") as index, RecordMatcher.open(index, used) as matcher:
        yield Published({row["record_key"]: row for row in rows}, pairs, used, matcher)


def as_new(row: dict[str, Any]) -> pl.DataFrame:
    """A record as somebody types it: no key, no validity."""
    known = {name: value for name, value in row.items() if name != "record_key"}
    schema = {name: kind for name, kind in CUSTOMERS.polars_schema.items() if name in known}
    return pl.DataFrame([known], schema=schema)


def test_weights_are_those_of_the_run(published: Published) -> None:
    """Each record scored as new has exactly the partners, rules and weights that the run over all records gave it."""
    ends = [("record_key_l", "record_key_r"), ("record_key_r", "record_key_l")]
    both = pl.concat(
        [
            published.pairs.rename({one: "own", other: "record_key"}).select(pl.exclude("verdict"))
            for one, other in ends
        ],
        how="diagonal",
    )
    compared = 0
    for key in sorted(published.rows)[::20]:
        found = published.matcher.score(as_new(published.rows[key])).filter(pl.col("record_key") != key)
        probability = 1 / (1 + pl.lit(2.0).pow(-pl.col("match_weight")))
        near = found.filter((pl.col("matched_by") == "identifier") | (probability >= 0.6)).sort("record_key")
        wanted = both.filter(pl.col("own") == key).select(near.columns).sort("record_key")
        assert near.drop("match_weight").equals(wanted.drop("match_weight")), key
        pairs = zip(near["match_weight"], wanted["match_weight"], strict=True)
        assert all(a == b or abs(a - b) <= 1e-6 for a, b in pairs), key
        compared += near.height
    assert compared > 25
    assert set(published.pairs["matched_by"]) == {"identifier", "model"}
    assert published.pairs.filter(pl.col("record_key_l").str.starts_with("erp")).height > 50


def test_order_of_records_leaves_nothing_behind(published: Published) -> None:
    """What was scored before, of whatever population, changes no later score."""
    person, organisation = published.rows["test/people/0001"], published.rows["erp/customers/001"]
    first = [published.matcher.score(as_new(row)) for row in (person, organisation)]
    again = [published.matcher.score(as_new(row)) for row in (organisation, person)]
    assert first[0].equals(again[1])
    assert first[1].equals(again[0])


@pytest.mark.parametrize(
    "row",
    [
        {"city": "Leeds"},
        {"kind": "organisation"},
        {"family_name": None, "given_name": None, "birth_date": date(1890, 1, 1)},
        {"family_name": "Nobody's; DROP TABLE people_keys --", "given_name": "張偉 ' \" \\"},
    ],
)
def test_records_that_find_nobody(row: dict[str, Any], published: Published) -> None:
    """A record with nothing to be found by, or that nobody shares, has no candidate; text is never taken for SQL."""
    assert published.matcher.score(as_new(row)).is_empty()
    assert not published.matcher.score(as_new(published.rows["test/people/0001"])).is_empty()


def test_a_model_of_another_version_is_refused(published: Published, tmp_path: Path) -> None:
    """A model that prepares records otherwise would give other weights, so that it is refused."""
    other = StoredModel(1, tmp_path, {**published.used.model, "preparation_version": 0}, {})
    with (
        Warehouse.in_memory() as index,
        pytest.raises(ConfigurationError, match="another version"),
        RecordMatcher.open(index, other),
    ):
        pass
