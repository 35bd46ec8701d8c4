"""Claims on tickets, campaigns and interactions from delivery to the golden table: references, days, rejected cells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.steps.applying.standardise import EntityApplied, apply_entity
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import ENTITIES, FORMER_MEMBERS, MEMBERS, REJECTIONS, customers, std
from crm_pipeline.warehouse.models import run_model
from crm_pipeline_tests.steps.building import land, project_of, running

EVENTS = """\
version: 1
timezone: Asia/Shanghai
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: id
        columns: {name: name, external_ids: {erp: erp}}
      campaigns:
        read: {file: "in/k_{date}.csv"}
        primary_key: code
        columns: {campaign_code: code, cost: cost, started_on: first, ended_on: last}
      calls:
        entity: interactions
        read: {file: "in/i_{date}.csv"}
        load: incremental
        primary_key: id
        columns: {customer: cust, campaign_code: code, kind: what, occurred_at: at}
  desk:
    extracts:
      tickets:
        read: {file: "in/t_{date}.csv"}
        load: incremental
        primary_key: id
        columns:
          customer: {column: cust, extract: crm.customers}
          customer_external_ids: {erp: erp}
          opened_at: opened
          closed_at: closed
          satisfaction: score
"""


TICKETS = ("id", "cust", "erp", "opened", "closed", "score")
CALLS = ("id", "cust", "code", "what", "at")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A run with two customers, of whom the first has the number E1."""
    with running(project_of(tmp_path, EVENTS)) as opened:
        land(
            opened,
            1,
            ("id", "name", "erp"),
            [("1", "Anna", "E1"), ("2", "Otto", "")],
            source="crm",
            extract="customers",
        )
        for entity in ENTITIES:
            apply_entity(opened, entity)
        for table, rows in (
            (MEMBERS, {"record_key": ["crm/customers/1", "crm/customers/2"], "customer_id": ["C1", "C2"]}),
            (FORMER_MEMBERS, {"record_key": ["crm/customers/0"], "customer_id": ["C2"]}),
            (customers(), {"customer_id": ["C1", "C2"]}),
        ):
            opened.warehouse.ensure(table)
            given = pl.DataFrame(rows)
            with opened.warehouse.registered("given", given):
                names = ", ".join(given.columns)
                opened.warehouse.execute(f"INSERT INTO {table.qualified} ({names}) SELECT {names} FROM given")
        yield opened


def build(run: Run, *names: str) -> None:
    """Makes the tables of these models."""
    for name in names:
        run_model(run.warehouse, run.sql_models[name])


def broken(applied: EntityApplied) -> dict[str, int]:
    """Rows that break each rule, where ours and Great Expectations' counts are the same."""
    counts = [dict(frame.select("rule_id", "failed_count").iter_rows()) for frame in (applied.checks, applied.contract)]
    assert counts[0] == counts[1]
    return {rule: count for rule, count in counts[0].items() if count}


def test_tickets_from_delivery_to_the_golden_table(run: Run) -> None:
    """Tickets find customers by record, former record and identifier; a changed one replaces itself; none is lost."""
    first = [
        ("1", "1", "", "2026-01-01 07:00", "", "5"),
        ("2", "0", "E1", "2026-01-01", "", ""),
        ("3", "", " e1", "20260101", "", "4"),
        ("4", "9", "E9", "2026-01-01", "", "0"),
    ]
    land(run, 1, TICKETS, first, source="desk", extract="tickets")
    land(
        run,
        2,
        TICKETS,
        [("1", "1", "", "2026-01-01 07:00", "2026-01-02 08:30", "4.5")],
        source="desk",
        extract="tickets",
    )
    assert broken(apply_entity(run, "tickets")) == {}
    opened = dict(run.warehouse.execute("SELECT source_id, opened_on FROM std.tickets WHERE valid_to IS NULL"))
    assert set(opened.values()) == {date(2026, 1, 1)}
    referring = [f"gold.{entity}" for entity in ("tickets", "orders", "interactions", "opportunities", "payments")]
    build(run, "gold.customer_identifiers", *referring, "mart.orphans")
    found = run.warehouse.execute(
        "SELECT source_id, customer_id, strftime(opened_at, '%d %H:%M'), strftime(closed_at, '%d %H:%M'), "
        "satisfaction::VARCHAR FROM gold.tickets"
    )
    assert found == [
        ("1", "C1", "31 23:00", "02 00:30", "4.5000"),
        ("2", "C2", "31 16:00", None, None),
        ("3", "C1", "31 16:00", None, "4.0000"),
        ("4", None, "31 16:00", None, "0.0000"),
    ]
    assert run.warehouse.execute("SELECT entity, source_id, customer_record_key FROM mart.orphans") == [
        ("tickets", "4", "crm/customers/9")
    ]


def test_what_is_wrong_with_tickets(run: Run) -> None:
    """A time that lies ahead or runs backwards is flagged and kept, a code for no score is not."""
    rows = [
        ("1", "1", "", "2026-01-01 23:59:59", "", "5"),
        ("2", "1", "", "2026-01-02 00:00:00", "", "100"),
        ("3", "1", "", "2026-01-01 09:00", "2026-01-01 08:59", "999"),
        ("4", "1", "", "soon", "", "-1"),
    ]
    land(run, 1, TICKETS, rows, source="desk", extract="tickets")
    assert broken(apply_entity(run, "tickets")) == {
        "tickets.opened_at_present": 1,
        "tickets.opened_at_readable": 1,
        "tickets.opened_at_not_in_future": 1,
        "tickets.closed_not_before_opened": 1,
        "tickets.satisfaction_is_score": 2,
    }
    reasons = run.warehouse.execute(
        f"SELECT source_id, rule_id, severity, value FROM {REJECTIONS.qualified} ORDER BY source_id, rule_id"
    )
    assert reasons == [
        ("2", "tickets.opened_at_not_in_future", "warning", "2026-01-02 00:00:00"),
        ("3", "tickets.closed_not_before_opened", "warning", "2026-01-01 08:59"),
        ("3", "tickets.satisfaction_is_score", "value", "999"),
        ("4", "tickets.opened_at_readable", "value", "soon"),
        ("4", "tickets.satisfaction_is_score", "value", "-1"),
    ]
    kept = run.warehouse.execute(
        "SELECT source_id, opened_at IS NULL, satisfaction::INTEGER FROM std.tickets ORDER BY 1"
    )
    assert kept == [("1", False, 5), ("2", False, 100), ("3", False, None), ("4", True, None)]


def test_interactions_and_their_campaigns(run: Run) -> None:
    """An interaction keeps its code whether or not the campaign is known; a deleted campaign goes, its calls stay."""
    campaigns = [("SPRING", "100", "2026-01-01", "2026-01-31"), ("OLD", "-1", "2026-01-02", "2026-01-01")]
    land(run, 1, ("code", "cost", "first", "last"), campaigns, source="crm", extract="campaigns")
    land(run, 2, ("code", "cost", "first", "last"), campaigns[:1], source="crm", extract="campaigns")
    assert broken(apply_entity(run, "campaigns")) == {
        "campaigns.cost_not_negative": 1,
        "campaigns.ended_not_before_started": 1,
    }
    calls = [
        ("1", "1", "SPRING", "电话", "2026-01-01 10:00"),
        ("2", "2", "OLD", "person", "2026-01-03"),
        ("3", "7", "", "", ""),
    ]
    land(run, 1, CALLS, calls, source="crm", extract="calls")
    assert broken(apply_entity(run, "interactions")) == {
        "interactions.occurred_at_not_in_future": 1,
        "interactions.occurred_at_present": 1,
    }
    build(run, "gold.customer_identifiers", "gold.campaigns", "gold.interactions")
    assert run.warehouse.execute("SELECT campaign_code, cost::INTEGER FROM gold.campaigns") == [("SPRING", 100)]
    assert run.warehouse.execute("SELECT source_id, customer_id, campaign_code, kind FROM gold.interactions") == [
        ("1", "C1", "SPRING", "电话"),
        ("2", "C2", "OLD", "person"),
        ("3", None, None, None),
    ]


def test_a_project_without_such_extracts_has_empty_tables(run: Run) -> None:
    """Without a delivery the tables are there, empty, and break no rule."""
    for entity in ("tickets", "campaigns", "interactions"):
        assert broken(apply_entity(run, entity)) == {}
        assert run.warehouse.count(std(entity)) == 0
