"""Every shipped SQL model against folders of rows: `<schema>.<table>/<case>/`.

Belongs here: running the cases. A new case needs no Python: a folder with `claim.txt`, the tables it reads as
`<schema>.<table>.csv` or `.json` (columns left out are null, tables left out are empty, an empty CSV cell is null,
lists are JSON) and `expected.csv` or `.json` with the columns that matter, rows in key order. Where the model's own
table is given too, it is not built, and the case is about its tests: `failing_tests.csv` lists those that fail; without
that file all must hold. Does not belong here: the runner's own rules (`warehouse/test_models`).
"""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from crm_pipeline.bundled import bundled
from crm_pipeline.tables import Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import SCHEMAS, quoted
from crm_pipeline.warehouse.models import Models, contract_tables, load_models, model_tables, run_model, test_model

ROOT = Path(__file__).parent
CASES = sorted(path.parent.relative_to(ROOT) for path in ROOT.glob("*.*/*/claim.txt"))


@functools.cache
def shipped() -> tuple[Models, dict[str, Table]]:
    """The shipped models, and all tables that a case may hold."""
    models = load_models(bundled("dbt_like_sql"))
    return models, {table.qualified: table for table in contract_tables()} | model_tables(models)


def read_rows(path: Path) -> pl.DataFrame:
    """All cells of a file as text: an empty CSV cell is null, a JSON value that is no text is written as JSON."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        header, *lines = csv.reader(text.splitlines())
        rows: list[dict[str, Any]] = [dict(zip(header, line, strict=True)) for line in lines]
    else:
        rows = json.loads(text)
        header = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [_cell(row.get(name)) for row in rows] for name in header}
    return pl.DataFrame(cells, schema=dict.fromkeys(header, pl.String()))


def _cell(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    return None if value is None else json.dumps(value, ensure_ascii=False)


def typed(rows: pl.DataFrame, types: dict[str, str]) -> str:
    """The select list that casts the text columns of `rows`."""
    assert set(rows.columns) <= set(types), f"unknown columns {set(rows.columns) - set(types)}"
    return ", ".join(
        f"CAST({f'CAST({quoted(name)} AS JSON)' if types[name].endswith('[]') else quoted(name)} AS {types[name]})"
        for name in rows.columns
    )


def fill(warehouse: Warehouse, table: Table, path: Path | None) -> None:
    """Makes the table with the rows of a file, or empty; nothing but types is enforced."""
    definition = ", ".join(f"{quoted(column.name)} {column.type}" for column in table.columns)
    warehouse.execute(f"CREATE TABLE {table.qualified} ({definition})")
    if path:
        rows = read_rows(path)
        columns = ", ".join(quoted(name) for name in rows.columns)
        types = {column.name: column.type for column in table.columns}
        with warehouse.registered("given", rows):
            warehouse.execute(f"INSERT INTO {table.qualified} ({columns}) SELECT {typed(rows, types)} FROM given")


def given(folder: Path, stem: str) -> Path | None:
    """The file of that name in the case, as CSV or JSON."""
    return next((path for path in (folder / f"{stem}.csv", folder / f"{stem}.json") if path.exists()), None)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Path) -> None:
    """The rows given lead to the rows expected, and exactly the listed tests fail."""
    models, tables = shipped()
    folder = ROOT / case
    model = models[case.parent.name]
    reads = {*model.dependencies, *model.test_dependencies, *(name for test in model.tests for name in test.reads)}
    files = {path.stem for path in folder.iterdir()} - {"claim", "expected", "failing_tests"}
    assert files <= reads | {model.qualified}, f"{files - reads} is not read by {model.qualified}"
    connection = duckdb.connect(":memory:")
    warehouse = Warehouse(connection)
    for schema in SCHEMAS:
        warehouse.execute(f"CREATE SCHEMA {schema}")
    for name in sorted(reads - {model.qualified}):
        fill(warehouse, tables[name], given(folder, name))
    if own := given(folder, model.qualified):
        fill(warehouse, tables[model.qualified], own)
    else:
        assert run_model(warehouse, model) == warehouse.value(f"SELECT count(*) FROM {model.qualified}")
        compare(warehouse, tables[model.qualified], given(folder, "expected"))
    results = test_model(warehouse, model)
    failed = [(result.test_id, result.severity, str(result.failed_count)) for result in results if result.failed_count]
    expected = given(folder, "failing_tests")
    assert failed == ([tuple(row) for row in read_rows(expected).rows()] if expected else [])
    connection.close()


def compare(warehouse: Warehouse, table: Table, path: Path | None) -> None:
    """Asserts that the table has the rows of the file, in their order, in the columns that the file has."""
    assert path, "the case has no expected rows"
    rows = read_rows(path)
    types = {column.name: column.type for column in table.columns}
    with warehouse.registered("expected", rows):
        expected = warehouse.execute(f"SELECT {typed(rows, types)} FROM expected")
    columns = ", ".join(quoted(name) for name in rows.columns)
    assert warehouse.execute(f"SELECT {columns} FROM {table.qualified}") == expected


def test_each_model_is_built_and_its_tests_bite() -> None:
    """Every shipped model has two cases: one at least in which it is built, and one in which its tests fail."""
    models, _ = shipped()
    for model in models:
        cases = [ROOT / case for case in CASES if case.parent.name == model.qualified]
        assert len(cases) >= 2, model.qualified
        assert any(given(case, "failing_tests") for case in cases), model.qualified
        assert any(given(case, "expected") for case in cases), model.qualified


def test_each_assert_fails_somewhere() -> None:
    """Every shipped assert has a case in which it finds bad rows."""
    models, _ = shipped()
    failing = {
        row[0] for case in CASES if (path := given(ROOT / case, "failing_tests")) for row in read_rows(path).rows()
    }
    asserts = {test.test_id for model in models for test in model.tests if test.test_id.startswith("assert_")}
    assert asserts <= failing
