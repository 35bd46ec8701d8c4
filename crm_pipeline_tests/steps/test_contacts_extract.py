"""Claims on contacts delivered as an extract of their own, and on opportunities and payments with their customers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import ENTITIES, FORMER_MEMBERS, LOADS, MEMBERS, customers
from crm_pipeline.warehouse.models import run_model
from crm_pipeline_tests.steps.building import land, project_of, running

TEXT = """\
version: 1
timezone: Asia/Shanghai
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: id
        columns: {name: name, kind: {constant: organisation}, external_ids: {erp: erp}}
      contacts:
        read: {file: "in/k_{date}.csv"}
        primary_key: id
        columns: {name: name, customer: company, phones: [phone]}
      opportunities:
        read: {file: "in/o_{date}.csv"}
        primary_key: id
        columns: {customer: cust, name: title, stage: stage, amount: amount, probability: chance, opened_at: opened}
  fin:
    extracts:
      payments:
        read: {file: "in/p_{date}.csv"}
        load: incremental
        primary_key: id
        columns: {customer_external_ids: {erp: erp}, amount: amount, paid_at: paid, order_number: order}
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A run with two companies, their contacts, opportunities and payments applied, each record its own customer."""
    with running(project_of(tmp_path, TEXT)) as opened:
        companies = [("1", "Anna AG", "E1"), ("2  b", "Otto KG", "")]
        land(opened, 1, ("id", "name", "erp"), companies, source="crm", extract="customers")
        people = [("7", "王小明", "1", "13800138010"), ("8", "Jo", " 2  b ", ""), ("9", "No One", "", "")]
        land(opened, 1, ("id", "name", "company", "phone"), people, source="crm", extract="contacts")
        sales = [
            ("1", "1", "Anna 2026", "won", "10", "0.5", "2026-01-01 07:00"),
            ("2", "99", "?", "", "-1", "101", "x"),
        ]
        names = ("id", "cust", "title", "stage", "amount", "chance", "opened")
        land(opened, 1, names, sales, source="crm", extract="opportunities")
        paid = [("1", "e1", "-5", "2026-01-01", "O1"), ("2", "", "", "2027-01-01", "")]
        land(opened, 1, ("id", "erp", "amount", "paid", "order"), paid, source="fin", extract="payments")
        for entity in ENTITIES:
            apply_entity(opened, entity)
        keys = [row[0] for row in opened.warehouse.execute("SELECT record_key FROM std.customers ORDER BY 1")]
        for table, rows in (
            (MEMBERS, {"record_key": keys, "customer_id": [f"C-{key}" for key in keys]}),
            (FORMER_MEMBERS, {}),
            (customers(), {"customer_id": [f"C-{key}" for key in keys]}),
        ):
            opened.warehouse.ensure(table)
            if rows:
                with opened.warehouse.registered("given", pl.DataFrame(rows)):
                    columns = ", ".join(rows)
                    opened.warehouse.execute(f"INSERT INTO {table.qualified} ({columns}) SELECT {columns} FROM given")
        yield opened


def build(run: Run, *names: str) -> None:
    for name in names:
        run_model(run.warehouse, run.sql_models[name])


def test_contacts_are_persons_among_the_customers(run: Run) -> None:
    """A contact is a person in std.customers, related to the record it names letter by letter; loads are its own."""
    rows = run.warehouse.execute(
        "SELECT record_key, kind, related_record_key FROM std.customers WHERE extract = 'contacts' ORDER BY 1"
    )
    assert rows == [
        ("crm/contacts/7", "person", "crm/customers/1"),
        ("crm/contacts/8", "person", "crm/customers/2  b"),
        ("crm/contacts/9", "person", None),
    ]
    loads = run.warehouse.execute(f"SELECT extract, entity, loaded_count FROM {LOADS.qualified} WHERE source = 'crm'")
    assert ("contacts", "customers", 3) in loads


def test_relations_of_contacts(run: Run) -> None:
    """Each contact that names a living record is related to that record's customer."""
    build(run, "link.employments", "link.households", "link.branches", "gold.customer_relations")
    rows = run.warehouse.execute("SELECT customer_id, related_customer_id FROM gold.customer_relations ORDER BY 1")
    assert rows == [("C-crm/contacts/7", "C-crm/customers/1"), ("C-crm/contacts/8", "C-crm/customers/2  b")]


def test_opportunities_and_payments(run: Run) -> None:
    """Both find their customers, by record and by identifier; those that don't are orphans, not lost."""
    build(run, "gold.customer_identifiers", "gold.opportunities", "gold.payments", "gold.orders", "gold.tickets",
          "gold.interactions", "mart.orphans")  # fmt: skip
    sales = run.warehouse.execute("SELECT source_id, customer_id, amount::VARCHAR, probability FROM gold.opportunities")
    assert sorted(row[:3] for row in sales) == [("1", "C-crm/customers/1", "10.0000"), ("2", None, None)]
    assert [row[3] for row in sales if row[0] == "2"] == [None]  # 101 is no chance
    paid = run.warehouse.execute("SELECT source_id, customer_id, amount::INTEGER FROM gold.payments ORDER BY 1")
    assert paid == [("1", "C-crm/customers/1", -5), ("2", None, None)]
    assert run.warehouse.execute("SELECT entity, source_id FROM mart.orphans ORDER BY ALL") == [
        ("opportunities", "2"), ("payments", "2"),
    ]  # fmt: skip
    days = run.warehouse.execute("SELECT paid_on FROM std.payments ORDER BY source_id")
    assert days == [(date(2026, 1, 1),), (date(2027, 1, 1),)]


def test_what_is_wrong_with_them(run: Run) -> None:
    """Each broken rule is recorded once."""
    rules = run.warehouse.execute("SELECT rule_id FROM ops.rejections WHERE entity <> 'customers' ORDER BY 1")
    assert [rule for (rule,) in rules] == [
        "opportunities.amount_not_negative", "opportunities.opened_at_readable", "opportunities.probability_is_share",
        "opportunities.stage_present", "payments.amount_present", "payments.paid_at_not_in_future",
    ]  # fmt: skip
