"""One select by somebody else: its columns before it is run, and its rows, all at once or batch by batch.

Belongs here: that it is exactly one select, distinct names of its columns, its errors in one line. Does not belong
here: what it may reach (`connection`).
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import duckdb
import polars as pl
import pyarrow as pa


class RefusedError(Exception):
    """A statement by somebody else that was not run, or not to its end; says why in one line."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A select that DuckDB understood.

    Attributes:
        names: of the result columns; a repeated one gets the first of `_1`, `_2`, ... that makes it differ from all
            others.
        kinds: DuckDB's name of each column's type, without what it is made of: `varchar`, `decimal`, `list`.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    _relation: duckdb.DuckDBPyRelation

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, sql: str) -> Self:
        """The select, not run yet.

        Raises:
            RefusedError: it is not exactly one select, or DuckDB refuses it.
        """
        with _in_one_line():
            statements = connection.extract_statements(sql)
            if [statement.type for statement in statements] == [duckdb.StatementType.SELECT]:
                relation = connection.sql(statements[0].query)
                return cls(_distinct(relation.columns), tuple(kind.id for kind in relation.types), relation)
        raise RefusedError(
            "a statement that is not a select" if len(statements) == 1 else f"{len(statements)} statements"
        )

    def frame(self) -> pl.DataFrame:
        """All rows, in the select's order.

        Raises:
            RefusedError: DuckDB refuses it on the way, or a column is of a type without a frame.
        """
        with _in_one_line():
            return pl.DataFrame(pl.from_arrow(self._relation.to_arrow_table().rename_columns(list(self.names))))

    def count(self) -> int:
        """Number of rows, none of which is kept.

        Raises:
            RefusedError: DuckDB refuses it on the way.
        """
        with _in_one_line():
            return int(self._relation.aggregate("count(*)").fetchall()[0][0])

    def batches(self, expressions: Sequence[str], most_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows in the select's order, at most `most_rows` at a time and in memory; at least one batch, maybe empty.

        Args:
            expressions: SQL for each column, in which `#1` is the first one of the select.
            most_rows: of a batch.

        Raises:
            RefusedError: DuckDB refuses it on the way, or a column is of a type without a frame.
        """
        with _in_one_line():
            chosen = self._relation.project(", ".join(expressions)).to_arrow_reader(most_rows)
            following = iter(chosen)
            batch = next(following, None) or pa.RecordBatch.from_pylist([], schema=chosen.schema)
        while batch is not None:
            yield batch.rename_columns(list(self.names))
            with _in_one_line():
                batch = next(following, None)


@contextlib.contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError) as error:  # errors behind the first rows come through Arrow, as OSError
        raise RefusedError(str(error).splitlines()[0]) from None
    except (pl.exceptions.PolarsError, pa.ArrowException):
        raise RefusedError("a column of a type that can't be shown; cast it, as in x::VARCHAR") from None


def _distinct(columns: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for name in columns:
        others = {*names, *columns}
        numbered = (f"{name}_{n}" for n in itertools.count(1))
        names.append(next(each for each in numbered if each not in others) if name in names else name)
    return tuple(names)
