"""A rule as two Polars expressions: which rows it judges, and which of those break it.

The meaning is that of Great Expectations on pandas; `contract` runs the same rules there and a test holds both to one
verdict. Numbers of any type are judged as 64-bit floats, exact to 15 digits; times as timestamps; NaN is missing.

Belongs here: the meaning of each type of expectation. Does not belong here: counting and reporting (`judge`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_pipeline.errors import QualityError
from crm_pipeline.quality.rules import Rule, Suite, ValueKind, Where


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two Boolean expressions without nulls; a failed row is always a judged one."""

    judged: pl.Expr
    failed: pl.Expr


def comparable(column: str, kind: ValueKind) -> pl.Expr:
    """The column as both judges compare it, under its own name."""
    values = pl.col(column)
    match kind:
        case ValueKind.NUMBER:
            return values.cast(pl.Float64).fill_nan(None)
        case ValueKind.TIME:
            return values.cast(pl.Datetime("us"))
        case ValueKind.LIST:  # only asked whether it is missing; an empty list is
            return pl.when(values.list.len() > 0).then(values.list.len().cast(pl.Float64))
        case ValueKind.TEXT:
            return values.cast(pl.String)


def judged_columns(frame: pl.DataFrame, suite: Suite) -> pl.DataFrame:
    """The columns that the suite reads, comparable; order and number of rows are those of `frame`.

    Raises:
        QualityError: the frame lacks one of them.
    """
    kinds = suite.column_kinds
    missing = sorted(kinds.keys() - set(frame.columns))
    if missing:
        cure = "Restore the columns, or take the rules on them out of the suite."
        raise QualityError(where=suite.table, expected="all columns of its rules", found=f"no {missing}", cure=cure)
    return frame.select(comparable(column, kind) for column, kind in kinds.items())


def verdict(rule: Rule) -> Verdict:
    """What the rule says of each row of a frame from `judged_columns`; the rule must be one on rows."""
    looked_at = _selected(rule.where) & ~_ignored(rule)
    columns = tuple(pl.col(column) for column in rule.columns)
    if rule.type == "expect_column_values_to_not_be_null":
        return Verdict(looked_at, looked_at & columns[0].is_null())
    if len(rule.columns) == 1:
        looked_at &= columns[0].is_not_null()
    broken = _BROKEN[rule.type](columns, rule.options, looked_at)
    return Verdict(looked_at, looked_at & broken.fill_null(value=True))


def _selected(where: Where | None) -> pl.Expr:
    if where is None:
        return pl.lit(value=True)
    column = pl.col(where.column)
    if where.is_null is None:
        return column.eq_missing(pl.lit(where.equals))
    return column.is_null() if where.is_null else column.is_not_null()


def _ignored(rule: Rule) -> pl.Expr:
    if rule.ignore == "never":
        return pl.lit(value=False)
    missing = [pl.col(column).is_null() for column in rule.columns]
    return pl.any_horizontal(missing) if rule.ignore == "any" else pl.all_horizontal(missing)


Columns = tuple[pl.Expr, ...]
Options = Mapping[str, Any]


def _within(values: pl.Expr, options: Options) -> pl.Expr:
    low, high = options.get("min_value"), options.get("max_value")
    above = operator.gt if options.get("strict_min") else operator.ge
    below = operator.lt if options.get("strict_max") else operator.le
    parts = [above(values, pl.lit(low))] if low is not None else []
    parts += [below(values, pl.lit(high))] if high is not None else []
    return pl.all_horizontal(parts)


def _repeated(columns: Columns, looked_at: pl.Expr) -> pl.Expr:
    """Whether another looked-at row has the same values; rows not looked at are told apart by the flag."""
    names = [f"value_{position}" for position in range(len(columns))]
    values = [column.alias(name) for column, name in zip(columns, names, strict=True)]
    return pl.struct(looked_at.alias("looked_at"), *values).is_duplicated()


def _not_equal(columns: Columns, _options: Options, _looked_at: pl.Expr) -> pl.Expr:
    return columns[0] != columns[1]


def _not_greater(columns: Columns, options: Options, _looked_at: pl.Expr) -> pl.Expr:
    return columns[0] < columns[1] if options.get("or_equal") else columns[0] <= columns[1]


# Whether a row breaks the rule; null, for a value that is missing, breaks it too.
_BROKEN: Mapping[str, Callable[[Columns, Options, pl.Expr], pl.Expr]] = {
    "expect_column_values_to_be_unique": lambda columns, _options, rows: _repeated(columns, rows),
    "expect_compound_columns_to_be_unique": lambda columns, _options, rows: _repeated(columns, rows),
    "expect_column_values_to_match_regex": lambda columns, options, _: ~columns[0].str.contains(options["regex"]),
    "expect_column_values_to_be_in_set": lambda columns, options, _: ~columns[0].is_in(list(options["value_set"])),
    "expect_column_values_to_be_between": lambda columns, options, _: ~_within(columns[0], options),
    "expect_column_value_lengths_to_be_between": lambda columns, options, _: (
        ~_within(columns[0].str.len_chars(), options)
    ),
    "expect_column_value_lengths_to_equal": lambda columns, options, _: columns[0].str.len_chars() != options["value"],
    "expect_column_pair_values_to_be_equal": _not_equal,
    "expect_column_pair_values_a_to_be_greater_than_b": _not_greater,
}


def missing_or_surplus(row_count: int, rule: Rule) -> int:
    """How many rows a table has too few or too many for a rule on its row count; 0 when it holds."""
    low: Any = rule.options.get("min_value", 0)
    high: Any = rule.options.get("max_value", row_count)
    return int(max(low - row_count, row_count - high, 0))
