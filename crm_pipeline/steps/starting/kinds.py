"""Whether customers of a file are persons or organisations, told by words and by their names.

Belongs here: proposals for the standard column `kind`. Does not belong here: any other column
(`steps.starting.first_mapping`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from crm_pipeline.sources.column_names import words_of
from crm_pipeline.sources.entity_suggestions import EntitySuggestion
from crm_pipeline.steps.starting.suggest import recognised_each

_FEW_KINDS = 6
_WORDS_OF_KINDS = {
    "person": {"person", "personal", "individual", "private", "consumer", "natural", "b2c", "p", "c", "个人", "自然人",
               "个体", "散客"},
    "organisation": {"organisation", "organization", "company", "business", "corporate", "enterprise", "legal", "b2b",
                     "o", "b", "企业", "公司", "单位", "机构", "法人", "团体"},
}  # fmt: skip
_OF_PERSONS = frozenset({"gender", "birth_date", "given_name", "family_name"})
_MOSTLY, _NEARLY_ALL = 0.5, 0.9


def kinds(
    rows: pl.DataFrame, shares: Mapping[str, Mapping[str, float]], column: str, named: str | None
) -> dict[str, str]:
    """Delivered values of a column to person and organisation; none where they can be read as they are.

    Args:
        rows: all text.
        shares: delivered column to what it holds.
        column: that tells the kind.
        named: that holds names; a value that no word tells is told by whether the names beside it are of companies.
    """
    if shares[column]["kind"] >= 1:
        return {}
    cells = rows[column].str.strip_chars()
    values = cells.filter(cells != "").value_counts(sort=True).head(_FEW_KINDS)[column].to_list()
    told = {value: _by_word(value) for value in values}
    untold = [value for value, kind in told.items() if not kind]
    if named and untold:
        told |= zip(untold, _by_names([rows.filter(cells == value).select(named) for value in untold]), strict=True)
    return {value: kind for value, kind in told.items() if kind}


def _by_word(value: str) -> str:
    words = {value.lower(), *words_of(value)}
    return next((kind for kind, known in _WORDS_OF_KINDS.items() if words & known), "")


def _by_names(groups: Sequence[pl.DataFrame]) -> list[str]:
    """The kind of the records of each group, by the one column of names that it has."""
    told = [shares for group in recognised_each(groups, "CN") for shares in group.values()]
    return ["organisation" if shares.get("company", 0) > _MOSTLY else "person" for shares in told]


def constant_kind(found: EntitySuggestion, shares: Mapping[str, Mapping[str, float]]) -> str:
    """The kind of all records where their columns or names show it; empty where they don't."""
    if _OF_PERSONS & {each.standard for each in found.columns}:
        return "person"
    named = next(iter(found.delivered("name")), None)
    told = shares[named] if named else {}
    if told.get("company", 0) > _NEARLY_ALL:
        return "organisation"
    return "person" if told.get("person", 0) > _NEARLY_ALL else ""
