"""Claims on gold.customers, customer_records, customer_values and customer_contacts."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from crm_pipeline.errors import ConfigurationError, ReconciliationError
from crm_pipeline.golden import RULES, merge_customers
from crm_pipeline.tables import CUSTOMER_COLUMNS, CUSTOMER_CONTACTS, CUSTOMER_RECORDS, CUSTOMER_VALUES, customers, std
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.golden import oracle
from crm_pipeline_tests.golden.tables import DAY, load, record

TRUST = {"crm": 90, "erp": 40, "shop": 40}
RECENT = {"default": ("most_recent",)}
LISTS = {"phones": "phone", "emails": "email"}
SINGLE = [c.name for c in CUSTOMER_COLUMNS if c.name not in {*LISTS, "external_ids"}]


def rows(warehouse: Warehouse, table: str) -> list[dict[str, Any]]:
    return warehouse.frame(f"FROM gold.{table} ORDER BY ALL").to_dicts()


def golden(warehouse: Warehouse, customer: str = "C1") -> dict[str, Any]:
    return warehouse.frame("FROM gold.customers WHERE customer_id = ?", [customer]).to_dicts()[0]


def values(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    return {row["column_name"]: row for row in rows(warehouse, "customer_values")}


def random_records(seed: int, customer_count: int) -> list[dict[str, Any]]:
    """Records whose few values, times and sources make ties, nulls and agreement common."""
    draw = random.Random(seed)
    instants = [datetime(2025, 1, 1), datetime(2025, 1, 1, 12, 30), datetime(2026, 3, 1, 0, 0, 0, 123456), None, None]
    made = []
    for number in range(customer_count):
        for position in range(draw.randint(1, 6)):
            cells: dict[str, Any] = {}
            for column in CUSTOMER_COLUMNS:
                few = draw.sample(["王", "王芳", "Ann", "Anna-Maria", "é'\"", "zz"], 3)
                cells[column.name] = {
                    "VARCHAR": draw.choice([None, *few[:2]]),
                    "VARCHAR[]": draw.choice([None, [], few, few[:1], [few[0], None, few[0], few[1]]]),
                    "DATE": draw.choice([None, date(1980, 1, 1), date(1980, 2, 1)]),
                    "TIMESTAMP": draw.choice(instants),
                }.get(column.type, draw.choice([None, [], [{"namespace": "n", "value": draw.choice("ab")}]]))
            made.append(
                record(
                    f"C{number}",
                    draw.choice(["crm", "erp", "shop", "unknown"]),
                    f"{number}-{position}",
                    valid_from=DAY + timedelta(days=draw.randint(0, 2)),
                    **cells,
                )
            )
    draw.shuffle(made)
    return made


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_plain_python(warehouse: Warehouse, seed: int) -> None:
    """Each golden value, its record, rule and alternatives, and each contact's rank, are those of the oracle."""
    records = random_records(seed, 120)
    draw = random.Random(seed)
    names = [rule.name for rule in RULES]
    rules = {name: tuple(draw.sample(names, draw.randint(0, 3))) for name in (*SINGLE, *LISTS.values())}
    load(warehouse, records)
    merge_customers(warehouse, rules=rules, trust=TRUST)
    clusters = defaultdict(list)
    for row in records:
        clusters[row["_customer"]].append(row)
    expected_values, expected_contacts, expected_customers = {}, {}, {}
    for customer, members in clusters.items():
        best = {}
        for column in (*SINGLE, *LISTS):
            name = LISTS.get(column, column)
            breaks = ("position", "value", "record_key") if column in LISTS else ("record_key",)
            order = (*rules[name], *breaks)
            made = oracle.choice(members, column, order, TRUST)
            if made:
                expected_values[customer, name] = made
            ranked = oracle.ranking(members, column, order, TRUST)
            best[name] = ranked[0]["value"] if ranked else None
            if column in LISTS:
                for rank, value in enumerate(dict.fromkeys(c["value"] for c in ranked), start=1):
                    sources = sorted({c["record"]["source"] for c in ranked if c["value"] == value})
                    expected_contacts[customer, name, value] = (rank, sources)
        ids = {(i["namespace"], i["value"]) for m in members for i in m["external_ids"] or []}
        best["external_ids"] = [{"namespace": n, "value": v} for n, v in sorted(ids)] or None
        expected_customers[customer] = best
    found_values = {
        (row["customer_id"], row["column_name"]): (
            row["value"],
            f"{row['source']}/{row['extract']}/{row['source_id']}",
            row["rule"],
            [tuple(alternative.values()) for alternative in row["alternatives"]],
        )
        for row in rows(warehouse, "customer_values")
    }
    assert found_values == expected_values
    found_contacts = {
        (row["customer_id"], row["kind"], row["value"]): (row["rank"], row["sources"])
        for row in rows(warehouse, "customer_contacts")
    }
    assert found_contacts == expected_contacts
    for row in rows(warehouse, "customers"):
        expected = expected_customers[row["customer_id"]]
        found = {name: row[name] for name in expected}
        texts = {n: oracle.text(v) if v is not None and n != "external_ids" else v for n, v in found.items()}
        assert texts == expected


def test_row_order_does_not_matter(warehouse: Warehouse) -> None:
    """The four tables are the same whatever the order of the records."""
    records = random_records(7, 60)
    tables = ("customers", "customer_records", "customer_values", "customer_contacts")
    load(warehouse, records)
    merge_customers(warehouse, rules=RECENT, trust=TRUST)
    before = [rows(warehouse, table) for table in tables]
    load(warehouse, sorted(records, key=lambda row: str(row["record_key"]), reverse=True))
    merge_customers(warehouse, rules=RECENT, trust=TRUST)
    assert [rows(warehouse, table) for table in tables] == before


def test_tables_have_their_contract(warehouse: Warehouse) -> None:
    """All four tables have exactly the columns and types of the contract, extra columns included."""
    load(warehouse, [record("C1", "crm", "1", vip="gold"), record("C1", "erp", "2", vip="silver")], ["vip"])
    summary = merge_customers(warehouse, rules={"vip": ("trust",)}, trust=TRUST, extra_columns=["vip"])
    for table in (customers(["vip"]), CUSTOMER_RECORDS, CUSTOMER_VALUES, CUSTOMER_CONTACTS):
        assert warehouse.exists(table)
    assert golden(warehouse)["vip"] == "gold"
    assert (summary.customer_count, summary.record_count, summary.choice_count) == (1, 2, 1)
    assert not warehouse.execute("SELECT table_name FROM duckdb_tables() WHERE temporary")


def test_tie_falls_to_the_next_rule(warehouse: Warehouse) -> None:
    """Of two equally trusted values the longer wins, and `longest` is named as the rule that decided."""
    load(warehouse, [record("C1", "erp", "1", name="王芳"), record("C1", "shop", "2", name="王芳芳")])
    merge_customers(warehouse, rules={"name": ("trust", "longest")}, trust=TRUST)
    assert (golden(warehouse)["name"], values(warehouse)["name"]["rule"]) == ("王芳芳", "longest")


def test_length_is_in_characters(warehouse: Warehouse) -> None:
    """Two Chinese characters (six bytes) are shorter than three Latin ones."""
    load(warehouse, [record("C1", "crm", "1", name="王芳"), record("C1", "crm", "2", name="Ann")])
    merge_customers(warehouse, rules={"name": ("longest",)}, trust=TRUST)
    assert golden(warehouse)["name"] == "Ann"


def test_last_tie_break_is_the_record_key(warehouse: Warehouse) -> None:
    """What no rule decides goes to the smallest record key, and the table says so."""
    load(warehouse, [record("C1", "shop", "1", city="上海"), record("C1", "erp", "2", city="北京")])
    merge_customers(warehouse, rules={"default": ("most_recent", "trust")}, trust=TRUST)
    assert (golden(warehouse)["city"], values(warehouse)["city"]["rule"]) == ("北京", "record_key")


def test_rule_is_measured_against_the_best_other_value(warehouse: Warehouse) -> None:
    """A record that agrees with the winner is not what it was chosen against."""
    records = [
        record("C1", "crm", "1", city="上海", updated_at=datetime(2026, 1, 2)),
        record("C1", "crm", "2", city="上海", updated_at=datetime(2026, 1, 1)),
        record("C1", "erp", "3", city="北京", updated_at=datetime(2026, 1, 2)),
    ]
    load(warehouse, records)
    merge_customers(warehouse, rules={"city": ("most_recent", "most_frequent")}, trust=TRUST)
    found = values(warehouse)["city"]
    assert (found["source_id"], found["rule"]) == ("1", "most_frequent")
    assert [alternative["source_id"] for alternative in found["alternatives"]] == ["3"]


def test_most_recent_falls_back_on_created_and_delivered(warehouse: Warehouse) -> None:
    """Without updated_at the creation counts, without that the business date of the delivery."""
    records = [
        record("C1", "crm", "1", city="a", updated_at=datetime(2025, 12, 1)),
        record("C1", "crm", "2", city="b", created_at=datetime(2025, 12, 2)),
        record("C1", "crm", "3", city="c", valid_from=date(2025, 12, 3)),
    ]
    load(warehouse, records)
    merge_customers(warehouse, rules=RECENT, trust=TRUST)
    assert golden(warehouse)["city"] == "c"
    merge_customers(warehouse, rules={"default": ("oldest",)}, trust=TRUST)
    assert golden(warehouse)["city"] == "a"


def test_null_never_wins(warehouse: Warehouse) -> None:
    """A newer record without a value does not clear one; a column without any value is null; neither is a choice."""
    newer = record("C1", "crm", "2", updated_at=datetime(2026, 5, 1))
    load(warehouse, [record("C1", "crm", "1", city="上海"), newer, record("C1", "erp", "3", city="上海")])
    merge_customers(warehouse, rules=RECENT, trust=TRUST)
    found = golden(warehouse)
    assert (found["city"], found["street"], found["phone"], found["external_ids"]) == ("上海", None, None, None)
    assert values(warehouse) == {}


def test_contacts_by_position_then_value(warehouse: Warehouse) -> None:
    """Among equal records the first number of a record beats a second one, and the smaller of two first ones wins."""
    phones = [["+862", "+863"], ["+861", "+863"]]
    load(warehouse, [record("C1", "crm", str(n), phones=numbers) for n, numbers in enumerate(phones)])
    merge_customers(warehouse, rules=RECENT, trust=TRUST)
    ranked = {row["rank"]: row["value"] for row in rows(warehouse, "customer_contacts")}
    assert ranked == {1: "+861", 2: "+862", 3: "+863"}
    assert (golden(warehouse)["phone"], values(warehouse)["phone"]["rule"]) == ("+861", "value")


def test_deleted_records(warehouse: Warehouse) -> None:
    """Deleted records give no values but keep their row, their customer and their part in the dates."""
    records = [
        record("C1", "crm", "1", city="old", valid_from=date(2025, 1, 1), valid_to=date(2025, 2, 1)),
        record("C1", "crm", "1", city="older", valid_from=date(2025, 2, 1), valid_to=date(2026, 3, 1)),
        record("C1", "erp", "2", city="new"),
        record("C1", "erp", "3", city="new", valid_from=date(2025, 5, 1), valid_to=date(2025, 6, 1)),
        record("C1", "erp", "3", city="new", valid_from=date(2025, 7, 1)),
        record(None, "shop", "4", valid_to=date(2026, 1, 5)),
    ]
    load(warehouse, records)
    summary = merge_customers(warehouse, rules=RECENT, trust=TRUST)
    found = golden(warehouse)
    assert (found["city"], found["record_count"], found["source_count"]) == ("new", 2, 1)
    assert (found["first_seen_on"], found["changed_on"]) == (date(2025, 1, 1), date(2026, 3, 1))
    by_id = {row["source_id"]: row for row in rows(warehouse, "customer_records")}
    deleted = by_id["1"]
    assert (deleted["customer_id"], deleted["first_seen_on"]) == ("C1", date(2025, 1, 1))
    assert (deleted["deleted_on"], deleted["matched_by"]) == (date(2026, 3, 1), None)
    assert (by_id["3"]["first_seen_on"], by_id["3"]["deleted_on"]) == (date(2025, 5, 1), None)
    assert by_id["4"]["customer_id"] is None
    assert (summary.record_count, summary.deleted_record_count) == (2, 2)


def test_nothing_at_all(warehouse: Warehouse) -> None:
    """Without any record the four tables are there and empty."""
    load(warehouse, [])
    summary = merge_customers(warehouse, rules=RECENT, trust={})
    assert (summary.customer_count, summary.choice_count, summary.contact_count) == (0, 0, 0)
    assert warehouse.exists(customers())


def test_records_without_a_customer_stop_the_merge(warehouse: Warehouse) -> None:
    """A current record that is no customer's is a lost record, and the merge refuses."""
    load(warehouse, [record("C1", "crm", "1"), record("C1", "crm", "2")])
    warehouse.execute("DELETE FROM link.members WHERE record_key = 'crm/customers/2'")
    with pytest.raises(ReconciliationError, match="1 records without a customer"):
        merge_customers(warehouse, rules=RECENT, trust=TRUST)


def test_large_inputs_keep_every_row(warehouse: Warehouse) -> None:
    """More rows than one row group of the storage (122,880) come out as many as went in."""
    load(warehouse, [])
    warehouse.replace(
        std("customers"),
        "SELECT 'crm' AS source, 'c' AS extract, 'crm/c/' || i AS record_key, CAST(i AS VARCHAR) AS source_id,"
        " DATE '2026-01-01' AS valid_from, 'n' || i AS name, ['+86' || i] AS phones FROM range(260000) AS t(i)",
    )
    members = "SELECT record_key, 'C' || (CAST(source_id AS BIGINT) // 2) AS customer_id FROM std.customers"
    warehouse.execute(f"INSERT INTO link.members BY NAME {members}")
    summary = merge_customers(warehouse, rules={"default": ()}, trust={})
    assert (summary.customer_count, summary.choice_count, summary.contact_count) == (130000, 260000, 260000)
    stored = warehouse.execute("SELECT count(name), count(DISTINCT phone) FROM gold.customers")
    assert stored == [(130000, 130000)]
    assert warehouse.execute("SELECT count(value) FROM gold.customer_values WHERE rule IS NOT NULL") == [(260000,)]


@pytest.mark.parametrize(
    ("rules", "nearest"),
    [
        ({"name": ("trust", "zzz")}, "Correct or remove it"),
        ({"name": ("most_recnt",)}, "Did you mean 'most_recent'"),
        ({"nmae": ("trust",)}, "Did you mean 'name'"),
        ({"external_ids": ("trust",)}, "external_ids"),
    ],
)
def test_unknown_names_are_refused(warehouse: Warehouse, rules: dict[str, tuple[str, ...]], nearest: str) -> None:
    """An unknown rule or column is the operator's to correct, with the nearest known name."""
    with pytest.raises(ConfigurationError, match=nearest):
        merge_customers(warehouse, rules=rules, trust=TRUST)
