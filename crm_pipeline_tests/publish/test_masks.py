"""Claims on the masks: what the masked edition shows of each value, and that it tells nothing else."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.publish import Publication, publish_masked, query
from crm_pipeline.publish.masks import DuckDb, email, first_character, hidden, identity, masked_columns, phone
from crm_pipeline.tables import Column, Personal, Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.publish.postgresql import databases
from crm_pipeline_tests.publish.warehouse_rows import NOW, ONE, PUBLICATIONS, TWO, fill, leftovers, opened

SALT = "salt"
_DIGITS = re.compile(r"\d")


@pytest.fixture(scope="module")
def asked() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def shown(asked: duckdb.DuckDBPyConnection, mask: Any, text: str | None) -> Any:
    """What a mask makes of a text."""
    row = asked.execute(f"SELECT {mask('t')} FROM (SELECT $1::VARCHAR AS t)", [text]).fetchone()
    return None if row is None else row[0]


@pytest.mark.parametrize(
    ("mask", "text", "expected"),
    [
        (phone, "+8613812348000", "138****8000"),
        (phone, "+442079460003", "+442*******03"),
        (phone, "12345", "****"),
        (phone, "", "****"),
        (email, "zhang@example.com", "z***@example.com"),
        (email, "张@例子.中国", "张***@例子.中国"),
        (email, "@example.com", "***"),
        (email, "no address", "***"),
        (first_character, "张三丰", "张**"),
        (first_character, "Jo", "J**"),
        (identity, "310101198002011234", "310101************"),
        (identity, "E12345678", "****"),
        (hidden, "人民路1号", "***"),
        (hidden, "", "***"),
    ],
)
def test_forms(asked: duckdb.DuckDBPyConnection, mask: Any, text: str, expected: str) -> None:
    """Each kind of value has its own form; what is too short or malformed shows nothing."""
    assert shown(asked, mask, text) == expected


@pytest.mark.parametrize("mask", [phone, email, first_character, identity, hidden])
def test_null_stays_null(asked: duckdb.DuckDBPyConnection, mask: Any) -> None:
    """That a value is missing is no secret."""
    assert shown(asked, mask, None) is None


@given(st.from_regex(r"\+[1-9]\d{7,14}", fullmatch=True))
def test_phones_keep_at_most_seven_digits(asked: duckdb.DuckDBPyConnection, number: str) -> None:
    """Of any telephone number at least three digits can't be seen, and a mobile number of China shows seven."""
    told = shown(asked, phone, number)
    digits = len(_DIGITS.findall(told))
    assert digits <= 7
    assert len(_DIGITS.findall(number)) - digits >= 3


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_only_the_named_parts_are_told(asked: duckdb.DuckDBPyConnection, text: str) -> None:
    """Of any text an e-mail's mask shows the first character and what follows the first @, a name's the first."""
    name, at, domain = text.partition("@")
    expected = f"{name[0]}***@{domain}" if name and at else "***"
    assert shown(asked, email, text) == expected
    assert shown(asked, first_character, text) == f"{text[:1]}**"


def test_a_column_without_a_mark_is_hidden() -> None:
    """Of columns that nobody marked, such as those of own SQL models, nothing is shown."""
    table = Publication("t", "own", ("id",), ("id",), personal={"id": Personal.NONE})
    types = {"id": "BIGINT", "note": "VARCHAR", "amount": "DOUBLE", "many": "VARCHAR[]", "nested": "STRUCT(a VARCHAR)"}
    made = masked_columns(table, types, DuckDb(SALT), {})
    row = duckdb.sql(
        f"SELECT {', '.join(made.values())} FROM (SELECT 1 AS id, 'x' AS note, 2.5::DOUBLE AS amount, "
        "['y'] AS many, {'a': 'z'} AS nested)"
    ).fetchall()
    assert row == [(1, "***", None, ["***"], None)]


def test_no_personal_value_is_in_the_file(tmp_path: Path) -> None:
    """No value that a contract marks as leading to a person directly is in the masked file, read or as bytes."""
    with Warehouse.in_memory(temporary=tmp_path) as warehouse:
        databases.fill(warehouse)
        tables = databases.publications()
        secrets = _personal_texts(warehouse, tables)
        path = tmp_path / "open" / "crm_masked.duckdb"
        path.parent.mkdir()
        publish_masked(warehouse, path, tables, salt=SALT, run_id="r", now=NOW, code_version="1")
    assert {"张三丰", "+8613812348001", "p1@example.com", "人民路1号"} <= secrets
    with duckdb.connect(str(path), read_only=True) as reader:
        names = [row[0] for row in reader.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        told = " ".join(str(reader.execute(f'FROM "{name}"').fetchall()) for name in names)
    content = path.read_bytes()
    assert {secret for secret in secrets if secret in told or secret.encode() in content} == set()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def _personal_texts(warehouse: Warehouse, tables: list[Publication]) -> set[str]:
    """All texts of at least three characters in columns that lead to a person directly."""
    found: set[str] = set()
    for table in tables:
        for name, kind in [row[:2] for row in warehouse.execute(f"DESCRIBE {table.source}")]:
            if table.personal[name] is Personal.DIRECT and kind == "VARCHAR":
                rows = warehouse.execute(f'SELECT "{name}" FROM {table.source} WHERE length("{name}") > 2')
                found |= {row[0] for row in rows}
    return found


def test_masked_edition_joins_as_the_full_one(tmp_path: Path) -> None:
    """Ids stay, keys of sources become pseudonyms that are equal for equal keys and made with the salt."""
    with opened(tmp_path / "warehouse.duckdb") as warehouse:
        fill(warehouse)
        edition: dict[str, Any] = {"run_id": "r", "now": NOW, "code_version": "1"}
        one, other = tmp_path / "a" / "m.duckdb", tmp_path / "b" / "m.duckdb"
        for path, salt in ((one, SALT), (other, "other")):
            path.parent.mkdir()
            publish_masked(warehouse, path, PUBLICATIONS, salt=salt, **edition)
        plain = warehouse.execute("SELECT count(*), count(DISTINCT source_id) FROM gold.customer_records")[0]
        joined = "SELECT count(*) AS n FROM customer_values AS v JOIN customer_records AS r USING (source, source_id)"
        expected = warehouse.execute(joined.replace("customer_", "gold.customer_").replace(" AS n", ""))[0][0]
    assert set(query(one, "SELECT customer_id FROM customers")["customer_id"]) == {ONE, TWO}
    assert query(one, "SELECT count(*) a, count(DISTINCT source_id) b FROM customer_records").row(0) == plain
    assert query(one, joined).item() == expected
    keys = [set(query(path, "SELECT source_id FROM customer_records")["source_id"]) for path in (one, other)]
    assert keys[0].isdisjoint(keys[1])


def test_replaced_at_once_and_only_when_it_changed(tmp_path: Path) -> None:
    """An open reader keeps the old file, the new one is whole, nothing half-made stays; the same changes nothing."""
    table = Table("gold", "t", "one row per id", ("id",), (
        Column("id", "BIGINT", "id", Personal.NONE), Column("phone", "VARCHAR", "phone", Personal.DIRECT),
    ))  # fmt: skip
    path = tmp_path / "m.duckdb"
    edition: dict[str, Any] = {"run_id": "r", "now": NOW, "code_version": "1"}
    with Warehouse.in_memory() as warehouse:
        warehouse.execute("CREATE SCHEMA gold")
        warehouse.execute("CREATE TABLE gold.t AS SELECT 1::BIGINT AS id, '+8613812348000' AS phone")
        publish_masked(warehouse, path, [Publication.of(table)], salt=SALT, **edition)
        first = path.stat().st_ino
        again = publish_masked(warehouse, path, [Publication.of(table)], salt=SALT, **edition)
        assert (again.is_changed, path.stat().st_ino) == (False, first)
        with path.open("rb") as reading:
            before = reading.read()
            warehouse.execute("UPDATE gold.t SET phone = '+8613912349999'")
            publish_masked(warehouse, path, [Publication.of(table)], salt=SALT, **edition)
            reading.seek(0)
            assert reading.read() == before
    assert query(path, "FROM t").rows() == [(1, "139****9999")]
    assert leftovers(tmp_path) == []
