"""The columns that an SQL expression of a mapping names, read from its text.

Belongs here: parsing one expression, without a connection. Does not belong here: computing it (`connection`).
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from crm_pipeline.warehouse.model_sql import DIALECT


def expression_columns(sql: str) -> tuple[str, ...]:
    """Names in the order of the text, each once; parameters of lambdas may be among them. None of an unreadable text.

    DuckDB tells columns apart without regard to letter case; the names are as they are written.
    """
    try:
        tree = sqlglot.parse_one(sql, read=DIALECT)
    except SqlglotError:
        return ()
    named = (column for column in tree.find_all(exp.Column, bfs=False))
    return tuple(dict.fromkeys(column.name for column in named))
