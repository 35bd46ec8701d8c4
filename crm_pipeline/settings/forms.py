"""The forms in which a mapping says where a column comes from.

Belongs here: the shape of what is written behind a column's name, and rules within it. Does not belong here: which
columns there are (`model`), whether the forms of one extract fit together (`mapping_rules`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from crm_pipeline.settings.read import Frozen, Text

# Columns that take several delivered columns, and columns that take one per namespace.
LIST_COLUMNS = frozenset({"phones", "emails"})
NAMESPACED_COLUMNS = frozenset({"external_ids", "customer_external_ids"})
# In the mapping one writes `customer`; std has the record key it stands for.
REFERENCE_COLUMNS = {"customer": "customer_record_key"}
# Of a customer, a contact above all, it is the record that it belongs to.
RELATED_COLUMN = "related_record_key"


class ValueForm(Frozen):
    """Where a standard column's value comes from: exactly one of column, columns, expression and constant."""

    column: Text | None = None
    columns: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    values: dict[str, str] | None = Field(None, description="delivered value to standard value; with `column` only")
    other_values: Literal["keep", "empty", "reject"] = Field(
        "keep",
        description="a delivered value that `values` does not have is read as it is, becomes empty, or becomes empty "
        "and is reported among the rejections",
    )
    expression: Text | None = Field(None, description="DuckDB SQL over the delivered columns of the row")
    constant: Text | None = None
    extract: Text | None = Field(None, description="`source.extract` that a customer reference points at")

    @model_validator(mode="after")
    def _one_origin(self) -> ValueForm:
        origins = [self.column, self.columns, self.expression, self.constant]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("expected exactly one of column, columns, expression, constant")
        if self.values is not None and self.column is None:
            raise ValueError("values goes with column")
        if self.values is None and "other_values" in self.model_fields_set:
            raise ValueError("other_values goes with values")
        if self.columns and len(set(self.columns)) < len(self.columns):
            raise ValueError("expected each delivered column once in a list")
        return self

    @property
    def delivered_columns(self) -> tuple[str, ...]:
        """The delivered columns it names; those inside an expression are known only when it is computed."""
        return self.columns or ((self.column,) if self.column else ())


def value_form(value: Any) -> Any:
    """A form in full: a text is a column, a list several."""
    if isinstance(value, str):
        return {"column": value}
    if isinstance(value, list):
        return {"columns": value}
    return value


FORM_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "description": "delivered column"},
        {"type": "array", "items": {"type": "string"}, "description": "delivered columns"},
        ValueForm.model_json_schema(),
    ]
}


class ExtraColumn(Frozen):
    """An own column of the project: where it comes from, what it is, and whether it leads to a person."""

    column: Text = Field(description="delivered column")
    type: Literal["text", "number", "date", "timestamp", "boolean"] = "text"
    personal: Literal["none", "indirect", "direct"] = Field(
        "direct", description="whether a value leads to a person: masks and erasure follow it"
    )
    description: Text | None = Field(None, description="what it means, shown beside the published column")


ExtraForm = Annotated[
    ExtraColumn,
    BeforeValidator(value_form),
    WithJsonSchema({"anyOf": [{"type": "string", "description": "delivered column"}, ExtraColumn.model_json_schema()]}),
]
