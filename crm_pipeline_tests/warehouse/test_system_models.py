"""The marts that set system against system, for random records and orders, against counting in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.models import run_model, test_model
from crm_pipeline_tests.warehouse.test_models_shipped import FEW, holding, shipped

SYSTEMS = ("crm", "erp", "商城")
CITIES = st.none() | st.sampled_from(["上海", "北京"])
PHONES = st.none() | st.lists(st.sampled_from(["+8613800138000", "+8613900139000", "+8613700137000"]), max_size=2)
TIMES = st.none() | st.sampled_from([datetime(2026, 1, day) for day in (1, 2, 3)])  # noqa: DTZ001 - as sources tell
records = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(SYSTEMS),
            "customer_id": st.sampled_from(["C1", "C2", "C3", "C4"]),
            "city": CITIES,
            "phones": PHONES,
            "updated_at": TIMES,
            "is_living": st.booleans() | st.just(True),
        }
    ),
    max_size=14,
)
orders = st.lists(
    st.tuples(
        st.sampled_from(SYSTEMS),
        st.sampled_from(["C1", "C2", None]),
        st.sampled_from(["1", "2"]),
        st.none() | st.decimals(-3, 3, places=1),
        st.sampled_from(["CNY", "USD", None]),
    ),
    max_size=14,
)


@pytest.fixture(autouse=True)
def _emptied() -> Iterator[None]:
    """Leaves the shared warehouse without the rows of a test."""
    yield
    holding({name: [] for name in ("link.valued_orders", *rows_of([]))})


def built(names: tuple[str, ...], rows: dict[str, list[dict[str, Any]]]) -> Warehouse:
    """The warehouse with these rows after the models were built; none of their tests fails."""
    warehouse = holding(rows)
    for name in names:
        run_model(warehouse, shipped()[name])
    failed = {
        result.test_id for name in names for result in test_model(warehouse, shipped()[name]) if result.failed_count
    }
    assert not failed
    return warehouse


def rows_of(given_records: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The tables that hold the records."""
    keyed = [each | {"extract": "people", "source_id": str(number)} for number, each in enumerate(given_records)]
    for each in keyed:
        each["record_key"] = f"{each['source']}/people/{each['source_id']}"
        each["valid_from"] = date(2026, 1, 1)
        each["deleted_on"] = each["valid_to"] = None if each["is_living"] else date(2026, 1, 5)
    living = [each for each in keyed if each["is_living"]]
    return {
        "gold.customers": [{"customer_id": f"C{number}", "record_count": 1} for number in range(1, 5)],
        "gold.customer_records": keyed,
        "std.customers": keyed,
        "link.members": living,
    }


@FEW
@given(records)
def test_overlap_and_gaps(given_records: list[dict[str, Any]]) -> None:
    """Shared and missing customers of random records are those of sets, in the counts and in the list."""
    names = ("mart.system_gaps", "mart.system_overlap")
    warehouse = built(names, rows_of(given_records))
    has: dict[str, set[str]] = defaultdict(set)
    for each in given_records:
        if each["is_living"]:
            has[each["source"]].add(each["customer_id"])
    expected = [
        (a, b, len(has[a]), len(has[b]), len(has[a] & has[b]), len(has[b] - has[a]), len(has[a] - has[b]))
        for a, b in combinations(sorted(has), 2)
    ]
    assert warehouse.execute("FROM mart.system_overlap") == expected
    listed = {
        customer: (sorted(s for s in has if customer in has[s]), sorted(s for s in has if customer not in has[s]))
        for customer in sorted(set().union(*has.values()))
    }
    found = {customer: (sources, missing) for customer, sources, missing in warehouse.execute("FROM mart.system_gaps")}
    assert found == {customer: sides for customer, sides in listed.items() if sides[1]}


@FEW
@given(records)
def test_disagreements(given_records: list[dict[str, Any]]) -> None:
    """Who disagrees, and who is newer, is what comparing each customer's sets of values by hand says."""
    rows = rows_of(given_records)
    warehouse = built(("mart.system_gaps", "mart.system_overlap", "mart.system_disagreements"), rows)
    counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * 5)
    for column in ("city", "phones"):
        for customer in ("C1", "C2", "C3", "C4"):
            values, newest = _said(given_records, column, customer)
            for a, b in combinations(sorted(values), 2):
                tally = counts[column, a, b]
                tally[0] += 1
                if not values[a] & values[b]:
                    one, other = newest[a], newest[b]
                    is_told = one is not None and other is not None and one != other
                    tally[1] += 1
                    tally[(2 if one > other else 3) if is_told else 4] += 1  # type: ignore[operator]  # both are there
    expected = [(*key, *tally) for key, tally in sorted(counts.items())]
    assert warehouse.execute("FROM mart.system_disagreements") == expected


def _said(
    given_records: list[dict[str, Any]], column: str, customer: str
) -> tuple[dict[str, set[str]], dict[str, datetime | None]]:
    """System to its values of the column for a customer, and to when the newest record with one was changed."""
    values: dict[str, set[str]] = {}
    newest: dict[str, datetime | None] = {}
    for each in given_records:
        value = each[column]
        if each["customer_id"] != customer or not each["is_living"] or not value:
            continue
        source, at = each["source"], each["updated_at"]
        values.setdefault(source, set()).update([value] if isinstance(value, str) else value)
        newest[source] = max((time for time in (newest.get(source), at) if time), default=None)
    return values, newest


@FEW
@given(orders)
def test_revenue(lines: list[tuple[str, str | None, str, Decimal | None, str | None]]) -> None:
    """Orders, lines and revenue side by side are sums per system and currency, in all and of who is in both."""
    rows = [
        {
            "source": source,
            "extract": "orders",
            "source_id": f"{number:02}",
            "customer_id": customer,
            "order_key": f"{source}/{order}",
            "amount": amount,
            "currency": currency,
            "is_unrated": False,
        }
        for number, (source, customer, order, amount, currency) in enumerate(lines)
    ]
    warehouse = built(("mart.system_revenue",), {"link.valued_orders": rows})
    expected = []
    for a, b in combinations(sorted({line[0] for line in lines}), 2):
        used = {line[4] for line in lines if line[0] in {a, b}}
        for currency in sorted(used, key=lambda name: (name is None, name or "")):
            of = {source: [each for each in lines if each[0] == source and each[4] == currency] for source in (a, b)}
            by = {source: _by_customer(of[source]) for source in (a, b)}
            both = by[a].keys() & by[b].keys()
            expected.append(
                (
                    a,
                    b,
                    currency,
                    *(len({line[2] for line in of[source]}) for source in (a, b)),
                    *(len(of[source]) for source in (a, b)),
                    *(sum(line[3] is None for line in of[source]) for source in (a, b)),
                    *(sum((line[3] or Decimal(0) for line in of[source]), Decimal(0)) for source in (a, b)),
                    len(both),
                    sum(by[a][customer] != by[b][customer] for customer in both),
                    *(sum((by[source][customer] for customer in both), Decimal(0)) for source in (a, b)),
                )
            )
    assert warehouse.execute("FROM mart.system_revenue") == expected


def _by_customer(lines: list[tuple[str, str | None, str, Decimal | None, str | None]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for _, customer, _, amount, _ in lines:
        if customer is not None:
            sums[customer] += amount or Decimal(0)
    return dict(sums)
