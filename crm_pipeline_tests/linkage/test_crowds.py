"""Values that thousands of customers share: no more pairs for them, and as many customers as there are."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.linkage import cluster_records, pair_records
from crm_pipeline.linkage.explaining.explained_pairs import all_pairs, explain_pairs
from crm_pipeline.linkage.model import POPULATIONS
from crm_pipeline.state.models import ModelStore
from crm_pipeline.warehouse import Warehouse, open_reader

from .conftest import fill_customers
from .test_pairs import people

# What 50,000 customers may share. A credit code of its own makes each company another one.
SHARED_BY_PEOPLE: dict[str, dict[str, Any]] = {
    "a phone": {"phones": ["+8676012345678"]},
    "an e-mail address": {"emails": ["service@shop.example"]},
    "an address": {"street": "1 Factory Road", "city": "Shenzhen", "postcode": "518000", "country": "CN"},
    "an employer": {"organisation": "Foxconn", "organisation_key": "foxconn"},
    "all of these": {
        "phones": ["+8676012345678"], "emails": ["service@shop.example"], "street": "1 Factory Road",
        "city": "Shenzhen", "postcode": "518000", "organisation": "Foxconn", "organisation_key": "foxconn",
    },
}  # fmt: skip
SIZES = [1_000, pytest.param(50_000, marks=pytest.mark.slow)]
# A key that more records share finds no pair; so no rule makes more pairs than this for each record.
_PAIRS_PER_RECORD = {
    rule.name: rule.largest / 2 for population in POPULATIONS for rule in population.blocking_rules
}  # fmt: skip


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("shared", SHARED_BY_PEOPLE.values(), ids=SHARED_BY_PEOPLE)
def test_people_who_share(warehouse: Warehouse, tmp_path: Path, shared: dict[str, Any], count: int) -> None:
    """What all people share makes no pairs beside those of their names, and joins nobody."""
    pairs, customers = _linked(warehouse, tmp_path, _sharing(count, shared))
    # Names alone make about one pair a record at 1,000 and ten at 50,000.
    assert pairs <= 20 * count
    assert customers >= 0.995 * count


@pytest.mark.parametrize("count", SIZES)
def test_companies_of_one_name(warehouse: Warehouse, tmp_path: Path, count: int) -> None:
    """Companies that share a name and a place, each with its own credit code, address and phone, are all customers."""
    rows = [
        {
            "record_key": f"{n:05d}",
            "kind": "organisation",
            "name": "兴隆商店",
            "organisation_core": "兴隆",
            "organisation_key": "兴隆商店",
            "organisation_id": f"91310000{n:09d}X",
            "street": f"{n * 7919 % 99991} {'abcdefgh'[n % 8]}{n * 31 % 9973} road",
            "city": "Shanghai",
            "phones": [f"+86139{n * 104729 % 10**8:08d}"],
        }
        for n in range(count)
    ]
    pairs, customers = _linked(warehouse, tmp_path, rows)
    assert pairs <= 25 * count
    assert customers >= 0.995 * count


def test_the_name_before_the_at_of_a_shared_address_is_left_out_with_it(warehouse: Warehouse, tmp_path: Path) -> None:
    """Colleagues of one name, each with an address of his own beside the office's, agree in no e-mail address."""
    office, names = (
        "desk45@office.example",
        {"family_name": "Quist", "given_name": "Ines", "birth_date": date(1980, 5, 1)},
    )
    rows = [{**person, **(names if n < 2 else {})} for n, person in enumerate(people(400))]
    for n, row in enumerate(rows):
        own = f"z{n}own{n * 7}@mail{n}.example"
        row |= {"record_key": f"{n:05d}", "emails": [office, own] if n < 60 else [own]}
    fill_customers(warehouse, rows)
    models, file = ModelStore(tmp_path / "models"), tmp_path / "matching.duckdb"
    pair_records(warehouse, models, index_file=file)
    stored = models.read(1)
    assert stored.left_out().filter(rule="email")["key"].to_list() == [office]
    with open_reader(file) as index:
        assert index.execute("FROM people_records SELECT mailbox ORDER BY record_key LIMIT 2") == [(None,), (None,)]
        assert index.value("SELECT count(mailbox) FROM people_records") == len(rows) - 60
        explained = explain_pairs(index, stored, all_pairs(["00000", "00001"]))
    assert explained.comparisons.filter(comparison="emails")["label"].to_list() == ["none in common"]


def _sharing(count: int, shared: dict[str, Any]) -> list[dict[str, Any]]:
    """So many people, each with a phone of his own besides."""
    return [
        {"record_key": f"{n:05d}", **person, **shared, "phones": [*shared.get("phones", ()), *person["phones"]]}
        for n, person in enumerate(people(count))
    ]


def _linked(warehouse: Warehouse, folder: Path, rows: list[dict[str, Any]]) -> tuple[int, int]:
    """Pairs compared, which no rule exceeds its share of, and customers; none of more than three records."""
    fill_customers(warehouse, rows)
    summary = pair_records(warehouse, ModelStore(folder / "models"))
    for rule, pairs in summary.pairs_by_rule.items():
        assert pairs <= _PAIRS_PER_RECORD[rule.split(".", 1)[1]] * len(rows)
    clusters = cluster_records(warehouse)
    assert clusters.largest_size <= 3
    return summary.candidate_count, clusters.cluster_count
