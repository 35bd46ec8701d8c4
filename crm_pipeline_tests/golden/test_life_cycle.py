"""Claims on the life cycle: who is archived when, who is back, and that nobody gets contact values without consent."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.golden import archive_customers, check_archive_rules, withhold_contacts
from crm_pipeline.golden.withholding import withhold_from_history
from crm_pipeline.settings.life_cycle import ArchiveRule, LifeCycle
from crm_pipeline.tables import (
    CUSTOMER_CONTACTS,
    CUSTOMER_VALUES,
    LOADS,
    Table,
    customer_history,
    customers,
    customers_archive,
)
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import SCHEMAS

TODAY = date(2026, 5, 20)
LONG_AGO, FIRST_SEEN = date(2020, 1, 1), date(2026, 1, 5)


def _warehouse(rows: list[dict[str, Any]], active: dict[str, date], today: date = TODAY) -> Warehouse:
    warehouse = Warehouse(duckdb.connect(":memory:"))
    for schema in SCHEMAS:
        warehouse.execute(f"CREATE SCHEMA {schema}")
    counts = {"record_count": 1, "source_count": 1, "first_seen_on": FIRST_SEEN, "changed_on": FIRST_SEEN}
    _fill(warehouse, customers(), [{**counts, **row} for row in rows])
    load = {"source": "crm", "extract": "customers", "business_date": today, "sequence": 1}
    _fill(warehouse, LOADS, [load])
    told = pl.DataFrame({"customer_id": list(active), "last_active_on": list(active.values())})
    with warehouse.registered("told", told):
        warehouse.execute("CREATE TABLE gold.customer_activity AS FROM told")
    return warehouse


def _fill(warehouse: Warehouse, table: Table, rows: list[dict[str, Any]]) -> None:
    schema = table.polars_schema
    complete = [{name: row.get(name) for name in schema} for row in rows]
    warehouse.replace(table, pl.DataFrame(complete, schema=schema))


def _archived(warehouse: Warehouse, rules: dict[str, ArchiveRule]) -> dict[str, str]:
    counted = archive_customers(warehouse, rules)
    found = dict(warehouse.execute("SELECT customer_id, archived_by FROM gold.customers_archive"))
    assert counted == {reason: list(found.values()).count(reason) for reason in rules}
    return found


def test_dormant_customers_and_their_return() -> None:
    """A customer without activity for N months is archived to the day, and back with the next activity."""
    active = {"C1": date(2025, 5, 20), "C2": date(2025, 5, 21), "C3": TODAY}
    rules = {"dormant": ArchiveRule(inactive_months=12)}
    rows = [{"customer_id": each} for each in active]
    assert _archived(_warehouse(rows, active), rules) == {"C1": "dormant"}
    assert _archived(_warehouse(rows, active | {"C1": TODAY}), rules) == {}


@pytest.mark.parametrize(
    ("applies", "today", "day"),
    [
        ("nightly", date(2026, 5, 20), date(2026, 5, 20)),
        ("monthly", date(2026, 5, 20), date(2026, 5, 1)),
        ("monthly", date(2026, 5, 1), date(2026, 5, 1)),
        ("quarterly", date(2026, 5, 20), date(2026, 4, 1)),
        ("quarterly", date(2026, 12, 31), date(2026, 10, 1)),
        ("yearly", date(2026, 5, 20), date(2026, 1, 1)),
    ],
)
def test_calendar(applies: Any, today: date, day: date) -> None:
    """A rule looks from the last day of its calendar: tests wait for the first of the month, trials for the quarter."""
    assert ArchiveRule(when="true", applies=applies).applied_on(today) == day


def test_tests_and_trials_by_rule() -> None:
    """Tests go by an expression on the calendar, trials by status when they rest; the first rule names the reason."""
    rows = [
        {"customer_id": "C1", "name": "测试客户"},
        {"customer_id": "C2", "name": "测试公司", "first_seen_on": date(2026, 5, 2)},
        {"customer_id": "C3", "name": "王芳", "status": "trial"},
        {"customer_id": "C4", "name": "李雷", "status": "trial"},
        {"customer_id": "C5", "name": None, "status": None},
    ]
    active = {"C1": LONG_AGO, "C2": TODAY, "C3": date(2026, 1, 1), "C4": date(2026, 1, 2), "C5": LONG_AGO}
    rules = {
        "test": ArchiveRule(when="name LIKE '%测试%'", applies="monthly"),
        "trial": ArchiveRule(when="status = 'trial'", inactive_months=3, applies="quarterly"),
    }
    assert _archived(_warehouse(rows, active), rules) == {"C1": "test", "C3": "trial"}
    later = _warehouse(rows, active, date(2026, 6, 1))
    assert _archived(later, rules) == {"C1": "test", "C2": "test", "C3": "trial"}


def test_the_archive_has_the_whole_customer() -> None:
    """An archived customer has all its golden columns, and the day on which it was last active."""
    warehouse = _warehouse([{"customer_id": "C1", "name": "王芳", "city": "上海"}], {"C1": LONG_AGO})
    archive_customers(warehouse, {"dormant": ArchiveRule(inactive_months=1)})
    [row] = warehouse.frame("FROM gold.customers_archive").to_dicts()
    assert (row["name"], row["city"], row["last_active_on"]) == ("王芳", "上海", LONG_AGO)
    assert list(row) == list(customers_archive().column_names)


@settings(max_examples=30, deadline=None)
@given(
    days=st.lists(st.dates(date(2024, 1, 1), TODAY), min_size=1, max_size=12),
    months=st.integers(1, 30),
    today=st.dates(date(2024, 1, 1), TODAY),
)
def test_months_as_people_count_them(days: list[date], months: int, today: date) -> None:
    """A second computation in plain Python archives the same customers."""
    active = {f"C{n:02}": day for n, day in enumerate(days)}
    found = _archived(
        _warehouse([{"customer_id": each} for each in active], active, today),
        {"d": ArchiveRule(inactive_months=months)},
    )
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    last = next(d for d in range(today.day, 0, -1) if _is_day(year, month + 1, d))
    assert set(found) == {each for each, day in active.items() if day <= date(year, month + 1, last)}


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("when", ["nonsense = 1", "(SELECT true)", "random() > 0.5"])
def test_an_expression_that_is_none(when: str) -> None:
    """What can't be computed, or looks elsewhere, is refused with the rule's name before any run."""
    with pytest.raises(ConfigurationError, match=r"life_cycle\.archive\.test"):
        check_archive_rules({"test": ArchiveRule(when=when)})


def test_a_rule_that_says_nothing() -> None:
    """A rule has a condition, months, or both; months are no yes or no."""
    with pytest.raises(ValidationError, match="expected when, inactive_months or both"):
        ArchiveRule()
    with pytest.raises(ValidationError, match="expected a number"):
        ArchiveRule(inactive_months=True)


def test_contact_values_are_withheld() -> None:
    """Who refuses consent has no phone or e-mail in any golden table or its history; others keep theirs."""
    values = {"phone": "+8613800000000", "email": "wang@example.cn", "city": "上海"}
    consents = {"C1": " NO ", "C2": "退订", "C3": "yes", "C4": None}
    rows = [{"customer_id": each, "consent": said, **values} for each, said in consents.items()]
    warehouse = _warehouse(rows, {})
    contacts = [{"customer_id": each, "kind": "phone", "value": values["phone"], "rank": 1} for each in consents]
    _fill(warehouse, CUSTOMER_CONTACTS, contacts)
    chosen = [
        {"customer_id": each, "column_name": name, "value": "x"} for each in consents for name in ("phone", "city")
    ]
    _fill(warehouse, CUSTOMER_VALUES, chosen)
    history = [{"customer_id": each, "version": n, **values} for each in consents for n in (1, 2)]
    _fill(warehouse, customer_history(), history)
    no_consent = LifeCycle().no_consent
    assert withhold_contacts(warehouse, no_consent) == 2
    withhold_from_history(warehouse, no_consent)
    kept = {"C3", "C4"}
    for table in ("customers", "customer_history"):
        sql = f"SELECT DISTINCT customer_id FROM gold.{table} WHERE phone IS NOT NULL AND email IS NOT NULL"
        assert {row[0] for row in warehouse.execute(sql)} == kept
    assert {row[0] for row in warehouse.execute("SELECT customer_id FROM gold.customer_contacts")} == kept
    left = warehouse.execute("SELECT customer_id FROM gold.customer_values WHERE column_name = 'phone'")
    assert {row[0] for row in left} == kept
    assert warehouse.value("SELECT count(*) FROM gold.customers WHERE city = '上海'") == 4
    assert warehouse.value("SELECT count(*) FROM gold.customer_values WHERE column_name = 'city'") == 4
    assert withhold_contacts(warehouse, ()) == 0
