"""The verdict on every row, vectorised, from the suite that Great Expectations reads too.

Belongs here: failures per row, counts per rule, and what is left of a frame after them. Does not belong here: what a
rule means (`conditions`), or storing rejections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from crm_pipeline.quality.conditions import judged_columns, missing_or_surplus, verdict
from crm_pipeline.quality.rules import Rule, Severity, Suite
from crm_pipeline.tables import CHECK_RESULTS, CheckKind

FAILURE_SCHEMA: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "rule_id": pl.String(),
    "severity": pl.String(),
    "column_name": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a suite says of a frame.

    Attributes:
        failures: one reason against one row. Key (row, rule_id), sorted by it. `row` is the position in the frame,
            from 0; `column_name` is the cell concerned; `reason` is the rule's notes. Rules on the whole table are not
            in it: they blame no row.
        results: one rule, as `ops.check_results`, in the order of the suite, also those that nothing broke.
            `judged_count` leaves out rows that the rule skips, such as missing values; of a rule on the row count,
            `failed_count` is the number of rows missing or surplus.
    """

    failures: pl.DataFrame
    results: pl.DataFrame


def judge(frame: pl.DataFrame, suite: Suite) -> Judgement:
    """The verdict of `suite` on each row of `frame`.

    Args:
        frame: has the columns that the rules read; on a standardised table also `business_date`.
        suite: rules on one table.

    Raises:
        QualityError: the frame lacks a column that a rule reads.
    """
    verdicts = {rule.rule_id: verdict(rule) for rule in suite.rules if rule.columns}
    rows = judged_columns(frame, suite).select(
        *(expressions.judged.alias(f"judged {rule_id}") for rule_id, expressions in verdicts.items()),
        *(expressions.failed.alias(f"failed {rule_id}") for rule_id, expressions in verdicts.items()),
    )
    counts = rows.sum().row(0, named=True) if frame.height and verdicts else {}
    results = [
        (rule, counts.get(f"judged {rule.rule_id}", 0), counts.get(f"failed {rule.rule_id}", 0))
        if rule.columns
        else (rule, frame.height, missing_or_surplus(frame.height, rule))
        for rule in suite.rules
    ]
    broken = [(rule, rows[f"failed {rule.rule_id}"]) for rule, _, failed in results if rule.columns and failed]
    return Judgement(_failures(broken), check_results(suite.table, results))


def _failures(broken: Iterable[tuple[Rule, pl.Series]]) -> pl.DataFrame:
    """One row for each True in the series of each rule."""
    parts = [
        pl.DataFrame({"row": failed.arg_true()}, schema={"row": pl.UInt32}).with_columns(
            rule_id=pl.lit(rule.rule_id),
            severity=pl.lit(rule.severity.value),
            column_name=pl.lit(rule.column),
            reason=pl.lit(rule.notes),
        )
        for rule, failed in broken
    ]
    return pl.concat([pl.DataFrame(schema=FAILURE_SCHEMA), *parts]).sort("row", "rule_id")


def is_passed(rule: Rule, judged_count: int, failed_count: int) -> bool:
    """Whether a rule holds: nothing was judged, or at least `mostly` of it holds."""
    if not rule.columns:
        return failed_count == 0
    return judged_count == 0 or (judged_count - failed_count) / judged_count >= rule.mostly


def check_results(table: str, counts: Iterable[tuple[Rule, int, int]]) -> pl.DataFrame:
    """Rows of `ops.check_results`, one for each (rule, judged_count, failed_count), in their order."""
    rows = [
        (
            table,
            rule.rule_id,
            CheckKind.RULE.value,
            rule.severity.value,
            judged,
            failed,
            is_passed(rule, judged, failed),
            rule.notes,
        )
        for rule, judged, failed in counts
    ]
    return pl.DataFrame(rows, schema=CHECK_RESULTS.polars_schema, orient="row")


def accept(frame: pl.DataFrame, failures: pl.DataFrame) -> pl.DataFrame:
    """The frame without the rows that a `row` rule rejects, and with null in each cell that a `value` rule rejects.

    Columns, their types and the order of rows stay; failures of severity table and warning change nothing.

    Args:
        frame: the frame that was judged.
        failures: `Judgement.failures` of it, or some of them.
    """
    positions = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
    cells = failures.filter(pl.col("severity") == Severity.VALUE)
    rejected_rows = failures.filter(pl.col("severity") == Severity.ROW)["row"]
    emptied = [
        pl.when(~positions.is_in(rows["row"].implode())).then(pl.col(str(name))).alias(str(name))
        for (name,), rows in cells.group_by("column_name", maintain_order=True)
    ]
    return frame.with_columns(emptied).filter(~positions.is_in(rejected_rows.implode()))
