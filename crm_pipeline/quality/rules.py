"""What a rule is: a frozen value that both judges read.

Belongs here: the shape of a rule and of a suite. Does not belong here: reading JSON (`parsing`, `suites`), the types of
expectation there are (`catalogue`), or judging (`conditions`, `judge`, `contract`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Literal

Option = str | float | bool | datetime | tuple[str | float, ...]
IgnoreRowIf = Literal["never", "all", "any"]


class Severity(StrEnum):
    """What a broken rule costs; the gravest first."""

    TABLE = "table"
    ROW = "row"
    VALUE = "value"
    WARNING = "warning"


class Dimension(StrEnum):
    """The part of a quality score in which what breaks a rule counts."""

    COMPLETENESS = "completeness"
    VALIDITY = "validity"
    UNIQUENESS = "uniqueness"
    CONSISTENCY = "consistency"


class ValueKind(StrEnum):
    """How values of a column compare."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "date or timestamp"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Where:
    """The rows a rule looks at: those whose `column` is null, is not null, or equals `equals`.

    Attributes:
        is_null: null or not null is asked for; None when `equals` is.
    """

    column: str
    kind: ValueKind
    is_null: bool | None
    equals: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation on one table.

    Attributes:
        type: name of the expectation in Great Expectations.
        column: the cell concerned; empty for a rule on the whole table.
        columns: the columns the rule compares, in the order of the expectation.
        kinds: of each of `columns`, how its values compare.
        options: of the expectation, parsed: bounds are numbers or times, sets are tuples.
        ignore: rows that are not judged: never, those with all or with any of `columns` missing.
        mostly: share of judged rows, 0 to 1, that must hold for the rule to pass; single failures are recorded anyway.
        notes: why the rule is there, and what to do.
        notes_zh: the same in Chinese; empty when nobody wrote it.
        report_severity: critical, warning or info: how Great Expectations shows it.
    """

    rule_id: str
    type: str
    severity: Severity
    column: str
    notes: str
    notes_zh: str
    columns: tuple[str, ...]
    kinds: tuple[ValueKind, ...]
    options: Mapping[str, Option]
    ignore: IgnoreRowIf
    mostly: float
    where: Where | None
    report_severity: str


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one table, unique by `rule_id`, in the order they were written."""

    table: str
    rules: tuple[Rule, ...]

    @property
    def sha256(self) -> str:
        """Hash over all that shapes verdicts and reasons.

        The order of rules, the layout of files and translations do not count.
        """
        ordered = sorted(self.rules, key=lambda rule: rule.rule_id)
        content = [
            {field.name: getattr(rule, field.name) for field in fields(rule) if field.name != "notes_zh"}
            | {"options": dict(rule.options)}
            for rule in ordered
        ]
        text = json.dumps([self.table, content], sort_keys=True, ensure_ascii=False, default=repr)
        return hashlib.sha256(text.encode()).hexdigest()

    def split_by_row(self) -> tuple[Suite, Suite]:
        """The rules that decide about single rows, and those about the table as a whole."""
        whole = tuple(rule for rule in self.rules if rule.severity is Severity.TABLE or not rule.columns)
        return Suite(self.table, tuple(rule for rule in self.rules if rule not in whole)), Suite(self.table, whole)

    @property
    def column_kinds(self) -> dict[str, ValueKind]:
        """Each column that a rule reads, and how its values compare."""
        kinds = {rule.where.column: rule.where.kind for rule in self.rules if rule.where}
        for rule in self.rules:
            kinds |= dict(zip(rule.columns, rule.kinds, strict=True))
        return kinds


def dimension_of(rule: Rule) -> Dimension:
    """The part of the score a rule belongs to: by what it looks at.

    A rule on one column is of validity, on whether it is filled of completeness, on repetition of uniqueness. One that
    compares columns of a row is of consistency; with today (`business_date`) a single column is compared: validity.
    """
    if rule.type == "expect_column_values_to_not_be_null":
        return Dimension.COMPLETENESS
    if rule.type.endswith("to_be_unique"):
        return Dimension.UNIQUENESS
    if rule.type.startswith("expect_column_pair") and "business_date" not in rule.columns:
        return Dimension.CONSISTENCY
    return Dimension.VALIDITY
