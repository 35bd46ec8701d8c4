"""How deliveries of an extract may differ from those before: changed columns, lost rows, marks of deletion.

Belongs here: keys, types, defaults and rules of `on_change`, `delete_limit` and `deleted`. Does not belong here: what
is done about a change (`steps.landing.contracts`, `steps.landing.losses`, `steps.applying.versions`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from crm_pipeline.settings.read import Frozen, Text

Handling = Literal["stop", "keep", "warn"]


class OnChange(Frozen):
    """What happens when the columns of a delivery are not those of the delivery before."""

    removed: Handling | None = Field(
        None, description="a column disappears; by default stop for a mapped one, keep for any other"
    )
    added: Handling = Field("keep", description="a column appears")
    type: Handling = Field("warn", description="a column has another type, where the source gives types")

    def of_removed(self, *, is_mapped: bool) -> Handling:
        """What happens when a column disappears."""
        return self.removed or ("stop" if is_mapped else "keep")


def _one_for_all(value: Any) -> Any:
    return {"removed": value, "added": value, "type": value} if isinstance(value, str) else value


_HANDLINGS = ["stop", "keep", "warn"]
OnChangeForm = Annotated[
    OnChange,
    BeforeValidator(_one_for_all),
    WithJsonSchema({"anyOf": [{"enum": _HANDLINGS}, OnChange.model_json_schema()]}),
]


class Deleted(Frozen):
    """The mark of rows that delete their record."""

    column: Text = Field(description="delivered column that holds the mark")
    values: tuple[Text, ...] = Field(min_length=1, description="what it holds then; outer blanks and case apart")


DeleteLimit = Annotated[
    float,
    Field(ge=0, le=1, description="share of living records that a full delivery may lack; above it, it is refused"),
]
