"""The shape of `pipeline.yaml` as a whole: frozen pydantic models that refuse unknown keys.

Belongs here: the outermost keys, names that depend on several of them, the JSON Schema. Does not belong here: what is
below them (`extracts`, `linkage`, `standardise` …), files, the environment, messages.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr
from pydantic import field_validator as check

from crm_pipeline.settings.extracts import CONTACT_SUFFIX, AppliedExtract, Extract, Source
from crm_pipeline.settings.forms import (
    FORM_SCHEMA,
    LIST_COLUMNS,
    NAMESPACED_COLUMNS,
    REFERENCE_COLUMNS,
)
from crm_pipeline.settings.life_cycle import LifeCycle
from crm_pipeline.settings.linkage import Linkage
from crm_pipeline.settings.publish import Publish
from crm_pipeline.settings.read import Frozen, Name, Text
from crm_pipeline.settings.standardise import Standardise
from crm_pipeline.settings.survivorship import SURVIVORSHIP_KEYS, Survivorship
from crm_pipeline.tables import (
    CONTACTS,
    CUSTOMER_COLUMNS,
    ENTITIES,
    GOLDEN_COLUMNS,
    Column,
    Personal,
    customer_history,
    customers_archive,
    extra_column,
    published_entity,
    std,
)

_timezones = cache(available_timezones)  # looked up on disk


class Backup(Frozen):
    """Where backups go and what encrypts them."""

    to: Text = Field("backup", description="a folder, or s3://bucket/prefix")
    endpoint_url: Text | None = Field(None, description="of an S3-compatible service")
    key: SecretStr | None = Field(None, description='"${CRM_BACKUP_KEY}"; made by `crm-pipeline backup key`')


class Reporting(Frozen):
    """The one currency that marts are in."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", strict=True)] = Field(description="ISO 4217, such as CNY")
    rates: Text = Field(description="a CSV file with the columns date, currency, rate: one unit in the currency above")


class Config(Frozen):
    """The whole of `pipeline.yaml`."""

    version: Literal[1]
    default_country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", strict=True)] = "CN"
    timezone: Text = "Asia/Shanghai"
    start_date: date
    sources: dict[Name, Source] = Field(min_length=1)
    linkage: Linkage = Linkage()
    survivorship: Survivorship = Survivorship()
    publish: Publish = Publish()
    life_cycle: LifeCycle = LifeCycle()
    reporting: Reporting | None = Field(None, description="without it amounts stay in their own currencies")
    backup: Backup = Backup()
    standardise: Standardise = Standardise()
    memory_limit: Text | None = Field(None, description="of DuckDB, such as 4GB; default 80 % of the machine")

    @check("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in _timezones():
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
    def trust_half_lives(self) -> dict[str, float]:
        """Source name to days after which its trust is half, of those whose trust fades."""
        found = {
            name: source.trust_half_life_days or self.survivorship.trust_half_life_days
            for name, source in self.sources.items()
        }
        return {name: days for name, days in found.items() if days}

    @property
    def duplicate_free(self) -> frozenset[str]:
        """The extracts of customers that have every customer once only, as `source.extract`.

        The contacts in the rows of an extract are not among them: one person may be the contact of many.
        """
        return frozenset(
            f"{source}.{name}"
            for source, name, extract in self.extracts
            if extract.entity == "customers"
            and (self.sources[source].duplicate_free if extract.duplicate_free is None else extract.duplicate_free)
        )

    @property
    def extracts(self) -> list[tuple[str, str, Extract]]:
        """Source name, extract name and extract, in the order of their names."""
        return sorted(
            ((source, name, extract) for source, s in self.sources.items() for name, extract in s.extracts.items()),
            key=lambda item: item[:2],
        )

    @property
    def applied_extracts(self) -> list[AppliedExtract]:
        """What std has: each extract, behind it the contacts in its rows where it maps them."""
        applied = []
        for source, name, extract in self.extracts:
            applied.append(AppliedExtract(source, name, extract, name))
            if extract.contact:
                applied.append(AppliedExtract(source, name + CONTACT_SUFFIX, extract.of_contact(), name))
        return applied

    def extras(self, entity: str) -> tuple[Column, ...]:
        """The user's own columns of an entity, by name; of several descriptions the first one stays."""
        found: dict[str, Column] = {}
        described: dict[str, str] = {}
        for _, _, extract in self.extracts:
            for name, own in extract.extra_columns.items() if extract.entity == entity else ():
                if own.description:
                    described.setdefault(name, own.description)
                found[name] = extra_column(name, own.type, Personal(own.personal), described.get(name))
        return tuple(found[name] for name in sorted(found))


def mappable_columns(entity: str) -> tuple[str, ...]:
    """The names one may write under `columns:` for an entity."""
    stored = {internal: written for written, internal in REFERENCE_COLUMNS.items()}
    related = tuple(REFERENCE_COLUMNS) if entity == "customers" else ()
    return (*(stored.get(column.name, column.name) for column in ENTITIES[entity]), *related)


def reserved_columns(entity: str) -> frozenset[str]:
    """The names that an entity's own columns may not have, since its tables use them."""
    tables = [
        std(entity),
        *((customers_archive(), customer_history()) if entity == "customers" else [published_entity(entity)]),
    ]
    own = {*SURVIVORSHIP_KEYS, "default"} if entity == "customers" else set()
    return frozenset({"business_date", *own, *LIST_COLUMNS, *(name for table in tables for name in table.column_names)})


def survivorship_columns(config: Config) -> tuple[str, ...]:
    """The names one may write under `survivorship:`."""
    lists = tuple(column.name for column in CUSTOMER_COLUMNS if column.name in LIST_COLUMNS)
    chosen = (column.name for column in GOLDEN_COLUMNS)
    groups = config.survivorship.groups
    return ("default", *chosen, *lists, *(column.name for column in config.extras("customers")), *groups)


def json_schema() -> dict[str, Any]:
    """JSON Schema of `pipeline.yaml`, for editors."""
    schema = Config.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "crm_pipeline project, pipeline.yaml"
    known = sorted({name for entity in ENTITIES for name in mappable_columns(entity)})
    of_entity = {"columns": known, "contact": sorted(mappable_columns("customers"))}
    for key, names in of_entity.items():
        columns = schema["$defs"]["Extract"]["properties"][key]
        columns["propertyNames"] = {"enum": names}
        columns["properties"] = {
            name: {"type": "object", "additionalProperties": FORM_SCHEMA} for name in sorted(NAMESPACED_COLUMNS)
        }
    schema["$defs"]["Extract"]["properties"]["entity"]["enum"] = ["", *sorted((*ENTITIES, CONTACTS))]
    return schema
