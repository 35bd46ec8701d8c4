"""What survives together: single columns, and linked columns that come from one record, each with its rules.

Belongs here: from what a project wrote to units with rules, and what may not be written. Does not belong here: what a
rule is (`rules`), ranking by it (`ranking`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.golden.rules import (
    CONTACT_TIE_BREAKS,
    OVERRIDE,
    PRESENT,
    UNION,
    VALUE_TIE_BREAKS,
    Rule,
    Rules,
    refuse_unknown,
    rules_of,
    unknown,
)
from crm_pipeline.tables import CUSTOMER_COLUMNS, Column
from crm_pipeline.tables import extra_columns as as_columns

# Golden column of the best value to the list it is chosen from.
CONTACT_LISTS: Mapping[str, str] = {"phone": "phones", "email": "emails"}

# Chosen by no rule: what the records have together.
UNION_COLUMN = "external_ids"

_GOLDEN_NAMES: Mapping[str, str] = {column: kind for kind, column in CONTACT_LISTS.items()}
_TEXT = "VARCHAR"


@dataclass(frozen=True, slots=True)
class Unit:
    """One column, or several that come from one record.

    Attributes:
        name: of the column, or of the group.
        columns: one, or those linked, the leading one first; of phone and email the golden one.
        rules: all of them in order: override, of linked columns present, the project's, tie-breaks.
    """

    name: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]

    @property
    def is_linked(self) -> bool:
        """Whether it is several columns."""
        return len(self.columns) > 1

    @property
    def is_union(self) -> bool:
        """Whether all values stay."""
        return UNION in self.rules

    @property
    def is_contact(self) -> bool:
        """Whether it is the best of a list of phones or e-mails."""
        return self.name in CONTACT_LISTS


@dataclass(frozen=True, slots=True)
class Units:
    """All that survives by rule: columns with one value a record, and the lists of which the best is chosen."""

    values: tuple[Unit, ...]
    contacts: tuple[Unit, ...]

    @property
    def all(self) -> tuple[Unit, ...]:
        """Both."""
        return (*self.values, *self.contacts)

    @property
    def rules(self) -> frozenset[str]:
        """Names of the rules that any of them has."""
        return frozenset(rule.name for unit in self.all for rule in unit.rules)

    def holding(self, column: str) -> Unit:
        """The unit that has a golden column."""
        return next(unit for unit in self.all if any(each.name == column for each in unit.columns))


def units_of(rules: Rules, linked: Mapping[str, Sequence[str]], extra_columns: Iterable[str | Column] = ()) -> Units:
    """The units of a project in the order of their first column.

    Args:
        rules: column, group, or `default`, to rules; `phones` and `emails` mean phone and email.
        linked: group to its columns, the leading one first.
        extra_columns: the project's own columns of customers.

    Raises:
        ConfigurationError: a rule, a column or a group is unknown, or a rule does not fit its column.
    """
    lists = {*CONTACT_LISTS.values(), UNION_COLUMN}
    single = [*(column for column in CUSTOMER_COLUMNS if column.name not in lists), *as_columns(extra_columns)]
    by_name = {column.name: column for column in single}
    group_of = _groups(linked, by_name)
    rules = {_GOLDEN_NAMES.get(name, name): rules[name] for name in sorted(rules, reverse=True)}  # phone beats phones
    if tuple(rules.pop(UNION_COLUMN, (UNION.name,))) != (UNION.name,):
        raise _misplaced(UNION_COLUMN, "union for external_ids, all of which stay", "another rule", "Remove it.")
    _refuse_linked(rules, group_of)
    refuse_unknown(rules, (*by_name, *CONTACT_LISTS, *linked))
    values: dict[str, Unit] = {}
    for column in single:
        name = group_of.get(column.name, column.name)
        if name in values:
            continue
        is_linked = column.name in group_of
        columns = tuple(by_name[each] for each in linked[name]) if is_linked else (column,)
        values[name] = Unit(name, columns, _rules(rules, name, columns))
    contacts = tuple(
        Unit(kind, (Column(kind, _TEXT, ""),), (OVERRIDE, *_no_union(kind, rules_of(rules, kind)), *CONTACT_TIE_BREAKS))
        for kind in CONTACT_LISTS
    )
    return Units(tuple(values.values()), contacts)


def _groups(linked: Mapping[str, Sequence[str]], known: Mapping[str, Column]) -> dict[str, str]:
    """Column to group."""
    group_of: dict[str, str] = {}
    for group, columns in linked.items():
        for column in columns:
            if column not in known:
                raise unknown(f"survivorship.linked.{group}", "column that can be linked", column, known)
            group_of[column] = group
    for group in linked:
        if group in known and group_of.get(group) != group:
            raise _misplaced(
                f"linked.{group}", "the name of a group or of one of its columns", f"{group}, another column",
                "Give the group another name.",
            )  # fmt: skip
    return group_of


def _refuse_linked(rules: Rules, group_of: Mapping[str, str]) -> None:
    for name in rules:
        if group_of.get(name, name) != name:
            group = group_of[name]
            raise _misplaced(
                name,
                f"the rules of linked columns at their group, {group}",
                f"rules of {name}, which survives together with the others",
                f"Write them at {group}, or dissolve it: linked: {{{group}: []}}.",
            )


def _rules(written: Rules, name: str, columns: Sequence[Column]) -> tuple[Rule, ...]:
    rules = rules_of(written, name)
    if len(columns) > 1:
        return (OVERRIDE, PRESENT, *_no_union(name, rules), *VALUE_TIE_BREAKS)
    if columns[0].type != _TEXT:
        rules = _no_union(name, rules)
    return (OVERRIDE, *rules, *VALUE_TIE_BREAKS)


def _no_union(name: str, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    if UNION in rules:
        raise _misplaced(
            name,
            "union for external_ids and for single columns of text",
            f"union of {name}",
            "Choose by another rule; of phones and e-mails customer_contacts keeps all.",
        )
    return rules


def _misplaced(where: str, expected: str, found: str, cure: str) -> ConfigurationError:
    return ConfigurationError(where=f"survivorship.{where}", expected=expected, found=found, cure=cure)
