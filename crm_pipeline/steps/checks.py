"""Verdicts on tables: whole tables judged by their suites, and the latest verdicts kept for stewards.

Belongs here: joining a suite and a table. Does not belong here: judging (`quality`), or how Dagster shows it.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline import quality
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CHECK_RESULTS, LOADS, Table


def record_results(run: Run, results: pl.DataFrame) -> None:
    """Puts results in the place of earlier ones on the same tables; a table without judged rows keeps its own."""
    run.warehouse.ensure(CHECK_RESULTS)
    judged = results.filter(pl.col("judged_count").sum().over("table_name") > 0)
    with run.warehouse.transaction():
        for name in judged["table_name"].unique().to_list():
            run.warehouse.execute(f"DELETE FROM {CHECK_RESULTS.qualified} WHERE table_name = ?", [name])
        run.warehouse.insert(CHECK_RESULTS, judged, order_by=CHECK_RESULTS.key)


def judge_table(run: Run, table: Table, suite: quality.Suite) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The verdict on each rule over all rows of a table: counted by us, and by Great Expectations."""
    if not suite.rules:
        return CHECK_RESULTS.empty(), CHECK_RESULTS.empty()
    frame = run.warehouse.frame(f"SELECT * FROM {table.qualified}")
    ours = quality.judge(frame, suite).results
    record_results(run, ours)
    return ours, quality.validate(frame, suite)


def judge_current(run: Run, table: Table, suite: quality.Suite) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same for the current records of a std table; today is the business date of the newest delivery."""
    if not suite.rules:
        return CHECK_RESULTS.empty(), CHECK_RESULTS.empty()
    today = f"(SELECT max(business_date) FROM {LOADS.qualified})"
    frame = run.warehouse.frame(f"SELECT *, {today} AS business_date FROM {table.qualified} WHERE valid_to IS NULL")
    return quality.judge(frame, suite).results, quality.validate(frame, suite)
