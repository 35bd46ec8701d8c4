"""Claims on the warehouse: contracts, transactions, and what a reader can't reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from crm_pipeline.errors import ConfigurationError, PipelineError
from crm_pipeline.tables import ENTITIES, Column, Table, customers, std
from crm_pipeline.warehouse import RefusedError, Warehouse, expressions, open_reader
from crm_pipeline.warehouse.connection import quoted

ITEMS = Table(
    "gold",
    "items",
    "one item",
    ("id",),
    (
        Column("id", "BIGINT", "number"),
        Column("name", "VARCHAR", "name", null="not known"),
        Column("price", "DECIMAL(18,4)", "price", null="not known"),
        Column("tags", "VARCHAR[]", "tags", null="none"),
    ),
)
ROWS = pl.DataFrame({"id": [3, 1, 2], "name": ["c", "王", None]})


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """A new warehouse."""
    with Warehouse.open(tmp_path / "var" / "w.duckdb", temporary=tmp_path / "var" / "tmp") as opened:
        yield opened


def names(warehouse: Warehouse) -> list[str | None]:
    return [row[0] for row in warehouse.execute(f"SELECT name FROM {ITEMS.qualified} ORDER BY id")]


def test_open(warehouse: Warehouse, tmp_path: Path) -> None:
    """A new warehouse has its schemas, counts time in UTC, spills into its own folder and is its owner's alone."""
    schemas = {row[0] for row in warehouse.execute("SELECT schema_name FROM duckdb_schemas() WHERE NOT internal")}
    assert {"std", "link", "gold", "mart", "ops"} <= schemas
    assert warehouse.value("SELECT current_setting('TimeZone')") == "UTC"
    assert warehouse.value("SELECT current_setting('temp_directory')") == str(tmp_path / "var" / "tmp")
    assert (tmp_path / "var" / "w.duckdb").stat().st_mode & 0o777 == 0o600


def test_content_survives_closing(tmp_path: Path) -> None:
    """What was committed is there when the warehouse is opened again."""
    for run in range(2):
        with Warehouse.open(tmp_path / "w.duckdb", temporary=tmp_path / "tmp", memory_limit="1GB") as opened:
            if run == 0:
                opened.replace(ITEMS, ROWS)
            assert names(opened) == ["王", None, "c"]


def test_replace(warehouse: Warehouse) -> None:
    """The table's content becomes the rows, in key order, missing columns null, surplus ones left out."""
    surplus = ROWS.with_columns(other=pl.lit("x")).select("other", "name", "id")
    assert warehouse.replace(ITEMS, surplus) == 3
    frame = warehouse.frame(f"SELECT * FROM {ITEMS.qualified}")
    assert frame.schema == ITEMS.polars_schema
    assert frame["id"].to_list() == [1, 2, 3]
    assert frame["price"].null_count() == 3
    assert warehouse.replace(ITEMS, "SELECT 7 AS id, 1.5 AS price, ['a'] AS tags") == 1
    assert warehouse.execute(f"SELECT * FROM {ITEMS.qualified}") == [(7, None, Decimal("1.5000"), ["a"])]
    assert warehouse.replace(ITEMS, ITEMS.empty()) == 0
    assert warehouse.count(ITEMS) == 0


def test_select_with_repeated_columns(warehouse: Warehouse) -> None:
    """Result columns of one name are numbered, past names that are there; a type without a frame is refused."""
    assert warehouse.select("SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS a").to_dict(as_series=False) == {
        "a": [1], "a_2": [2], "a_1": [3], "a_3": [4],
    }  # fmt: skip
    with pytest.raises(RefusedError, match="cast it"):
        warehouse.select("SELECT union_value(secret := 1)")


def test_insert(warehouse: Warehouse) -> None:
    """Rows are appended and counted, columns matched by name in whatever order, from a frame or a select."""
    warehouse.ensure(ITEMS)
    assert warehouse.insert(ITEMS, ROWS.select("name", "id")) == 3
    assert warehouse.insert(ITEMS, "SELECT 'd' AS name, 4 AS id") == 1
    assert warehouse.insert(ITEMS, ROWS.clear()) == 0
    assert names(warehouse) == ["王", None, "c", "d"]


@pytest.mark.parametrize("rows", [ROWS.drop("id"), "SELECT 'x' AS name"])
def test_insert_without_key(warehouse: Warehouse, rows: pl.DataFrame | str) -> None:
    """Rows without a key column are refused before any is stored."""
    warehouse.ensure(ITEMS)
    with pytest.raises(PipelineError, match="rows without id"):
        warehouse.insert(ITEMS, rows)
    assert warehouse.count(ITEMS) == 0


def test_value_that_does_not_fit(warehouse: Warehouse) -> None:
    """A value that the contract's type can't hold stops the replacement, and the old rows stay."""
    warehouse.replace(ITEMS, ROWS)
    with pytest.raises(duckdb.Error):
        warehouse.replace(ITEMS, "SELECT 1 AS id UNION ALL SELECT 'x' AS id")
    assert names(warehouse) == ["王", None, "c"]


def test_ensure(warehouse: Warehouse) -> None:
    """A table is made once; one whose contract changed in name, type or order of a column is made anew, empty."""
    assert not warehouse.exists(ITEMS)
    assert warehouse.ensure(ITEMS)
    warehouse.insert(ITEMS, ROWS)
    assert not warehouse.ensure(ITEMS)
    assert warehouse.count(ITEMS) == 3
    others = [
        replace(ITEMS, columns=ITEMS.columns[:-1]),
        replace(ITEMS, columns=ITEMS.columns[::-1]),
        replace(ITEMS, columns=(*ITEMS.columns[:-1], Column("tags", "VARCHAR", "text"))),
    ]
    for other in others:
        assert warehouse.ensure(other)
        assert not warehouse.ensure(other)
        assert warehouse.count(other) == 0


@pytest.mark.parametrize("table", [*map(std, ENTITIES), std("customers", ["vip_level"]), customers()], ids=str)
def test_contract_round_trip(warehouse: Warehouse, table: Table) -> None:
    """A table as its contract says is found to be just that, and frames come out in the types they went in."""
    assert warehouse.ensure(table)
    assert warehouse.exists(table)
    assert warehouse.frame(f"SELECT * FROM {table.qualified}").schema == table.polars_schema
    warehouse.insert(table, table.empty())


def test_transaction_is_all_or_nothing(warehouse: Warehouse) -> None:
    """A block that raises leaves nothing behind, an inner one joins the outer one, and the next one works."""
    warehouse.ensure(ITEMS)
    with pytest.raises(KeyError), warehouse.transaction():
        warehouse.insert(ITEMS, ROWS)
        with warehouse.transaction():
            warehouse.insert(ITEMS, "SELECT 9 AS id")
        assert warehouse.count(ITEMS) == 4
        raise KeyError
    assert warehouse.count(ITEMS) == 0
    with warehouse.transaction():
        with pytest.raises(KeyError), warehouse.transaction():
            warehouse.insert(ITEMS, "SELECT 9 AS id")
            raise KeyError  # caught by the outer block, which goes on and is committed as a whole
        warehouse.insert(ITEMS, ROWS)
    assert warehouse.count(ITEMS) == 4


def test_rows_are_fetched_before_commit(warehouse: Warehouse) -> None:
    """What was read in a transaction is whole after it."""
    with warehouse.transaction():
        rows = warehouse.execute("SELECT * FROM range(5000)")
        frame = warehouse.frame("SELECT * FROM range(5000)")
    assert len(rows) == frame.height == 5000


def test_registered_frame(warehouse: Warehouse) -> None:
    """A frame is readable under its name within the block, and only there."""
    with warehouse.registered("given", pl.DataFrame({"a": ["x"], "b": [[1, 2]], "c": [date(2026, 1, 5)]})):
        assert warehouse.execute("SELECT * FROM given") == [("x", [1, 2], date(2026, 1, 5))]
    with pytest.raises(duckdb.CatalogException):
        warehouse.execute("SELECT * FROM given")


def test_parameters(warehouse: Warehouse) -> None:
    """Values go in as parameters, by position and by name."""
    text = "'); DROP TABLE x; --"
    assert warehouse.value("SELECT ?", [text]) == text
    assert warehouse.frame("SELECT $a AS a, $b AS b", {"a": text, "b": 2}).rows() == [(text, 2)]


@pytest.mark.parametrize("name", ["plain", "客户 名称", 'say "x"', "o'clock", "select", ""])
def test_quoted(warehouse: Warehouse, name: str) -> None:
    """Any name is one identifier."""
    if name:
        assert warehouse.frame(f"SELECT 1 AS {quoted(name)}").columns == [name]
    assert quoted(name)[0] == quoted(name)[-1] == '"'


def test_expressions(tmp_path: Path) -> None:
    """Expressions are computed row for row as text, in the order of the rows, also with none."""
    frame = pl.DataFrame({"a": ["3", "1", "2"]})
    sql = {"b": "a || '!'", "c": "a || a", "d": "try_cast(a AS INTEGER) + 1"}
    result = expressions(frame, sql, where="crm")
    assert result.to_dict(as_series=False) == {"b": ["3!", "1!", "2!"], "c": ["33", "11", "22"], "d": ["4", "2", "3"]}
    assert expressions(frame.clear(), sql, where="crm").schema == dict.fromkeys(sql, pl.String())
    many = pl.DataFrame({"a": [str(i) for i in range(200_000)]})
    assert expressions(many, {"b": "a"}, where="crm")["b"].equals(many["a"].alias("b"))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('{folder}/secret.txt')",
        "SELECT * FROM '{folder}/secret.txt'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('https://example.com/x.csv')",
        "ATTACH '{folder}/other.duckdb' AS other",
        "COPY crm.items TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "INSTALL httpfs",
        "LOAD '{folder}/x.duckdb_extension'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET temp_directory = '{folder}'",
        "INSERT INTO crm.items VALUES (9, 'x', 1, NULL)",
        "DELETE FROM crm.items",
        "DROP TABLE crm.items",
        "CREATE TABLE crm.other (a INTEGER)",
        "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    ],
)
def test_reader_is_locked_down(tmp_path: Path, sql: str) -> None:
    """A reader of a published file reaches no other file and no network, and changes nothing."""
    (tmp_path / "secret.txt").write_text("the secret")
    with duckdb.connect(str(tmp_path / "aside.duckdb")) as writer:
        writer.execute("CREATE TABLE items AS SELECT 1 AS id, 'a' AS name, 2 AS price, 3 AS n")
    (tmp_path / "aside.duckdb").rename(tmp_path / "crm.duckdb")
    before = {entry.name: entry.stat().st_size for entry in tmp_path.iterdir()}
    with open_reader(tmp_path / "crm.duckdb") as reader:
        with pytest.raises(duckdb.Error) as caught:
            reader.execute(sql.format(folder=tmp_path))
        assert "the secret" not in str(caught.value)
        assert reader.execute("SELECT * FROM crm.items") == reader.execute("SELECT * FROM items") == [(1, "a", 2, 3)]
    assert {entry.name: entry.stat().st_size for entry in tmp_path.iterdir()} == before


def test_reader_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader's select spills to disk lies in a private folder that is gone with it, not in the current one."""
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as writer:
        writer.execute("CREATE TABLE items AS SELECT 1 AS id")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with open_reader(tmp_path / "crm.duckdb", temporary=tmp_path) as reader:
        spilled = Path(reader.value("SELECT current_setting('temp_directory')"))
        assert spilled.parent == tmp_path
        assert spilled.stat().st_mode & 0o777 == 0o700
    assert not spilled.exists()
    assert [*here.iterdir()] == []


def test_reader_of_nothing(tmp_path: Path) -> None:
    """Before the first publication a reader is told what to run, and no file is made."""
    with pytest.raises(ConfigurationError, match="crm-pipeline run"), open_reader(tmp_path / "crm.duckdb"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_no_progress_bar(tmp_path: Path) -> None:
    """DuckDB draws no bar into standard output, on no connection and no cursor: `--json` is alone there."""
    setting = "SELECT current_setting('enable_progress_bar')"
    with Warehouse.open(tmp_path / "w.duckdb", temporary=tmp_path / "tmp") as warehouse:
        assert warehouse.value(setting) is False
        assert warehouse.connection.cursor().execute(setting).fetchall() == [(False,)]
    with open_reader(tmp_path / "w.duckdb") as reader:
        assert reader.value(setting) is False
