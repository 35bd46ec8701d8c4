"""Rules that nobody has to write: most cells of a column could be read.

A cell that can't be read is empty before any suite sees it, so a column of flags stands for it: `<column>.readable` is
true where a cell was read, false where it was not, null where it was blank. Suites may have rules on these columns.

Belongs here: the form of such a column and of its rule. Does not belong here: which columns have one, and filling them
(`steps.readable`).
"""

from __future__ import annotations

from types import MappingProxyType

from crm_pipeline.quality.rules import Rule, Severity, Suite, ValueKind
from crm_pipeline.tables import Column

_FLAG = ".readable"
_MOSTLY = 0.95  # as in the shipped suites


def flag_of(column: str) -> Column:
    """The column that says whether the cells of `column` could be read."""
    return Column(f"{column}{_FLAG}", "BOOLEAN", f"whether the cell of {column} was read", null="it was blank")


def rule_of(entity: str, column: str, expected: str, expected_zh: str) -> Rule:
    """The rule that at least 95 % of the cells of a column that are not blank could be read.

    Args:
        entity: whose std table.
        column: a column of it.
        expected: what a cell should have been, with its article: `a telephone number`.
        expected_zh: the same in Chinese.
    """
    return Rule(
        rule_id=readable_id(entity, column),
        type="expect_column_values_to_be_in_set",
        severity=Severity.VALUE,
        column=column,
        notes=f"A cell of {column} that is not {expected} becomes empty, and is missing wherever it is compared or "
        "counted. Correct it in the source, or map it with values or an expression in pipeline.yaml.",
        notes_zh=f"{column} 列的单元格应为{expected_zh}；无法识别的会被置空，匹配与统计时即缺失。请在来源系统中更正，"
        "或在 pipeline.yaml 中用 values 或表达式映射。",
        columns=(flag_of(column).name,),
        kinds=(ValueKind.TEXT,),
        options=MappingProxyType({"value_set": ("true",)}),
        ignore="never",
        mostly=_MOSTLY,
        where=None,
        report_severity="warning",
    )


def readable_id(entity: str, column: str) -> str:
    """The id of that rule, and of the rejection of a cell that can't be read."""
    return f"{entity}.{column}_readable"


def placeholder_id(entity: str, column: str) -> str:
    """The id of the rejection of a cell that says in some way that nothing is known; no rule counts them."""
    return f"{entity}.{column}_placeholder"


def flagged_columns(suite: Suite) -> tuple[str, ...]:
    """The columns whose flags the suite reads."""
    return tuple(name.removesuffix(_FLAG) for name in suite.column_kinds if name.endswith(_FLAG))


def split_by_flag(suite: Suite) -> tuple[Suite, Suite]:
    """The rules that decide what becomes of a row, and those that merely count cells that are empty by now."""
    counting = tuple(
        rule
        for rule in suite.rules
        if rule.severity in {Severity.VALUE, Severity.WARNING} and any(name.endswith(_FLAG) for name in rule.columns)
    )
    deciding = tuple(rule for rule in suite.rules if rule not in counting)
    return Suite(suite.table, deciding), Suite(suite.table, counting)
