"""SQL models: one select per file, `<schema>/<table>.sql`, made into the table of that name.

Belongs here: building and testing the tables of models; this is the module that others import. Does not belong here:
the business SQL (`dbt_like_sql/`), or loading it (`model_loading`).
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.tables import Column, Table
from crm_pipeline.warehouse.connection import SCHEMAS, Warehouse, quoted
from crm_pipeline.warehouse.model import PUBLISHED_SCHEMAS, Model, Models, contract_tables, refuse_other_columns
from crm_pipeline.warehouse.model_files import ModelColumn
from crm_pipeline.warehouse.model_loading import load_models
from crm_pipeline.warehouse.model_sql import columns_origin
from crm_pipeline.warehouse.model_tests import ModelTest, ModelTestResult, explained, run_tests

__all__ = [
    "PUBLISHED_SCHEMAS",
    "Model",
    "ModelColumn",
    "ModelTest",
    "ModelTestResult",
    "Models",
    "column_lineage",
    "contract_tables",
    "load_models",
    "model_tables",
    "run_model",
    "test_model",
]


def run_model(warehouse: Warehouse, model: Model) -> int:
    """Number of rows of the model's table, made anew in the order of its key; on an error the old one stays.

    Raises:
        ConfigurationError: the select can't be computed or its columns are not those documented.
    """
    order = ", ".join(f"{quoted(name)} NULLS LAST" for name in model.key)
    try:
        with warehouse.transaction():
            returned = warehouse.execute(f"DESCRIBE SELECT * FROM (\n{model.sql}\n)")
            refuse_other_columns([row[0] for row in returned], model.columns, model.path)
            made = f"CREATE OR REPLACE TABLE {model.qualified} AS SELECT * FROM (\n{model.sql}\n) ORDER BY {order}"
            return int(warehouse.value(made))
    except duckdb.Error as error:
        raise ConfigurationError(
            where=str(model.path),
            expected="a select that the warehouse can compute",
            found=explained(error),
            cure="Correct the select; text is cast with try_cast, and the tables it reads must have been built.",
        ) from None


def test_model(warehouse: Warehouse, model: Model) -> list[ModelTestResult]:
    """One result per test of the model, those of the description first, then the asserts by name; reads only.

    Raises:
        ConfigurationError: a test can't be computed.
    """
    return run_tests(warehouse, model.tests, model.qualified)


test_model.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it by its name


def column_lineage(model: Model) -> dict[str, list[tuple[str, str]]]:
    """Column to the (`schema.table`, column) that its value is computed from, sorted; filters and joins don't count.

    Best effort: a column without an origin, such as a count, or one that can't be traced, has an empty list; a value
    taken out of a structure has the origins of the whole structure.
    """
    found = columns_origin(model.sql, model.dependency_columns)
    return {column.name: found.get(column.name, []) for column in model.columns}


def model_tables(models: Models, known: Iterable[Table] | None = None) -> dict[str, Table]:
    """The contract of each model's table, with types, by `schema.table`; found by building all on empty tables.

    Needs no warehouse, so it is also the check that every select can be computed.

    Raises:
        ConfigurationError: a select can't be computed or its columns are not those documented.
    """
    connection = duckdb.connect(":memory:")
    try:
        empty = Warehouse(connection)
        for schema in SCHEMAS:
            empty.execute(f"CREATE SCHEMA {schema}")
        for table in contract_tables() if known is None else known:
            empty.ensure(table)
        return {model.qualified: _built_table(empty, model) for model in models}
    finally:
        connection.close()


def _built_table(warehouse: Warehouse, model: Model) -> Table:
    run_model(warehouse, model)
    test_model(warehouse, model)
    documented = {column.name: column for column in model.columns}
    columns = tuple(
        Column(name, kind.replace('"', ""), documented[name].description, documented[name].personal, null)
        for name, kind, *_ in warehouse.execute(f"DESCRIBE {model.qualified}")
        for null in [documented[name].null_means]
    )
    return Table(model.schema, model.name, model.grain, model.key, columns)
