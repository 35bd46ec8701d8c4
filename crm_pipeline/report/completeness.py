"""Figures of how full columns are: as delivered, after standardising, in the golden record.

Belongs here: counts of filled cells. Does not belong here: why a cell was rejected (`deliveries`).
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.report.customers import STD_NAMES
from crm_pipeline.report.figures import ColumnFill
from crm_pipeline.report.reading import Reading
from crm_pipeline.tables import DERIVED, ENTITIES, REJECTIONS, VERSION_COLUMNS
from crm_pipeline.warehouse.connection import literal, quoted

_NOT_DELIVERED = {"computed_amount"}  # derived from other columns
_GOLDEN_NAMES = {column: golden for golden, column in STD_NAMES.items()}

# Cells that were delivered and lost: of current versions, where nothing else of the cell was kept.
_LOST = """
    WITH cell AS (
        SELECT DISTINCT source, extract, business_date AS valid_from, sequence, line, column_name
        FROM ops.rejections WHERE entity = {entity} AND severity = 'value' AND value IS NOT NULL
    )
    SELECT cell.column_name, count(*) FROM cell JOIN {table} USING (source, extract, valid_from, sequence, line)
    WHERE valid_to IS NULL AND CASE cell.column_name {is_null} ELSE false END
    GROUP BY cell.column_name
"""


def fills(reading: Reading) -> tuple[dict[str, tuple[ColumnFill, ...]], dict[str, tuple[str, ...]]]:
    """Entity to its columns that hold something, and entity to those that never did; entities without rows apart."""
    filled, never = {}, {}
    for entity in ENTITIES:
        if not reading.has(f"std.{entity}", "valid_to"):
            continue
        columns = _fills(reading, entity)
        if columns and columns[0].rows:
            filled[entity] = tuple(column for column in columns if column.delivered)
            never[entity] = tuple(column.column for column in columns if not column.delivered)
    return filled, never


def _fills(reading: Reading, entity: str) -> list[ColumnFill]:
    table = f"std.{entity}"
    apart = {column.name for column in (*VERSION_COLUMNS, *DERIVED.get(entity, ()))} | _NOT_DELIVERED
    names = [name for name in reading.columns[table] if name not in apart]
    rows, *standardised = _filled(reading, table, names, where="valid_to IS NULL")
    lost = _lost(reading, entity, names)
    golden = _golden(reading, names) if entity == "customers" else {}
    golden_rows = golden.get("", 0)
    return [
        ColumnFill(name, rows, count + lost.get(name, 0), count, golden.get(name), golden_rows)
        for name, count in zip(names, standardised, strict=True)
    ]


def _filled(reading: Reading, table: str, names: Sequence[str], *, where: str = "true") -> tuple[int, ...]:
    """All rows, then of each column those in which it is not null."""
    counts = "".join(f", count({quoted(name)})" for name in names)
    return tuple(reading.rows(f"SELECT count(*){counts} FROM {table} WHERE {where}")[0])


def _lost(reading: Reading, entity: str, names: Sequence[str]) -> dict[str, int]:
    table = f"std.{entity}"
    keys = ("source", "extract", "valid_from", "sequence", "line")
    if not reading.has(REJECTIONS.qualified, *REJECTIONS.column_names) or not reading.has(table, *keys):
        return {}
    is_null = " ".join(f"WHEN {literal(name)} THEN {quoted(name)} IS NULL" for name in names)
    return dict(reading.rows(_LOST.format(entity=literal(entity), table=table, is_null=is_null)))


def _golden(reading: Reading, names: Sequence[str]) -> dict[str, int]:
    """Standard column to golden customers that have it; under the empty name, all of them."""
    pairs = {name: _GOLDEN_NAMES.get(name, name) for name in names}
    there = {name: golden for name, golden in pairs.items() if reading.has("gold.customers", golden)}
    if not there:
        return {}
    rows, *counts = _filled(reading, "gold.customers", list(there.values()))
    return {"": rows, **dict(zip(there, counts, strict=True))}
