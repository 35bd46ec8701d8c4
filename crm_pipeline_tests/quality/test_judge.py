"""Verdicts on rows, and what is left of a frame after them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from crm_pipeline.bundled import bundled
from crm_pipeline.quality.judge import FAILURE_SCHEMA, accept, judge
from crm_pipeline.quality.suites import load_suite, suite_tables
from crm_pipeline.tables import CHECK_RESULTS
from crm_pipeline_tests.quality.building import expectation, frame_of, schema_of, suite_of

SHIPPED = bundled("expectations")
_DAY = dt.date(2026, 1, 5)
_TODAY = {"business_date": [_DAY] * 3}


def _failed(table: str, rule_id: str, columns: dict[str, list[Any]]) -> list[int]:
    """Rows that break one shipped rule."""
    failures = judge(frame_of(table, columns), load_suite(table, SHIPPED)).failures
    return failures.filter(rule_id=rule_id)["row"].to_list()


_CASES: list[tuple[str, str, dict[str, list[Any]], list[int]]] = [
    ("std.customers", "customers.source_id_present", {"source_id": ["1", None, ""]}, [1]),
    (
        "std.customers",
        "customers.birth_date_not_in_future",
        _TODAY | {"birth_date": [_DAY, dt.date(2026, 1, 6), None]},
        [1],
    ),
    (
        "std.customers",
        "customers.birth_date_not_in_future",
        _TODAY | {"birth_date": [dt.date(9999, 11, 20)] * 3},
        [0, 1, 2],
    ),
    (
        "std.customers",
        "customers.birth_date_from_1900",
        {"birth_date": [dt.date(1899, 12, 31), dt.date(1900, 1, 1), None]},
        [0],
    ),
    ("std.customers", "customers.kind_known", {"kind": ["person", "Person", None]}, [1]),
    ("std.customers", "customers.gender_known", {"gender": ["F", "female", "n/a"]}, [0, 2]),
    (
        "std.customers",
        "customers.country_is_code",
        {"country": ["CN", "CN\n", "CHN", "cn", "ＣＮ", None]},
        [1, 2, 3, 4],
    ),
    (
        "std.customers",
        "customers.updated_not_before_created",
        {
            "created_at": [dt.datetime(2020, 1, 1, 8), dt.datetime(2020, 1, 1), None],  # noqa: DTZ001 zoneless by contract
            "updated_at": [dt.datetime(2020, 1, 1, 7), dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1)],  # noqa: DTZ001
        },
        [0],
    ),
    (
        "std.orders",
        "orders.amount_equals_quantity_times_price",
        {
            "amount": [Decimal("0.3"), None, Decimal(10), Decimal("-10"), None],
            "computed_amount": [Decimal("0.3"), Decimal(10), None, Decimal(10), None],
        },
        [1, 2, 3, 4],
    ),
    (
        "std.orders",
        "orders.unit_price_positive",
        {"unit_price": [Decimal(0), Decimal("0.0001"), None, Decimal(-1)]},
        [0, 3],
    ),
    ("std.orders", "orders.quantity_positive", {"quantity": [Decimal(0), Decimal(1), None]}, [0]),
    (
        "std.orders",
        "orders.shipped_not_before_ordered",
        {"ordered_on": [_DAY, _DAY, None], "shipped_on": [_DAY, dt.date(2026, 1, 4), _DAY]},
        [1],
    ),
    ("std.orders", "orders.ordered_on_present", {"ordered_on": [_DAY, None]}, [1]),
    ("std.products", "products.cost_not_negative", {"cost": [Decimal(0), Decimal("-0.01"), None]}, [1]),
    (
        "std.products",
        "products.available_to_not_before_from",
        {"available_from": [_DAY, _DAY, _DAY], "available_to": [dt.date(2026, 1, 4), None, _DAY]},
        [0],
    ),
    (
        "std.tickets",
        "tickets.opened_at_not_in_future",
        {"business_date": [_DAY] * 4, "opened_on": [_DAY, dt.date(2026, 1, 6), None, dt.date(2026, 1, 4)]},
        [1],
    ),
    ("std.tickets", "tickets.opened_at_present", {"opened_at": [dt.datetime(2026, 1, 1), None]}, [1]),  # noqa: DTZ001
    (
        "std.tickets",
        "tickets.closed_not_before_opened",
        {
            "opened_at": [dt.datetime(2026, 1, 1, 8), dt.datetime(2026, 1, 1, 8), dt.datetime(2026, 1, 1), None],  # noqa: DTZ001
            "closed_at": [dt.datetime(2026, 1, 1, 7, 59), dt.datetime(2026, 1, 1, 8), None, dt.datetime(2026, 1, 1)],  # noqa: DTZ001
        },
        [0],
    ),
    (
        "std.tickets",
        "tickets.satisfaction_is_score",
        {"satisfaction": [Decimal(-1), Decimal(0), Decimal(100), Decimal(999), None]},
        [0, 3],
    ),
    ("std.campaigns", "campaigns.campaign_code_present", {"campaign_code": ["SPRING", None]}, [1]),
    (
        "std.campaigns",
        "campaigns.ended_not_before_started",
        {"started_on": [_DAY, _DAY, _DAY, None], "ended_on": [dt.date(2026, 1, 4), _DAY, None, _DAY]},
        [0],
    ),
    ("std.campaigns", "campaigns.cost_not_negative", {"cost": [Decimal(0), Decimal("-0.01"), None]}, [1]),
    ("std.opportunities", "opportunities.source_id_present", {"source_id": ["1", None, ""]}, [1]),
    ("std.opportunities", "opportunities.stage_present", {"stage": ["won", None]}, [1]),
    ("std.opportunities", "opportunities.amount_not_negative", {"amount": [Decimal(0), Decimal("-0.01"), None]}, [1]),
    (
        "std.opportunities",
        "opportunities.probability_is_share",
        {"probability": [Decimal(-1), Decimal(0), Decimal("0.5"), Decimal(100), Decimal(101), None]},
        [0, 4],
    ),
    (
        "std.opportunities",
        "opportunities.opened_at_not_in_future",
        _TODAY | {"opened_on": [_DAY, dt.date(2026, 1, 6), None]},
        [1],
    ),
    (
        "std.opportunities",
        "opportunities.closed_not_before_opened",
        {
            "opened_at": [dt.datetime(2026, 1, 1, 8), dt.datetime(2026, 1, 1, 8), dt.datetime(2026, 1, 1)],  # noqa: DTZ001
            "closed_at": [dt.datetime(2026, 1, 1, 7, 59), dt.datetime(2026, 1, 1, 8), None],  # noqa: DTZ001
        },
        [0],
    ),
    ("std.payments", "payments.source_id_present", {"source_id": ["1", None, ""]}, [1]),
    ("std.payments", "payments.amount_present", {"amount": [Decimal(-5), None]}, [1]),
    ("std.payments", "payments.paid_at_present", {"paid_at": [dt.datetime(2026, 1, 1), None]}, [1]),  # noqa: DTZ001
    (
        "std.payments",
        "payments.paid_at_not_in_future",
        _TODAY | {"paid_on": [_DAY, dt.date(2026, 1, 6), None]},
        [1],
    ),
    ("std.interactions", "interactions.source_id_present", {"source_id": ["1", None, ""]}, [1]),
    ("std.interactions", "interactions.occurred_at_present", {"occurred_at": [dt.datetime(2026, 1, 1), None]}, [1]),  # noqa: DTZ001
    (
        "std.interactions",
        "interactions.occurred_at_not_in_future",
        _TODAY | {"occurred_on": [_DAY, dt.date(2026, 1, 6), None]},
        [1],
    ),
    ("gold.customers", "customers.customer_id_unique", {"customer_id": ["C1", "C2", "C1", None, None]}, [0, 2]),
    ("gold.customers", "customers.customer_id_well_formed", {"customer_id": ["C123456789", "C12345678", "x"]}, [1, 2]),
    (
        "gold.customer_records",
        "customer_records.living_has_customer",
        {"customer_id": [None, None, "C1"], "deleted_on": [None, _DAY, None]},
        [0],
    ),
    (
        "gold.customer_records",
        "customer_records.key_unique",
        {"source": ["a", "a", "a"], "extract": ["b", "b", "b"], "source_id": ["1", "2", "1"]},
        [0, 2],
    ),
    ("gold.orders", "orders.customer_id_present", {"customer_id": [None, "C1"]}, [0]),
]


@pytest.mark.parametrize(("table", "rule_id", "columns", "rows"), _CASES)
def test_shipped_rule_on_hard_cases(table: str, rule_id: str, columns: dict[str, list[Any]], rows: list[int]) -> None:
    """A shipped rule fails exactly the rows that a person would fail."""
    assert _failed(table, rule_id, columns) == rows


def test_failures_and_results_have_their_contract() -> None:
    """Failures are sorted by row and rule with the rule's cell and notes; results list each rule, broken or not."""
    suite = load_suite("std.customers", SHIPPED)
    columns = {"source_id": ["1", None], "gender": ["F", "F"], "country": ["CN", "C"], "business_date": [_DAY, _DAY]}
    judgement = judge(frame_of("std.customers", columns), suite)
    assert dict(judgement.failures.schema) == FAILURE_SCHEMA
    assert judgement.failures.select("row", "rule_id", "severity", "column_name").rows() == [
        (0, "customers.gender_known", "value", "gender"),
        (1, "customers.country_is_code", "value", "country"),
        (1, "customers.gender_known", "value", "gender"),
        (1, "customers.source_id_present", "row", "source_id"),
    ]
    notes = {rule.rule_id: rule.notes for rule in suite.rules}
    assert all(reason == notes[rule_id] for rule_id, reason in judgement.failures.select("rule_id", "reason").rows())
    assert dict(judgement.results.schema) == CHECK_RESULTS.polars_schema
    assert judgement.results["rule_id"].to_list() == [rule.rule_id for rule in suite.rules]
    unbroken = judgement.results.filter(rule_id="customers.kind_known")
    assert unbroken.select("judged_count", "failed_count", "is_passed").rows() == [(0, 0, True)]


@pytest.mark.parametrize("table", suite_tables(SHIPPED))
def test_nothing_to_judge(table: str) -> None:
    """An empty frame breaks no row rule, and comes back from acceptance as it was."""
    frame = pl.DataFrame(schema=schema_of(table))
    judgement = judge(frame, load_suite(table, SHIPPED))
    assert judgement.failures.is_empty()
    assert judgement.results["is_passed"].all()
    assert_frame_equal(accept(frame, judgement.failures), frame)


def test_mostly_decides_the_verdict_not_the_failures(tmp_path: Path) -> None:
    """With `mostly` a rule holds although rows break it, and those rows are recorded all the same."""
    rules = [
        expectation(name, "expect_column_values_to_be_in_set", column="status", value_set=["a"], mostly=share)
        for name, share in (("half", 0.5), ("more", 0.51))
    ]
    frame = frame_of("std.orders", {"status": ["a", "b", None]})
    judgement = judge(frame, suite_of(tmp_path, "std.orders", *rules))
    assert judgement.results.select("rule_id", "judged_count", "failed_count", "is_passed").rows() == [
        ("half", 2, 1, True),
        ("more", 2, 1, False),
    ]
    assert judgement.failures["row"].to_list() == [1, 1]


def test_empty_list_is_missing(tmp_path: Path) -> None:
    """A list without elements counts as missing, as a null does."""
    rule = expectation("phone", "expect_column_values_to_not_be_null", column="phones")
    frame = frame_of("std.customers", {"phones": [["+8613800000000"], [], None]})
    assert judge(frame, suite_of(tmp_path, "std.customers", rule)).failures["row"].to_list() == [1, 2]


_ENTRIES = st.lists(st.sampled_from(["good", "bad", "hold", None]), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(status=_ENTRIES, currency=_ENTRIES)
def test_acceptance_changes_only_what_was_rejected(
    tmp_path_factory: pytest.TempPathFactory, status: list[str | None], currency: list[str | None]
) -> None:
    """Rows rejected as rows go, cells rejected as values become null, warnings and all else stay, in order."""
    height = min(len(status), len(currency))
    rules = [
        expectation("status value", "expect_column_values_to_match_regex", "value", column="status", regex="good|hold"),
        expectation(
            "currency value", "expect_column_values_to_match_regex", "value", column="currency", regex="good|hold"
        ),
        expectation("row", "expect_column_values_to_match_regex", "row", column="status", regex="good|bad"),
        expectation("flag", "expect_column_values_to_match_regex", "warning", column="currency", regex="never"),
    ]
    suite = suite_of(tmp_path_factory.mktemp("suite"), "std.orders", *rules)
    columns = {"status": status[:height], "currency": currency[:height], "line": list(range(height))}
    frame = frame_of("std.orders", columns)
    kept = accept(frame, judge(frame, suite).failures)
    assert kept.schema == frame.schema
    expected = [
        (line, None if a == "bad" else a, None if b == "bad" else b)
        for line, (a, b) in enumerate(zip(status[:height], currency[:height], strict=True))
        if a != "hold"
    ]
    assert kept.select("line", "status", "currency").rows() == expected
