"""Whole tables judged by their suites, as check results."""

from collections.abc import Iterator

import dagster as dg

from crm_pipeline import quality
from crm_pipeline.orchestration.metadata import rule_result
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import Table


def judge_table(run: Run, table: Table, suite: quality.Suite) -> Iterator[dg.AssetCheckResult]:
    """The verdict on each rule of the suite over all rows of the table."""
    frame = run.warehouse.frame(f"SELECT * FROM {table.qualified}")
    contract = {row["rule_id"]: row for row in quality.validate(frame, suite).to_dicts()}
    for row in quality.judge(frame, suite).results.to_dicts():
        yield rule_result(dg.AssetKey([table.schema, table.name]), row, contract[row["rule_id"]])
