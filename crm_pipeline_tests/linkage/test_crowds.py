"""Values that thousands of customers share: no more pairs for them, and as many customers as there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.linkage import cluster_records, pair_records
from crm_pipeline.linkage.model import POPULATIONS
from crm_pipeline.state.models import ModelStore
from crm_pipeline.warehouse import Warehouse

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
