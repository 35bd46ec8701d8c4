"""Claims on gold.customers, customer_records, customer_values and customer_contacts."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from crm_pipeline.errors import ConfigurationError, ReconciliationError
from crm_pipeline.golden import merge_customers
from crm_pipeline.tables import CUSTOMER_CONTACTS, CUSTOMER_RECORDS, CUSTOMER_VALUES, customers, std
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.golden.tables import load, random_records, record

TRUST = {"crm": 90, "erp": 40, "shop": 40}
RECENT = {"default": ("most_recent",)}


def rows(warehouse: Warehouse, table: str) -> list[dict[str, Any]]:
    return warehouse.frame(f"FROM gold.{table} ORDER BY ALL").to_dicts()


def golden(warehouse: Warehouse, customer: str = "C1") -> dict[str, Any]:
    return warehouse.frame("FROM gold.customers WHERE customer_id = ?", [customer]).to_dicts()[0]


def values(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    return {row["column_name"]: row for row in rows(warehouse, "customer_values")}


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
        record("C1", "crm", "1", industry="上海", updated_at=datetime(2026, 1, 2)),
        record("C1", "crm", "2", industry="上海", updated_at=datetime(2026, 1, 1)),
        record("C1", "erp", "3", industry="北京", updated_at=datetime(2026, 1, 2)),
    ]
    load(warehouse, records)
    merge_customers(warehouse, rules={"industry": ("most_recent", "most_frequent")}, trust=TRUST)
    found = values(warehouse)["industry"]
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
