"""Claims on rules and tests as asset checks."""

from __future__ import annotations

import dagster as dg
import polars as pl

from crm_pipeline.orchestration import rules
from crm_pipeline.tables import CHECK_RESULTS
from crm_pipeline.warehouse.models import ModelTest, ModelTestResult

KEY = dg.AssetKey(["gold", "orders"])


def verdicts(*rows: tuple[str, str, int]) -> pl.DataFrame:
    """Rows of `ops.check_results`, ten rows judged: rule, severity, how many failed."""
    filled = [
        {
            "table_name": "gold.orders",
            "rule_id": rule,
            "kind": "rule",
            "severity": severity,
            "is_passed": failed == 0,
            "judged_count": 10,
            "failed_count": failed,
            "notes": f"Why {rule}.",
        }
        for rule, severity, failed in rows
    ]
    return pl.DataFrame(filled, schema_overrides=CHECK_RESULTS.polars_schema)


def test_a_broken_rule_of_the_table_is_named() -> None:
    """The one check of all rules on a table fails with each that broke: its name, its count and why it is there."""
    ours = verdicts(("orders.a", "table", 0), ("orders.b", "table", 3), ("orders.c", "warning", 2))
    warning, whole = rules.check_results(KEY, ours, ours)
    assert (warning.check_name, warning.passed, warning.severity) == ("orders_c", False, dg.AssetCheckSeverity.WARN)
    assert (whole.check_name, whole.passed, whole.severity) == (rules.TABLE_RULES, False, dg.AssetCheckSeverity.ERROR)
    assert whole.description == "- orders.b: 3 of 10. Why orders.b."


def test_counts_that_differ_break_the_table() -> None:
    """Where Great Expectations counts otherwise than we do, the rule is broken, whatever either says."""
    [whole] = rules.check_results(KEY, verdicts(("orders.a", "table", 0)), verdicts(("orders.a", "table", 1)))
    assert not whole.passed


def test_tests_of_columns_are_one_check_and_selects_their_own() -> None:
    """What stops a run and is a word of a .yml file is one blocking check; a select, or what warns, is its own."""
    tests = [
        ModelTest("unique_id", "error", "No two.", "", is_generic=True),
        ModelTest("not_null_id", "error", "Each has.", "", is_generic=True),
        ModelTest("not_null_note", "warn", "Each has a note.", "", is_generic=True),
        ModelTest("assert_sum", "error", "It adds up.", ""),
    ]
    specs = {spec.name: spec.blocking for spec in rules.test_specs(KEY, tests)}
    assert specs == {"not_null_note": False, "assert_sum": True, rules.COLUMN_TESTS: True}
    results = [ModelTestResult(test.test_id, test.severity, 2, test.description) for test in tests]
    verdict = {result.check_name: result for result in rules.test_results(KEY, tests, results)}
    assert set(verdict) == set(specs)
    assert verdict[rules.COLUMN_TESTS].description == "- unique_id: 2. No two.\n- not_null_id: 2. Each has."
    assert verdict["not_null_note"].severity is dg.AssetCheckSeverity.WARN


def test_commands_name_what_broke() -> None:
    """Of a check of several, each that broke is named; of others the check."""
    metadata = {"broken": dg.MetadataValue.json(["orders_b", "orders_d"])}
    checks = [
        dg.AssetCheckEvaluation(KEY, rules.TABLE_RULES, passed=False, metadata=metadata),
        dg.AssetCheckEvaluation(KEY, rules.COLUMN_TESTS, passed=True, metadata={"broken": dg.MetadataValue.json([])}),
        dg.AssetCheckEvaluation(KEY, "assert_sum", passed=False, metadata={}),
    ]
    assert [name for _, name in rules.names_of_broken(checks)] == ["orders_b", "orders_d", "assert_sum"]
