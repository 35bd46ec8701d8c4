"""The warehouse as a report reads it: only tables and columns that are there.

Belongs here: knowing what can be read, since a run may stop before a table was made, or a project has columns of its
own. Does not belong here: any figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_pipeline.warehouse import Warehouse

_COLUMNS = """
    SELECT schema_name || '.' || table_name, list(column_name ORDER BY column_index)
    FROM duckdb_columns() WHERE database_name = current_database() GROUP BY ALL
"""
_MOST_SOURCES = 62  # bits of a BIGINT that may be set


@dataclass(frozen=True, slots=True)
class Reading:
    """An open warehouse, and the columns of each table in it by `schema.table`."""

    warehouse: Warehouse
    columns: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, warehouse: Warehouse) -> Reading:
        """What there is now."""
        return cls(warehouse, {table: tuple(names) for table, names in warehouse.execute(_COLUMNS)})

    def has(self, table: str, *columns: str) -> bool:
        """Whether the table is there with these columns, whatever else it has."""
        return table in self.columns and set(columns) <= set(self.columns[table])

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of an aggregate: few."""
        return self.warehouse.execute(sql, parameters)


def source_bit(sources: Sequence[str]) -> str:
    """An SQL expression of one bit per system, by its place in `sources`, given as parameter `$sources`.

    With more systems than bits the last bit stands for all the rest. Null for a system that is not among them.
    """
    last = min(len(sources), _MOST_SOURCES)
    place = "list_position($sources, source)"  # `least` passes over a null, so it alone would give the last bit
    return f"(CASE WHEN {place} IS NOT NULL THEN 1::BIGINT << (least({place}, {last}) - 1)::BIGINT END)"


def sources_in(mask: int, sources: Sequence[str]) -> list[str]:
    """The systems whose bits are set, in their order."""
    return [name for place, name in enumerate(sources[:_MOST_SOURCES]) if mask >> place & 1]
