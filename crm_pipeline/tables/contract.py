"""What a contract is: columns with types, personal marks and the meaning of null; tables with grain and key."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
ALTERNATIVES_TYPE = "STRUCT(value VARCHAR, source VARCHAR, extract VARCHAR, source_id VARCHAR, lost_by VARCHAR)[]"
TABLE_STATES_TYPE = "STRUCT(name VARCHAR, structure VARCHAR, content VARCHAR, row_count BIGINT)[]"
REASONS_TYPE = "STRUCT(rule_id VARCHAR, severity VARCHAR, column_name VARCHAR, row_count BIGINT, reason VARCHAR)[]"

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
