"""Data tests of SQL models: each is a select that returns the rows which break it.

Belongs here: what a test is, and counting the rows that break it. Does not belong here: dbt's words for the common ones
(`model_test_words`), expectations on delivered rows (`quality`), or finding the files (`models`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import duckdb

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.warehouse.connection import Warehouse

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class ModelTest:
    """One test of a model.

    Attributes:
        test_id: unique within the model; letters, digits and underscores.
        severity: an error stops the run before publication, a warning is reported.
        description: the claim in words.
        sql: select that returns the rows which break it.
        reads: tables besides the model's own, as `schema.table`.
        description_zh: the claim in Chinese; empty when nobody wrote it.
        is_generic: whether it is a word of a .yml file, such as unique, and no select of its own.
    """

    test_id: str
    severity: Severity
    description: str
    sql: str
    reads: tuple[str, ...] = ()
    description_zh: str = ""
    is_generic: bool = False


@dataclass(frozen=True, slots=True)
class ModelTestResult:
    """Outcome of one test; `failed_count` is the number of rows that its select returned, 0 when it holds."""

    test_id: str
    severity: Severity
    failed_count: int
    description: str


def run_tests(warehouse: Warehouse, tests: Iterable[ModelTest], where: str) -> list[ModelTestResult]:
    """One result per test, in the order given; reads only.

    Raises:
        ConfigurationError: a test can't be computed.
    """
    return [
        ModelTestResult(test.test_id, test.severity, _failed_count(warehouse, test, where), test.description)
        for test in tests
    ]


def _failed_count(warehouse: Warehouse, test: ModelTest, where: str) -> int:
    try:
        return int(warehouse.value(f"SELECT count(*) FROM (\n{test.sql}\n)"))
    except duckdb.Error as error:
        raise ConfigurationError(
            where=f"{where}, {test.test_id}",
            expected="a test that can be computed",
            found=explained(error),
            cure="Build the tables it reads first, or correct the test.",
        ) from None


def explained(error: duckdb.Error) -> str:
    """The kind of error, and its first line where that can only speak of SQL and never of data."""
    kind = type(error).__name__
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return f"{kind}: {str(error).splitlines()[0]}"
    return kind
