"""Small inputs for golden tests: records by hand or by chance, put into the contract tables."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from crm_pipeline.tables import CUSTOMER_COLUMNS, FORMER_MEMBERS, MEMBERS, Column, extra_columns, std
from crm_pipeline.warehouse import Warehouse

DAY = date(2026, 1, 1)


def record(customer: str, source: str, source_id: str, **values: Any) -> dict[str, Any]:
    """A version of a record; `valid_to` makes it a closed one, `_customer` None one that was never assigned."""
    key = f"{source}/customers/{source_id}"
    known = {"source": source, "extract": "customers", "source_id": source_id, "record_key": key, "valid_from": DAY}
    return {**known, "sequence": 1, "line": 2, "row_hash": key, "_customer": customer, **values}


def load(warehouse: Warehouse, records: Iterable[Mapping[str, Any]], extra: Sequence[str | Column] = ()) -> None:
    """Fills std.customers, link.members and link.former_members from hand-made records."""
    records = list(records)
    table = std("customers", extra)
    rows = [{name: version.get(name) for name in table.column_names} for version in records]
    warehouse.replace(table, pl.DataFrame(rows, schema=table.polars_schema))
    living = {version["record_key"] for version in records if version.get("valid_to") is None}
    members = {version["record_key"]: version["_customer"] for version in records}
    _members(warehouse, {key: customer for key, customer in members.items() if key in living})
    former = [(key, customer) for key, customer in members.items() if key not in living]
    warehouse.replace(FORMER_MEMBERS, pl.DataFrame(former, schema=FORMER_MEMBERS.polars_schema, orient="row"))


def _members(warehouse: Warehouse, customers: Mapping[str, str]) -> None:
    rows = [(key, customer, 0.99, "model") for key, customer in customers.items()]
    warehouse.replace(MEMBERS, pl.DataFrame(rows, schema=MEMBERS.polars_schema, orient="row"))


def random_records(seed: int, customer_count: int, extra: Sequence[str | Column] = ()) -> list[dict[str, Any]]:
    """Records whose few values, times and sources make ties, nulls and agreement common."""
    draw = random.Random(seed)
    instants = [datetime(2025, 1, 1), datetime(2025, 1, 1, 12, 30), datetime(2026, 3, 1, 0, 0, 0, 123456), None, None]
    drawn = [*CUSTOMER_COLUMNS, *extra_columns(extra)]
    made = []
    for number in range(customer_count):
        for position in range(draw.randint(1, 6)):
            cells: dict[str, Any] = {}
            for column in drawn:
                few = draw.sample(["王", "王芳", "Ann", "Anna-Maria", "é'\"", "zz"], 3)
                cells[column.name] = {
                    "VARCHAR": draw.choice([None, *few[:2]]),
                    "VARCHAR[]": draw.choice([None, [], few, few[:1], [few[0], None, few[0], few[1]]]),
                    "DATE": draw.choice([None, date(1980, 1, 1), date(1980, 2, 1)]),
                    "TIMESTAMP": draw.choice(instants),
                    "DECIMAL(18,4)": draw.choice([None, Decimal("-7.0000"), Decimal("1000.5000")]),
                    "BOOLEAN": draw.choice([None, False, True]),
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
