"""Relations between customers: against a second computation, and where thousands share one value."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from typing import Any

import duckdb
import polars as pl
import pytest

from crm_pipeline.bundled import bundled
from crm_pipeline.tables import MEMBERS, std
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import SCHEMAS
from crm_pipeline.warehouse.models import Models, load_models, run_model, test_model

from .relation_oracle import Pair, Row, branches, employers, households, members

CUSTOMERS = std("customers")
MODELS = ("link.employments", "link.households", "link.branches")
MANY = 20_000


@functools.cache
def shipped() -> Models:
    """The shipped models."""
    return load_models(bundled("dbt_like_sql"))


@pytest.fixture(scope="module")
def empty() -> Iterator[Warehouse]:
    """A warehouse in memory that may not grow: whatever joins thousands with thousands fails in it."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET memory_limit = '400MB'")
    connection.execute("SET temp_directory = ''")
    warehouse = Warehouse(connection)
    for schema in SCHEMAS:
        warehouse.execute(f"CREATE SCHEMA {schema}")
    yield warehouse
    connection.close()


def related(warehouse: Warehouse, rows: list[dict[str, Any]], model: str, where: str = "true") -> set[Pair]:
    """Pairs of customers that the model relates, given records with their customers; all its tests hold."""
    for table in (CUSTOMERS, MEMBERS):
        warehouse.ensure(table)
        warehouse.execute(f"DELETE FROM {table.qualified}")
    filled = [{"valid_from": date(2026, 1, 1), "source": "crm", **row} for row in rows]
    schema = {**CUSTOMERS.polars_schema, "customer_id": pl.String()}
    used = {name: kind for name, kind in schema.items() if name in filled[0]}
    frame = pl.DataFrame(filled, schema=used)
    warehouse.insert(CUSTOMERS, frame.drop("customer_id"))
    warehouse.insert(MEMBERS, frame.select("record_key", "customer_id"))
    run_model(warehouse, shipped()[model])
    assert all(result.failed_count == 0 for result in test_model(warehouse, shipped()[model]))
    return set(warehouse.execute(f"SELECT customer_id, related_customer_id FROM {model} WHERE {where}"))  # type: ignore[arg-type]


TOWNS = 900  # in one warehouse: no address, name or contact of one is known in another


def _towns(seed: int) -> list[list[Row]]:
    """Small towns of people and organisations, whose values are few, so that they meet."""
    random = Random(seed)
    towns = []
    for town in range(TOWNS):
        homes = [f"CN|310115|{town}路|1|2", f"CN|310115|{town}路|1", f"US|Wa|{town}th st|1", f"US|Wa|{town}th st|2"]
        contacts = [f"{who}@{domain}{town}.example" for who, domain in ("ax", "bx", "cx", "ay")]
        names = [f"贝尔{town}", f"贝尔{town}", f"贝尔{town}科技", f"贝尔{town}软件", f"永新贸易{town}"]
        size = random.choice([random.randrange(2, 9), random.randrange(9, 30)])
        towns.append([_resident(random, f"{town:03d}", homes, contacts, names) for _ in range(size)])
    return towns


def _resident(random: Random, town: str, homes: list[str], contacts: list[str], names: list[str]) -> Row:
    is_known = random.random() < 0.7
    key, branch = random.choice(names), random.choice(["杭州分公司", "苏州分公司", None, None, None])
    group = random.choice(["集团", "", ""])  # a branch of a group too
    return {
        "customer_id": f"C{town}{random.randrange(20):02d}",
        "kind": random.choice(["person", "person", "organisation", "organisation", None]),
        "address_key": random.choice([*homes, None]),
        "street_number": random.choice(["1", "1", "1", "1", None]),
        "unit": random.choice(["2", None]),
        "family_name": random.choice(["王", "Wang", "Poe", "Roe", None]),
        "native_name": random.choice(["王芳", None, None]),
        "latin_name": random.choice(["Wang Fang", None]),
        "name_key": random.choice(["fangwang", "weiwang", "annpoe", "bobpoe", None, None]),
        "phones": random.choice([["+8613100000000"[: -len(town)] + town], [], None, None, None, None]),
        "emails": [random.choice(contacts)] if random.random() < (0.8 if is_known else 0.1) else None,
        "name": f"{key}{group}{branch or '有限公司'}" if is_known else None,
        "organisation_key": key if is_known else None,
        "organisation_branch": branch if is_known else None,
        "organisation_id": random.choice([f"91310000A{town}", f"91310000B{town}", None]) if is_known else None,
        "organisation_region_code": random.choice(["310000", "310115", "440100", None]) if is_known else None,
    }


def _numbered(rows: list[Row]) -> list[Row]:
    return [{**row, "record_key": f"crm/c/{n}", "extract": "c", "source_id": str(n)} for n, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("model", "where", "oracle"),
    [
        ("link.households", "true", households),
        ("link.employments", "true", employers),
        ("link.branches", "kind = 'branch_of'", branches),
        ("link.branches", "kind = 'member_of'", members),
    ],
    ids=["households", "employers", "branches", "members"],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_relations_against_loops(
    empty: Warehouse, model: str, where: str, oracle: Callable[[list[Row]], set[Pair]], seed: int
) -> None:
    """In random towns a model finds the relations that comparing everybody with everybody finds, and there are some."""
    towns = _towns(seed)
    expected = {pair for town in towns for pair in oracle(town)}
    assert len(expected) >= 20
    assert related(empty, _numbered([row for town in towns for row in town]), model, where) == expected


CROWDS: dict[str, dict[str, Any]] = {
    "an address": {"kind": "person", "address_key": "US|Wa-Any|5th st|1", "street_number": "1", "family_name": "Poe"},
    "a name and a domain": {
        "kind": "organisation", "name": "Acme", "organisation_key": "acme", "emails": ["a@mailbox.example"]
    },
    "a branch": {"kind": "organisation", "organisation_key": "acme", "organisation_branch": "Leeds Branch"},
    "an employer": {"kind": "person", "organisation_key": "acme"},
}  # fmt: skip


@pytest.mark.parametrize("crowd", CROWDS.values(), ids=CROWDS)
def test_what_thousands_share(empty: Warehouse, crowd: dict[str, Any]) -> None:
    """An address, a name, a domain or an employer of 20,000 relates none of them, and needs no memory to say so."""
    rows = [
        {"record_key": f"crm/c/{n}", "extract": "c", "source_id": str(n), "customer_id": f"C{n}", **crowd}
        for n in range(MANY)
    ]
    for model in MODELS:
        assert related(empty, rows, model) == set()


def test_an_employer_of_thousands(empty: Warehouse) -> None:
    """20,000 who work for the one company of a name are each related to it, beside 20,000 of another name."""
    people = [{"kind": "person", "organisation_key": "acme", "customer_id": f"P{n}"} for n in range(MANY)]
    others = [{"kind": "organisation", "organisation_key": "other", "customer_id": f"O{n}"} for n in range(MANY)]
    rows = _numbered([{"kind": "organisation", "organisation_key": "acme", "customer_id": "A"}, *people, *others])
    assert related(empty, rows, "link.employments") == {(f"P{n}", "A") for n in range(MANY)}


def test_a_home_in_many_records(empty: Warehouse) -> None:
    """Ten who live together, each with 100 records, are 90 relations; no step makes more rows than records."""
    rows = [
        {
            "kind": "person",
            "address_key": "US|Wa|5th st|1",
            "street_number": "1",
            "family_name": "Poe",
            "name_key": f"poe{person}",
            "customer_id": f"C{person}",
        }
        for person in range(10)
        for _ in range(100)
    ]
    assert len(related(empty, _numbered(rows), "link.households")) == 90
    [(_, plan)] = empty.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {shipped()['link.households'].sql}")
    assert max(_rows_made(json.loads(str(plan))["operator"])) == len(rows)


def _rows_made(operators: list[dict[str, Any]]) -> Iterator[int]:
    """Rows that each operator of a plan made."""
    for operator in operators:
        yield operator["intermediate_rows"]
        yield from _rows_made(operator.get("children", []))
