"""The shipped SQL models as a whole: contracts, marks, portability, and random rows against a second computation."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline import tables
from crm_pipeline.bundled import bundled
from crm_pipeline.tables import Personal, Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import SCHEMAS
from crm_pipeline.warehouse.models import (
    Models,
    column_lineage,
    contract_tables,
    load_models,
    model_tables,
    run_model,
    test_model,
)

GRAVITY = {Personal.NONE: 0, Personal.INDIRECT: 1, Personal.DIRECT: 2}
FEW = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@functools.cache
def shipped() -> Models:
    """The shipped models."""
    return load_models(bundled("dbt_like_sql"))


@functools.cache
def built() -> dict[str, Table]:
    """Contracts of their tables."""
    return model_tables(shipped())


@functools.cache
def empty() -> Warehouse:
    """A warehouse in memory with all tables, made once; tests fill the tables that they read."""
    warehouse = Warehouse(duckdb.connect(":memory:"))
    for schema in SCHEMAS:
        warehouse.execute(f"CREATE SCHEMA {schema}")
    for table in (*contract_tables(), *built().values()):
        warehouse.ensure(table)
    return warehouse


def holding(rows: dict[str, list[dict[str, Any]]]) -> Warehouse:
    """The warehouse with these rows, which may lack columns, in these tables."""
    every = {table.qualified: table for table in contract_tables()} | built()
    for name, given_rows in rows.items():
        table = every[name]
        empty().execute(f"DELETE FROM {name}")
        if given_rows:
            schema = {column: kind for column, kind in table.polars_schema.items() if column in given_rows[0]}
            empty().insert(table, pl.DataFrame(given_rows, schema=schema))
    return empty()


def test_contract_tables_are_built_as_promised() -> None:
    """The tables that both `tables` and a model describe agree in names, order, types, marks, key and nulls."""
    entities = [tables.published_entity(entity) for entity in tables.ENTITIES if entity != "customers"]
    for promised in (*entities, tables.QUARANTINE):
        table = built()[promised.qualified]
        assert table.key == promised.key
        facts = [(column.name, column.type, column.personal, column.null) for column in table.columns]
        assert facts == [(column.name, column.type, column.personal, column.null) for column in promised.columns]


def test_a_copied_column_keeps_its_mark() -> None:
    """A column that is handed on under its own name is marked no less personal than where it comes from."""
    marks = {
        (table.qualified, column.name): column.personal
        for table in [*contract_tables(), *built().values()]
        for column in table.columns
    }
    for model in shipped():
        lineage = column_lineage(model)
        for column in model.columns:
            for origin in lineage[column.name]:
                if origin[1] == column.name:
                    assert GRAVITY[column.personal] >= GRAVITY[marks[origin]], (model.qualified, column.name)


def test_each_column_says_what_null_means() -> None:
    """Each column of a shipped model either says what null means or is tested for having none."""
    for model in shipped():
        tested = {test.test_id for test in model.tests}
        for column in model.columns:
            assert bool(column.null_means) != (f"not_null_{column.name}" in tested), (model.qualified, column.name)


def test_each_model_has_an_assert() -> None:
    """Each shipped model has an assert whose comment names the incident it prevents."""
    for model in shipped():
        claims = [test.description for test in model.tests if test.test_id.startswith("assert_")]
        assert claims, model.qualified
        assert all("Prevents:" in claim for claim in claims), claims


def test_values_can_be_traced() -> None:
    """Each column that is not a plain count, a share or a constant has an origin."""
    constants = {"entity", "kind", "known_by", "word"}
    for model in shipped():
        untraced = {name for name, origins in column_lineage(model).items() if not origins}
        assert all(name in constants or name.endswith(("_count", "_share", "_kind")) for name in untraced), untraced


def test_all_sql_is_portable_to_spark() -> None:
    """Every model and every test has a Spark form without a construct that Spark lacks, which parses as Spark SQL."""
    for model in shipped():
        for sql in (model.sql, *(test.sql for test in model.tests)):
            (spark,) = sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
            assert sqlglot.parse_one(spark, read="spark").named_selects


def test_equal_input_gives_equal_rows_in_any_order_of_delivery() -> None:
    """The rows of each table do not depend on the order in which the rows they are made from are stored."""
    lines = [
        {
            "source": "erp",
            "extract": "orders",
            "source_id": str(number),
            "customer_id": f"C{number % 4}",
            "order_number": str(number % 7),
            "ordered_on": date(2026, 1 + number % 3, 1),
            "quantity": Decimal(1),
            "amount": Decimal(number % 5),
            "currency": ("CNY", "USD", None)[number % 3],
        }
        for number in range(40)
    ]
    customers = [{"customer_id": f"C{number}", "record_count": 1} for number in range(5)]
    seen = []
    for step in (1, -1):
        warehouse = holding({"gold.orders": lines[::step], "gold.customers": customers[::step]})
        names = [name for name in built() if name.startswith("mart.")]
        for name in ("link.valued_orders", *names):
            run_model(warehouse, shipped()[name])
        seen.append([warehouse.execute(f"SELECT * FROM {name}") for name in names])
    assert seen[0] == seen[1]


identifiers = st.lists(
    st.fixed_dictionaries(
        {"namespace": st.sampled_from(["erp", "tax", None]), "value": st.sampled_from(["1", "2", "3", None])}
    ),
    max_size=3,
)
records = st.sampled_from([f"crm/customers/{number}" for number in range(6)])


@pytest.mark.parametrize("entity", ["orders", "tickets", "interactions", "opportunities", "payments"])
@FEW
@given(
    st.dictionaries(records, st.tuples(st.sampled_from(["C1", "C2", "C3"]), identifiers), max_size=6),
    st.lists(st.tuples(st.none() | records, st.none() | identifiers), max_size=8),
)
def test_references_find_the_customer_that_a_plain_lookup_finds(
    entity: str, members: dict[str, tuple[str, Any]], lines: list[tuple[str | None, Any]]
) -> None:
    """For random references each record is there once, with the customer that dictionaries lead to."""
    known = defaultdict(set)
    for customer_id, own in members.values():
        for identifier in own:
            if None not in identifier.values():
                known[identifier["namespace"], identifier["value"]].add(customer_id)
    expected = []
    for number, (record_key, own) in enumerate(lines):
        carried = [(identifier["namespace"], identifier["value"]) for identifier in own or []]
        found = {customer for pair in carried for customer in known.get(pair, ())}
        customer = members[record_key][0] if record_key in members else found.pop() if len(found) == 1 else None
        expected.append((str(number), customer))
    version = {"source": "s", "extract": "e", "valid_from": date(2026, 1, 1)}
    warehouse = holding(
        {
            "std.customers": [
                version | {"record_key": key, "source_id": key, "external_ids": own}
                for key, (_, own) in members.items()
            ],
            "link.members": [{"record_key": key, "customer_id": customer} for key, (customer, _) in members.items()],
            "gold.customers": [{"customer_id": name} for name in ("C1", "C2", "C3")],
            f"std.{entity}": [
                version
                | {
                    "record_key": f"s/e/{number}",
                    "source_id": str(number),
                    "customer_record_key": key,
                    "customer_external_ids": own,
                }
                for number, (key, own) in enumerate(lines)
            ],
        }
    )
    run_model(warehouse, shipped()["gold.customer_identifiers"])
    model = shipped()[f"gold.{entity}"]
    assert run_model(warehouse, model) == len(lines)
    assert warehouse.execute(f"SELECT source_id, customer_id FROM {model.qualified}") == expected
    assert not any(result.failed_count for result in test_model(warehouse, model) if result.severity == "error")


order_lines = st.lists(
    st.fixed_dictionaries(
        {
            "customer_id": st.sampled_from(["C1", "C2", "C3", None]),
            "order_number": st.sampled_from(["1", "2", "3", None]),
            "ordered_on": st.sampled_from([date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1), None]),
            "amount": st.none() | st.decimals(-(10**9), 10**9, places=4),
            "currency": st.sampled_from(["CNY", "USD", None]),
        }
    ),
    max_size=25,
)


@FEW
@given(order_lines)
def test_money_adds_up_to_the_last_digit(lines: list[dict[str, Any]]) -> None:
    """For random lines revenue, counts and currency of both marts are those of exact sums made line by line."""
    rows = [
        line | {"source": "erp", "extract": "orders", "source_id": str(number)} for number, line in enumerate(lines)
    ]
    customers = [{"customer_id": name} for name in ("C1", "C2", "C3", "C4")]
    warehouse = holding({"gold.orders": rows, "gold.customers": customers})
    for name in ("link.valued_orders", "mart.sales_monthly", "mart.customer_value"):
        run_model(warehouse, shipped()[name])
        assert not any(result.failed_count for result in test_model(warehouse, shipped()[name]))
    monthly: dict[Any, list[Any]] = defaultdict(lambda: [Decimal(0), set(), 0])
    for row in rows:
        day = row["ordered_on"]
        group = monthly[day and day.replace(day=1), row["currency"]]
        group[0] += row["amount"] or 0
        group[1].add(row["order_number"] or ("line", row["source_id"]))
        group[2] += row["amount"] is None
    found = warehouse.execute(
        "SELECT month, currency, revenue, order_count, unpriced_line_count FROM mart.sales_monthly"
    )
    assert {row[:2]: row[2:] for row in found} == {
        key: (amount, len(orders), unpriced) for key, (amount, orders, unpriced) in monthly.items()
    }
    for customer, currency, revenue, other in warehouse.execute(
        "SELECT customer_id, currency, revenue, other_currency_line_count FROM mart.customer_value"
    ):
        priced = [row for row in rows if row["customer_id"] == customer and row["amount"] is not None]
        counts = Counter(row["currency"] for row in priced)
        best = min(counts, key=lambda name: (-counts[name], name is None, name or ""), default=None)
        assert currency == best
        assert revenue == sum((row["amount"] for row in priced if row["currency"] == best), Decimal(0))
        assert other == len(priced) - counts[best]


DAYS = [date(2026, 1, day) for day in range(1, 8)]
rate_days = st.dictionaries(
    st.tuples(st.sampled_from(["USD", "EUR"]), st.sampled_from(DAYS)),
    st.decimals("0.00000001", 1000, places=8),
    min_size=1,
    max_size=8,
)
foreign_lines = st.lists(
    st.tuples(
        st.none() | st.sampled_from(DAYS),
        st.none() | st.decimals(-(10**6), 10**6, places=4),
        st.sampled_from(["CNY", "USD", "EUR", "JPY", None]),
    ),
    max_size=12,
)


@FEW
@given(rate_days, foreign_lines)
def test_amounts_are_converted_at_the_latest_rate_before(
    rates: dict[tuple[str, date], Decimal], lines: list[tuple[date | None, Decimal | None, str | None]]
) -> None:
    """For random rates and lines each amount is that of the latest rate up to its day, marked without one."""
    every = [
        {
            "currency": currency,
            "valid_from": day,
            "valid_to": min((other for name, other in rates if name == currency and other > day), default=None),
            "rate": rate,
            "reporting_currency": "CNY",
        }
        for (currency, day), rate in rates.items()
    ]
    line = {"source": "erp", "extract": "orders"}
    orders = [
        line | {"source_id": f"{number:02}", "ordered_on": day, "amount": amount, "currency": currency}
        for number, (day, amount, currency) in enumerate(lines)
    ]
    warehouse = holding({"gold.orders": orders, "ops.exchange_rates": every})
    try:
        run_model(warehouse, shipped()["link.valued_orders"])
        found = warehouse.execute("SELECT amount, currency, is_unrated FROM link.valued_orders")
        assert not any(result.failed_count for result in test_model(warehouse, shipped()["link.valued_orders"]))
    finally:
        holding({"gold.orders": [], "ops.exchange_rates": []})
    expected = []
    for day, amount, currency in lines:
        known = [(other, rate) for (name, other), rate in rates.items() if name == currency and day and other <= day]
        rate = Decimal(1) if currency == "CNY" else max(known)[1] if known else None
        value = None if amount is None or rate is None else _rounded(amount * rate)
        expected.append((value, "CNY", amount is not None and rate is None))
    assert found == expected


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
