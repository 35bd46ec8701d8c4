"""Claims on versions of customers."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.golden import record_history
from crm_pipeline.tables import Column, customer_history, customers, extra_column
from crm_pipeline.warehouse import Warehouse

START = datetime(2026, 1, 1)


BEFORE = "published_before"


def forget(warehouse: Warehouse) -> None:
    """As before the first publication."""
    attached = warehouse.value("SELECT count(*) FROM duckdb_databases() WHERE database_name = ?", [BEFORE])
    if attached:
        warehouse.execute(f"DETACH {BEFORE}")
    warehouse.execute(f"ATTACH ':memory:' AS {BEFORE}")


def record(warehouse: Warehouse, hour: int, extra: Sequence[str | Column] = ()) -> int:
    """Records gold.customers against the last publication, and publishes: a copy of both tables."""
    is_first = not warehouse.value("SELECT count(*) FROM duckdb_tables() WHERE database_name = ?", [BEFORE])
    before, now = None if is_first else BEFORE, START + timedelta(hours=hour)
    changed = record_history(warehouse, before=before, now=now, extra_columns=extra)
    for table in ("customers", "customer_history"):
        warehouse.execute(f"CREATE OR REPLACE TABLE {BEFORE}.{table} AS FROM gold.{table}")
    return changed


def publish(warehouse: Warehouse, state: Mapping[str, Any], hour: int, extra: Sequence[str | Column] = ()) -> int:
    """Fills gold.customers with `state`, customer to name or to all its columns, and records it."""
    rows = [{"customer_id": c, **(v if isinstance(v, dict) else {"name": v})} for c, v in state.items()]
    table = customers(extra)
    frame = pl.DataFrame([[row.get(n) for n in table.column_names] for row in rows], table.polars_schema, orient="row")
    warehouse.replace(table, frame)
    return record(warehouse, hour, extra)


def versions(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.execute(
        "SELECT customer_id, version, valid_from, valid_to, name FROM gold.customer_history ORDER BY 1, 2"
    )


def hours(*given_hours: int | None) -> tuple[datetime | None, ...]:
    return tuple(None if hour is None else START + timedelta(hours=hour) for hour in given_hours)


def expected_versions(states: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """The same, customer by customer and state by state."""
    found: list[list[Any]] = []
    for customer in sorted({c for state in states for c in state}):
        last: Any = None
        version = 0
        for hour, state in enumerate(states):
            now = state.get(customer)
            if now == last:
                continue
            at = START + timedelta(hours=hour)
            if last is not None:
                found[-1][3] = at
            if now is not None:
                version += 1
                found.append([customer, version, at, None, now])
            last = now
    return [tuple(row) for row in found]


STATES = st.lists(st.dictionaries(st.sampled_from(["C1", "C2", "C3"]), st.sampled_from(["a", "b"])), max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=STATES)
def test_agrees_with_plain_python(warehouse: Warehouse, states: list[dict[str, str]]) -> None:
    """Any sequence of publications gives the versions of the oracle, and repeating the last one changes nothing."""
    forget(warehouse)
    for hour, state in enumerate(states):
        publish(warehouse, state, hour)
    assert not states or versions(warehouse) == expected_versions(states)
    assert publish(warehouse, states[-1] if states else {}, 99) == 0
    assert not states or versions(warehouse) == expected_versions(states)


def test_gone_and_back(warehouse: Warehouse) -> None:
    """A customer who disappears closes its version; one who comes back gets a new one, with a gap between."""
    forget(warehouse)
    for hour, state in enumerate([{"C1": "a"}, {}, {"C1": "a"}]):
        assert publish(warehouse, state, hour) == 1
    assert versions(warehouse) == [("C1", 1, *hours(0, 1), "a"), ("C1", 2, *hours(2, None), "a")]
    assert warehouse.exists(customer_history())


def test_every_kind_of_column_counts(warehouse: Warehouse) -> None:
    """A change in a date, a time or an identifier is a change; one in counts and dates of records is none."""
    forget(warehouse)
    row: dict[str, Any] = {"name": "a", "record_count": 1}
    publish(warehouse, {"C1": row}, 0)
    assert publish(warehouse, {"C1": {**row, "record_count": 2}}, 1) == 0
    changes = {"updated_at": datetime(2026, 1, 1, 0, 0, 0, 1), "birth_date": date(1980, 1, 1)}
    for hour, (name, value) in enumerate(changes.items(), start=2):
        row[name] = value
        assert publish(warehouse, {"C1": row}, hour) == 1
        assert publish(warehouse, {"C1": row}, hour) == 0
    ids = "[{'namespace': 'n', 'value': 'v'}]"
    for hour, value in ((9, ids), (10, "[]"), (11, "NULL")):
        warehouse.execute(f"UPDATE gold.customers SET external_ids = {value}")
        assert record(warehouse, hour) == 1
        assert record(warehouse, hour) == 0
    assert len(versions(warehouse)) == 6


def test_extra_columns_come_and_go(warehouse: Warehouse) -> None:
    """Versions from before a column was added have null there; a column that is dropped makes no new version."""
    forget(warehouse)
    publish(warehouse, {"C1": "a", "C2": "b"}, 0)
    state = {"C1": {"name": "a", "vip": "gold"}, "C2": {"name": "b"}}
    assert publish(warehouse, state, 1, ["vip"]) == 1
    found = warehouse.execute("SELECT version, vip FROM gold.customer_history WHERE customer_id = 'C1' ORDER BY 1")
    assert found == [(1, None), (2, "gold")]
    assert publish(warehouse, {"C1": "a", "C2": "b"}, 2) == 0
    assert warehouse.exists(customer_history())
    assert len(versions(warehouse)) == 3


def test_an_own_column_may_change_its_type(warehouse: Warehouse) -> None:
    """Published values of another type are cast, those that do not fit are null, and neither makes a new version."""
    forget(warehouse)
    publish(warehouse, {"C1": {"name": "a", "points": "7"}, "C2": {"name": "b", "points": "many"}}, 0, ["points"])
    number = extra_column("points", "number")
    state = {"C1": {"name": "a", "points": Decimal("7.0000")}, "C2": {"name": "b", "points": None}}
    assert publish(warehouse, state, 1, [number]) == 0
    found = warehouse.execute("SELECT customer_id, points FROM gold.customer_history ORDER BY 1")
    assert found == [("C1", Decimal("7.0000")), ("C2", None)]
