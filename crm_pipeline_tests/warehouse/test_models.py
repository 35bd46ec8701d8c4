"""The runner of SQL models: what it loads, in which order, what it builds and what it reports."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from crm_pipeline.errors import ConfigurationError, PipelineError
from crm_pipeline.tables import Column, Personal, Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import SCHEMAS
from crm_pipeline.warehouse.models import (
    Models,
    column_lineage,
    load_models,
    model_tables,
    run_model,
    test_model,
)

THINGS = Table(
    "std",
    "things",
    "one thing",
    ("id",),
    (Column("id", "INTEGER", "number"), Column("name", "VARCHAR", "name"), Column("price", "DECIMAL(18,4)", "price")),
)
YML = (
    "grain: one thing\ndescription: things\nkey: [id]\ncolumns:\n  - {name: id, description: number, personal: none}\n"
)


def write(folder: Path, files: dict[str, str]) -> Path:
    """`folder` with a .sql and, unless given, a .yml that documents id."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        beside = path.with_suffix(".yml")
        if (
            path.suffix == ".sql"
            and not path.stem.startswith("assert_")
            and beside.relative_to(folder) not in map(Path, files)
        ):
            beside.write_text(YML, encoding="utf-8")
    return folder


def load(folder: Path, files: dict[str, str]) -> Models:
    """The models of one folder over std.things."""
    return load_models(write(folder, files), known=[THINGS])


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    """A warehouse in memory with three things, out of order."""
    connection = duckdb.connect(":memory:")
    found = Warehouse(connection)
    for schema in SCHEMAS:
        found.execute(f"CREATE SCHEMA {schema}")
    found.ensure(THINGS)
    found.execute("INSERT INTO std.things VALUES (3, 'c', 3.5), (1, 'a', NULL), (2, 'a', 0.0001)")
    yield found
    connection.close()


def test_rows_are_stored_in_key_order_and_counted(tmp_path: Path, warehouse: Warehouse) -> None:
    """A model becomes a table in the order of its key; the number of its rows comes back, a second time too."""
    model = load(tmp_path, {"mart/a.sql": "SELECT id FROM std.things -- all\n; -- end\n"})["mart.a"]
    assert [run_model(warehouse, model), run_model(warehouse, model)] == [3, 3]
    assert warehouse.execute("SELECT * FROM mart.a") == [(1,), (2,), (3,)]


def test_a_semicolon_in_text_ends_nothing(tmp_path: Path, warehouse: Warehouse) -> None:
    """Semicolons in a literal or a comment belong to the select."""
    model = load(tmp_path, {"mart/a.sql": "SELECT id /* ; */ FROM std.things WHERE name <> 'a;' AND name = 'c' ;"})[
        "mart.a"
    ]
    assert run_model(warehouse, model) == 1


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    """A file in another encoding is refused and not guessed."""
    write(tmp_path, {"mart/a.sql": ""})
    (tmp_path / "mart/a.sql").write_bytes("SELECT '名' AS id".encode("gb18030"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_models(tmp_path, known=[THINGS])


def test_a_failing_select_leaves_the_old_table(tmp_path: Path, warehouse: Warehouse) -> None:
    """When the select fails half way the table of the last run stays, and the message holds no data."""
    model = load(tmp_path, {"mart/a.sql": "SELECT id FROM std.things"})["mart.a"]
    run_model(warehouse, model)
    broken = replace(model, sql="SELECT CAST(name AS INTEGER) AS id FROM std.things")
    with pytest.raises(ConfigurationError) as caught:
        run_model(warehouse, broken)
    assert "ConversionException" in str(caught.value)
    assert "'a'" not in str(caught.value) and "'c'" not in str(caught.value)
    assert warehouse.execute("SELECT * FROM mart.a") == [(1,), (2,), (3,)]


def test_an_error_inside_a_transaction_undoes_all_of_it(tmp_path: Path, warehouse: Warehouse) -> None:
    """A model that fails within a larger transaction takes the models before it along."""
    models = load(tmp_path, {"mart/a.sql": "SELECT id FROM std.things"})
    broken = replace(models["mart.a"], name="b", sql="SELECT wrong AS id FROM mart.a")
    with pytest.raises(ConfigurationError), warehouse.transaction():
        run_model(warehouse, models["mart.a"])
        run_model(warehouse, broken)
    assert warehouse.value("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'mart'") == 0


def test_columns_of_a_star_are_checked_when_built(tmp_path: Path, warehouse: Warehouse) -> None:
    """A star is spelled out from the contract when loading; what the warehouse really returns is checked again."""
    with pytest.raises(ConfigurationError, match="undocumented name, undocumented price"):
        load(tmp_path, {"mart/a.sql": "SELECT * FROM std.things"})
    model = load(tmp_path / "x", {"mart/a.sql": "SELECT id FROM std.things"})["mart.a"]
    with pytest.raises(ConfigurationError, match="undocumented name"):
        run_model(warehouse, replace(model, sql="SELECT id, name FROM std.things"))


def test_order_follows_dependencies_and_not_names(tmp_path: Path) -> None:
    """Each model comes after all that it reads, also by a test only; CTE names and comments are no dependencies."""
    files = {
        "mart/a.sql": "WITH b AS (SELECT * FROM mart.z) SELECT id FROM b -- FROM mart.never\n",
        "mart/z.sql": "SELECT id FROM gold.m UNION ALL SELECT id FROM STD.Things",
        "gold/m.sql": "SELECT id FROM std.things WHERE name <> 'mart.a' AND id IN (SELECT id FROM std.things)",
        "gold/b.sql": "SELECT id FROM std.things",
        "gold/b.yml": YML.replace("personal: none", "tests: [{relationships: {to: mart.a, field: id}}]"),
    }
    models = load(tmp_path, files)
    assert [model.qualified for model in models] == ["gold.m", "mart.z", "mart.a", "gold.b"]
    assert models["mart.z"].dependencies == ("gold.m", "std.things")
    assert models["mart.a"].dependencies == ("mart.z",)
    assert (models["gold.b"].dependencies, models["gold.b"].test_dependencies) == (("std.things",), ("mart.a",))


@pytest.mark.parametrize("seed", range(5))
def test_random_graphs_come_in_topological_order(tmp_path: Path, seed: int) -> None:
    """In random acyclic graphs every model follows what it reads, and the order does not depend on the file order."""
    generator = random.Random(seed)
    names = [f"m{number}" for number in generator.sample(range(100), 12)]
    reads = {name: generator.sample(names[:position], min(position, 2)) for position, name in enumerate(names)}
    files = {
        f"mart/{name}.sql": " UNION ALL ".join(
            f"SELECT id FROM {table}" for table in [f"mart.{r}" for r in reads[name]] or ["std.things"]
        )
        for name in names
    }
    order = [model.name for model in load(tmp_path / "one", files)]
    assert sorted(order) == sorted(names)
    assert all(order.index(read) < order.index(name) for name in names for read in reads[name])
    assert order == [model.name for model in load(tmp_path / "two", dict(reversed(files.items())))]


def test_a_later_folder_overrides_file_by_file(tmp_path: Path, warehouse: Warehouse) -> None:
    """An own select takes the place of the shipped one and keeps its description; own models and asserts are added."""
    shipped = write(tmp_path / "shipped", {"mart/a.sql": "SELECT id FROM std.things"})
    own = tmp_path / "own"
    (own / "mart").mkdir(parents=True)
    (own / "mart/a.sql").write_text("SELECT id + 10 AS id FROM std.things")
    (own / "mart/assert_small.sql").write_text("-- Ids are small.\nSELECT * FROM mart.a WHERE id > 12")
    write(own, {"mart/b.sql": "SELECT id FROM mart.a"})
    models = load_models(shipped, own, known=[THINGS])
    assert [model.qualified for model in models] == ["mart.a", "mart.b"]
    run_model(warehouse, models["mart.a"])
    assert warehouse.execute("SELECT * FROM mart.a") == [(11,), (12,), (13,)]
    results = test_model(warehouse, models["mart.a"])
    assert [(result.test_id, result.failed_count) for result in results] == [
        ("unique_id", 0),
        ("not_null_id", 0),
        ("assert_small", 1),
    ]


ERRORS = {
    "no_description": ({"mart/a.txt": ""}, {"mart/b.sql": "SELECT id FROM std.things"}, "description beside it, b.yml"),
    "two_statements": ({"mart/a.sql": "SELECT 1 AS id; SELECT 2 AS id"}, {}, "found 2 statements"),
    "nothing": ({"mart/a.sql": "-- later\n"}, {}, "found 0 statements"),
    "not_a_select": ({"mart/a.sql": "DELETE FROM std.things"}, {}, "kind DELETE"),
    "syntax": ({"mart/a.sql": "SELECT id\nFROM std.things\nWHERE (id"}, {}, "a.sql:3"),
    "open_quote": ({"mart/a.sql": "SELECT 'id"}, {}, "can't be parsed"),
    "template": ({"mart/a.sql": "SELECT id FROM {{ ref('things') }}"}, {}, "no ref()"),
    "unknown_table": ({"mart/a.sql": "SELECT id FROM std.thing"}, {}, "Did you mean std.things?"),
    "no_schema": ({"mart/a.sql": "SELECT id FROM things"}, {}, "Write schema.table"),
    "file": ({"mart/a.sql": "SELECT id FROM 'things.csv'"}, {}, "Write schema.table"),
    "other_database": ({"mart/a.sql": "SELECT id FROM other.std.things"}, {}, "Write schema.table"),
    "reading_function": ({"mart/a.sql": "SELECT id FROM read_csv('x')"}, {}, "the function read_csv"),
    "hiding_function": ({"mart/a.sql": "SELECT id FROM query('FROM std.things')"}, {}, "the function query"),
    "undocumented": ({"mart/a.sql": "SELECT id, name FROM std.things"}, {}, "undocumented name"),
    "unnamed": ({"mart/a.sql": "SELECT id, count(*) FROM std.things GROUP BY id"}, {}, "undocumented one without"),
    "lacking": ({"mart/a.sql": "SELECT name AS ident FROM std.things"}, {}, "undocumented ident, no id"),
    "doubled": ({"mart/a.sql": "SELECT id, id FROM std.things"}, {}, "a column more than once"),
    "cycle": ({"mart/a.sql": "SELECT id FROM mart.b", "mart/b.sql": "SELECT id FROM mart.a"}, {}, "reads mart."),
    "own_cycle": ({"mart/a.sql": "SELECT id FROM mart.a"}, {}, "mart.a reads mart.a"),
    "evidence": ({"std/a.sql": "SELECT id FROM std.things"}, {}, "gold, mart, ops"),
    "namesake": (
        {"mart/a.sql": "SELECT id FROM std.things", "gold/a.sql": "SELECT id FROM std.things"},
        {},
        "while there is",
    ),
    "no_folder": ({"a.sql": "SELECT id FROM std.things"}, {}, "found a.sql"),
    "lonely": ({"mart/a.sql": "SELECT id FROM std.things", "mart/aa.yml": YML}, {}, "Did you mean mart.a?"),
    "assert_header": (
        {"mart/a.sql": "SELECT id FROM std.things", "mart/assert_x.sql": "SELECT id FROM mart.a"},
        {},
        "the incident it prevents",
    ),
    "assert_model": (
        {"mart/a.sql": "SELECT id FROM std.things", "mart/assert_x.sql": "-- x\nSELECT id FROM std.things"},
        {},
        "-- model: name",
    ),
    "assert_unknown_model": (
        {"mart/a.sql": "SELECT id FROM std.things", "mart/assert_x.sql": "-- model: b\n-- x\nSELECT id FROM mart.a"},
        {},
        "mart.b",
    ),
    "assert_severity": (
        {
            "mart/a.sql": "SELECT id FROM std.things",
            "mart/assert_x.sql": "-- severity: wrn\n-- x\nSELECT id FROM mart.a",
        },
        {},
        "Did you mean warn?",
    ),
    "assert_unknown_table": (
        {"mart/a.sql": "SELECT id FROM std.things", "mart/assert_x.sql": "-- x\nSELECT a.id FROM mart.a, mart.c"},
        {},
        "mart.c",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_is_refused_when_loading(tmp_path: Path, name: str) -> None:
    """A wrong file is refused before anything runs, with a message that names the file and the cure."""
    files, bare, message = ERRORS[name]
    write(tmp_path, files)
    for path, text in bare.items():
        (tmp_path / path).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_models(tmp_path, known=[THINGS])
    assert message in str(caught.value)
    assert caught.value.where.startswith(str(tmp_path))
    assert caught.value.cure.endswith((".", "?"))


DESCRIPTIONS = {
    "unknown_key": (YML + "colums: []\n", "Did you mean columns?"),
    "unknown_column_key": (YML.replace("personal", "persnal"), "Did you mean personal?"),
    "unknown_mark": (YML.replace("none", "indirectly"), "Did you mean indirect?"),
    "no_key": (YML.replace("key: [id]\n", ""), "key: expected a list that is not empty; found nothing"),
    "key_not_a_column": (YML.replace("key: [id]", "key: [idd]"), "Did you mean id?"),
    "no_grain": (YML.replace("grain: one thing\n", ""), "grain: expected text; found nothing"),
    "no_column_description": (YML.replace("description: number, ", ""), "column 1, description"),
    "column_twice": (YML + "  - {name: id, description: again}\n", "id more than once"),
    "not_a_mapping": ("- a\n", "found list"),
    "not_yaml": ("grain: {\n", "expected YAML"),
    "columns_not_a_list": (YML.split("columns:", maxsplit=1)[0] + "columns: id\n", "columns: expected a list"),
    "unknown_test": (YML.replace("personal: none", "tests: [uniqe]"), "Did you mean unique?"),
    "test_without_values": (YML.replace("personal: none", "tests: [accepted_values]"), "values: a list"),
    "test_argument": (YML.replace("personal: none", "tests: [{unique: {where: x}}]"), "where"),
    "test_config": (YML.replace("personal: none", "tests: [{unique: {config: {sverity: warn}}}]"), "severity?"),
    "test_severity": (YML.replace("personal: none", "tests: [{unique: {config: {severity: warning}}}]"), "warn?"),
    "two_tests_in_one": (YML.replace("personal: none", "tests: [{unique: {}, not_null: {}}]"), "one test per entry"),
    "test_twice": (YML.replace("personal: none", "tests: [{unique: {config: {severity: warn}}}]"), "unique_id twice"),
    "relation_to_nothing": (
        YML.replace("personal: none", "tests: [{relationships: {to: std.thinks, field: id}}]"),
        "std.things?",
    ),
    "relation_to_no_field": (
        YML.replace("personal: none", "tests: [{relationships: {to: std.things, field: idd}}]"),
        "Did you mean id?",
    ),
    "table_test": (YML + "tests: [not_null]\n", "one of unique"),
    "table_test_column": (YML + "tests: [{unique: {columns: [idd]}}]\n", "Did you mean id?"),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_what_is_refused_in_a_description(tmp_path: Path, name: str) -> None:
    """A description is read strictly; the message says where and gives the nearest known word."""
    text, message = DESCRIPTIONS[name]
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, {"mart/a.sql": "SELECT id FROM std.things", "mart/a.yml": text})
    assert message in str(caught.value)
    assert "mart" in caught.value.where


def test_a_code_table_can_not_be_modelled(tmp_path: Path) -> None:
    """A model can't take the name of a table that code builds, nor one that would be published under the same name."""
    for name in ("gold/customers", "mart/customers", "ops/loads"):
        folder = write(tmp_path / name.replace("/", "_"), {f"{name}.sql": "SELECT 1 AS id"})
        with pytest.raises(ConfigurationError, match="of a free name"):
            load_models(folder)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """Shipped models that are not there are an error, not an empty set; a project may have none of its own."""
    with pytest.raises(ConfigurationError, match="a folder of SQL models"):
        load_models(tmp_path / "sql")
    shipped = write(tmp_path / "shipped", {"mart/a.sql": "SELECT id FROM std.things"})
    assert len(load_models(shipped, tmp_path / "sql", known=[THINGS])) == 1


def test_an_unknown_model_names_the_nearest(tmp_path: Path) -> None:
    """Asking for a model that is not there gives the nearest name."""
    with pytest.raises(ConfigurationError, match=r"Did you mean mart\.a\?"):
        load(tmp_path, {"mart/a.sql": "SELECT id FROM std.things"})["mart.b"]


TESTS_YML = """
grain: one thing
description: things
key: [id, kind]
columns:
  - name: id
    description: number
    tests: [{unique: {config: {severity: warn}}}]
  - {name: kind, description: kind, null_means: unknown, tests: [{accepted_values: {values: [a, "it's"]}}]}
  - name: price
    description: price
    tests: [{not_null: {}, config: {severity: warn}}, {accepted_values: {values: [1, 2.5]}}]
  - {name: parent, description: parent, tests: [{relationships: {to: std.things, field: id}}]}
tests: [{unique: {columns: [kind, price], config: {severity: warn}}}]
"""


def test_data_tests_count_the_rows_that_break_them(tmp_path: Path, warehouse: Warehouse) -> None:
    """Each test counts bad rows: nulls pass accepted_values, relationships and unique, but are equal within a key."""
    values = "(1, 'a', 1, 3), (1, NULL, NULL, NULL), (1, NULL, NULL, 9), (2, 'b', 2.5, 1), (NULL, 'it''s', 7, 1)"
    sql = f"SELECT * FROM (VALUES {values}) AS t (id, kind, price, parent)"
    model = load(tmp_path, {"mart/a.sql": sql, "mart/a.yml": TESTS_YML})["mart.a"]
    run_model(warehouse, model)
    results = {result.test_id: (result.severity, result.failed_count) for result in test_model(warehouse, model)}
    assert results == {
        "unique_id_kind": ("error", 2),
        "not_null_id": ("error", 1),
        "unique_id": ("warning", 3),
        "accepted_values_kind": ("error", 1),
        "not_null_price": ("warning", 2),
        "accepted_values_price": ("error", 1),
        "relationships_parent_std_things": ("error", 1),
        "unique_kind_price": ("warning", 2),
    }
    assert all(name.replace("_", "").isalnum() for name in results)


def test_a_test_that_can_not_run_is_no_pass(tmp_path: Path, warehouse: Warehouse) -> None:
    """Testing a model that was never built is an error that says so."""
    model = load(tmp_path, {"mart/a.sql": "SELECT id FROM std.things"})["mart.a"]
    with pytest.raises(PipelineError, match="Build the tables"):
        test_model(warehouse, model)


def test_a_forgotten_mark_hides(tmp_path: Path) -> None:
    """A column without a personal mark counts as directly personal."""
    yml = YML.replace(", personal: none", "")
    model = load(tmp_path, {"mart/a.sql": "SELECT id FROM std.things", "mart/a.yml": yml})["mart.a"]
    assert model.columns[0].personal is Personal.DIRECT


def test_lineage_leads_through_ctes_stars_and_expressions(tmp_path: Path) -> None:
    """Each column names the columns of tables that its value comes from; a count has none."""
    sql = """
        WITH t AS (SELECT * FROM std.things), u AS (SELECT id, name || id AS both_of FROM t)
        SELECT u.id, max(u.both_of) AS longest, count(*) AS n, sum(t.price) AS price
        FROM u JOIN t USING (id) WHERE t.name > 'a' GROUP BY u.id
    """
    columns = "".join(f"  - {{name: {name}, description: x}}\n" for name in ("longest", "n", "price"))
    model = load(tmp_path, {"mart/a.sql": sql, "mart/a.yml": YML + columns})["mart.a"]
    assert column_lineage(model) == {
        "id": [("std.things", "id")],
        "longest": [("std.things", "id"), ("std.things", "name")],
        "n": [],
        "price": [("std.things", "price")],
    }


def test_types_are_known_without_a_warehouse(tmp_path: Path) -> None:
    """The contract of a model's table has DuckDB's types, and building it on empty tables finds a wrong column."""
    models = load(
        tmp_path,
        {
            "mart/a.sql": "SELECT id, price * 2 AS p FROM std.things",
            "mart/a.yml": YML + "  - {name: p, description: twice, null_means: no price}\n",
        },
    )
    table = model_tables(models, [THINGS])["mart.a"]
    assert (table.grain, table.key) == ("one thing", ("id",))
    assert [(column.name, column.type, column.null) for column in table.columns] == [
        ("id", "INTEGER", ""),
        ("p", "DECIMAL(18,4)", "no price"),
    ]
    wrong = load(tmp_path / "wrong", {"mart/a.sql": "SELECT t.idd AS id FROM std.things AS t"})
    with pytest.raises(ConfigurationError, match="BinderException"):
        model_tables(wrong, [THINGS])
