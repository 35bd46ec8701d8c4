"""What a project tells the standardisers: the order of its dates, its own words.

Belongs here: keys, types and defaults of `date_order` and `standardise:`. Does not belong here: reading the files they
name (`steps.vocabulary`), what is made of them (`standardise`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from crm_pipeline.settings.read import Frozen, Text

DateOrderName = Literal["ymd", "dmy", "mdy"]

# The key of an order that holds for all columns of an extract.
ALL_COLUMNS = "*"
_ORDERS = ["ymd", "dmy", "mdy"]

DateOrderForm = Annotated[
    dict[str, DateOrderName],
    BeforeValidator(lambda value: {ALL_COLUMNS: value} if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"enum": _ORDERS}, {"type": "object", "additionalProperties": {"enum": _ORDERS}}]}),
]


class Standardise(Frozen):
    """Words of the project that its standard values follow; each a CSV file below the project folder."""

    organisation_aliases: Text | None = Field(
        None, description="CSV with the columns alias and name: other names of organisations, such as 阿里, 阿里巴巴"
    )
    industry_synonyms: Text | None = Field(
        None,
        description="CSV with the columns name and industry: own names, and the letter, code or name in GB/T 4754",
    )


def order_set(orders: dict[str, Any], column: str) -> DateOrderName | None:
    """The order that an extract sets for a column; None where the column is to tell it.

    Args:
        orders: `date_order` of the extract.
        column: standard or own column.
    """
    return orders.get(column, orders.get(ALL_COLUMNS))
