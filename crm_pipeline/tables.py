"""The contract of every table: columns, types, grain, key, personal marks and what a null means.

Belongs here: what other modules and users may rely on. Does not belong here: how a table comes about (capability
folders) or how it is stored (`warehouse`). Masks, logs, reports and erasure follow the personal marks.
The schema is the warehouse's; a published table keeps its name in schema `crm`. Types are DuckDB's. Times are
UTC without a zone; dates are business dates in the project's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import polars as pl


class Personal(StrEnum):
    """Whether a value can lead to a person: directly, together with others, or not at all."""

    NONE = "none"
    INDIRECT = "indirect"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        null: what a null means; empty when the column is never null.
        is_run_time: True when the value tells about the run, not about the data: two runs on equal input may differ.
    """

    name: str
    type: str
    description: str
    personal: Personal = Personal.NONE
    null: str = ""
    is_run_time: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the warehouse or of the publication; `key` is unique and never null."""

    schema: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def qualified(self) -> str:
        """Schema and name as SQL writes them."""
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def stable_columns(self) -> tuple[str, ...]:
        """Names of the columns that equal input makes equal: all but those of run time."""
        return tuple(column.name for column in self.columns if not column.is_run_time)

    @property
    def polars_schema(self) -> dict[str, pl.DataType]:
        """Column name to Polars type, in order."""
        return {column.name: polars_type(column.type) for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """A frame with this table's columns and no row."""
        return pl.DataFrame(schema=self.polars_schema)


EXTERNAL_IDS_TYPE = "STRUCT(namespace VARCHAR, value VARCHAR)[]"
ALTERNATIVES_TYPE = "STRUCT(value VARCHAR, source VARCHAR, extract VARCHAR, source_id VARCHAR)[]"

_POLARS_TYPES: dict[str, pl.DataType] = {
    "VARCHAR": pl.String(),
    "VARCHAR[]": pl.List(pl.String()),
    "BIGINT": pl.Int64(),
    "INTEGER": pl.Int32(),
    "DOUBLE": pl.Float64(),
    "BOOLEAN": pl.Boolean(),
    "DATE": pl.Date(),
    "TIMESTAMP": pl.Datetime("us"),
    EXTERNAL_IDS_TYPE: pl.List(pl.Struct({"namespace": pl.String(), "value": pl.String()})),
}


def polars_type(duckdb_type: str) -> pl.DataType:
    """The Polars type that DuckDB's `duckdb_type` becomes and comes from."""
    if duckdb_type in _POLARS_TYPES:
        return _POLARS_TYPES[duckdb_type]
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
        return pl.Decimal(int(decimal[1]), int(decimal[2]))
    if duckdb_type.startswith("STRUCT(") and duckdb_type.endswith(")[]"):
        fields = (field.split() for field in duckdb_type[len("STRUCT(") : -len(")[]")].split(", "))
        return pl.List(pl.Struct({name: polars_type(kind) for name, kind in fields}))
    raise KeyError(duckdb_type)


_NOT_DELIVERED = "not delivered, or rejected"
_DIRECT, _INDIRECT = Personal.DIRECT, Personal.INDIRECT


def _standard(name: str, kind: str, description: str, personal: Personal = Personal.NONE) -> Column:
    return Column(name, kind, description, personal, _NOT_DELIVERED)


# One record in one system. The record key is `source/extract/source_id`.
RECORD_COLUMNS: tuple[Column, ...] = (
    Column("record_key", "VARCHAR", "source, extract and source_id, joined by a slash", _INDIRECT),
    Column("source", "VARCHAR", "name of the system in pipeline.yaml"),
    Column("extract", "VARCHAR", "name of the extract in pipeline.yaml"),
    Column("source_id", "VARCHAR", "primary key in the source; several columns are joined by |", _INDIRECT),
)

VERSION_COLUMNS: tuple[Column, ...] = (
    *RECORD_COLUMNS,
    Column("valid_from", "DATE", "business date of the delivery that brought this version"),
    Column("valid_to", "DATE", "business date on which it was replaced or deleted", null="it is the current version"),
    Column("sequence", "INTEGER", "which delivery of that business date, from 1"),
    Column("line", "BIGINT", "line of the record's start in the delivery; the header is line 1"),
    Column("row_hash", "VARCHAR", "MD5 of the row as delivered, for change detection", _INDIRECT),
)

CUSTOMER_COLUMNS: tuple[Column, ...] = (
    _standard("kind", "VARCHAR", "person or organisation"),
    _standard("name", "VARCHAR", "full name as it is written", _DIRECT),
    _standard("family_name", "VARCHAR", "family name of a person", _DIRECT),
    _standard("given_name", "VARCHAR", "given name of a person", _DIRECT),
    _standard("organisation", "VARCHAR", "whom a person works for", _INDIRECT),
    _standard("phones", "VARCHAR[]", "telephone numbers, E.164, in the order delivered", _DIRECT),
    _standard("emails", "VARCHAR[]", "e-mail addresses, lower case, in the order delivered", _DIRECT),
    _standard("external_ids", EXTERNAL_IDS_TYPE, "identifiers that several systems share", _INDIRECT),
    _standard("national_id", "VARCHAR", "resident identity number, GB 11643", _DIRECT),
    _standard("organisation_id", "VARCHAR", "unified social credit code, GB 32100"),
    _standard("tax_id", "VARCHAR", "tax number", _INDIRECT),
    _standard("birth_date", "DATE", "date of birth", _DIRECT),
    _standard("gender", "VARCHAR", "male, female or other, as delivered, never guessed", _INDIRECT),
    _standard("country", "VARCHAR", "ISO 3166-1 alpha-2"),
    _standard("province", "VARCHAR", "first division of the country", _INDIRECT),
    _standard("city", "VARCHAR", "city", _INDIRECT),
    _standard("district", "VARCHAR", "district or county", _INDIRECT),
    _standard("street", "VARCHAR", "street and number", _DIRECT),
    _standard("postcode", "VARCHAR", "postal code", _INDIRECT),
    _standard("address", "VARCHAR", "address in one text", _DIRECT),
    _standard("industry", "VARCHAR", "line of business"),
    _standard("website", "VARCHAR", "home page", _INDIRECT),
    _standard("status", "VARCHAR", "status in the source"),
    _standard("owner", "VARCHAR", "who looks after the customer", _INDIRECT),
    _standard("consent", "VARCHAR", "consent to be contacted, as delivered"),
    _standard("created_at", "TIMESTAMP", "when the source created the record"),
    _standard("updated_at", "TIMESTAMP", "when the source last changed the record"),
)

ORDER_COLUMNS: tuple[Column, ...] = (
    _standard("order_number", "VARCHAR", "number of the order; its lines share it"),
    _standard("line_number", "VARCHAR", "line within the order"),
    _standard("customer_record_key", "VARCHAR", "record key of the ordering customer's record", _INDIRECT),
    _standard("customer_external_ids", EXTERNAL_IDS_TYPE, "identifiers of the ordering customer", _INDIRECT),
    _standard("product_code", "VARCHAR", "code of the product"),
    _standard("ordered_on", "DATE", "date of the order"),
    _standard("shipped_on", "DATE", "date of shipment"),
    _standard("due_on", "DATE", "date payment is due"),
    _standard("quantity", "DECIMAL(18,4)", "units ordered"),
    _standard("unit_price", "DECIMAL(18,4)", "price of one unit, in currency"),
    _standard("amount", "DECIMAL(18,4)", "value of the line, in currency"),
    _standard("currency", "VARCHAR", "ISO 4217"),
    _standard("status", "VARCHAR", "status in the source"),
)

PRODUCT_COLUMNS: tuple[Column, ...] = (
    _standard("product_code", "VARCHAR", "code that order lines use; several versions of a product may share it"),
    _standard("name", "VARCHAR", "name"),
    _standard("category", "VARCHAR", "category"),
    _standard("product_line", "VARCHAR", "product line"),
    _standard("cost", "DECIMAL(18,4)", "cost of one unit, in currency"),
    _standard("currency", "VARCHAR", "ISO 4217"),
    _standard("available_from", "DATE", "first day of this version"),
    _standard("available_to", "DATE", "last day of this version"),
)

ENTITIES: dict[str, tuple[Column, ...]] = {
    "customers": CUSTOMER_COLUMNS,
    "orders": ORDER_COLUMNS,
    "products": PRODUCT_COLUMNS,
}

# What a standardised table has besides, computed from its own columns.
_DERIVED: dict[str, tuple[Column, ...]] = {
    "customers": (),
    "orders": (
        Column(
            "computed_amount",
            "DECIMAL(18,4)",
            "quantity times unit_price as delivered; the amount where the extract maps not both",
            null="one of the two is missing",
        ),
    ),
    "products": (),
}


def extra_column(name: str) -> Column:
    """A user's own field: text, directly personal unless declared otherwise."""
    return Column(name, "VARCHAR", "own field of this project", _DIRECT, _NOT_DELIVERED)


def std(entity: str, extra: Iterable[str] = ()) -> Table:
    """`std.<entity>`: one version of one record; current where `valid_to` is null, deleted where no version is."""
    own = tuple(extra_column(name) for name in extra)
    columns = (*VERSION_COLUMNS, *ENTITIES[entity], *_DERIVED[entity], *own)
    return Table("std", entity, "one version of one record", ("record_key", "valid_from"), columns)


PAIRS = Table(
    "link",
    "pairs",
    "one pair of current customer records that was linked or scored above the review threshold",
    ("record_key_l", "record_key_r"),
    (
        Column("record_key_l", "VARCHAR", "the smaller record key", _INDIRECT),
        Column("record_key_r", "VARCHAR", "the larger record key", _INDIRECT),
        Column("matched_by", "VARCHAR", "identifier, model or decision"),
        Column("rule", "VARCHAR", "namespace of the shared identifier, or the blocking rule that found the pair"),
        Column("match_weight", "DOUBLE", "log2 of the odds, Fellegi and Sunter 1969", null="linked by identifier"),
        Column("match_probability", "DOUBLE", "0 to 1; 1 for an identifier"),
        Column("verdict", "VARCHAR", "link, or review where a person must decide"),
    ),
)

CLUSTERS = Table(
    "link",
    "clusters",
    "one current customer record",
    ("record_key",),
    (
        Column("record_key", "VARCHAR", "the record", _INDIRECT),
        Column("cluster_key", "VARCHAR", "smallest record key of its component; not an identity", _INDIRECT),
        Column("match_probability", "DOUBLE", "of its strongest link within the component", null="it is alone"),
        Column("matched_by", "VARCHAR", "single, identifier, model or decision: of that strongest link"),
    ),
)

MEMBERS = Table(
    "link",
    "members",
    "one current customer record",
    ("record_key",),
    (
        Column("record_key", "VARCHAR", "the record", _INDIRECT),
        Column("customer_id", "VARCHAR", "the customer it belongs to"),
        Column("match_probability", "DOUBLE", "of its strongest link within the customer", null="it is alone"),
        Column("matched_by", "VARCHAR", "single, identifier, model or decision: of that strongest link"),
    ),
)

FORMER_MEMBERS = Table(
    "link",
    "former_members",
    "one deleted customer record",
    ("record_key",),
    (
        Column("record_key", "VARCHAR", "the record", _INDIRECT),
        Column("customer_id", "VARCHAR", "the customer it last belonged to, by its current id", null="retired"),
    ),
)

IDENTITY_KINDS = ("created", "merged", "split", "revived", "retired", "erased")

CUSTOMER_IDS = Table(
    "gold",
    "customer_ids",
    "one id ever given",
    ("any_customer_id",),
    (
        Column("any_customer_id", "VARCHAR", "an id that was given at some time"),
        Column("customer_id", "VARCHAR", "the id that stands for the same customer now", null="retired or erased"),
        Column("reason", "VARCHAR", "current, merged, retired or erased"),
        Column("since", "TIMESTAMP", "since when this is so", is_run_time=True),
    ),
)

IDENTITY_EVENTS = Table(
    "gold",
    "identity_events",
    "one event in the life of customer ids",
    ("event_number",),
    (
        Column("event_number", "BIGINT", "position in the ledger, from 1"),
        Column("occurred_at", "TIMESTAMP", "when it was entered in the ledger", is_run_time=True),
        Column("run_id", "VARCHAR", "the run that entered it", is_run_time=True),
        Column("kind", "VARCHAR", "created, merged, split, revived, retired or erased"),
        Column("customer_ids", "VARCHAR[]", "the ids concerned; the one that lives on comes first"),
        Column("record_keys", "VARCHAR[]", "the records concerned, sorted", _INDIRECT),
        Column("cause", "VARCHAR", "identifier, model, decision, deletion or new record"),
    ),
)

_CUSTOMER_ID = Column("customer_id", "VARCHAR", "persistent id: C, eight or more digits, one check digit")


def _golden_columns() -> tuple[Column, ...]:
    best = {"phones": ("phone", "best telephone number, E.164"), "emails": ("email", "best e-mail address")}
    columns = []
    for column in CUSTOMER_COLUMNS:
        name, description = best.get(column.name, (column.name, column.description))
        kind = "VARCHAR" if column.name in best else column.type
        columns.append(Column(name, kind, description, column.personal, "no living record has an accepted value"))
    return tuple(columns)


GOLDEN_COLUMNS: tuple[Column, ...] = _golden_columns()


def customers(extra: Iterable[str] = ()) -> Table:
    """`gold.customers`: the golden records."""
    own = tuple(extra_column(name) for name in extra)
    counts = (
        Column("record_count", "BIGINT", "living records behind it"),
        Column("source_count", "BIGINT", "systems behind it"),
        Column("first_seen_on", "DATE", "business date of its earliest record"),
        Column("changed_on", "DATE", "business date of the latest delivery that changed one of its records"),
    )
    return Table("gold", "customers", "one customer", ("customer_id",), (_CUSTOMER_ID, *GOLDEN_COLUMNS, *own, *counts))


def customer_history(extra: Iterable[str] = ()) -> Table:
    """`gold.customer_history`: what was published of each customer, and when."""
    own = tuple(extra_column(name) for name in extra)
    times = (
        Column("valid_from", "TIMESTAMP", "when it was published", is_run_time=True),
        Column("valid_to", "TIMESTAMP", "when it was replaced or retired", null="current", is_run_time=True),
        Column("version", "INTEGER", "version of this customer, from 1"),
    )
    columns = (_CUSTOMER_ID, *times, *GOLDEN_COLUMNS, *own)
    return Table("gold", "customer_history", "one version of a customer", ("customer_id", "version"), columns)


CUSTOMER_RECORDS = Table(
    "gold",
    "customer_records",
    "one record of one system, living or deleted",
    ("source", "extract", "source_id"),
    (
        *RECORD_COLUMNS[1:],
        replace(_CUSTOMER_ID, null="deleted, and its customer retired"),
        Column("match_probability", "DOUBLE", "of its strongest link within the customer", null="alone, or deleted"),
        Column(
            "matched_by",
            "VARCHAR",
            "single, identifier, model or decision: of that strongest link",
            null="deleted",
        ),
        Column("first_seen_on", "DATE", "business date of its first delivery"),
        Column("deleted_on", "DATE", "business date on which it was gone", null="it lives"),
    ),
)

CUSTOMER_VALUES = Table(
    "gold",
    "customer_values",
    "one surviving value that had a choice: two or more different values were there",
    ("customer_id", "column_name"),
    (
        _CUSTOMER_ID,
        Column("column_name", "VARCHAR", "column of crm.customers"),
        Column("value", "VARCHAR", "the surviving value as text", _DIRECT),
        *RECORD_COLUMNS[1:],
        Column("rule", "VARCHAR", "the survivorship rule that decided"),
        Column("alternatives", ALTERNATIVES_TYPE, "the values that lost, with their records, sorted", _DIRECT),
    ),
)

CUSTOMER_CONTACTS = Table(
    "gold",
    "customer_contacts",
    "one phone or e-mail of a customer",
    ("customer_id", "kind", "value"),
    (
        _CUSTOMER_ID,
        Column("kind", "VARCHAR", "phone or email"),
        Column("value", "VARCHAR", "E.164 number or lower-case address", _DIRECT),
        Column("rank", "INTEGER", "1 for the best one; it is the one in crm.customers"),
        Column("sources", "VARCHAR[]", "systems that have it, sorted"),
    ),
)


def published_entity(entity: str, extra: Iterable[str] = ()) -> Table:
    """`gold.<entity>` for orders and products: current records, with `customer_id` where a customer is concerned."""
    own = tuple(extra_column(name) for name in extra)
    columns = tuple(column for column in ENTITIES[entity] if not column.name.startswith("customer_"))
    link: tuple[Column, ...] = ()
    if entity != "products":
        link = (Column("customer_id", "VARCHAR", "the golden customer", null="an orphan, see mart.orphans"),)
    key = ("source", "extract", "source_id")
    return Table("gold", entity, f"one current record of {entity}", key, (*RECORD_COLUMNS[1:], *link, *columns, *own))


_DELIVERY_COLUMNS: tuple[Column, ...] = (
    *RECORD_COLUMNS[1:3],
    Column("business_date", "DATE", "day the delivery stands for"),
    Column("sequence", "INTEGER", "which delivery of that day, from 1"),
)

LOADS = Table(
    "ops",
    "loads",
    "one applied delivery; delivered = loaded + unchanged + quarantined + duplicates + erased",
    ("source", "extract", "business_date", "sequence"),
    (
        *_DELIVERY_COLUMNS,
        Column("entity", "VARCHAR", "what the extract holds"),
        Column("delivered_count", "BIGINT", "rows in the delivery"),
        Column("loaded_count", "BIGINT", "rows that brought a new or changed version"),
        Column("unchanged_count", "BIGINT", "rows equal to the version that was there"),
        Column("quarantined_count", "BIGINT", "rows held back"),
        Column("duplicate_count", "BIGINT", "surplus rows with the key of another row of the delivery"),
        Column("erased_count", "BIGINT", "rows of erased persons, filtered"),
        Column("deleted_count", "BIGINT", "records that were gone (load: full)"),
        Column("nulled_count", "BIGINT", "cells that became null"),
        Column("flagged_count", "BIGINT", "warnings"),
        Column("file_name", "VARCHAR", "name of the delivered file"),
        Column("file_sha256", "VARCHAR", "SHA-256 of the delivered file"),
        Column("file_bytes", "BIGINT", "size of the delivered file"),
        Column("recipe_sha256", "VARCHAR", "mapping, suite and standardiser version it was applied with"),
        Column("landed_at", "TIMESTAMP", "when it was landed", is_run_time=True),
        Column("applied_at", "TIMESTAMP", "when it was applied", is_run_time=True),
        Column("run_id", "VARCHAR", "the run that applied it", is_run_time=True),
    ),
)

REJECTIONS = Table(
    "ops",
    "rejections",
    "one reason against one row of a delivery",
    ("source", "extract", "business_date", "sequence", "line", "rule_id"),
    (
        *_DELIVERY_COLUMNS,
        Column("entity", "VARCHAR", "what the extract holds"),
        Column("line", "BIGINT", "line of the row's start in the delivery; the header is line 1"),
        Column("source_id", "VARCHAR", "key of the row", _INDIRECT, null="the row has no key"),
        Column("rule_id", "VARCHAR", "the rule that was broken"),
        Column("severity", "VARCHAR", "row, value, warning or duplicate"),
        Column("column_name", "VARCHAR", "column concerned"),
        Column("value", "VARCHAR", "the cell as delivered", _DIRECT, null="the cell was empty"),
        Column("reason", "VARCHAR", "why, and what to do"),
        Column("row_delivered", "VARCHAR", "the whole row as delivered, JSON", _DIRECT),
    ),
)

QUARANTINE = Table(
    "ops",
    "quarantine",
    "one rejected row: held back, or loaded with cells nulled or flagged",
    ("source", "extract", "business_date", "sequence", "line"),
    (
        *_DELIVERY_COLUMNS,
        Column("line", "BIGINT", "line of the row's start in the delivery; the header is line 1"),
        Column("source_id", "VARCHAR", "key of the row", _INDIRECT, null="the row has no key"),
        Column("severity", "VARCHAR", "the gravest: row, duplicate, value or warning"),
        Column("reasons", "VARCHAR[]", "ids of the rules that were broken, sorted"),
        Column("severities", "VARCHAR[]", "the severity of each reason"),
        Column("columns", "VARCHAR[]", "the column of each reason"),
        Column("delivered_values", "VARCHAR[]", "the cell of each reason, as delivered", _DIRECT),
        Column("advice", "VARCHAR[]", "of each reason: why, and what to do"),
        Column("row_delivered", "VARCHAR", "the whole row as delivered, JSON", _DIRECT),
    ),
)

CHECK_RESULTS = Table(
    "ops",
    "check_results",
    "one rule, as judged when rows of its table were last judged",
    ("table_name", "rule_id"),
    (
        Column("table_name", "VARCHAR", "schema and table"),
        Column("rule_id", "VARCHAR", "the rule"),
        Column("severity", "VARCHAR", "table, row, value or warning"),
        Column("judged_count", "BIGINT", "rows judged"),
        Column("failed_count", "BIGINT", "rows that break it"),
        Column("is_passed", "BOOLEAN", "no row, or no more than allowed, breaks it"),
        Column("notes", "VARCHAR", "why the rule is there, and what to do"),
    ),
)

PUBLISHED = Table(
    "crm",
    "published",
    "the one row that says what this file is",
    ("fingerprint",),
    (
        Column("fingerprint", "VARCHAR", "hash over all published rows, columns of run time apart"),
        Column("published_at", "TIMESTAMP", "when it became visible", is_run_time=True),
        Column("run_id", "VARCHAR", "the run that published", is_run_time=True),
        Column("code_version", "VARCHAR", "version of crm_pipeline"),
    ),
)
