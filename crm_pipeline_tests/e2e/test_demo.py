"""Claims on the demo, the data of two real systems: what it comes to, and that no person leaks out of it."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.publish import query
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e import oracle

FATES = "delivered, loaded, unchanged, quarantined, duplicates, erased"
BALANCE = {
    "crm.customers": (18_494, 18_484, 0, 4, 6, 0),
    "crm.orders": (60_398, 60_398, 0, 0, 0, 0),
    "crm.products": (397, 397, 0, 0, 0, 0),
    "erp.customers": (18_484, 18_484, 0, 0, 0, 0),
    "erp.locations": (18_484, 18_484, 0, 0, 0, 0),
}
# rule: extract, severity, rows, the oracle's lines
PLANTED: dict[str, tuple[str, str, int, Callable[[oracle.Extracts], set[int]]]] = {
    "customers.primary_key_unique": ("crm.customers", "duplicate", 6, lambda x: oracle.surplus_lines(x.crm)),
    "customers.source_id_present": ("crm.customers", "row", 4, lambda x: oracle.lines_without_id(x.crm)),
    "customers.birth_date_not_in_future": ("erp.customers", "value", 16, lambda x: oracle.lines_born_in_future(x.erp)),
    "orders.amount_equals_quantity_times_price": (
        "crm.orders", "value", 35, lambda x: oracle.lines_of_bad_amounts(x.orders),
    ),
    "orders.ordered_on_readable": ("crm.orders", "value", 2, lambda x: oracle.lines_of_bad_order_dates(x.orders)),
    "orders.ordered_on_placeholder": ("crm.orders", "value", 17, lambda x: oracle.lines_without_order_date(x.orders)),
}  # fmt: skip


@pytest.fixture(scope="module")
def extracts(demo: projects.Finished) -> oracle.Extracts:
    """The demo's files."""
    return oracle.Extracts.of(demo.folder)


@pytest.fixture(scope="module")
def ask(demo: projects.Finished) -> Callable[[str], list[dict[str, Any]]]:
    """The rows of a select on what the demo published."""
    return lambda sql: query(demo.folder / "published/crm.duckdb", sql).to_dicts()


def test_every_delivered_row_has_one_fate(demo: projects.Finished, ask: Callable[[str], list[dict[str, Any]]]) -> None:
    """Per delivery the published counts are the expected ones, add up, and are what the command printed."""
    sql = f"SELECT source || '.' || extract AS name, {', '.join(f'{f.strip()}_count' for f in FATES.split(','))}"
    sql = sql.replace("duplicates_count", "duplicate_count")
    counted = {row.pop("name"): tuple(row.values()) for row in ask(f"{sql} FROM loads")}
    assert counted == BALANCE
    assert all(delivered == sum(fates) for delivered, *fates in counted.values())
    for name, counts in BALANCE.items():
        line = next(line for line in demo.stdout.splitlines() if line.startswith(f"{name} ") and line.count(" 0") > 1)
        assert line.split()[3:] == [f"{count:,}" for count in counts]


def test_three_extracts_become_the_customers_of_the_crm(
    demo: projects.Finished, ask: Callable[[str], list[dict[str, Any]]]
) -> None:
    """18,494 CRM rows, 18,484 ERP customers and 18,484 ERP locations are 18,484 customers of three records each."""
    sizes = ask("SELECT record_count, source_count, count(*) AS customers FROM customers GROUP BY ALL")
    assert sizes == [{"record_count": 3, "source_count": 2, "customers": 18_484}]
    assert "55,462 customer records are 18,484 customers." in demo.stdout
    assert "60,398 of 60,398 order lines have their customer; 0 orphans." in demo.stdout


@pytest.mark.parametrize("rule", PLANTED)
def test_each_planted_defect_is_found_and_nothing_else(
    rule: str, demo: projects.Finished, extracts: oracle.Extracts
) -> None:
    """A rule rejects exactly the lines that the oracle rejects, with its severity, and the command prints the count."""
    extract, severity, rows, expected = PLANTED[rule]
    found = _rejected(demo, rule)
    assert {row["line"] for row in found} == expected(extracts)
    assert len(found) == rows
    assert {f"{row['source']}.{row['extract']}" for row in found} == {extract}
    assert {row["severities"][row["reasons"].index(rule)] for row in found} == {severity}
    keys = len({row["source_id"] for row in found if row["source_id"]})
    assert re.search(rf"^{re.escape(extract)} +{re.escape(rule)} +{severity} +{rows} +{keys}$", demo.stdout, re.M)


def test_five_ids_are_repeated(demo: projects.Finished) -> None:
    """The six surplus rows have five ids."""
    surplus = _rejected(demo, "customers.primary_key_unique")
    assert sorted(Counter(row["source_id"] for row in surplus).values()) == [1, 1, 1, 1, 2]


def test_rejected_rows_keep_what_was_delivered(demo: projects.Finished, extracts: oracle.Extracts) -> None:
    """Every quarantined row has the cells of its line in the delivered file, and a reason with advice for each rule."""
    files = {
        "crm.customers": extracts.crm,
        "crm.orders": extracts.orders,
        "erp.customers": extracts.erp,
        "erp.locations": extracts.locations,
    }
    rows = [row for row in _rejected(demo) if f"{row['source']}.{row['extract']}" in files]
    planted = {(extract, line) for extract, _, _, lines in PLANTED.values() for line in lines(extracts)}
    assert {(f"{row['source']}.{row['extract']}", row["line"]) for row in rows} == planted
    for row in rows:
        assert json.loads(row["row_delivered"]) == files[f"{row['source']}.{row['extract']}"][row["line"]]
        assert len(row["advice"]) == len(row["reasons"]) == len(row["delivered_values"])
        assert all(row["advice"])


def test_golden_records_are_those_of_the_oracle(
    ask: Callable[[str], list[dict[str, Any]]], extracts: oracle.Extracts
) -> None:
    """Names, gender, marital status, birth date and country of every customer are what plain Python makes of it."""
    names = [field.name for field in dataclasses.fields(oracle.Golden)]
    found = {
        row["external_ids"][0]["value"]: oracle.Golden(**{name: row[name] for name in names})
        for row in ask("FROM customers")
    }
    assert found == oracle.golden_by_account(extracts)


def test_every_order_line_has_its_customer(
    ask: Callable[[str], list[dict[str, Any]]], extracts: oracle.Extracts
) -> None:
    """Each of 60,398 order lines has the customer that the oracle finds for it, or is listed as an orphan."""
    accounts = {row["customer_id"]: row["external_ids"][0]["value"] for row in ask("FROM customers")}
    lines = ask("SELECT source_id, customer_id FROM orders")
    assert {row["source_id"]: accounts.get(row["customer_id"]) for row in lines} == oracle.accounts_of_orders(extracts)
    assert len(lines) == 60_398
    orphans = {row["source_id"] for row in lines if row["customer_id"] is None}
    assert {row["source_id"] for row in ask("FROM orphans")} == orphans


def test_no_person_is_in_logs_or_in_what_dagster_stores(demo: projects.Finished, extracts: oracle.Extracts) -> None:
    """No longer family name and no account number is in Dagster's storage, printed, or among the records of runs."""
    names = {row["cst_lastname"].strip() for row in extracts.crm.values()}
    told = _bytes_below(demo.folder / "var/dagster") + _bytes_below(demo.folder / "state/history/runs")
    told += demo.stderr.encode() + demo.stdout.encode()
    words = set(re.findall(rb"[A-Za-z]+", told))
    looked_for = {name.encode() for name in names if len(name) >= 6}
    assert len(looked_for) > 100
    assert not looked_for & words
    accounts = {row["cst_key"].encode() for row in extracts.crm.values() if row["cst_key"].startswith("AW")}
    assert not accounts & set(re.findall(rb"AW\d{8}", told))
    assert len(told) > 1_000_000


def _rejected(demo: projects.Finished, rule: str | None = None) -> list[dict[str, Any]]:
    condition = f"WHERE list_contains(reasons, '{rule}')" if rule else ""
    return query(demo.folder / "published/steward.duckdb", f"FROM quarantine {condition}").to_dicts()


def _bytes_below(folder: Path) -> bytes:
    return b"\n".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())
