"""Expressions that users write, computed over the cells of their own row and nothing else.

Belongs here: what an expression may reach, and what it may depend on. Does not belong here: forms of a mapping
(`sources.mapping`).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NoReturn

import duckdb
import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.warehouse.connection import SESSION, quoted

# Names of ours begin with a sign that an expression may not name: where a row stands is no value of the row.
_OURS = "="
_POSITION = f"{_OURS}position"  # keeps the rows in their order
_TABLE = f"{_OURS}delivered"
_CLASSES = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window over other rows",
    "STAR": "a star",
    "PARAMETER": "a parameter",
}
# What DuckDB takes for a function though it is written without parentheses, unless a column has that name.
_WITHOUT_PARENTHESES = {"current_time", "current_timestamp", "localtime", "localtimestamp"}
_OF_SEVERAL_ROWS = {"unnest"}
# What DuckDB has as steady and is not: the clock, and what the next version of DuckDB answers otherwise.
_OF_THE_MOMENT = {"current_localtime", "current_localtimestamp", "version"}


def expressions(
    frame: pl.DataFrame, columns: Mapping[str, str], *, where: str, place: str = "columns."
) -> pl.DataFrame:
    """One column per expression, row for row with `frame`, computed where no file and no network can be reached.

    Args:
        frame: the rows; expressions see its columns.
        columns: name of the result to DuckDB SQL expression.
        where: the extract, for messages.
        place: what stands before a result's name there.

    Raises:
        ConfigurationError: an expression can't be computed, looks at more than the cells of its row, or would differ
            when it is computed again; the message names it, not the data.
    """
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET enable_external_access = false")
        connection.execute(SESSION)
        numbered = frame.with_row_index(_POSITION)
        connection.register(_TABLE, numbered.to_arrow(compat_level=pl.CompatLevel.oldest()))
        connection.execute("SET lock_configuration = true")
        for name, expression in columns.items():
            _refuse_dependent(connection, expression, frame.columns, f"{where}, {place}{name.removeprefix('=')}")
        results = [
            _expression(connection, name, expression, f"{where}, {place}{name.removeprefix('=')}")
            for name, expression in columns.items()
        ]
    finally:
        connection.close()
    for name, series in zip(columns, results, strict=True):
        if len(series) != frame.height:
            raise ConfigurationError(
                where=f"{where}, {place}{name.removeprefix('=')}",
                expected="an expression with one value per row",
                found=f"{len(series):,} values for {frame.height:,} rows",
                cure="Leave out what makes several rows of one, such as unnest.",
            )
    return pl.DataFrame(results)


def _expression(connection: duckdb.DuckDBPyConnection, name: str, expression: str, where: str) -> pl.Series:
    sql = f"SELECT CAST(({expression}) AS VARCHAR) AS {quoted(name)} FROM {quoted(_TABLE)} ORDER BY {quoted(_POSITION)}"
    try:
        return pl.DataFrame(pl.from_arrow(connection.sql(sql).to_arrow_table())).to_series()
    except duckdb.Error as error:
        kind = type(error).__name__
        detail = (
            str(error).splitlines()[0] if isinstance(error, duckdb.BinderException | duckdb.ParserException) else ""
        )
        _refuse_uncomputable(expression, f"{kind} {detail}".strip(), where)


def _refuse_uncomputable(expression: str, detail: str, where: str) -> NoReturn:
    raise ConfigurationError(
        where=where,
        expected="a DuckDB expression over the delivered columns",
        found=f"{expression!r}, refused with {detail}",
        cure="Correct the expression; text is compared and cast explicitly, see `try_cast`.",
    ) from None


def _refuse_dependent(
    connection: duckdb.DuckDBPyConnection, expression: str, columns: Collection[str], where: str
) -> None:
    """Refuses what depends on more than the cells of its row: only changed rows are computed, and again in a replay."""
    node, problem = _node(connection, expression)
    if problem:  # by itself, and not only within the select that computes it: else it could bring a select of its own
        _refuse_uncomputable(expression, problem, where)
    if _frame_of(node) != _frame_of(_node(connection, "1")[0]):
        _refuse(expression, "more than one expression", where)
    unsteady, several, macros = _functions()
    folded = {name.casefold() for name in columns}
    for part in _all_parts(connection, node, macros):
        names = {str(part.get("function_name", "")).casefold()}
        if names == {"age"} and len(part["arguments"]) == 1:  # up to today, though DuckDB has it as steady
            names = {"today"}
        if part.get("class") == "COLUMN_REF" and len(part["column_names"]) == 1:
            written = str(part["column_names"][0]).casefold()
            names = {written} - folded & (unsteady | _WITHOUT_PARENTHESES | macros.keys())
        if part.get("class") == "COLUMN_REF" and str(part["column_names"][0]).startswith(_OURS):
            _refuse(expression, f"{part['column_names'][0]}, which is no delivered column", where)
        if part.get("class") in _CLASSES:
            _refuse(expression, _CLASSES[part["class"]], where)
        if names & several:
            _refuse(expression, f"{min(names)}, which is over several rows", where)
        if names & (unsteady | _WITHOUT_PARENTHESES):
            _refuse(expression, f"{min(names)}, which is another value each time", where)


def _refuse(expression: str, found: str, where: str) -> NoReturn:
    raise ConfigurationError(
        where=where,
        expected="an expression over the cells of its own row, the same whenever it is computed",
        found=f"{expression!r} with {found}",
        cure="Leave it out: only changed rows are computed, and a rebuild computes them again.",
    )


@functools.cache
def _functions() -> tuple[set[str], set[str], dict[str, str]]:
    """Functions whose value changes from call to call, those over several rows, and macros with what they stand for."""
    with duckdb.connect(":memory:") as connection:
        found = connection.execute("""
            SELECT lower(function_name), function_type, stability, macro_definition FROM duckdb_functions()
            WHERE function_type IN ('scalar', 'aggregate', 'macro')
        """).fetchall()
    steady = {name for name, kind, stability, _ in found if kind == "scalar" and stability == "CONSISTENT"}
    unsteady = {name for name, kind, stability, _ in found if kind == "scalar" and stability != "CONSISTENT"}
    several = {name for name, kind, _, _ in found if kind == "aggregate"} - steady
    macros = {name: definition for name, kind, _, definition in found if kind == "macro" and definition}
    return unsteady | _OF_THE_MOMENT, several | _OF_SEVERAL_ROWS, macros


def _node(connection: duckdb.DuckDBPyConnection, expression: str) -> tuple[dict[str, Any], str]:
    """The select of an expression as DuckDB parses it; empty, and why, when it can't be parsed as one."""
    sql = "SELECT json_serialize_sql(?)"
    parsed = json.loads(connection.execute(sql, [f"SELECT ({expression}) FROM {quoted(_TABLE)}"]).fetchall()[0][0])
    if parsed["error"]:
        return {}, f"{parsed['error_type']} error: {str(parsed['error_message']).splitlines()[0]}"
    nodes = [statement["node"] for statement in parsed["statements"]]
    return (nodes[0], "") if len(nodes) == 1 else ({}, f"{len(nodes)} statements")


def _frame_of(node: dict[str, Any]) -> tuple[int, str]:
    """What a select has around its expressions, places in the text apart, and how many expressions there are."""
    around = {name: value for name, value in node.items() if name != "select_list"}
    return len(node.get("select_list", ())), json.dumps(_without_places(around), sort_keys=True)


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_places(v) for k, v in value.items() if not k.startswith("query_location")}
    return [_without_places(v) for v in value] if isinstance(value, list) else value


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within, itself included."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner)


def _all_parts(
    connection: duckdb.DuckDBPyConnection, node: dict[str, Any], macros: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Every part of an expression, and of what its macros stand for."""
    waiting = [node]
    known: set[str] = set()
    while waiting:
        for part in _parts(waiting.pop()):
            yield part
            name = str(part.get("function_name", "")).casefold()
            if name in macros and name not in known:
                known.add(name)
                waiting.append(_node(connection, macros[name])[0])
