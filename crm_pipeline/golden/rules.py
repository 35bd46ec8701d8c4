"""The survivorship rules, as a table one can read aloud, and the check of what a user wrote.

Belongs here: what a rule is called, when it is the right one, which columns may name it. Does not belong here: how
candidates are ranked by it (`ranking`), which columns survive together (`units`), what becomes of the winner
(`choosing`).

A candidate is one value of one column in one living record; of linked columns, what one record has in all of them.
Rules are sort keys: the first one that tells two candidates apart decides, a tie falls to the next. What no rule
decides, the tie-breaks do, so that the result is a pure function of the records and never of their order.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings.survivorship import ExpressionRule

DEFAULT = "default"
UNION_SEPARATOR = "; "


@dataclass(frozen=True, slots=True)
class Rule:
    """One sort key over candidates.

    Attributes:
        name: as `pipeline.yaml` and `customer_values.rule` have it.
        reason: when it is the right one.
        expression: DuckDB SQL, only of a rule that the project wrote itself.
    """

    name: str
    reason: str
    expression: str = ""

    @property
    def is_of_record(self) -> bool:
        """Whether it ranks whole records, the same for each of their columns."""
        return self.name in _OF_RECORDS


_OF_RECORDS = frozenset({"most_recent", "oldest", "trust", "most_complete", "record_key"})

UNION = Rule("union", "every value is right at once: all of them stay, joined in one text")

# What a user may name. seen_at is updated_at, else created_at, else the business date of the delivery.
RULES: tuple[Rule, ...] = (
    Rule("most_recent", "people move and change numbers: what was said last is likeliest still true"),
    Rule("oldest", "what must not change was right when it was first said"),
    Rule("trust", "one system is looked after better than another; it may fade with age"),
    Rule("longest", "abbreviations and missing parts make a value shorter; in characters"),
    Rule("most_frequent", "records that agree are seldom wrong together"),
    Rule("most_complete", "who filled in more columns of a record took more care with each"),
    Rule("verified", "a value without a warning that did not bounce since it was delivered beats one that did"),
)

# Above all rules: what a steward said holds.
OVERRIDE = Rule("override", "a steward knows better than any rule")
# Why other overrides do not hold.
NEWER_OVERRIDE = "newer_override"
REVIEW_DUE = "review_due"

# The first rule of linked columns: a record that says nothing of what they are about is none to take them from.
PRESENT = Rule("present", "a record with the first of the linked columns beats one without it")

RECORD_KEY = Rule("record_key", "any fixed order will do; this one is a pure function of the records")

# The last word on columns with one value a record.
VALUE_TIE_BREAKS: tuple[Rule, ...] = (RECORD_KEY,)

# The last word on lists: what a source delivers first is its main number, and equal ranks must not depend on a key.
CONTACT_TIE_BREAKS: tuple[Rule, ...] = (
    Rule("position", "sources put the main number or address first"),
    Rule("value", "any fixed order will do; this one does not depend on which record has it"),
    RECORD_KEY,
)

_BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in (*RULES, UNION)}

Written = str | ExpressionRule
Rules = Mapping[str, tuple[Written, ...]]


def rules_of(written: Rules, name: str) -> tuple[Rule, ...]:
    """The rules written for a column or a group, in order, else those of `default`, else most_recent.

    Raises:
        ConfigurationError: a rule is unknown, or union is not the only one; the message has the nearest known one.
    """
    named = written.get(name, written.get(DEFAULT, ("most_recent",)))
    rules = tuple(_rule(name if name in written else DEFAULT, each) for each in named)
    if UNION in rules and len(rules) > 1:
        raise ConfigurationError(
            where=f"survivorship.{name}",
            expected="union alone: nothing is left to choose",
            found=", ".join(rule.name for rule in rules),
            cure="Remove the other rules, or union.",
        )
    return rules


def refuse_unknown(written: Rules, known: Iterable[str]) -> None:
    """Nothing, when rules are written for `default` and `known` names only.

    Raises:
        ConfigurationError: another name, with the nearest known one.
    """
    known = {DEFAULT, *known}
    for name in written:
        if name not in known:
            raise unknown("survivorship", "column with a survivorship rule", name, known)


def _rule(name: str, written: Written) -> Rule:
    if isinstance(written, ExpressionRule):
        return Rule(
            "expression", "the project knows what speaks for a value; the larger result wins", written.expression
        )
    if written not in _BY_NAME:
        raise unknown(f"survivorship.{name}", "survivorship rule", written, {*_BY_NAME, "expression"})
    return _BY_NAME[written]


def unknown(where: str, what: str, found: str, known: Iterable[str]) -> ConfigurationError:
    """The refusal of a name that is none of the `known` ones, with the nearest of them."""
    names = sorted(known)
    nearest = difflib.get_close_matches(found, names, n=1, cutoff=0.5)
    cure = f"Did you mean {nearest[0]!r}?" if nearest else "Correct or remove it."
    return ConfigurationError(
        where=where, expected=f"a {what}: {', '.join(names)}", found=repr(found), cure=f"{cure} See `pipeline.yaml`."
    )
