"""The survivorship rules, as a table one can read aloud, and the check of what a user wrote.

Belongs here: what a rule is called, what it sorts by and why. Does not belong here: how candidates are found and
ranked (`candidates`) or what becomes of the winner (`survivorship`).

A candidate is one value of one column in one living record. Rules are sort keys: the first one that tells two
candidates apart decides, a tie falls to the next. What no rule decides, the tie-breaks do, so that the result is a
pure function of the records and never of their order.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_pipeline.errors import ConfigurationError

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Rule:
    """One sort key over candidates.

    Attributes:
        name: as `pipeline.yaml` and `customer_values.rule` have it.
        expression: SQL over a candidate's columns value, position, seen_at, trust, frequency, record; never null.
        direction: ASC when the smaller one wins, DESC when the larger one does.
        reason: when it is the right one.
    """

    name: str
    expression: str
    direction: str
    reason: str


# What a user may name. seen_at is updated_at, else created_at, else the business date of the delivery.
RULES: tuple[Rule, ...] = (
    Rule(
        "most_recent", "seen_at", "DESC", "people move and change numbers: what was said last is likeliest still true"
    ),
    Rule("oldest", "seen_at", "ASC", "what must not change was right when it was first said"),
    Rule("trust", "trust", "DESC", "one system is looked after better than another"),
    Rule("longest", "length(value)", "DESC", "abbreviations and missing parts make a value shorter; in characters"),
    Rule("most_frequent", "frequency", "DESC", "records that agree are seldom wrong together"),
)

# The last word on columns with one value a record.
VALUE_TIE_BREAKS: tuple[Rule, ...] = (
    Rule("record_key", "record", "ASC", "any fixed order will do; this one is a pure function of the records"),
)

# The last word on lists: what a source delivers first is its main number, and equal ranks must not depend on a key.
CONTACT_TIE_BREAKS: tuple[Rule, ...] = (
    Rule("position", "position", "ASC", "sources put the main number or address first"),
    Rule("value", "value", "ASC", "any fixed order will do; this one does not depend on which record has it"),
    *VALUE_TIE_BREAKS,
)

_BY_NAME: Mapping[str, Rule] = {rule.name: rule for rule in RULES}


def column_rules(rules: Mapping[str, tuple[str, ...]], columns: Iterable[str]) -> dict[str, tuple[Rule, ...]]:
    """The rules of each of `columns`, in order, those of the key `default` for a column that is not named.

    Args:
        rules: column name, or `default`, to rule names; without `default` it is most_recent.
        columns: the columns that survive by rule; others can't be named.

    Raises:
        ConfigurationError: a rule or a column is unknown; the message has the nearest known one.
    """
    columns = tuple(columns)
    known = {DEFAULT, *columns}
    for column, names in rules.items():
        if column not in known:
            raise _unknown("survivorship", "column with a survivorship rule", column, known)
        for name in names:
            if name not in _BY_NAME:
                raise _unknown(f"survivorship.{column}", "survivorship rule", name, _BY_NAME)
    default = rules.get(DEFAULT, ("most_recent",))
    return {column: tuple(_BY_NAME[name] for name in rules.get(column, default)) for column in columns}


def _unknown(where: str, what: str, found: str, known: Iterable[str]) -> ConfigurationError:
    names = sorted(known)
    nearest = difflib.get_close_matches(found, names, n=1, cutoff=0.5)
    cure = f"Did you mean {nearest[0]!r}?" if nearest else "Correct or remove it."
    return ConfigurationError(
        where=where, expected=f"a {what}: {', '.join(names)}", found=repr(found), cure=f"{cure} See `pipeline.yaml`."
    )
