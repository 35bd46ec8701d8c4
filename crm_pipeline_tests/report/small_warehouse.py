"""A small warehouse of random rows with a seed, and the rows themselves for counting in plain Python.

Every column that its contract marks as personal holds SECRET in every row where it is filled.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from crm_pipeline.tables import (
    CHECK_RESULTS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    LOADS,
    MEMBERS,
    PAIRS,
    REJECTIONS,
    Table,
    customers,
    published_entity,
    std,
)
from crm_pipeline.warehouse import Warehouse

SECRET = "Geheimnis王芳"
OWN_COLUMN = "loyalty_level"
DAY = date(2026, 1, 2)
SOURCES = ("crm", "shop", "支持<b>\"x\"&'y'")
_COLUMNS = ("name", "city", OWN_COLUMN)

Row = dict[str, Any]


@dataclass
class Rows:
    """What is in each table, as dictionaries."""

    records: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    crosswalk: list[Row] = field(default_factory=list)
    golden: list[Row] = field(default_factory=list)
    values: list[Row] = field(default_factory=list)
    pairs: list[Row] = field(default_factory=list)
    loads: list[Row] = field(default_factory=list)
    rejections: list[Row] = field(default_factory=list)
    checks: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)


def random_rows(seed: int) -> Rows:
    """Some sixty records of twenty customers in three systems, with deliveries, rejections, pairs and verdicts."""
    dice = random.Random(seed)
    rows = Rows()
    for number in range(60):
        _add_record(rows, dice, number)
    _add_customers(rows, dice)
    for source in SOURCES:
        for sequence in (1, 2):
            rows.loads.append(_load(dice, source, sequence))
    for number in range(25):
        matched_by = dice.choice(["model", "model", "identifier"])
        weight = None if matched_by == "identifier" else dice.uniform(-3, 25)
        keys = {"record_key_l": f"{SECRET}{number}", "record_key_r": SECRET, "match_probability": 0.9}
        verdict = dice.choice(["link", "review"])
        rows.pairs.append(
            {**keys, "matched_by": matched_by, "rule": "phone", "match_weight": weight, "verdict": verdict}
        )
    for number in range(6):
        judged = {"judged_count": 60, "failed_count": number, "is_passed": number % 2 == 0, "notes": "Why."}
        rows.checks.append(
            {"table_name": "std.customers", "rule_id": f"r{number}", "kind": "rule", "severity": "value", **judged}
        )
    rows.orders = [
        {"source": "crm", "extract": "orders", "source_id": f"{SECRET}{n}", "customer_id": None if n % 3 else "C1"}
        for n in range(10)
    ]
    return rows


def _add_record(rows: Rows, dice: random.Random, number: int) -> None:
    source = dice.choice(SOURCES)
    key = {"source": source, "extract": "people", "source_id": f"{SECRET}{number}"}
    record_key = f"{source}/people/{SECRET}{number}"
    filled = {name: f"{SECRET}{dice.randrange(3)}" if dice.random() < 0.6 else None for name in _COLUMNS}
    phones = [f"{SECRET}1"] if dice.random() < 0.5 else None
    is_old = number % 10 == 9
    times = {"valid_from": DAY, "valid_to": DAY if is_old else None, "sequence": 1, "line": number + 2}
    rows.records.append({"record_key": record_key, **key, **times, **filled, "phones": phones, "row_hash": SECRET})
    for column in ("name", "phones"):
        if dice.random() < 0.3:
            rejection = {"business_date": DAY, "sequence": 1, "entity": "customers", "line": number + 2}
            cell = {"column_name": column, "value": dice.choice([SECRET, None]), "row_delivered": SECRET}
            rule = {"rule_id": f"customers.{column}_readable", "severity": "value", "reason": "Correct it."}
            rows.rejections.append({**key, **rejection, **cell, **rule})
    if not is_old:
        customer = {"customer_id": f"C{dice.randrange(20)}", "matched_by": "model"}
        rows.members.append({"record_key": record_key, **customer})
        rows.crosswalk.append({**key, **customer, "first_seen_on": DAY})


def _add_customers(rows: Rows, dice: random.Random) -> None:
    for customer in sorted({member["customer_id"] for member in rows.members}):
        mine = [row for row in rows.crosswalk if row["customer_id"] == customer]
        name = SECRET if dice.random() < 0.8 else None
        counts = {"record_count": len(mine), "source_count": len({row["source"] for row in mine})}
        rows.golden.append({"customer_id": customer, "name": name, "phone": None, **counts})
        for column in ("name", "phone"):
            if len(mine) > 1 and dice.random() < 0.7:
                winner, *losers = dice.sample(mine, k=len(mine))
                lost = [{"value": SECRET, **{k: row[k] for k in ("source", "extract", "source_id")}} for row in losers]
                kept = {"customer_id": customer, "column_name": column, "value": SECRET, "rule": "trust"}
                origin = {k: winner[k] for k in ("source", "extract", "source_id")}
                rows.values.append({**kept, **origin, "alternatives": lost})


def _load(dice: random.Random, source: str, sequence: int) -> Row:
    names = ("loaded", "unchanged", "quarantined", "duplicate", "erased")
    counts = {f"{name}_count": dice.randrange(9) for name in names}
    more = {f"{name}_count": dice.randrange(9) for name in ("deleted", "nulled", "flagged")}
    key = {"source": source, "extract": "people", "business_date": DAY, "sequence": sequence, "entity": "customers"}
    return {**key, "delivered_count": sum(counts.values()), **counts, **more}


def fill(warehouse: Warehouse, rows: Rows) -> None:
    """Makes the tables hold the rows."""
    tables: dict[Table, list[Row]] = {
        std("customers", [OWN_COLUMN]): rows.records,
        MEMBERS: rows.members,
        CUSTOMER_RECORDS: rows.crosswalk,
        customers([OWN_COLUMN]): rows.golden,
        CUSTOMER_VALUES: rows.values,
        PAIRS: rows.pairs,
        LOADS: rows.loads,
        REJECTIONS: rows.rejections,
        CHECK_RESULTS: rows.checks,
        published_entity("orders"): rows.orders,
    }
    for table, content in tables.items():
        cells = [[row.get(name) for name in table.column_names] for row in content]
        warehouse.replace(table, pl.DataFrame(cells, table.polars_schema, orient="row"))
