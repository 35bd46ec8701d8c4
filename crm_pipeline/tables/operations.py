"""Contracts of schema ops, the bookkeeping of runs, and of the row that says what a published file is."""

from __future__ import annotations

from enum import StrEnum

from crm_pipeline.tables.contract import REASONS_TYPE, TABLE_STATES_TYPE, Column, Personal, Table
from crm_pipeline.tables.records import RECORD_COLUMNS

_DIRECT, _INDIRECT = Personal.DIRECT, Personal.INDIRECT

DATE_ORDERS_TYPE = (
    "STRUCT(column_name VARCHAR, date_order VARCHAR, told_by VARCHAR, day_first BIGINT, month_first BIGINT, "
    "year_first BIGINT, ambiguous BIGINT)[]"
)
_ROW_HASH = "MD5 over the names of the columns, sorted, and the cells as delivered"
_UNREADABLE = "a line that could not be read"
_NO_UPDATED_AT = "updated_at is not configured, or no row has one that can be read"


class CheckKind(StrEnum):
    """Where a check comes from."""

    RULE = "rule"  # of a suite
    TEST = "test"  # of an SQL model
    GUARD = "guard"  # of a step of the run
    ANOMALY = "anomaly"  # of an extract's deliveries, against what they usually are


DELIVERY_COLUMNS: tuple[Column, ...] = (
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
        *DELIVERY_COLUMNS,
        Column("entity", "VARCHAR", "what the extract holds"),
        Column("delivered_count", "BIGINT", "rows in the delivery"),
        Column("loaded_count", "BIGINT", "rows that brought a new or changed version"),
        Column("unchanged_count", "BIGINT", "rows equal to the version that was there"),
        Column("quarantined_count", "BIGINT", "rows held back, unreadable lines among them"),
        Column("duplicate_count", "BIGINT", "surplus rows with the key of another row of the delivery"),
        Column("erased_count", "BIGINT", "rows of erased persons, filtered"),
        Column("deleted_count", "BIGINT", "records deleted: gone from a full delivery, or marked as deleted"),
        Column("nulled_count", "BIGINT", "cells that became null"),
        Column("flagged_count", "BIGINT", "warnings"),
        Column("unreadable_count", "BIGINT", "lines that could not be read"),
        Column("reasons", REASONS_TYPE, "each rule broken, with how many rows broke it; by rule and column"),
        Column("first_updated_at", "TIMESTAMP", "earliest updated_at of its rows", null=_NO_UPDATED_AT),
        Column("last_updated_at", "TIMESTAMP", "latest updated_at of its rows", null=_NO_UPDATED_AT),
        Column(
            "date_orders",
            DATE_ORDERS_TYPE,
            "of each column with dates in figures such as 03/05/2025: which of day, month and year comes first, who "
            "told it (pipeline.yaml, this delivery, an earlier one, nobody), and what its cells allow",
        ),
        Column("schema_changes", "VARCHAR[]", "columns removed, added or of another type since the one before"),
        Column("format", "VARCHAR", "csv, json, json_lines, parquet, excel, database or rest"),
        Column("encoding", "VARCHAR", "encoding of the text", null="a format without a choice of encodings"),
        Column("dialect", "VARCHAR", "delimiter, quote, sheet and so on, as found or set", null="nothing to say"),
        Column("file_name", "VARCHAR", "name of the delivered file"),
        Column("file_sha256", "VARCHAR", "SHA-256 of the delivered file"),
        Column("file_bytes", "BIGINT", "size of the delivered file"),
        Column("recipe_sha256", "VARCHAR", "mapping, suite and standardiser version it was applied with"),
        Column("landing_seconds", "DOUBLE", "seconds that reading and landing took", is_run_time=True),
        Column("applying_seconds", "DOUBLE", "seconds from landing to std", is_run_time=True),
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
        *DELIVERY_COLUMNS,
        Column("entity", "VARCHAR", "what the extract holds"),
        Column("line", "BIGINT", "line of the row's start in the delivery; the header is line 1"),
        Column("file_name", "VARCHAR", "the file of the delivery in which it lies"),
        Column("file_line", "BIGINT", "its line in that file; where the delivery is one file, the same as line"),
        Column("source_id", "VARCHAR", "key of the row", _INDIRECT, null="the row has no key"),
        Column("rule_id", "VARCHAR", "the rule that was broken"),
        Column("severity", "VARCHAR", "row, value, warning or duplicate"),
        Column("column_name", "VARCHAR", "column concerned"),
        Column("value", "VARCHAR", "the cell as delivered", _DIRECT, null="the cell was empty"),
        Column("reason", "VARCHAR", "why, and what to do"),
        Column("row_delivered", "VARCHAR", "the whole row as delivered, JSON", _DIRECT),
        Column("row_hash", "VARCHAR", _ROW_HASH, _INDIRECT, null=_UNREADABLE),
        Column("row_corrected", "VARCHAR", "the row as a person corrected it, JSON", _DIRECT, null="nobody did"),
    ),
)

QUARANTINE = Table(
    "ops",
    "quarantine",
    "one rejected row: held back, or loaded with cells nulled or flagged",
    ("source", "extract", "business_date", "sequence", "line"),
    (
        *DELIVERY_COLUMNS,
        Column("line", "BIGINT", "line of the row's start in the delivery; the header is line 1"),
        Column("file_name", "VARCHAR", "the file of the delivery in which it lies"),
        Column("file_line", "BIGINT", "its line in that file; where the delivery is one file, the same as line"),
        Column("source_id", "VARCHAR", "key of the row", _INDIRECT, null="the row has no key"),
        Column("severity", "VARCHAR", "the gravest: row, duplicate, value or warning"),
        Column("reasons", "VARCHAR[]", "ids of the rules that were broken, sorted"),
        Column("severities", "VARCHAR[]", "the severity of each reason"),
        Column("columns", "VARCHAR[]", "the column of each reason"),
        Column("delivered_values", "VARCHAR[]", "the cell of each reason, as delivered", _DIRECT),
        Column("advice", "VARCHAR[]", "of each reason: why, and what to do"),
        Column("row_delivered", "VARCHAR", "the whole row as delivered, JSON", _DIRECT),
        Column("row_hash", "VARCHAR", _ROW_HASH, _INDIRECT, null=_UNREADABLE),
        Column("row_corrected", "VARCHAR", "the row as a person corrected it, JSON", _DIRECT, null="nobody did"),
    ),
)

CHECK_RESULTS = Table(
    "ops",
    "check_results",
    "one check, as judged when its table was last judged",
    ("table_name", "rule_id", "kind"),
    (
        Column("table_name", "VARCHAR", "schema and table; of a guard, what it guards"),
        Column("rule_id", "VARCHAR", "the rule of a suite, the test of an SQL model, the guard, or what is watched"),
        Column(
            "kind", "VARCHAR", "rule (of a suite), test (of an SQL model), guard (of a step) or anomaly (of an extract)"
        ),
        Column("severity", "VARCHAR", "table (stops the run), row, value or warning"),
        Column("judged_count", "BIGINT", "rows judged; of a test, the rows of its table"),
        Column("failed_count", "BIGINT", "rows that break it; a test may count rows that its table lacks"),
        Column("is_passed", "BOOLEAN", "no row, or no more than allowed, breaks it"),
        Column("notes", "VARCHAR", "why the check is there, and what to do"),
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
        Column(
            "entry_number",
            "BIGINT",
            "position of this publication in the store, from 1; the one that `query --as-of` and `undo-run` count by",
            null="an edition whose past is not kept",
            is_run_time=True,
        ),
        Column(
            "merged_row_count",
            "BIGINT",
            "rows that were merged into this file since it was made as a whole",
            is_run_time=True,
        ),
        Column("tables", TABLE_STATES_TYPE, "what each table holds, to tell later what changed", is_run_time=True),
    ),
)

EXCHANGE_RATES = Table(
    "ops",
    "exchange_rates",
    "one rate of one currency, from its day to the day before the next",
    ("currency", "valid_from"),
    (
        Column("currency", "VARCHAR", "the currency that is converted, ISO 4217"),
        Column("valid_from", "DATE", "the day of the rate"),
        Column("valid_to", "DATE", "the day of the next rate", null="the newest rate of the currency"),
        Column("rate", "DECIMAL(18,8)", "what one unit of currency is in the reporting currency"),
        Column("reporting_currency", "VARCHAR", "reporting.currency of pipeline.yaml, the same in all rows"),
    ),
)
