"""Suites as asset checks: one check per rule."""

import dagster as dg
import polars as pl

from crm_pipeline import quality
from crm_pipeline.orchestration.metadata import check_name, rule_result


def check_specs(key: dg.AssetKey, suite: quality.Suite) -> list[dg.AssetCheckSpec]:
    """One check per rule; a rule on the table as a whole stops what comes after it."""
    return [
        dg.AssetCheckSpec(
            check_name(rule.rule_id), asset=key, description=rule.notes, blocking=str(rule.severity) == "table"
        )
        for rule in suite.rules
    ]


def check_results(key: dg.AssetKey, ours: pl.DataFrame, contract: pl.DataFrame) -> list[dg.AssetCheckResult]:
    """The verdict on each rule: our counts and those of Great Expectations, rows of `ops.check_results`.

    A rule that Great Expectations was not asked about is missing in `contract`.
    """
    by_rule = {row["rule_id"]: row for row in contract.to_dicts()}
    return [rule_result(key, row, by_rule.get(row["rule_id"])) for row in ours.to_dicts()]
