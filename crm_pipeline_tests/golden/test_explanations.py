"""The claim that every golden value, its record, its rule and what lost by which rule are those of plain Python."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from crm_pipeline.golden import Override, Trust, merge_customers
from crm_pipeline.golden.evidence import undeliverable
from crm_pipeline.golden.rules import RULES
from crm_pipeline.settings.survivorship import LINKED, ExpressionRule
from crm_pipeline.tables import CUSTOMER_COLUMNS, QUARANTINE, extra_column, extra_columns, std
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.golden import oracle
from crm_pipeline_tests.golden.oracle import Said, World
from crm_pipeline_tests.golden.tables import load, random_records

EXTRA = ("note", extra_column("points", "number"), extra_column("member", "boolean"), "vip")
STANDARD = [column.name for column in CUSTOMER_COLUMNS]
OWN = [column.name for column in extra_columns(EXTRA)]
SINGLE = [name for name in (*STANDARD, *OWN) if name not in {"phones", "emails", "external_ids"}]
TYPES = {column.name: column.type for column in std("customers", EXTRA).columns}
TODAY = date(2026, 3, 5)
GROUPS: tuple[Mapping[str, Sequence[str]], ...] = (
    LINKED,
    {"address": (), "name": ("name", "given_name"), "birth": ("birth_date", "gender", "points", "vip")},
)
EXPRESSION = ExpressionRule(expression="CASE WHEN source <> 'erp' THEN length(value) * 2 - filled END")


def formula(value: str, record: Mapping[str, Any]) -> float | None:
    filled = sum(record[name] not in (None, []) for name in STANDARD)
    return None if record["source"] == "erp" else len(value) * 2 - filled


def drawn_rules(draw: random.Random, units: Mapping[str, Sequence[str]]) -> dict[str, tuple[Any, ...]]:
    """For each unit up to three rules; here and there a union, where one may be."""
    rules: dict[str, tuple[Any, ...]] = {}
    for name, columns in units.items():
        kinds: list[Any] = [*(rule.name for rule in RULES), EXPRESSION]
        rules[name] = tuple(draw.sample(kinds, draw.randint(0, 3)))
        if len(columns) == 1 and TYPES.get(name) == "VARCHAR" and draw.random() < 0.25:
            rules[name] = ("union",)
    return rules


def names_of(rules: Sequence[Any], columns: Sequence[str]) -> tuple[str, ...]:
    """The names of a unit's rules as the oracle takes them, tie-breaks at the end."""
    own = tuple(rule if isinstance(rule, str) else "expression" for rule in rules)
    if columns[0] in oracle.LISTS:
        return (*own, "position", "value", "record_key")
    return (*(("present",) if len(columns) > 1 else ()), *own, "record_key")


def drawn_overrides(draw: random.Random, records: Sequence[Any], units: Mapping[str, Sequence[str]]) -> list[Said]:
    """Overrides of some records, several of them of one customer, some due."""
    said = []
    for record in draw.sample(records, len(records) // 4):
        columns = draw.choice(list(units.values()))
        given = {
            name: {
                "DATE": "1990-05-06",
                "TIMESTAMP": "2026-02-03 04:05:06",
                "DECIMAL(18,4)": "12.5000",
                "BOOLEAN": "true",
            }.get(TYPES.get(name, ""), draw.choice("王éx"))
            for name in columns
        }
        if len(columns) > 1:
            given[columns[-1]] = None
        said.append(Said(len(said) + 1, record, given, draw.random() < 0.3))
    return said


def drawn_evidence(
    draw: random.Random, warehouse: Warehouse, records: Sequence[Any]
) -> tuple[frozenset[tuple[str, str]], dict[tuple[str, str], datetime]]:
    """Warnings and undeliverable letters and calls, in the warehouse and as the oracle takes them."""
    warned, bounced, rows, talks = set(), {}, [], []
    for number, record in enumerate(draw.sample(records, len(records) // 3)):
        column = draw.choice(["phones", "emails", "name", "industry", "street", "birth_date"])
        severity = draw.choice(["warning", "value"])
        if severity == "warning":
            warned.add((record["record_key"], column))
        rows.append({"source": record["source"], "extract": "customers", "source_id": record["source_id"],
                     "row_hash": record["row_hash"], "columns": [column], "severities": [severity],
                     "business_date": TODAY, "sequence": 1, "line": number})  # fmt: skip
    for number, record in enumerate(draw.sample(records, len(records) // 2)):
        outcome = draw.choice(["退信", "空号，已停机", "Hard BOUNCE", "已成交", None])
        at = datetime(2025, 1, 1) + timedelta(days=draw.randint(0, 500))
        talks.append({"record_key": f"crm/talks/{number}", "valid_from": TODAY, "source": "crm", "outcome": outcome,
                      "customer_record_key": record["record_key"], "occurred_at": at, "extract": "talks",
                      "source_id": str(number), "sequence": 1, "line": 1, "row_hash": "x"})  # fmt: skip
        for kind in undeliverable(outcome or ""):
            bounced[record["record_key"], kind] = max(at, bounced.get((record["record_key"], kind), at))
    for table, made in ((QUARANTINE, rows), (std("interactions"), talks)):
        full = [{name: row.get(name) for name in table.column_names} for row in made]
        warehouse.replace(table, pl.DataFrame(full, schema=table.polars_schema))
    return frozenset(warned), bounced


@pytest.mark.parametrize("seed", range(4))
def test_explanations_of_a_thousand_customers(warehouse: Warehouse, seed: int) -> None:
    """Each column's value, record, rule and losers are the oracle's: all rules, overrides, evidence, linked columns."""
    draw = random.Random(seed)
    records = random_records(seed, 1000, EXTRA)
    groups = {**LINKED, **GROUPS[seed % 2]}
    grouped = {column for columns in groups.values() for column in columns}
    units = {name: tuple(columns) for name, columns in groups.items() if columns}
    units |= {name: (name,) for name in (*SINGLE, *oracle.LISTS) if name not in grouped}
    rules = drawn_rules(draw, units)
    said = drawn_overrides(draw, records, units)
    load(warehouse, records, EXTRA)
    warned, bounced = drawn_evidence(draw, warehouse, records)
    world = World(
        {"crm": 90, "erp": 40, "shop": 40}, STANDARD, {"crm": 30.0, "shop": 365.5}, TODAY, warned, bounced, formula
    )
    merge_customers(
        warehouse,
        rules=rules,
        trust=Trust(world.trust, world.half_lives, TODAY),
        extra_columns=EXTRA,
        linked={name: columns for name, columns in groups.items() if columns},
        overrides=[Override(each.number, each.record["record_key"], each.values, each.is_due) for each in said],
        records_at_once=[700, 10_000][seed // 2],
    )
    clusters, said_of = defaultdict(list), defaultdict(list)
    for record in records:
        clusters[record["_customer"]].append(record)
    for each in said:
        said_of[each.record["_customer"]].append(each)
    golden = {row["customer_id"]: row for row in warehouse.frame("FROM gold.customers").to_dicts()}
    assert golden.keys() == clusters.keys()
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    group_of = {column: name for name, columns in groups.items() for column in columns}
    for row in warehouse.frame("FROM gold.customer_values").to_dicts():
        told = (row["value"], (row["source"], row["extract"], row["source_id"]), row["rule"],
                [tuple(lost.values()) for lost in row["alternatives"]])  # fmt: skip
        found[row["customer_id"]][row["column_name"]] = told
        assert row["linked_group"] == group_of.get(row["column_name"])
    for customer, members in clusters.items():
        expected: dict[str, Any] = {}
        for name, columns in units.items():
            choice = oracle.choose(members, columns, names_of(rules[name], columns), world, said_of[customer])
            assert {c: oracle.text(golden[customer][c]) for c in columns} == choice.golden, (
                customer,
                name,
                rules[name],
            )
            expected |= choice.told
        assert found[customer] == expected


@pytest.mark.parametrize("seed", range(3))
def test_contacts_are_all_kept_and_ranked(warehouse: Warehouse, seed: int) -> None:
    """Every phone and e-mail has a row, ranked by the rules, with its systems; an override that holds is first."""
    draw = random.Random(seed)
    records = random_records(seed, 400)
    units = {"phone": ("phone",), "email": ("email",)}
    rules = {name: tuple(draw.sample([rule.name for rule in RULES], 2)) for name in units}
    said = drawn_overrides(draw, records, units)
    load(warehouse, records)
    warned, bounced = drawn_evidence(draw, warehouse, records)
    world = World({"crm": 90}, STANDARD, warned=warned, bounced=bounced)
    overrides = [Override(each.number, each.record["record_key"], each.values, each.is_due) for each in said]
    merge_customers(warehouse, rules=rules, trust={"crm": 90}, overrides=overrides)
    expected = {}
    for customer in {record["_customer"] for record in records}:
        members = [record for record in records if record["_customer"] == customer]
        own = [each for each in said if each.record["_customer"] == customer]
        for kind in units:
            ranked = oracle.ranking(members, (kind,), names_of(rules[kind], (kind,)), world)
            held = [each.values[kind] for by, each in oracle.overriding(own, (kind,)) if by == "override"]
            for rank, value in enumerate(dict.fromkeys([*held, *(c["values"][0] for c in ranked)]), start=1):
                sources = sorted({c["record"]["source"] for c in ranked if c["values"][0] == value})
                expected[customer, kind, value] = (rank, sources)
    rows = warehouse.frame("FROM gold.customer_contacts").to_dicts()
    assert {(r["customer_id"], r["kind"], r["value"]): (r["rank"], r["sources"]) for r in rows} == expected


@pytest.mark.parametrize("seed", range(3))
def test_linked_columns_never_mix_records(warehouse: Warehouse, seed: int) -> None:
    """The linked columns of each customer are, nulls included, those of one of its records."""
    records = random_records(seed, 300)
    draw = random.Random(seed)
    rules = {name: tuple(draw.sample([rule.name for rule in RULES], 2)) for name in LINKED}
    load(warehouse, records)
    merge_customers(warehouse, rules=rules, trust={"crm": 3})
    for columns in LINKED.values():
        had = defaultdict(set)
        for record in records:
            had[record["_customer"]].add(tuple(record[name] for name in columns))
        for row in warehouse.frame("FROM gold.customers").to_dicts():
            assert tuple(row[name] for name in columns) in had[row["customer_id"]]


def test_external_ids_are_those_of_all_records(warehouse: Warehouse) -> None:
    """A customer has each external id of any of its records once, sorted."""
    records = random_records(5, 200)
    load(warehouse, records)
    merge_customers(warehouse, rules={}, trust={})
    for row in warehouse.frame("FROM gold.customers").to_dicts():
        members = [record for record in records if record["_customer"] == row["customer_id"]]
        ids = {(i["namespace"], i["value"]) for member in members for i in member["external_ids"] or []}
        assert row["external_ids"] == ([{"namespace": n, "value": v} for n, v in sorted(ids)] or None)
