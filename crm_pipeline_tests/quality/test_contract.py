"""Great Expectations and our own judge give one verdict."""

from __future__ import annotations

import datetime as dt
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from crm_pipeline.bundled import bundled
from crm_pipeline.errors import QualityError
from crm_pipeline.quality.catalogue import EXPECTATIONS, MANY_IGNORE, PAIR_IGNORE
from crm_pipeline.quality.contract import validate
from crm_pipeline.quality.judge import judge
from crm_pipeline.quality.rules import Suite
from crm_pipeline.quality.suites import load_suite, suite_tables
from crm_pipeline_tests.quality.building import expectation, frame_of, schema_of, suite_of

SHIPPED = bundled("expectations")
_DELIVERED = [table for table in suite_tables(SHIPPED) if table.startswith("std.")]
_CALM = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
_ROW_COUNT = "expect_table_row_count_to_be_between"
_MAP, _PAIR = "expect_column_values_to_", "expect_column_pair_values_"

# Few different values, so that equality, order and repetition all happen; the hard ones among them.
_DATES = [dt.date(1, 1, 1), dt.date(1899, 12, 31), dt.date(1900, 1, 1), dt.date(2026, 1, 5), dt.date(9999, 11, 20)]
_TIMES = [dt.datetime(1, 1, 1), dt.datetime(2026, 1, 5), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)]  # noqa: DTZ001
_NUMBERS = ["0", "0.0001", "-0.0001", "0.1", "0.2", "0.3", "1", "2", "99999999999999.9999", "-3"]
_TEXTS = ["", " ", "A", "CN", "CN\n", "cn", "中国", "１２", "C123456789", "person", "male", "it's", "𠮷", "nan", "None"]
_POOLS: dict[type[pl.DataType], list[Any]] = {
    pl.Date: _DATES,
    pl.Datetime: _TIMES,
    pl.Decimal: [Decimal(number) for number in _NUMBERS],
    pl.Int64: [0, 1, 2, 3],
    pl.Int32: [0, 1, 2, 3],
    pl.Float64: [-0.1, 0.0, -0.0, 0.5, 1.0, 1.1, float("nan"), float("inf")],
    pl.String: _TEXTS,
}
_LISTS = st.lists(st.fixed_dictionaries({"namespace": st.just("erp"), "value": st.sampled_from(_TEXTS)}), max_size=2)


@st.composite
def frames(draw: st.DrawFn, table: str, columns: frozenset[str]) -> pl.DataFrame:
    """A frame of the table in which only `columns` hold values, up to 12 rows, often null."""
    height = draw(st.integers(0, 12))
    schema = schema_of(table)
    drawn = {}
    for name in sorted(columns):
        pool = _POOLS.get(schema[name].base_type())
        values = st.sampled_from(pool) if pool else _LISTS
        drawn[name] = draw(st.lists(st.none() | values, min_size=height, max_size=height))
    return frame_of(table, drawn)


def with_planted_breaks(suite: Suite) -> pl.DataFrame:
    """200 rows of a suite's table, seeded: nulls, hard values, and those that its rules name or stop at; 20 twice."""
    generator = random.Random(suite.table)
    schema = schema_of(suite.table)
    drawn = {name: generator.choices(_pool(suite, name, schema[name]), k=180) for name in sorted(suite.column_kinds)}
    frame = frame_of(suite.table, drawn)
    return pl.concat([frame, frame.head(20)])


def _pool(suite: Suite, column: str, kind: pl.DataType) -> list[Any]:
    """Null, the hard values of the type, what the rules on the column allow, and what lies beside it."""
    if column not in suite.column_kinds or kind.base_type() not in _POOLS:
        return [None, [], [{"namespace": "erp", "value": "A"}]] if kind.base_type() is pl.List else [None]
    named: list[Any] = [rule.where.equals for rule in suite.rules if rule.where and rule.where.column == column]
    for rule in suite.rules:
        if column in rule.columns:
            named += rule.options.get("value_set", ())  # type: ignore[arg-type]  # a tuple, parsed
            bounds = [rule.options[name] for name in ("min_value", "max_value") if name in rule.options]
            named += [bound + step for bound in bounds if isinstance(bound, float) for step in (-1, 0, 1)]
            named += [
                "x" * length for name, length in rule.options.items() if name == "value" and isinstance(length, int)
            ]
    typed = [value for value in named if value != "" or kind == pl.String]
    pool = _POOLS[kind.base_type()]
    if kind.base_type() is pl.Decimal:
        typed = [Decimal(str(value)) for value in typed]
    elif kind.is_integer():
        typed = [int(value) for value in typed]
    return [None] * 4 + [*pool, *typed]


def _every_rule() -> list[dict[str, Any]]:
    """Each type of expectation on each kind of column it takes, with its options, on `std.orders`."""
    null = {"type": "nullity", "column": {"name": "due_on"}, "is_null": True}
    text = {"type": "comparison", "column": {"name": "status"}, "operator": "==", "parameter": "it's"}
    rules: list[tuple[str, dict[str, Any]]] = [
        *[(f"{_MAP}not_be_null", {"column": c}) for c in ("status", "quantity", "ordered_on", "customer_external_ids")],
        *[(f"{_MAP}not_be_null", {"column": "currency", "row_condition": c, "mostly": 0.5}) for c in (null, text)],
        (f"{_MAP}not_be_null", {"column": "currency", "row_condition": null | {"is_null": False}}),
        *[(f"{_MAP}be_unique", {"column": c}) for c in ("status", "quantity", "ordered_on", "sequence")],
        (f"{_MAP}be_unique", {"column": "status", "row_condition": null, "mostly": 0.4}),
        *[
            (f"{_MAP}match_regex", {"column": "status", "regex": r})
            for r in ("^[A-Z]{2}$", r"\d", "^.$", "国|n$", r"\A$")
        ],
        (f"{_MAP}be_in_set", {"column": "status", "value_set": ["CN", "person", ""], "mostly": 0.3}),
        (f"{_MAP}be_in_set", {"column": "quantity", "value_set": [0.1, 1, 99999999999999.9999]}),
        *[
            (
                f"{_MAP}be_between",
                {"column": "quantity", "min_value": 0.1, "max_value": 2, "strict_min": a, "strict_max": b},
            )
            for a in (True, False)
            for b in (True, False)
        ],
        (f"{_MAP}be_between", {"column": "quantity", "min_value": -0.0001, "strict_min": True}),
        (f"{_MAP}be_between", {"column": "quantity", "max_value": 0, "row_condition": text}),
        (f"{_MAP}be_between", {"column": "ordered_on", "min_value": "1900-01-01", "strict_min": True}),
        (f"{_MAP}be_between", {"column": "ordered_on", "min_value": "1900-01-01", "max_value": "9999-11-20T00:00:00"}),
        (f"{_MAP}be_between", {"column": "ordered_on", "max_value": "9999-11-20", "strict_max": True, "mostly": 0.7}),
        ("expect_column_value_lengths_to_be_between", {"column": "status", "min_value": 1, "max_value": 2}),
        ("expect_column_value_lengths_to_be_between", {"column": "status", "max_value": 3}),
        ("expect_column_value_lengths_to_equal", {"column": "status", "value": 1}),
        *[
            (f"{_PAIR}to_be_equal", {"column_A": a, "column_B": b, "ignore_row_if": word, "mostly": 0.5})
            for word in PAIR_IGNORE
            for a, b in (("quantity", "unit_price"), ("ordered_on", "shipped_on"), ("status", "currency"))
        ],
        *[
            (f"{_PAIR}a_to_be_greater_than_b", {"column_A": a, "column_B": b, "ignore_row_if": word, "or_equal": equal})
            for word in PAIR_IGNORE
            for equal in (True, False)
            for a, b in (("quantity", "unit_price"), ("ordered_on", "shipped_on"), ("quantity", "sequence"))
        ],
        (f"{_PAIR}a_to_be_greater_than_b", {"column_A": "quantity", "column_B": "unit_price", "row_condition": null}),
        *[
            ("expect_compound_columns_to_be_unique", {"column_list": names, "ignore_row_if": word, "mostly": 0.5})
            for word in MANY_IGNORE
            for names in (["status", "quantity"], ["ordered_on", "currency", "sequence"])
        ],
        ("expect_compound_columns_to_be_unique", {"column_list": ["status", "currency"], "row_condition": null}),
        (_ROW_COUNT, {"min_value": 3, "max_value": 5}),
        (_ROW_COUNT, {"min_value": 1}),
    ]
    return [expectation(f"rule {number}", name, **kwargs) for number, (name, kwargs) in enumerate(rules)]


_USED = {"status", "currency", "quantity", "unit_price", "ordered_on", "shipped_on", "due_on", "sequence"}


def test_every_type_is_among_the_rules_compared() -> None:
    """No type of expectation that may be used escapes the comparison with Great Expectations."""
    assert {rule["type"] for rule in _every_rule()} == set(EXPECTATIONS)


def test_both_judges_agree_on_many_rows(tmp_path: Path) -> None:
    """Judge and Great Expectations agree on each rule over 400 rows in which every rule on rows is broken."""
    generator = random.Random(20260105)
    pools = {name: [None, *_POOLS[schema_of("std.orders")[name].base_type()]] for name in sorted(_USED)}
    frame = frame_of("std.orders", {name: generator.choices(pool, k=400) for name, pool in pools.items()})
    suite = suite_of(tmp_path, "std.orders", *_every_rule())
    judged = judge(frame, suite).results
    assert_frame_equal(judged, validate(frame, suite))
    unbroken = [rule for rule, failed in zip(suite.rules, judged["failed_count"], strict=True) if not failed]
    assert [(rule.type, dict(rule.options)) for rule in unbroken] == [(_ROW_COUNT, {"min_value": 1})]


@settings(_CALM, max_examples=3)
@given(frame=frames("std.orders", frozenset(_USED | {"customer_external_ids"})))
def test_both_judges_agree_on_every_type(tmp_path: Path, frame: pl.DataFrame) -> None:
    """Judge and Great Expectations give the same counts and verdicts for each type of rule, on any few rows."""
    suite = suite_of(tmp_path, "std.orders", *_every_rule())
    assert_frame_equal(judge(frame, suite).results, validate(frame, suite))


@_CALM
@given(frame=frames("gold.customer_records", frozenset({"match_probability"})))
def test_both_judges_agree_on_floats(tmp_path: Path, frame: pl.DataFrame) -> None:
    """Both judges take NaN as missing and infinity as a number."""
    between = expectation("share", f"{_MAP}be_between", column="match_probability", min_value=0, max_value=1)
    present = expectation("present", f"{_MAP}not_be_null", column="match_probability")
    suite = suite_of(tmp_path, "gold.customer_records", between, present)
    assert_frame_equal(judge(frame, suite).results, validate(frame, suite))


@pytest.mark.parametrize("table", _DELIVERED)
def test_both_judges_agree_on_shipped_suites(table: str) -> None:
    """Judge and Great Expectations give the same counts and verdicts for each suite on what was delivered."""
    suite = load_suite(table, SHIPPED)

    @settings(_CALM, max_examples=4)
    @given(frame=frames(table, frozenset(suite.column_kinds)))
    def agree(frame: pl.DataFrame) -> None:
        assert_frame_equal(judge(frame, suite).results, validate(frame, suite))

    agree()


@pytest.mark.parametrize("table", suite_tables(SHIPPED))
def test_both_judges_agree_on_each_rule_where_it_is_broken(table: str) -> None:
    """Judge and Great Expectations count the same failures of each shipped rule, on rows in which each is broken."""
    suite = load_suite(table, SHIPPED)
    frame = with_planted_breaks(suite)
    judged = judge(frame, suite).results
    assert judged.filter(pl.col("failed_count") == 0)["rule_id"].to_list() == []
    assert_frame_equal(judged, validate(frame, suite))


@pytest.mark.parametrize("table", suite_tables(SHIPPED))
def test_both_judges_agree_on_an_empty_table(table: str) -> None:
    """An empty frame gets the same verdict from both judges, so that one of them need not be asked."""
    suite, empty = load_suite(table, SHIPPED), pl.DataFrame(schema=schema_of(table))
    assert_frame_equal(judge(empty, suite).results, validate(empty, suite))


@pytest.mark.parametrize("table", _DELIVERED)
def test_both_judges_agree_on_nulls(table: str) -> None:
    """A frame of nulls gets the same verdict from both judges."""
    frame = pl.DataFrame({name: [None] * 3 for name in schema_of(table)}, schema=schema_of(table))
    suite = load_suite(table, SHIPPED)
    assert_frame_equal(judge(frame, suite).results, validate(frame, suite))


def test_shipped_suites_are_plain_great_expectations() -> None:
    """Great Expectations itself loads each shipped file as it is, and runs it on a frame with the table's columns."""
    import great_expectations as gx

    for file in SHIPPED.glob("*.json"):
        raw = json.loads(file.read_text(encoding="utf-8"))
        suite = gx.ExpectationSuite(**raw)
        assert len(suite.expectations) == len(raw["expectations"]), file.name


def test_validation_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    """Great Expectations writes nothing to the terminal, neither progress nor values."""
    suite = load_suite("std.customers", SHIPPED)
    validate(frame_of("std.customers", {"gender": ["secret"]}), suite)
    assert capfd.readouterr() == ("", "")


def test_rule_on_row_count_alone(tmp_path: Path) -> None:
    """A suite that reads no column still counts rows."""
    rule = expectation("enough", _ROW_COUNT, "table", min_value=5)
    suite = suite_of(tmp_path, "std.orders", rule)
    frame = frame_of("std.orders", {"status": ["A", "B"]})
    assert validate(frame, suite).select("judged_count", "failed_count", "is_passed").rows() == [(2, 3, False)]
    assert_frame_equal(judge(frame, suite).results, validate(frame, suite))


def test_missing_column_is_a_bad_table() -> None:
    """A frame without a column that a rule reads is refused by both, naming the column."""
    suite = load_suite("std.products", SHIPPED)
    frame = frame_of("std.products", {"name": ["x"]}).drop("cost")
    for judged in (validate, judge):
        with pytest.raises(QualityError, match="cost"):
            judged(frame, suite)
