"""Claims on versions of customers."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.golden import record_history
from crm_pipeline.state.history import History
from crm_pipeline.tables import Column, customer_history, customers, extra_column
from crm_pipeline.warehouse import Warehouse

START = datetime(2026, 1, 1)


def publish(
    warehouse: Warehouse, history: History, state: Mapping[str, Any], hour: int, extra: Sequence[str | Column] = ()
) -> int:
    """Fills gold.customers with `state`, customer to name or to all its columns, and records it."""
    rows = [{"customer_id": c, **(v if isinstance(v, dict) else {"name": v})} for c, v in state.items()]
    table = customers(extra)
    frame = pl.DataFrame([[row.get(n) for n in table.column_names] for row in rows], table.polars_schema, orient="row")
    warehouse.replace(table, frame)
    return record_history(warehouse, history, run_id=f"r{hour}", now=START + timedelta(hours=hour), extra_columns=extra)


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
    """Any sequence of publications gives the versions of the oracle, and repeating the last one adds no entry."""
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder))
        for hour, state in enumerate(states):
            publish(warehouse, history, state, hour)
        assert not states or versions(warehouse) == expected_versions(states)
        count = len(history.entries())
        assert publish(warehouse, history, states[-1] if states else {}, 99) == 0
        assert len(history.entries()) == count
        assert not states or versions(warehouse) == expected_versions(states)


def test_gone_and_back(warehouse: Warehouse, tmp_path: Path) -> None:
    """A customer who disappears closes its version; one who comes back gets a new one, with a gap between."""
    history = History(tmp_path)
    for hour, state in enumerate([{"C1": "a"}, {}, {"C1": "a"}]):
        assert publish(warehouse, history, state, hour) == 1
    assert versions(warehouse) == [("C1", 1, *hours(0, 1), "a"), ("C1", 2, *hours(2, None), "a")]
    assert warehouse.exists(customer_history())


def test_every_kind_of_column_counts(warehouse: Warehouse, tmp_path: Path) -> None:
    """A change in a date, a time or an identifier is a change; one in counts and dates of records is none."""
    history = History(tmp_path)
    row: dict[str, Any] = {"name": "a", "record_count": 1}
    publish(warehouse, history, {"C1": row}, 0)
    assert publish(warehouse, history, {"C1": {**row, "record_count": 2}}, 1) == 0
    changes = {"updated_at": datetime(2026, 1, 1, 0, 0, 0, 1), "birth_date": date(1980, 1, 1)}
    for hour, (name, value) in enumerate(changes.items(), start=2):
        row[name] = value
        assert publish(warehouse, history, {"C1": row}, hour) == 1
        assert publish(warehouse, history, {"C1": row}, hour) == 0
    ids = "[{'namespace': 'n', 'value': 'v'}]"
    warehouse.execute(f"UPDATE gold.customers SET external_ids = {ids}")
    assert record_history(warehouse, history, run_id="r", now=START + timedelta(hours=9)) == 1
    assert record_history(warehouse, history, run_id="r", now=START + timedelta(hours=9)) == 0
    assert len(versions(warehouse)) == 4


def test_entry_holds_only_what_changed(warehouse: Warehouse, tmp_path: Path) -> None:
    """The cost of an entry is the number of customers that changed."""
    history = History(tmp_path)
    publish(warehouse, history, {"C1": "a", "C2": "b", "C3": "c"}, 0)
    assert publish(warehouse, history, {"C1": "a", "C2": "x"}, 1) == 2
    assert [entry.row_count for entry in history.entries()] == [3, 2]


def test_extra_columns_come_and_go(warehouse: Warehouse, tmp_path: Path) -> None:
    """Versions from before a column was added have null there; a column that is dropped makes no new version."""
    history = History(tmp_path)
    publish(warehouse, history, {"C1": "a", "C2": "b"}, 0)
    state = {"C1": {"name": "a", "vip": "gold"}, "C2": {"name": "b"}}
    assert publish(warehouse, history, state, 1, ["vip"]) == 1
    found = warehouse.execute("SELECT version, vip FROM gold.customer_history WHERE customer_id = 'C1' ORDER BY 1")
    assert found == [(1, None), (2, "gold")]
    assert publish(warehouse, history, {"C1": "a", "C2": "b"}, 2) == 0
    assert warehouse.exists(customer_history())
    assert len(versions(warehouse)) == 3


def test_an_own_column_may_change_its_type(warehouse: Warehouse, tmp_path: Path) -> None:
    """Stored values of another type are cast, those that do not fit are null; the store stays as it was."""
    history = History(tmp_path)
    publish(
        warehouse, history, {"C1": {"name": "a", "points": "7"}, "C2": {"name": "b", "points": "many"}}, 0, ["points"]
    )
    number = extra_column("points", "number")
    state = {"C1": {"name": "a", "points": Decimal("7.0000")}, "C2": {"name": "b", "points": None}}
    assert publish(warehouse, history, state, 1, [number]) == 0
    found = warehouse.execute("SELECT customer_id, points FROM gold.customer_history ORDER BY 1")
    assert found == [("C1", Decimal("7.0000")), ("C2", None)]


def test_history_is_rebuilt_from_the_store_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    """After the table is lost, a run without changes brings it back equal."""
    history = History(tmp_path)
    publish(warehouse, history, {"C1": "a"}, 0)
    publish(warehouse, history, {"C1": "b"}, 1)
    before = versions(warehouse)
    warehouse.execute("DROP TABLE gold.customer_history")
    assert record_history(warehouse, history, run_id="r", now=START + timedelta(days=9)) == 0
    assert versions(warehouse) == before
