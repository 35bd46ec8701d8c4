"""Suites as asset checks: one check for each rule on rows, one for all that the table as a whole must hold.

Dagster records each check in some fifty milliseconds, and a table of ours must hold half a dozen rules that never
break: together they are one check, which stops what comes after it and names the rule that broke.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import polars as pl

from crm_pipeline import quality
from crm_pipeline.orchestration.metadata import check_name, rule_result

# The check of all rules whose severity is table.
TABLE_RULES = "rules_of_the_table"
_TABLE = quality.Severity.TABLE.value


def check_specs(key: dg.AssetKey, suite: quality.Suite) -> list[dg.AssetCheckSpec]:
    """One check per rule on rows, and one that stops what comes after it for those on the table as a whole."""
    whole = [rule for rule in suite.rules if rule.severity is quality.Severity.TABLE]
    specs = [
        dg.AssetCheckSpec(check_name(rule.rule_id), asset=key, description=rule.notes)
        for rule in suite.rules
        if rule not in whole
    ]
    if whole:
        told = "\n".join(f"- {rule.rule_id}: {rule.notes}" for rule in whole)
        specs.append(dg.AssetCheckSpec(TABLE_RULES, asset=key, description=told, blocking=True))
    return specs


def check_results(key: dg.AssetKey, ours: pl.DataFrame, contract: pl.DataFrame) -> list[dg.AssetCheckResult]:
    """The verdict on each rule: our counts and those of Great Expectations, rows of `ops.check_results`.

    A rule that Great Expectations was not asked about is missing in `contract`.
    """
    by_rule = {row["rule_id"]: row for row in contract.to_dicts()}
    rows = ours.to_dicts()
    results = [rule_result(key, row, by_rule.get(row["rule_id"])) for row in rows if row["severity"] != _TABLE]
    whole = [rule_result(key, row, by_rule.get(row["rule_id"])) for row in rows if row["severity"] == _TABLE]
    broken = [
        row
        for row, result in zip((r for r in rows if r["severity"] == _TABLE), whole, strict=True)
        if not result.passed
    ]
    return [*results, *([_whole(key, len(whole), broken)] if whole else [])]


def _whole(key: dg.AssetKey, count: int, broken: Sequence[dict[str, Any]]) -> dg.AssetCheckResult:
    """The verdict on the table as a whole, with each rule that broke: why it is there, and how many rows broke it."""
    told = "\n".join(
        f"- {row['rule_id']}: {row['failed_count']:,} of {row['judged_count']:,}. {row['notes']}" for row in broken
    )
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=TABLE_RULES,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR,
        description=told or None,
        metadata={"rules": count, "rules broken": len(broken), "severity": _TABLE},
    )
