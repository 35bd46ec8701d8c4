"""What `sources:` says: systems, their extracts, and the columns of each.

Belongs here: keys, types, defaults and rules of a source and an extract. Does not belong here: how an extract is read
(`read`), forms of values (`forms`), names of columns that a project may map (`model`, `mapping_rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from crm_pipeline.settings.changes import Deleted, DeleteLimit, OnChange, OnChangeForm
from crm_pipeline.settings.forms import (
    FORM_SCHEMA,
    NAMESPACED_COLUMNS,
    ExtraForm,
    ValueForm,
    value_form,
)
from crm_pipeline.settings.read import Frozen, Name, Read, Text
from crm_pipeline.settings.standardise import DateOrderForm
from crm_pipeline.tables import (
    CONTACTS,
)

# What the name of an extract that a `contact:` stands for ends with.
CONTACT_SUFFIX = "_contact"


class Extract(Frozen):
    """One feed of one system for one entity."""

    entity: Text = ""
    read: Read
    load: Literal["full", "incremental"] = "full"
    primary_key: Annotated[
        tuple[Text, ...],
        Field(min_length=1),
        BeforeValidator(lambda v: [v] if isinstance(v, str) else v),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
    ]
    updated_at: Text | None = None
    owner: Text | None = Field(
        None, exclude=True, description="who answers for its data, such as a team; by default that of the source"
    )  # excluded, for it changes nothing of what std makes of a row
    duplicate_free: bool | None = Field(
        None,
        exclude=True,  # for the same reason
        description="whether no two records of this extract of customers are one customer; by default as its source",
    )
    reject_limit: float = Field(
        0.01, ge=0, le=1, description="share of lines that may be unreadable; above it a delivery is refused"
    )
    on_change: OnChangeForm = OnChange()
    delete_limit: DeleteLimit = 0.2
    deleted: Deleted | None = None
    date_order: DateOrderForm = Field(
        default_factory=dict,
        description="order of dates in figures, of all columns or by standard column; by default each column tells it",
    )
    columns: dict[str, Any] = Field(default_factory=dict, json_schema_extra={"additionalProperties": FORM_SCHEMA})
    contact: dict[str, Any] = Field(
        default_factory=dict,
        description="columns of a second record in the same row, related to the first; with entity customers",
        json_schema_extra={"additionalProperties": FORM_SCHEMA},
    )
    extra_columns: dict[Name, ExtraForm] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _contacts_are_customers(cls, value: Any) -> Any:
        """Contacts as an extract of their own are persons among the customers, related to the record they name."""
        if not isinstance(value, dict) or value.get("entity") != CONTACTS:
            return value
        columns = value.get("columns", {})
        persons = {"kind": {"constant": "person"}, **columns} if isinstance(columns, dict) else columns
        return {**value, "entity": "customers", "columns": persons}

    @model_validator(mode="after")
    def _changes_are_incremental(self) -> Extract:
        if self.load == "full" and self.read.asks_for_changes:
            raise ValueError(
                "expected load: incremental where changes alone are asked for, since what a full delivery lacks is "
                f"taken for deleted,; found load: full with {self.read.changes_asked_by}"
            )
        return self

    @model_validator(mode="after")
    def _customers_are_duplicate_free(self) -> Extract:
        if self.duplicate_free and self.entity not in ("", "customers"):
            raise ValueError(
                f"expected duplicate_free at an extract of customers or contacts; found it at one of {self.entity}"
            )
        return self

    def form(self, column: str) -> ValueForm:
        """The parsed form of a column that is not namespaced."""
        return ValueForm.model_validate(value_form(self.columns[column]))

    def namespaces(self, column: str) -> dict[str, ValueForm]:
        """The parsed forms of a namespaced column, by namespace; empty when it is not mapped."""
        forms = self.columns.get(column, {})
        return {namespace: ValueForm.model_validate(value_form(form)) for namespace, form in forms.items()}

    def forms(self) -> list[tuple[str, ValueForm]]:
        """Every form under `columns:` in its order; of a namespaced column one each, named `column.namespace`."""
        found: list[tuple[str, ValueForm]] = []
        for name in self.columns:
            if name in NAMESPACED_COLUMNS:
                found += [(f"{name}.{key}", form) for key, form in self.namespaces(name).items()]
            else:
                found.append((name, self.form(name)))
        return found

    def of_contact(self) -> Extract:
        """The second record of each row as an extract of its own: a person, working for the first unless mapped."""
        taken = {name: self.columns[name] for name in ("updated_at",) if name in self.columns}
        employer = {"organisation": self.columns["name"]} if "name" in self.columns else {}
        columns = {"kind": {"constant": "person"}, **employer, **taken, **self.contact}
        return self.model_copy(update={"columns": columns, "extra_columns": {}})


class Source(Frozen):
    """One system and its extracts."""

    trust: int = Field(50, ge=0, le=100, description="0 to 100; the survivorship rule `trust` prefers the higher")
    trust_half_life_days: float | None = Field(
        None, gt=0, description="days after which its trust in a record that nobody changed is half"
    )
    owner: Text | None = Field(None, description="who answers for its data, such as a team; scores are told by owner")
    duplicate_free: bool = Field(
        False,
        description="whether each of its extracts of customers has every customer once only; an extract may differ",
    )
    extracts: dict[Name, Extract] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _entity_defaults_to_name(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("extracts"), dict):
            return value
        extracts = {
            name: {"entity": name, **extract} if isinstance(extract, dict) else extract
            for name, extract in value["extracts"].items()
        }
        return {**value, "extracts": extracts}


@dataclass(frozen=True, slots=True)
class AppliedExtract:
    """What std has of an extract: the records themselves, or the contacts in the same rows.

    Attributes:
        source: name in pipeline.yaml.
        name: of the extract in std.
        extract: its mapping; of contacts the one derived from `contact:`.
        landed_name: of the extract whose deliveries hold the rows; another name for contacts only.
    """

    source: str
    name: str
    extract: Extract
    landed_name: str

    @property
    def is_contact(self) -> bool:
        """Whether it is the second record of the rows."""
        return self.name != self.landed_name
