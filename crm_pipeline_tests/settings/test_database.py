"""Claims on `read: {database: …}`: what is refused, in one line with the line of the file, and what is never shown."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import DatabaseRead, json_schema
from crm_pipeline.settings.sql_text import Dialect, filled, one_select, placeholders
from crm_pipeline_tests.settings.conftest import SOUND, Load

URL = "postgresql://reader:S3cret@db.example/erp"
FILE = 'read: {file: "customers_{date}.csv"}'
SINCE = "select * from t where a > :since"


def text(keys: str) -> str:
    """A sound configuration with these keys of `read:`, loaded incrementally."""
    return SOUND.replace(FILE, f"read: {{{keys}}}\n        load: incremental")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (f'database: "{URL}", tabel: users', ["read.tabel, which is not one", "Did you mean table?"]),
        (f'databse: "{URL}", table: users', ["read.databse, which is not one", "Did you mean database?"]),
        (f'fil: "x.csv", sheet: "{URL}"', ["read.fil, which is not one", "Did you mean file?"]),
        (f'database: "{URL}", file: x.csv', ["a known key", "read.database"]),
        (f'database: "{URL}"', ["exactly one of table and query", "found {database: …}"]),
        (
            f'database: "{URL}", table: a, query: select 1',
            ["exactly one of table", "{database: …, table: a, query: select 1}"],
        ),
        (f'database: "{URL}", table: a.b.c', ["table or schema.table"]),
        (f'database: "{URL}", query: "delete from t"', ["one select", "read.query; found 'delete from t'"]),
        (f'database: "{URL}", query: "select 1; drop table t"', ["one select"]),
        (f'database: "{URL}", query: "select \'1"', ["quotes and comments that are closed"]),
        (f'database: "{URL}", query: "{SINCE}"', ["expected initial, what :since stands for the first time"]),
        (f'database: "{URL}", table: a, initial: "1"', ["initial with cursor"]),
        (f'database: "{URL}", table: a, cursor: c, initial: "1\' or"', ["pattern"]),
        (f'database: "{URL}", table: a, cursor: c, overlap: "ten minutes"', ["pattern"]),
        (f'database: "{URL}", table: a, timezone: Shanghai', ["IANA time zone"]),
        (f'database: "{URL}", table: a, timeout_seconds: 0', ["timeout_seconds"]),
        (
            'database: "erp.S3cret.example", table: a',
            ["a URL", "postgresql://user:password@host:port/database", "mysql"],
        ),
        ('database: "db2://u:S3cret@h/x", table: a', ["a URL"]),
        ('database: "mysql://u:S3c/ret@h/x", table: a', ["%-encoding"]),
        ('database: "mysql://u:S3cret@x@h/x", table: a', ["%-encoding"]),
        ('database: "mysql://u:S3cret#@h/x", table: a', ["%-encoding"]),
        ('database: "sqlite://", table: a', ["sqlite:///path"]),
        ('database: {url: "S3cret"}, table: a', ["read.database"]),
    ],
)
def test_refusals(load: Load, keys: str, said: list[str]) -> None:
    """Each mistake is said in one line, with the line of the file and the nearest known key, and no URL."""
    with pytest.raises(ConfigurationError) as caught:
        load(text(keys))
    message = str(caught.value)
    assert all(words in message for words in said), message
    assert "S3c" not in message
    assert caught.value.where in {"pipeline.yaml:8", "pipeline.yaml:7"}


def test_url_from_the_environment(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL comes from the environment and shows nowhere: not in the configuration as text, not in a refusal."""
    monkeypatch.setenv("CRM_TEST_VALUE", URL)
    read = load(text('database: "${CRM_TEST_VALUE}", table: users')).config.sources["crm"].extracts["customers"].read
    assert isinstance(read, DatabaseRead)
    assert (read.database.get_secret_value(), read.described, read.place) == (URL, "postgresql table", "users")
    assert "S3cret" not in f"{read!r} {read} {read.model_dump_json()}"
    with pytest.raises(ConfigurationError) as caught:
        load(text('database: "${CRM_TEST_VALUE}", table: users, cursors: x'))
    assert "S3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "keys",
    [
        {"table": "users"},
        {"query": SINCE, "initial": "2020-01-01", "cursor": "a", "overlap": "10 minutes", "timezone": "UTC"},
    ],
)
def test_schema_accepts(keys: dict[str, str]) -> None:
    """The JSON Schema for editors accepts what the program accepts, and refuses an unknown key."""
    value = yaml.safe_load(SOUND)
    extract = value["sources"]["crm"]["extracts"]["customers"]
    extract["read"] = {"database": URL, **keys}
    validator = jsonschema.Draft202012Validator(json_schema())
    assert list(validator.iter_errors(json.loads(json.dumps(value, default=str)))) == []
    extract["read"]["tabel"] = "x"
    assert list(validator.iter_errors(json.loads(json.dumps(value, default=str)))) != []


def test_example_of_the_docs(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page on databases shows is accepted."""
    monkeypatch.setenv("ERP_URL", URL)
    page = Path(__file__).parents[2].joinpath("docs", "sources-databases.md").read_text(encoding="utf-8")
    block = textwrap.indent(page.partition("```yaml\n")[2].partition("```")[0], "    ")
    found = load(f"version: 1\nstart_date: 2026-01-01\nsources:\n  erp:\n{block}").config.sources["erp"].extracts
    assert {name: each.read.described for name, each in found.items()} == {
        "customers": "postgresql table",
        "orders": "postgresql query",
    }


@pytest.mark.parametrize(
    ("keys", "is_dated", "asks_for_changes"),
    [
        ({"table": "t"}, False, False),
        ({"table": "t", "cursor": "c"}, False, True),
        ({"query": "select ':until' as a -- :date\n, x::date from t"}, False, False),
        ({"query": "select * from t where day = :date"}, True, False),
        ({"query": "select * from t where a > :since and a <= :until", "initial": "0"}, True, True),
    ],
)
def test_what_a_query_can_answer(keys: dict[str, str], is_dated: bool, asks_for_changes: bool) -> None:
    """A query can answer for a past date with :date or :until; it gives changes alone with :since."""
    read = DatabaseRead.model_validate({"database": URL, **keys})
    assert (read.is_dated, read.asks_for_changes) == (is_dated, asks_for_changes)


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("users", ("users",)),
        ("客户", ("客户",)),
        ("sales.users", ("sales", "users")),
        ('"a.b"', ("a.b",)),
        ('"a""b"."c.d"', ('a"b', "c.d")),
    ],
)
def test_names(table: str, names: tuple[str, ...]) -> None:
    """A table is one name, or two with a dot; quotes hold a name that has a dot or a quote."""
    assert DatabaseRead.model_validate({"database": URL, "table": table}).table_names == names


@pytest.mark.parametrize(
    ("dialect", "sql", "found"),
    [
        ("postgresql", "select a::date, b :: text, '::since', c[1:2] from t where d>:since", {"since"}),
        ("postgresql", r"select E'\':until' || '\' where a = :date", {"date"}),
        ("postgresql", "select $$ :since $$, $a$ $b$ :until $a$ where :date", {"date"}),
        ("postgresql", "/* a /* :since */ :until */ select :date", {"date"}),
        ("postgresql", "select :sinced, x:since, :until_then", set()),
        ("mysql", r"select 'it\'s :since', `:until`, \":date\" # :since" + "\n where a = :until", {"until"}),
        ("mysql", "select 5--:since", {"since"}),
        ("mysql", "select 5 -- :since", set()),
        ("sqlite", "select [:since], `:until`, \":date\", ':date''' from t", set()),
        ("sqlite", r"select '\' , :since", {"since"}),
        ("other", "select * from t where a > :since -- :date", {"since"}),
    ],
)
def test_placeholders(dialect: Dialect, sql: str, found: set[str]) -> None:
    """A placeholder is one where the dialect would read a value: not in text, names, comments or casts."""
    sql = sql.replace(r"\"", '"')
    assert placeholders(sql, dialect) == found
    given_values = {name: f"<{name}>" for name in found}
    assert placeholders(filled(sql, dialect, given_values), dialect) == set()


@given(st.text(alphabet="'\"`$\\-#/*[]; :sinceEa\n", max_size=40), st.sampled_from(["postgresql", "mysql", "sqlite"]))
def test_filling_changes_nothing_else(sql: str, dialect: Dialect) -> None:
    """Filling replaces placeholders and leaves every other character, in any text at all."""
    done = filled(sql, dialect, {"since": "\x00", "until": "", "date": ""})
    assert done.replace("\x00", ":since") == sql


@pytest.mark.parametrize(
    "sql", ["select 1;", " -- x\n/* y */ ((select 1))", "WITH a AS (SELECT 1) SELECT * FROM a ; ; "]
)
def test_one_select(sql: str) -> None:
    """One select may stand in brackets, behind comments, with WITH, and end with a semicolon."""
    assert one_select(sql, "postgresql") == sql.partition(";")[0]


@pytest.mark.parametrize(
    "sql",
    ["", "selection", "update t set a = 1", "select 1; select 2", "explain select 1", "select $a$ x", "/* select 1"],
)
def test_no_select(sql: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="expected"):
        one_select(sql, "postgresql")
