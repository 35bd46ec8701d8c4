"""Contracts of what watches over deliveries, in schema ops: profiles, anomalies, rules and extracts by their owners.

Belongs here: these tables. Does not belong here: the bookkeeping of runs (`operations`). No cell of any row is in them:
counts, shares, lengths, and medians of columns that are not personal.
"""

from __future__ import annotations

from crm_pipeline.tables.contract import Column, Table
from crm_pipeline.tables.operations import DELIVERY_COLUMNS
from crm_pipeline.tables.records import RECORD_COLUMNS

_ENTITY = Column("entity", "VARCHAR", "what the extract holds")
WHOLE = "*"  # in place of a column: the records as a whole
_NOT_ORDERED = "nothing filled, a personal value, or one without an order"

EXTRACTS = Table(
    "ops",
    "extracts",
    "one extract of pipeline.yaml, contacts in its rows as one of their own",
    ("source", "extract"),
    (
        *RECORD_COLUMNS[1:3],
        _ENTITY,
        Column("owner", "VARCHAR", "who answers for its data: owner of the extract, else of its source", null="nobody"),
        Column("load", "VARCHAR", "full or incremental"),
    ),
)

RULES = Table(
    "ops",
    "rules",
    "one rule of a suite",
    ("table_name", "rule_id"),
    (
        Column("table_name", "VARCHAR", "schema and table"),
        Column("rule_id", "VARCHAR", "the rule"),
        Column("column_name", "VARCHAR", "the cell concerned", null="the table as a whole"),
        Column("severity", "VARCHAR", "table, row, value or warning"),
        Column("dimension", "VARCHAR", "completeness, validity, uniqueness or consistency, by what the rule looks at"),
    ),
)

PROFILES = Table(
    "ops",
    "profiles",
    "one column of one delivery, or its records as a whole, as they were when it was profiled",
    ("source", "extract", "business_date", "sequence", "column_name"),
    (
        *DELIVERY_COLUMNS,
        _ENTITY,
        Column("column_name", "VARCHAR", "column that the extract delivers; * for the records as a whole"),
        Column("record_count", "BIGINT", "of a full delivery all records after it, of an incremental those it brought"),
        Column("filled_count", "BIGINT", "records in which the column holds something; of the whole, record_count"),
        Column("distinct_count", "BIGINT", "different values, in 200,000 records at most", null="the whole"),
        Column("looked_at_count", "BIGINT", "filled cells among which they were counted", null="the same"),
        Column("invalid_count", "BIGINT", "cells emptied by a rule of validity; of the whole, records with any"),
        Column("doubtful_count", "BIGINT", "other cells that such a rule warns of; of the whole, other records"),
        Column("inconsistent_count", "BIGINT", "cells, or records, that a rule of consistency emptied or warns of"),
        Column("low", "DOUBLE", "twentieth part from below of numbers, days of age, or characters", null=_NOT_ORDERED),
        Column("median", "DOUBLE", "their median", null=_NOT_ORDERED),
        Column("high", "DOUBLE", "twentieth part from above", null=_NOT_ORDERED),
    ),
)

ANOMALIES = Table(
    "ops",
    "anomalies",
    "one figure of an extract's newest delivery that is out of its band",
    ("source", "extract", "column_name", "metric"),
    (
        *RECORD_COLUMNS[1:3],
        Column("column_name", "VARCHAR", "column of std; empty for the delivery as a whole"),
        Column(
            "metric",
            "VARCHAR",
            "volume, days_since_delivery, days_since_change, schema, null_share, distinct_share, median or shares",
        ),
        _ENTITY,
        Column("business_date", "DATE", "day of the delivery"),
        Column("sequence", "INTEGER", "which delivery of that day, from 1"),
        Column("measured", "DOUBLE", "the figure", is_run_time=True),
        Column("median", "DOUBLE", "median of the history"),
        Column("low", "DOUBLE", "lower end of the band", null="nothing is too low"),
        Column("high", "DOUBLE", "upper end of the band"),
        Column("history_count", "BIGINT", "deliveries that make the band, 30 at most"),
    ),
)
