"""Claims on the contracts of all tables: the grammar of names, keys, personal marks, types."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl
import pytest

from crm_pipeline import tables
from crm_pipeline.tables import ENTITIES, Column, Personal, Table, polars_type

EXTRA = ("vip_level",)


def every_table() -> list[Table]:
    """The constants of the module, and each table it makes."""
    constants = [value for value in vars(tables).values() if isinstance(value, Table)]
    made = [tables.std(entity, EXTRA) for entity in ENTITIES]
    made += [
        tables.customers(EXTRA),
        tables.customers_archive(EXTRA),
        tables.customer_history(EXTRA),
        tables.review_records(EXTRA),
    ]
    made += [tables.published_entity(entity, EXTRA) for entity in ENTITIES if entity != "customers"]
    return [*constants, *made]


TABLES = every_table()
COLUMNS = [(table, column) for table in TABLES for column in table.columns]
of_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.qualified)


def test_qualified_names_are_unique() -> None:
    """No two contracts are of the same table."""
    names = [table.qualified for table in TABLES]
    assert len(names) == len(set(names)) >= 15


@of_table
def test_table(table: Table) -> None:
    """A table has a grain in words, a name in the grammar, and each column once."""
    assert table.grain.startswith(("one ", "the one "))
    assert re.fullmatch(r"(std|link|gold|mart|ops|crm)\.[a-z][a-z0-9_]*", table.qualified)
    assert len(set(table.column_names)) == len(table.column_names)


@of_table
def test_key(table: Table) -> None:
    """The key is made of columns of the table that are never null and equal for equal input."""
    assert table.key
    columns = {column.name: column for column in table.columns}
    for name in table.key:
        assert name in columns
        assert columns[name].null == "", name
        assert not columns[name].is_run_time, name


# Names and what their type must be; units stand in names.
GRAMMAR = {
    r".*_(count|bytes)$": {"BIGINT"},
    r".*_(on|date|from|to)$": {"DATE", "TIMESTAMP"},
    r".*_at$": {"TIMESTAMP"},
    r"(is|has)_.*": {"BOOLEAN"},
    r".*_(id|key|sha256|hash|name)$": {"VARCHAR"},
    r".*_(probability|weight)$": {"DOUBLE"},
    r"(.*_)?(ids|keys|sources|columns|values|reasons|phones|emails)$": {
        "VARCHAR[]", tables.EXTERNAL_IDS_TYPE, tables.ALTERNATIVES_TYPE, tables.REASONS_TYPE,
    },
    r"(cost|amount|quantity|.*_price|.*_amount)$": {"DECIMAL(18,4)"},
}  # fmt: skip
TYPED_NAMES = {"DATE": r".*_(on|date|from|to)", "TIMESTAMP": r".*_(at|from|to)|since", "BOOLEAN": r"(is|has)_.*"}


def names_of(columns: Iterable[tuple[Table, Column]]) -> list[str]:
    return sorted({f"{table.qualified}.{column.name} {column.type}" for table, column in columns})


@pytest.mark.parametrize("pattern", GRAMMAR)
def test_name_tells_the_type(pattern: str) -> None:
    """A column whose name has a suffix of the grammar has the type that the suffix stands for."""
    named = [(table, column) for table, column in COLUMNS if re.fullmatch(pattern, column.name)]
    wrong = [(t, c) for t, c in named if not any(c.type.startswith(kind.split("(18")[0]) for kind in GRAMMAR[pattern])]
    assert names_of(wrong) == []


@pytest.mark.parametrize("kind", TYPED_NAMES)
def test_type_shows_in_the_name(kind: str) -> None:
    """Dates, times and truth values are called as such."""
    wrong = [(t, c) for t, c in COLUMNS if c.type == kind and not re.fullmatch(TYPED_NAMES[kind], c.name)]
    assert names_of(wrong) == []


def test_names_and_descriptions() -> None:
    """Names are lower case with underscores; each column says what it is and, where it may be null, what that means."""
    assert names_of((t, c) for t, c in COLUMNS if not re.fullmatch(r"[a-z][a-z0-9_]*", c.name)) == []
    assert names_of((t, c) for t, c in COLUMNS if not c.description or c.description.endswith(".")) == []
    assert names_of((t, c) for t, c in COLUMNS if c.null != c.null.strip()) == []


DIRECT = {"name", "family_name", "given_name", "phones", "emails", "phone", "email", "national_id", "birth_date",
          "street", "address", "row_delivered", "row_corrected", "value", "delivered_values", "alternatives",
          "subject", "description", "why", "middle_name", "native_name", "latin_name", "native_name_key", "name_key",
          "phone_details", "email_details", "national_id_birth_date", "address_key", *EXTRA}  # fmt: skip
OF_NOBODY = {"products", "campaigns"}  # tables about things


def test_personal_marks() -> None:
    """What leads to a person directly is marked so in every table, and so is every own column; nothing else is."""
    assert names_of((t, c) for t, c in COLUMNS if not isinstance(c.personal, Personal)) == []
    direct = [(t, c) for t, c in COLUMNS if c.personal is Personal.DIRECT]
    assert names_of((t, c) for t, c in direct if c.name not in DIRECT) == []
    unmarked = [(t, c) for t, c in COLUMNS if c.name in DIRECT and c.personal is not Personal.DIRECT]
    assert names_of((t, c) for t, c in unmarked if t.name not in OF_NOBODY) == []


def test_keys_of_records_are_personal() -> None:
    """A key that a source gave to a person leads to that person together with the source, so it is marked."""
    keys = {"record_key", "source_id", "record_key_l", "record_key_r", "record_keys", "external_ids", "row_hash"}
    assert names_of((t, c) for t, c in COLUMNS if c.name in keys and c.personal is Personal.NONE) == []


def test_golden_columns_follow_the_standard_ones() -> None:
    """A golden record has each standard column of a customer, the best phone and e-mail in place of the lists."""
    renamed = {"phones": "phone", "emails": "email"}
    assert [c.name for c in tables.GOLDEN_COLUMNS] == [renamed.get(c.name, c.name) for c in tables.CUSTOMER_COLUMNS]
    for golden, standard in zip(tables.GOLDEN_COLUMNS, tables.CUSTOMER_COLUMNS, strict=True):
        assert golden.personal is standard.personal
        assert golden.type == ("VARCHAR" if standard.name in renamed else standard.type)


@of_table
def test_polars_schema(table: Table) -> None:
    """Every table has an empty frame of its columns in Polars types."""
    frame = table.empty()
    assert frame.columns == list(table.column_names)
    assert frame.schema == table.polars_schema
    assert set(table.stable_columns) == {c.name for c in table.columns if not c.is_run_time}


@pytest.mark.parametrize(
    ("duckdb_type", "kind"),
    [
        ("VARCHAR", pl.String()),
        ("VARCHAR[]", pl.List(pl.String())),
        ("DECIMAL(18,4)", pl.Decimal(18, 4)),
        ("DECIMAL(38,2)", pl.Decimal(38, 2)),
        ("TIMESTAMP", pl.Datetime("us")),
        ("STRUCT(a VARCHAR, b BIGINT)[]", pl.List(pl.Struct({"a": pl.String(), "b": pl.Int64()}))),
    ],
)
def test_polars_type(duckdb_type: str, kind: pl.DataType) -> None:
    """A DuckDB type has the Polars type that frames come out in."""
    assert polars_type(duckdb_type) == kind


def test_unknown_type() -> None:
    """A type that no contract uses is refused, not guessed."""
    with pytest.raises(KeyError):
        polars_type("HUGEINT")
