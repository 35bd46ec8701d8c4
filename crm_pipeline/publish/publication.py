"""What is published of one table: its name, order, stable columns and descriptions.

Belongs here: the description of a publication, the state of its rows and the fingerprint of an edition. Does not belong
here: what changed (`changes`) or files (`duckdb_file`).

The content of a table is told by the count of rows and two sums of DuckDB's 64-bit hash of each row's stable columns,
from the first to the last and from the last to the first: the order of rows does not matter, and equal rows do not
cancel out. A fingerprint is over all tables. It tells editions made by one version of DuckDB apart, and proves no
authorship; after an upgrade of DuckDB a file is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from crm_pipeline.tables import Column, Personal, Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

# Ends the comment of a column whose values tell about the run: comparisons and exports leave it out.
RUN_TIME_MARK = "[run time]"


@dataclass(frozen=True, slots=True)
class Publication:
    """One table of a published file.

    Attributes:
        source: table of the warehouse, with its schema.
        name: table of the published schema.
        order_by: columns that order the rows: the key.
        stable_columns: columns that equal input makes equal; the fingerprint is over these.
        description: grain of the table, a comment in the file.
        column_descriptions: column to comment; a column need not have one.
        personal: column to its personal mark; one without is treated as if it led to a person directly.
    """

    source: str
    name: str
    order_by: tuple[str, ...]
    stable_columns: tuple[str, ...]
    description: str = ""
    column_descriptions: Mapping[str, str] = field(default_factory=dict)
    personal: Mapping[str, Personal] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Table) -> Self:
        """The publication of a contract table under its own name, with everything the contract says of it."""
        return cls(
            source=table.qualified,
            name=table.name,
            order_by=table.key,
            stable_columns=table.stable_columns,
            description=f"{table.grain}; key: {', '.join(table.key)}",
            column_descriptions={column.name: _comment(column) for column in table.columns},
            personal={column.name: column.personal for column in table.columns},
        )


@dataclass(frozen=True, slots=True)
class TableState:
    """What a table holds, told so that another state of it can be compared.

    Attributes:
        name: in the published schema.
        structure: SHA-256 over name, columns, types, comments, order and stable columns.
        content: count and sums of hashes over the rows' stable columns.
        row_count: rows.
    """

    name: str
    structure: str
    content: str
    row_count: int


def state_of(warehouse: Warehouse, publication: Publication) -> TableState:
    """The state of a publication's source; reads its stable columns once."""
    told = {
        "name": publication.name,
        "order_by": publication.order_by,
        "stable_columns": publication.stable_columns,
        "description": publication.description,
        "column_descriptions": dict(sorted(publication.column_descriptions.items())),
        "types": column_types(warehouse, publication.source),
    }
    sums = _row_sums(warehouse, publication)
    structure = hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()
    return TableState(publication.name, structure, " ".join(sums), int(sums[0]))


def fingerprint(states: Iterable[TableState]) -> str:
    """Hex SHA-256 over the states of all tables of an edition; their order does not matter."""
    told = sorted((state.name, state.structure, state.content) for state in states)
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def row_hash(names: Mapping[str, str]) -> str:
    """An SQL expression: DuckDB's hash of a row's columns, name to type; different rows of one key differ in it."""
    return f"hash({', '.join(_hashed(name, kind) for name, kind in names.items())})"


def column_types(warehouse: Warehouse, relation: str) -> dict[str, str]:
    """Column name to DuckDB type of a table or select, in order."""
    return {row[0]: row[1] for row in warehouse.execute(f"DESCRIBE FROM {relation}")}


def text_of(name: str, kind: str) -> str:
    """An SQL expression of a column's value as text that tells different values apart; null stays null."""
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"CAST(to_json({quoted(name)}) AS VARCHAR)"
    return f"CAST({quoted(name)} AS VARCHAR)"


def _row_sums(warehouse: Warehouse, publication: Publication) -> list[str]:
    types = column_types(warehouse, publication.source)
    names = [_hashed(name, types[name]) for name in publication.stable_columns]
    forwards, backwards = ", ".join(names), ", ".join(reversed(names))
    sums = warehouse.execute(
        f"SELECT count(*), sum(hash({forwards})), sum(hash({backwards})) FROM {publication.source}"
    )
    return [str(part) for part in sums[0]]


def _hashed(name: str, kind: str) -> str:
    """What of a column is hashed: nested values as text, since DuckDB hashes a null list and an empty one alike."""
    is_nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    return text_of(name, kind) if is_nested else quoted(name)


def _comment(column: Column) -> str:
    remarks = [column.description]
    if column.personal is not Personal.NONE:
        remarks.append(f"personal: {column.personal.value}")
    if column.null:
        remarks.append(f"null: {column.null}")
    comment = "; ".join(remarks)
    return f"{comment} {RUN_TIME_MARK}" if column.is_run_time else comment
