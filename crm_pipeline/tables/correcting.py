"""Contracts of what a person corrects: which rejected rows still matter, and what became of each correction.

Belongs here: tables of the warehouse that stewards see. Does not belong here: the decisions (`state.decisions`),
the quarantine as a whole (`operations`).
"""

from __future__ import annotations

from enum import StrEnum

from crm_pipeline.tables.contract import Column, Personal, Table
from crm_pipeline.tables.operations import DELIVERY_COLUMNS

_LINE = Column("line", "BIGINT", "line of the row's start in the delivery; the header is line 1")
_KEYLESS = "the row has no key"
_HASH = Column(
    "row_hash", "VARCHAR", "MD5 over the names of the columns, sorted, and the cells as delivered", Personal.INDIRECT
)
_NUMBER = Column("number", "BIGINT", "of the replay that the correction came with")


class CorrectionStatus(StrEnum):
    """What has become of a correction."""

    WAITING = "waiting"  # no run has applied a delivery since
    APPLIED = "applied"  # the row is delivered as it was corrected
    LAPSED = "lapsed"  # the source delivers the record with other cells, or no more


OPEN_REJECTIONS = Table(
    "ops",
    "open_rejections",
    "one rejected row that nothing delivered since took the place of",
    ("source", "extract", "business_date", "sequence", "line"),
    (*DELIVERY_COLUMNS, _LINE),
)

CORRECTION_USES = Table(
    "ops",
    "correction_uses",
    "one correction with one applied delivery that says something of it: what became of it",
    ("source", "extract", "business_date", "sequence", "row_hash"),
    (
        *DELIVERY_COLUMNS,
        _HASH,
        Column("source_id", "VARCHAR", "key of the row as delivered", Personal.INDIRECT, null=_KEYLESS),
        _NUMBER,
        Column("row_count", "BIGINT", "rows that were corrected by it; 0 when it lapsed"),
        Column("status", "VARCHAR", "applied or lapsed"),
    ),
)

CORRECTIONS = Table(
    "ops",
    "corrections",
    "one delivered row that a person corrected, as corrected last",
    ("source", "extract", "row_hash"),
    (
        *DELIVERY_COLUMNS[:2],
        _HASH,
        Column("source_id", "VARCHAR", "key of the row as delivered", Personal.INDIRECT, null=_KEYLESS),
        Column("business_date", "DATE", "day of the delivery whose row was corrected, from which on it counts"),
        Column("sequence", "INTEGER", "which delivery of that day, from 1"),
        _LINE,
        _NUMBER,
        Column("corrected_at", "TIMESTAMP", "when it was replayed"),
        Column("corrected_by", "VARCHAR", "who replayed it", Personal.INDIRECT),
        Column("file_name", "VARCHAR", "name of the file that it came with"),
        Column("changed_columns", "VARCHAR[]", "delivered columns that were corrected"),
        Column("status", "VARCHAR", "waiting, applied or lapsed"),
        Column("status_date", "DATE", "newest business date that says so", null="it waits"),
        Column("row_count", "BIGINT", "rows that it corrects in the delivery of that date"),
    ),
)
