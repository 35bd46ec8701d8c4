"""What the text of a SQL model says by itself: the tables it reads, the columns it returns, where each comes from.

Belongs here: parsing, without a connection. Does not belong here: files and their order (`models`), data checks
(`model_tests`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify

from crm_pipeline.errors import ConfigurationError

DIALECT = "duckdb"
# The only functions that may stand for a table: they read nothing that the dependencies would not show.
_TABLE_FUNCTIONS = {"generate_series", "range", "unnest"}

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # an unknown function is DuckDB's to judge, not a warning


def parse_select(text: str, where: str) -> tuple[str, exp.Query]:
    """The one select in `text`: as written, up to its closing semicolon so that it can stand in brackets, and parsed.

    Raises:
        ConfigurationError: it can't be parsed, holds several statements or something else than a select.
    """
    try:
        parsed = sqlglot.parse(text, read=DIALECT)
        ends = [
            token.start for token in sqlglot.tokenize(text, read=DIALECT) if token.token_type is TokenType.SEMICOLON
        ]
    except ParseError as error:
        detail = error.errors[0]
        place = f"{where}:{detail['line']}"
        raise _not_a_select(place, f"text that can't be parsed ({detail['description']})") from None
    except SqlglotError:  # the tokenizer's, which does not say where
        raise _not_a_select(where, "text that can't be parsed, such as an open quote") from None
    statements = [statement for statement in parsed if statement and not isinstance(statement, exp.Semicolon)]
    if len(statements) != 1:
        raise _not_a_select(where, f"{len(statements)} statements")
    statement = statements[0]
    if not isinstance(statement, exp.Query) or isinstance(statement, exp.Pivot):
        raise _not_a_select(where, f"a statement of kind {statement.key.upper()}")
    return text[: ends[0]] if ends else text, statement


def tables_read(query: exp.Query, where: str) -> tuple[str, ...]:
    """Each `schema.table` that the query reads, once, in the order of the text; names of CTEs are not tables.

    Raises:
        ConfigurationError: a table without a schema, in another database, or a function that reads what is not shown.
    """
    ctes = {cte.alias_or_name.lower() for cte in query.find_all(exp.CTE)}
    found: dict[str, int] = {}
    for table in query.find_all(exp.Table):
        name = table.name.lower()
        if isinstance(table.this, exp.Func):
            _refuse_hidden_reading(table.this, where)
        elif table.catalog or (not table.db and name not in ctes):
            raise ConfigurationError(
                where=where,
                expected="tables by schema and name",
                found=table.sql(dialect=DIALECT, comments=False),
                cure="Write schema.table, such as gold.customers; a model reads the warehouse only.",
            )
        elif table.db:
            position = table.this.meta.get("start", 0)
            qualified = f"{table.db.lower()}.{name}"
            found[qualified] = min(position, found.get(qualified, position))
    return tuple(sorted(found, key=lambda qualified: found[qualified]))


def columns_returned(query: exp.Query, tables: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Names of the columns in their order; a `*` is spelled out with the columns of `tables`, `schema.table` to names.

    A column without a name is the empty text; a `*` that can't be spelled out stays `*`.
    """
    if query.is_star:
        try:
            query = qualify(query.copy(), schema=_nested(tables), dialect=DIALECT, validate_qualify_columns=False)
        except SqlglotError:
            return ("*",)
    return tuple(query.named_selects)


def columns_origin(sql: str, tables: Mapping[str, Iterable[str]]) -> dict[str, list[tuple[str, str]]]:
    """Column returned to the (`schema.table`, column) that its value is computed from, sorted; filters don't count.

    Best effort: a column without an origin, such as a count or one that can't be traced, has an empty list.
    """
    try:
        nodes = lineage(None, sql, _nested(tables), dialect=DIALECT)
    except SqlglotError:
        return {}
    return {name: sorted(_leaves(node)) for name, node in nodes.items()}


def _leaves(node: Node) -> set[tuple[str, str]]:
    return {
        (f"{step.expression.db}.{step.expression.name}", step.name.rsplit(".", 1)[-1].strip('"'))
        for step in node.walk()
        if isinstance(step.expression, exp.Table) and not step.name.endswith("*")
    }


def _nested(tables: Mapping[str, Iterable[str]]) -> dict[str, object]:
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for qualified, columns in tables.items():
        schema, name = qualified.split(".")
        nested.setdefault(schema, {})[name] = dict.fromkeys(columns, "VARCHAR")
    return dict(nested)


def _refuse_hidden_reading(function: exp.Func, where: str) -> None:
    name = (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()
    if name not in _TABLE_FUNCTIONS:
        raise ConfigurationError(
            where=where,
            expected=f"tables, or one of the functions {', '.join(sorted(_TABLE_FUNCTIONS))}",
            found=f"the function {name} in place of a table",
            cure="Read schema.table; a file belongs in an extract, so that it is landed, checked and backed up.",
        )


def _not_a_select(where: str, found: str) -> ConfigurationError:
    return ConfigurationError(
        where=where,
        expected="one select in DuckDB's SQL",
        found=found,
        cure="Leave one plain select in the file: no ref() or other templates, the table is made from its name.",
    )
