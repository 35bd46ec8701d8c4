"""Columns of DuckDB as columns of PostgreSQL: types, and the text by which COPY takes each value.

Belongs here: what becomes of each type. Does not belong here: tables (`shape`), sending rows (`copying`).
"""

from __future__ import annotations

import re

from crm_pipeline.warehouse.connection import quoted

_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20,0)",
    "HUGEINT": "numeric(39,0)",
    "UHUGEINT": "numeric(39,0)",
    "DOUBLE": "double precision",
    "FLOAT": "real",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time without time zone",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP_S": "timestamp without time zone",
    "TIMESTAMP_MS": "timestamp without time zone",
    "TIMESTAMP_NS": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "UUID": "uuid",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_NO_BYTE = r"(^|[^\\])((?:\\\\)*)\\u0000"  # in JSON: the escaped character 0, and not an escaped backslash before u0000


def server_type(kind: str) -> str:
    """The type of PostgreSQL for a type of DuckDB, as PostgreSQL itself writes it; what it has none for is text."""
    if kind in _TYPES:
        return _TYPES[kind]
    if decimal := _DECIMAL.fullmatch(kind):
        return f"numeric({decimal[1]},{decimal[2]})"
    if kind.endswith("[]") and kind[:-2] in _TYPES:
        return f"{_TYPES[kind[:-2]]}[]"
    return "jsonb" if _is_nested(kind) or kind == "JSON" else "text"


def as_text(name: str, kind: str) -> str:
    """SQL of DuckDB for a value as COPY takes it. PostgreSQL has no character 0: it is left out of texts."""
    column = quoted(name)
    if kind == "VARCHAR":
        return f"CASE WHEN contains({column}, chr(0)) THEN replace({column}, chr(0), '') ELSE {column} END"
    if kind.endswith("[]") and kind[:-2] in _TYPES:
        elements = f"array_to_string(list_transform({column}, lambda e: {_element('e')}), ',')"
        return f"CASE WHEN {column} IS NOT NULL THEN '{{' || coalesce({elements}, '') || '}}' END"
    if _is_nested(kind) or kind == "JSON":
        text = f"CAST(to_json({column}) AS VARCHAR)"
        cleaned = f"regexp_replace({text}, '{_NO_BYTE}', '\\1\\2', 'g')"
        return f"CASE WHEN contains({text}, '\\u0000') THEN {cleaned} ELSE {text} END"
    if kind in {"DATE", "TIMESTAMP"}:
        era = f"replace(replace(CAST({column} AS VARCHAR), ' (BC)', ''), ' BC', '') || ' BC'"
        return f"CASE WHEN {column} < DATE '0001-01-01' THEN {era} ELSE CAST({column} AS VARCHAR) END"
    return column if kind in _TYPES or _DECIMAL.fullmatch(kind) else f"CAST({column} AS VARCHAR)"


def _element(value: str) -> str:
    """An element of an array, always between double quotes, so that nothing in it means anything."""
    text = f"replace(CAST({value} AS VARCHAR), chr(0), '')"
    escaped = f"""replace(replace({text}, '\\', '\\\\'), '"', '\\"')"""
    return f"""CASE WHEN {value} IS NULL THEN 'NULL' ELSE '"' || {escaped} || '"' END"""


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))
