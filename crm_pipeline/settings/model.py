"""The shape of `pipeline.yaml`: frozen pydantic models that refuse unknown keys.

Belongs here: keys, types, defaults and rules within the file. Does not belong here: files, the environment, messages.
"""

from __future__ import annotations

from datetime import date
from pathlib import PurePath
from string import Formatter
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema, model_validator
from pydantic import field_validator as check

from crm_pipeline.tables import (
    CUSTOMER_COLUMNS,
    ENTITIES,
    GOLDEN_COLUMNS,
    customer_history,
    customers,
    published_entity,
    std,
)

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", strict=True)]
Text = Annotated[str, Field(min_length=1, strict=True)]
Format = Literal["csv", "json_lines", "excel"]

# Columns that take several delivered columns, and columns that take one per namespace.
LIST_COLUMNS = frozenset({"phones", "emails"})
NAMESPACED_COLUMNS = frozenset({"external_ids", "customer_external_ids"})
# In the mapping one writes `customer`; std has the record key it stands for.
REFERENCE_COLUMNS = {"customer": "customer_record_key"}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ValueForm(_Frozen):
    """Where a standard column's value comes from: exactly one of column, columns, expression and constant."""

    column: Text | None = None
    columns: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    values: dict[str, str] | None = Field(None, description="delivered value to standard value; with `column` only")
    expression: Text | None = Field(None, description="DuckDB SQL over the delivered columns")
    constant: Text | None = None
    extract: Text | None = Field(None, description="`source.extract` that a customer reference points at")

    @model_validator(mode="after")
    def _one_origin(self) -> ValueForm:
        origins = [self.column, self.columns, self.expression, self.constant]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("expected exactly one of column, columns, expression, constant")
        if self.values is not None and self.column is None:
            raise ValueError("values goes with column")
        return self

    @property
    def delivered_columns(self) -> tuple[str, ...]:
        """The delivered columns it names; those inside an expression are known only when it is computed."""
        return self.columns or ((self.column,) if self.column else ())


def _value_form(value: Any) -> Any:
    if isinstance(value, str):
        return {"column": value}
    if isinstance(value, list):
        return {"columns": value}
    return value


_FORM_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "description": "delivered column"},
        {"type": "array", "items": {"type": "string"}, "description": "delivered columns"},
        ValueForm.model_json_schema(),
    ]
}
Form = Annotated[ValueForm, BeforeValidator(_value_form), WithJsonSchema(_FORM_SCHEMA)]
Namespaced = dict[Name, Form]


_FORMAT_OF_SUFFIX: dict[str, Format] = {".jsonl": "json_lines", ".ndjson": "json_lines", ".xlsx": "excel"}


class Read(_Frozen):
    """Where the deliveries of an extract are, and what they are written in."""

    file: Text = Field(description="path relative to the project; {date} or {date:%Y%m%d} stands for the business date")
    format: Format | None = Field(
        None, description="by default json_lines for .jsonl and .ndjson, excel for .xlsx, csv for any other suffix"
    )
    sheet: Text | None = Field(None, description="excel only; by default the first sheet")
    encoding: Text = Field("utf-8", description="csv and json_lines only; a byte order mark is understood")
    delimiter: Annotated[str, Field(pattern=r"^[\t -!#-~]$", strict=True, description="csv only")] = ","

    @check("file")
    @classmethod
    def _only_date(cls, value: str) -> str:
        try:
            fields = {(name, conversion) for _, name, _, conversion in Formatter().parse(value) if name is not None}
        except ValueError:
            fields = {("", None)}
        if not fields <= {("date", None)}:
            raise ValueError("expected no other placeholder than {date} or {date:%Y%m%d}")
        return value

    @check("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError as error:
            raise ValueError("expected an encoding that Python knows, such as utf-8, gb18030 or big5") from error
        return value

    @model_validator(mode="after")
    def _keys_of_the_format(self) -> Read:
        for key, formats in {"sheet": ("excel",), "encoding": ("csv", "json_lines"), "delimiter": ("csv",)}.items():
            if key in self.model_fields_set and self.file_format not in formats:
                raise ValueError(f"expected {key} with {' or '.join(formats)} only; this is {self.file_format}")
        return self

    @property
    def file_format(self) -> Format:
        """The format that is written, else the one of the file's suffix."""
        return self.format or _FORMAT_OF_SUFFIX.get(PurePath(self.file).suffix.lower(), "csv")

    @property
    def is_dated(self) -> bool:
        """Whether the source can answer for a past date."""
        return "{date" in self.file


class Extract(_Frozen):
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
    columns: dict[str, Any] = Field(default_factory=dict, json_schema_extra={"additionalProperties": _FORM_SCHEMA})
    extra_columns: dict[Name, Text] = Field(default_factory=dict)

    def form(self, column: str) -> ValueForm:
        """The parsed form of a column that is not namespaced."""
        return ValueForm.model_validate(_value_form(self.columns[column]))

    def namespaces(self, column: str) -> dict[str, ValueForm]:
        """The parsed forms of a namespaced column, by namespace; empty when it is not mapped."""
        forms = self.columns.get(column, {})
        return {namespace: ValueForm.model_validate(_value_form(form)) for namespace, form in forms.items()}


class Source(_Frozen):
    """One system and its extracts."""

    trust: int = Field(50, ge=0, le=100, description="0 to 100; the survivorship rule `trust` prefers the higher")
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


class Linkage(_Frozen):
    """Thresholds of record linkage."""

    match_threshold: float = Field(0.99, gt=0, le=1, description="pairs from this probability on are linked")
    review_threshold: float = Field(0.6, gt=0, le=1, description="pairs from this probability on wait for a person")
    largest_cluster: int = Field(100, ge=2, description="records; a larger cluster stops publication")

    @model_validator(mode="after")
    def _ordered(self) -> Linkage:
        if self.review_threshold > self.match_threshold:
            raise ValueError("expected review_threshold to be at most match_threshold")
        return self


class Backup(_Frozen):
    """Where backups go and what encrypts them."""

    to: Text = Field("backup", description="a folder, or s3://bucket/prefix")
    endpoint_url: Text | None = Field(None, description="of an S3-compatible service")
    key: SecretStr | None = Field(None, description='"${CRM_BACKUP_KEY}"; made by `crm-pipeline backup key`')


class Config(_Frozen):
    """The whole of `pipeline.yaml`."""

    version: Literal[1]
    default_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", strict=True)] = "CN"
    timezone: Text = "Asia/Shanghai"
    start_date: date
    sources: dict[Name, Source] = Field(min_length=1)
    linkage: Linkage = Linkage()
    survivorship: dict[str, tuple[Text, ...]] = {"default": ("most_recent",)}
    backup: Backup = Backup()
    memory_limit: Text | None = Field(None, description="of DuckDB, such as 4GB; default 80 % of the machine")

    @check("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected an IANA time zone such as Asia/Shanghai")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of business days."""
        return ZoneInfo(self.timezone)

    @property
    def trust(self) -> dict[str, int]:
        """Source name to trust."""
        return {name: source.trust for name, source in self.sources.items()}

    @property
    def extracts(self) -> list[tuple[str, str, Extract]]:
        """Source name, extract name and extract, in the order of their names."""
        return sorted(
            ((source, name, extract) for source, s in self.sources.items() for name, extract in s.extracts.items()),
            key=lambda item: item[:2],
        )

    def extras(self, entity: str) -> tuple[str, ...]:
        """Names of the user's own columns of an entity, sorted."""
        return tuple(sorted({name for _, _, x in self.extracts if x.entity == entity for name in x.extra_columns}))


def mappable_columns(entity: str) -> tuple[str, ...]:
    """The names one may write under `columns:` for an entity."""
    stored = {internal: written for written, internal in REFERENCE_COLUMNS.items()}
    return tuple(stored.get(column.name, column.name) for column in ENTITIES[entity])


def reserved_columns(entity: str) -> frozenset[str]:
    """The names that an entity's own columns may not have, since its tables use them."""
    tables = [
        std(entity),
        *((customers(), customer_history()) if entity == "customers" else [published_entity(entity)]),
    ]
    return frozenset({"business_date", *LIST_COLUMNS, *(name for table in tables for name in table.column_names)})


def survivorship_columns(config: Config) -> tuple[str, ...]:
    """The names one may write under `survivorship:`."""
    lists = tuple(column.name for column in CUSTOMER_COLUMNS if column.name in LIST_COLUMNS)
    chosen = (column.name for column in GOLDEN_COLUMNS if column.name not in NAMESPACED_COLUMNS)  # of these all stay
    return ("default", *chosen, *lists, *config.extras("customers"))


def json_schema() -> dict[str, Any]:
    """JSON Schema of `pipeline.yaml`, for editors."""
    schema = Config.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "crm_pipeline project, pipeline.yaml"
    known = sorted({name for entity in ENTITIES for name in mappable_columns(entity)})
    columns = schema["$defs"]["Extract"]["properties"]["columns"]
    columns["propertyNames"] = {"enum": known}
    columns["properties"] = {
        name: {"type": "object", "additionalProperties": _FORM_SCHEMA} for name in sorted(NAMESPACED_COLUMNS)
    }
    schema["$defs"]["Extract"]["properties"]["entity"]["enum"] = ["", *sorted(ENTITIES)]
    return schema
