"""Verdicts on tables: whole tables judged by their suites, and the latest verdict on each check kept for stewards.

Belongs here: joining a suite and a table, and what `ops.check_results` holds. Does not belong here: judging (`quality`,
`warehouse`), or how Dagster shows it.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from crm_pipeline import quality
from crm_pipeline.steps.readable import current_sql
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CHECK_RESULTS, LOADS, CheckKind, Table
from crm_pipeline.warehouse.connection import quoted
from crm_pipeline.warehouse.models import Model, ModelTestResult

STOPS, WARNS = "table", "warning"  # severities: the run stops before publication, or it is said and no more
_GOLDEN = "gold"  # what users see: judged twice
_START = "start"  # the step that stands for what a process does once


def prepare_judging(run: Run) -> None:
    """Loads Great Expectations as a step of its own, once in a run: the first table judged is not charged with it."""
    if _START not in run.progress.completed:
        with run.progress.step(_START):
            quality.load_expectations()


def record_results(run: Run, results: pl.DataFrame) -> None:
    """Puts results of suites in the place of earlier ones; a table of which no row was judged keeps its own."""
    judged = results.filter(pl.col("judged_count").sum().over("table_name") > 0)
    _replace(run, CheckKind.RULE, judged["table_name"].unique().to_list(), judged)


def record_tests(run: Run, model: Model, row_count: int, results: Iterable[ModelTestResult]) -> None:
    """Puts the verdicts of a model's tests in the place of earlier ones; those on models that are gone go too."""
    rows = [
        _verdict(
            CheckKind.TEST, model.qualified, result.test_id, STOPS if result.severity == "error" else WARNS,
            judged=row_count, failed=result.failed_count, notes=result.description,
        )
        for result in results
    ]  # fmt: skip
    _replace(run, CheckKind.TEST, [model.qualified], pl.DataFrame(rows, schema=CHECK_RESULTS.polars_schema))
    known = [other.qualified for other in run.sql_models]
    gone = f"DELETE FROM {CHECK_RESULTS.qualified} WHERE kind = ? AND NOT list_contains(?, table_name)"
    run.warehouse.execute(gone, [CheckKind.TEST.value, known])


def record_guard(run: Run, guarded: str, name: str, severity: str, *, judged: int, failed: int, notes: str) -> None:
    """Puts the verdict of one guard of a step in the place of its earlier one."""
    row = _verdict(CheckKind.GUARD, guarded, name, severity, judged=judged, failed=failed, notes=notes)
    run.warehouse.ensure(CHECK_RESULTS)
    with run.warehouse.transaction():
        earlier = f"DELETE FROM {CHECK_RESULTS.qualified} WHERE kind = ? AND table_name = ? AND rule_id = ?"
        run.warehouse.execute(earlier, [CheckKind.GUARD.value, guarded, name])
        run.warehouse.insert(
            CHECK_RESULTS, pl.DataFrame([row], schema=CHECK_RESULTS.polars_schema), order_by=CHECK_RESULTS.key
        )


def record_watched(run: Run, verdicts: Iterable[tuple[str, str, int, int, str]]) -> pl.DataFrame:
    """The verdicts on what is watched, in the place of all earlier ones: rows of `ops.check_results`.

    Args:
        run: the open run.
        verdicts: table, name, how many figures were judged, how many are out of their band, and why it is watched.
    """
    rows = [
        _verdict(CheckKind.ANOMALY, table, name, WARNS, judged=judged, failed=failed, notes=notes)
        for table, name, judged, failed, notes in verdicts
    ]
    results = pl.DataFrame(rows, schema=CHECK_RESULTS.polars_schema)
    run.warehouse.ensure(CHECK_RESULTS)
    with run.warehouse.transaction():
        run.warehouse.execute(f"DELETE FROM {CHECK_RESULTS.qualified} WHERE kind = ?", [CheckKind.ANOMALY.value])
        run.warehouse.insert(CHECK_RESULTS, results, order_by=CHECK_RESULTS.key)
    return results


def latest_results(run: Run, results: pl.DataFrame) -> pl.DataFrame:
    """`results` of a suite on one table, or what is kept of it where they judged no row and the same rules are kept."""
    if results.is_empty() or results["judged_count"].sum() > 0 or not run.warehouse.exists(CHECK_RESULTS):
        return results
    kept = run.warehouse.frame(
        f"SELECT * FROM {CHECK_RESULTS.qualified} WHERE kind = ? AND table_name = ?",
        [CheckKind.RULE.value, results["table_name"][0]],
    )
    if set(kept["rule_id"]) != set(results["rule_id"]):
        return results
    return results.select("rule_id").join(kept, on="rule_id", maintain_order="left").select(CHECK_RESULTS.column_names)


def judge_table(run: Run, table: Table, suite: quality.Suite) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The verdict on each rule over all rows of a table: counted by us, and by Great Expectations.

    Great Expectations takes a tenth of a second for any table. So the second opinion is asked on golden tables each
    night, on the others, which the pipeline makes for itself, where we find a rule broken; not asked, it has no rows.
    """
    if not suite.rules:
        return CHECK_RESULTS.empty(), CHECK_RESULTS.empty()
    columns = ", ".join(map(quoted, suite.column_kinds)) or "1 AS row"  # a rule on the row count reads none
    frame = run.warehouse.frame(f"SELECT {columns} FROM {table.qualified}")
    ours = quality.judge(frame, suite).results
    record_results(run, ours)
    is_asked = frame.height > 0 and (table.schema == _GOLDEN or bool(ours["failed_count"].sum()))
    return ours, quality.validate(frame, suite) if is_asked else CHECK_RESULTS.empty()


def judge_current(run: Run, table: Table, suite: quality.Suite) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same for the current records of a std table; today is the business date of the newest delivery."""
    if not suite.rules:
        return CHECK_RESULTS.empty(), CHECK_RESULTS.empty()
    today = f"(SELECT max(business_date) FROM {LOADS.qualified})"
    frame = run.warehouse.frame(f"SELECT *, {today} AS business_date FROM ({current_sql(table, suite)})")
    return quality.judge(frame, suite).results, quality.validate(frame, suite)


def _replace(run: Run, kind: CheckKind, tables: Iterable[str], verdicts: pl.DataFrame) -> None:
    run.warehouse.ensure(CHECK_RESULTS)
    with run.warehouse.transaction():
        for table in tables:
            earlier = f"DELETE FROM {CHECK_RESULTS.qualified} WHERE kind = ? AND table_name = ?"
            run.warehouse.execute(earlier, [kind.value, table])
        run.warehouse.insert(CHECK_RESULTS, verdicts, order_by=CHECK_RESULTS.key)


def _verdict(
    kind: CheckKind, table: str, name: str, severity: str, *, judged: int, failed: int, notes: str
) -> dict[str, object]:
    """A row of `ops.check_results` that passes only when nothing breaks it."""
    return {
        "table_name": table,
        "rule_id": name,
        "kind": kind.value,
        "severity": severity,
        "judged_count": judged,
        "failed_count": failed,
        "is_passed": failed == 0,
        "notes": notes,
    }
