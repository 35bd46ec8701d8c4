"""The types of expectation that can be judged, as a table to read aloud.

Belongs here: which columns and options each type takes. Does not belong here: what an option may be (`options`) or how
a type is judged (`conditions` for Polars; Great Expectations for itself).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from crm_pipeline.quality import options as parse
from crm_pipeline.quality.rules import IgnoreRowIf, Option, ValueKind

Parser = Callable[[object, ValueKind], Option]

_SCALAR = frozenset({ValueKind.TEXT, ValueKind.NUMBER, ValueKind.TIME})
_ORDERED = frozenset({ValueKind.NUMBER, ValueKind.TIME})
_TEXT = frozenset({ValueKind.TEXT})

# Great Expectations' words for the rows a rule skips, and ours. The first is its default.
PAIR_IGNORE: Mapping[str, IgnoreRowIf] = {
    "both_values_are_missing": "all",
    "either_value_is_missing": "any",
    "neither": "never",
}
MANY_IGNORE: Mapping[str, IgnoreRowIf] = {
    "all_values_are_missing": "all",
    "any_value_is_missing": "any",
    "never": "never",
}


def _anything(_options: Mapping[str, Option]) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Expectation:
    """One type of expectation.

    Attributes:
        column_keys: the keyword arguments that name its columns; `column_list` names two or more.
        accepts: kinds of column it can judge; the two of a pair must be of one kind.
        options: keyword argument to parser.
        required: the options that must be there.
        ignore: Great Expectations' words for rows to skip; empty when it takes none.
        check: raises ValueError when options do not fit together.
    """

    column_keys: tuple[str, ...]
    accepts: frozenset[ValueKind]
    options: Mapping[str, Parser] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    ignore: Mapping[str, IgnoreRowIf] = field(default_factory=dict)
    check: Callable[[Mapping[str, Option]], None] = _anything

    @property
    def is_of_table(self) -> bool:
        """Whether it judges the table as one, so that no row can be blamed."""
        return not self.column_keys


_ONE, _PAIR, _MANY = ("column",), ("column_A", "column_B"), ("column_list",)
_RANGE = {"min_value": parse.bound, "max_value": parse.bound, "strict_min": parse.flag, "strict_max": parse.flag}
_SIZES = {"min_value": parse.size, "max_value": parse.size}

EXPECTATIONS: Mapping[str, Expectation] = {
    # An empty list counts as missing.
    "expect_column_values_to_not_be_null": Expectation(_ONE, _SCALAR | {ValueKind.LIST}),
    # All rows that share a value fail, not only the later ones.
    "expect_column_values_to_be_unique": Expectation(_ONE, _SCALAR),
    "expect_column_values_to_match_regex": Expectation(_ONE, _TEXT, {"regex": parse.regex}, ("regex",)),
    "expect_column_values_to_be_in_set": Expectation(
        _ONE, _TEXT | {ValueKind.NUMBER}, {"value_set": parse.value_set}, ("value_set",)
    ),
    "expect_column_values_to_be_between": Expectation(_ONE, _ORDERED, _RANGE, check=parse.check_range),
    # Characters are Unicode code points.
    "expect_column_value_lengths_to_be_between": Expectation(_ONE, _TEXT, _SIZES, check=parse.check_range),
    "expect_column_value_lengths_to_equal": Expectation(_ONE, _TEXT, {"value": parse.size}, ("value",)),
    # A value that is missing, in a row that is not skipped, is neither equal nor greater.
    "expect_column_pair_values_to_be_equal": Expectation(_PAIR, _SCALAR, ignore=PAIR_IGNORE),
    "expect_column_pair_values_a_to_be_greater_than_b": Expectation(
        _PAIR, _ORDERED, {"or_equal": parse.flag}, ignore=PAIR_IGNORE
    ),
    # Two missing values are the same.
    "expect_compound_columns_to_be_unique": Expectation(_MANY, _SCALAR, ignore=MANY_IGNORE),
    "expect_table_row_count_to_be_between": Expectation((), frozenset(), _SIZES, check=parse.check_range),
}
