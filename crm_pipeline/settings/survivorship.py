"""What `survivorship:` says: rules by column, columns that survive together, and how fast trust fades.

Belongs here: its keys, types and defaults. Does not belong here: what a rule means (`golden.rules`), which columns may
have which (`golden.units`).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from crm_pipeline.settings.base import Frozen, Text, no_yes_or_no

# Linked columns unless the project says otherwise: the first one tells whether a record has anything of the kind.
LINKED: dict[str, tuple[str, ...]] = {
    "name": ("name", "family_name", "given_name"),
    "address": ("street", "address", "district", "city", "province", "country", "postcode"),
}
SURVIVORSHIP_KEYS = ("linked", "trust_half_life_days")


class ExpressionRule(Frozen):
    """A rule of the project's own: the candidate with the larger result wins, null loses."""

    expression: Text = Field(
        description="DuckDB SQL over value, source, extract, seen_at, trust, frequency, filled and position"
    )


def _kind(value: Any) -> str:
    return "[expression]" if isinstance(value, dict | ExpressionRule) else "[rule]"


WrittenRule = Annotated[
    Annotated[Text, Tag("[rule]")] | Annotated[ExpressionRule, Tag("[expression]")], Discriminator(_kind)
]


class Survivorship(Frozen):
    """Golden column, group of linked columns, or `default`, to rules in order; and what is said of all of them."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, tuple[WrittenRule, ...]] = Field(init=False)

    linked: dict[str, tuple[Text, ...]] = Field(
        default_factory=dict,
        description="name of a group to the columns that survive together from one record, the first telling whether "
        "a record has it; an empty list dissolves a group; name and address are groups from the start",
    )
    trust_half_life_days: float | None = Field(
        None, gt=0, description="days after which the trust of a record that nobody changed is half; null: it stays"
    )

    _is_a_number = field_validator("trust_half_life_days", mode="before")(no_yes_or_no)

    @model_validator(mode="after")
    def _columns_once(self) -> Survivorship:
        seen: dict[str, str] = {}
        for group, columns in self.groups.items():
            if len(columns) == 1:
                raise ValueError(f"expected two or more linked columns in {group}; found {columns[0]} alone")
            for column in columns:
                if seen.setdefault(column, group) != group or columns.count(column) > 1:
                    raise ValueError(
                        f"expected each column in one group of linked columns; found {column} in {seen[column]} and "
                        f"in {group}"
                    )
        return self

    @property
    def rules(self) -> dict[str, tuple[str | ExpressionRule, ...]]:
        """Column, group or `default` to rules, as written; `default` is there always."""
        return {"default": ("most_recent",), **(self.__pydantic_extra__ or {})}

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Group to linked columns: those from the start and the project's own, without dissolved ones."""
        return {name: columns for name, columns in {**LINKED, **self.linked}.items() if columns}
