"""Claims on values: the same rows give the same text whatever database they are in, and none loses anything."""

from __future__ import annotations

import json
import random
import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.state.delivery import LINE
from crm_pipeline_tests.sources.databases.reading import answer
from crm_pipeline_tests.sources.databases.servers import Database, MariaDb, Postgresql, Sqlite

TABLE = """CREATE TABLE users (id bigint PRIMARY KEY, name varchar(200), amount TYPE_DECIMAL, ratio double precision,
 born date, seen TYPE_TIME, content TYPE_BYTES)"""
TYPES = {
    "postgresql": {"TYPE_DECIMAL": "numeric(38, 10)", "TYPE_TIME": "timestamp(6)", "TYPE_BYTES": "bytea"},
    "mariadb": {"TYPE_DECIMAL": "decimal(38, 10)", "TYPE_TIME": "datetime(6)", "TYPE_BYTES": "longblob"},
    "sqlite": {"TYPE_DECIMAL": "text", "TYPE_TIME": "text", "TYPE_BYTES": "blob"},
}
INSERT = "INSERT INTO users VALUES (%s, %s, %s, %s, %s, %s, %s)"
ROWS: list[tuple[Any, ...]] = [
    (1, "张三", "12.5000000000", 0.1, "2026-01-05", "2026-01-05 09:30:00.123456", b"\x00\xff"),
    (2, "O'Brien \\ \"x\" `y`", "-1234567890123456789012345678.0123456789", -1e300, "1900-02-28",
     "1999-12-31 23:59:59.000001", b""),
    (3, " \t, ;\n\r\n", "0.0000000000", 5e-324, "9999-12-31", "2026-01-05 00:00:00.000010", b"abc"),
    (4, "", "0.1000000000", 0.30000000000000004, None, None, None),
    (5, None, None, None, None, None, None),
    (9223372036854775807, "😀👨‍👩‍👧𠮷", "1.0000000000", 1e15, "2026-02-28", "2026-01-05 09:30:00.500000", b"\xe4\xbd"),
    (-9223372036854775808, ":since ${X} %s ? {date}", "1.0000000000", 1e22, "2026-02-28",
     "2026-01-05 09:30:00.500000", b"\\x00"),
]  # fmt: skip


def fill(database: Database, rows: list[tuple[Any, ...]]) -> None:
    """Makes the table `users` of these rows."""
    text = TABLE
    for word, kind in TYPES[database.name].items():
        text = text.replace(word, kind)
    database.run("DROP TABLE IF EXISTS users", text, INSERT, values=rows)


def expected(value: Any) -> str:
    """The text of what a driver gives."""
    if value is None:
        return ""
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def test_same_rows_same_text(database: Database) -> None:
    """The same rows are the same text from each database: decimals with all their digits, null as the empty text."""
    fill(database, ROWS)
    found = answer(database, table="users")
    assert found.columns == ("id", "name", "amount", "ratio", "born", "seen", "content")
    without_ratio = [0, 1, 2, 4, 5, 6]
    texts = {row[0]: [row[place].removesuffix(".000000") for place in without_ratio] for row in found.rows}
    assert texts == {
        str(row[0]): [
            expected(row[place]).rstrip("0") if place == 5 and database.name == "postgresql" else expected(row[place])
            for place in without_ratio
        ]
        for row in ROWS
    }
    assert {row[0]: float(row[3]) for row in found.rows if row[3]} == {
        str(row[0]): row[3] for row in ROWS if row[3] is not None
    }
    assert sorted(found.frame[LINE]) == list(range(1, len(ROWS) + 1))


def test_as_the_driver_reads(database: Database) -> None:
    """Of a thousand random rows each cell is the text of what the database's own driver gives, row by row."""
    draw = random.Random(7)
    letters = "aé张𠮷'\"\\%:\n\t,😀 \u200b\u3000"
    rows = [
        (
            number * draw.choice((1, 10**12)),
            "".join(draw.choices(letters, k=draw.randrange(30))),
            str(Decimal(draw.randrange(-(10**20), 10**20)).scaleb(-10)),
            struct.unpack("<d", struct.pack("<Q", draw.randrange(0x0010000000000000, 0x7FE0000000000000)))[0],
            date.fromordinal(draw.randrange(577736, 800000)).isoformat(),
            datetime.fromtimestamp(draw.randrange(4 * 10**9) + draw.random(), UTC).replace(tzinfo=None).isoformat(" "),
            draw.randbytes(draw.randrange(9)),
        )
        for number in range(1, 1001)
    ]
    fill(database, rows)
    truth = {str(row[0]): row for row in database.ask("SELECT * FROM users")}
    found = answer(database, table="users")
    assert len(found.rows) == len(truth) == 1000
    for row in found.rows:
        oracle = truth[row[0]]
        assert float(row[3]) == oracle[3]
        times = datetime.fromisoformat(row[5]) == datetime.fromisoformat(expected(oracle[5]))
        assert times, row[0]
        assert [row[place] for place in (1, 4, 6)] == [expected(oracle[place]) for place in (1, 4, 6)]
        assert Decimal(row[2]) == Decimal(oracle[2])
        assert row[2][-11] == "."


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.one_of(
            st.none(),
            st.integers(-(2**63), 2**63 - 1),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
            st.binary(),
        ),
        max_size=20,
    )
)
def test_sqlite_values_have_types_of_their_own(sqlite: Sqlite, values: list[Any]) -> None:
    """In SQLite, where each value has a type of its own, any mixture in a column is read without loss."""
    sqlite.run("DROP TABLE IF EXISTS mixed", "CREATE TABLE mixed (v)")
    if values:
        sqlite.run("INSERT INTO mixed VALUES (%s)", values=[(value,) for value in values])
    for text, value in zip(answer(sqlite, query="select v from mixed order by rowid").values, values, strict=True):
        if isinstance(value, float):
            assert float(text) == value
        else:
            assert text == expected(value)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=1, max_size=20))
def test_postgresql_text(postgresql: Postgresql, texts: list[str]) -> None:
    """Any text that PostgreSQL can hold comes back."""
    rows = json.dumps(texts)
    query = f"select value from json_array_elements_text($q${rows}$q$) with ordinality as x (value, n) order by n"
    assert answer(postgresql, query=query).values == texts


def test_types_of_postgresql(postgresql: Postgresql) -> None:
    """Each type of PostgreSQL is the server's own text; a zone has its minutes, so that it is read anywhere."""
    postgresql.run("DROP TYPE IF EXISTS mood CASCADE", "CREATE TYPE mood AS ENUM ('好', 'bad')")
    cases = {
        "true": "true", "'t'::bool and false": "false", "1.50::numeric": "1.50", "'NaN'::numeric": "NaN",
        "12345678901234567890123456789012345678901234567890.5": "12345678901234567890123456789012345678901234567890.5",
        "0.1::float4": "0.1", "16777217::float4": "1.6777216e+07", "'-Infinity'::float8": "-Infinity",
        "'2026-01-05 01:02:03.4Z'::timestamptz": "2026-01-05 09:02:03.4+08:00",
        "'1900-01-01 00:00Z'::timestamptz": "1900-01-01 08:05:43+08:05:43", "'infinity'::timestamptz": "infinity",
        "'0044-03-15 00:00+00 BC'::timestamptz": "0044-03-15 08:05:43+08:05:43 BC",
        "'2026-01-05 01:02'::timestamp": "2026-01-05 01:02:00", "'12:30'::time": "12:30:00",
        "'12:30+05:30'::timetz": "12:30:00+05:30", "'1 mon 2 days 03:00'::interval": "1 mon 2 days 03:00:00",
        "'{\"a\":  1}'::json": '{"a":  1}', "'{\"a\":  1}'::jsonb": '{"a": 1}',
        "array['a', 'b c', null]": '{a,"b c",NULL}',
        "array[[1, 2], [3, 4]]": "{{1,2},{3,4}}", "'好'::mood": "好", "row(1, 'x')": "(1,x)", "'ab'::char(4)": "ab  ",
        "'844e8ecd-e6af-11f1-914f-02fc00000001'::uuid": "844e8ecd-e6af-11f1-914f-02fc00000001",
        "'10.0.0.0/8'::cidr": "10.0.0.0/8", "B'101'": "101", "'[1,5)'::int4range": "[1,5)", "point(1, 2)": "(1,2)",
        "decode('00ff', 'hex')": "\\x00ff", "null::int": "", "''": "", "null": "",
    }  # fmt: skip
    query = "select " + ", ".join(f"{sql} as c{n}" for n, sql in enumerate(cases))
    found = answer(postgresql, query=query)
    assert dict(zip(cases, found.rows[0], strict=True)) == cases
    assert [found.origin.types[name] for name in ("c0", "c2", "c8")] == ["bool", "numeric", "timestamptz"]


def test_types_of_mariadb(mariadb: MariaDb) -> None:
    """Each type of MariaDB is the server's own text; a timestamp is in UTC and says so; bytes are hexadecimal."""
    columns = {
        "a bigint unsigned": (18446744073709551615, "18446744073709551615"), "b tinyint(1)": (1, "1"),
        "c bit(9)": (5, "5"), "d float": (0.1, "0.1"), "e float": (16777217, "16777216"),
        "f char(4)": ("ab", "ab"), "g varbinary(9)": (b"\x00'", "\\x0027"), "h year": (2026, "2026"),
        "i time(2)": ("-123:30:00.50", "-123:30:00.50"),
        "j enum('好','bad')": ("好", "好"), "k set('a','b')": ("a,b", "a,b"),
        "l json": ('{"a":  1}', '{"a":  1}'),
        "m timestamp(3) null": ("2026-01-05 01:02:03.4", "2026-01-05 01:02:03.400+00:00"),
        "n datetime": ("2026-01-05 01:02:03", "2026-01-05 01:02:03"), "o longtext": ("长" * 70_000, "长" * 70_000),
        "p varchar(9) character set gbk": ("张三", "张三"),
        "q double": (1.7976931348623157e308, "1.7976931348623157e308"),
        "r date": ("2026-01-05", "2026-01-05"), "s uuid": ("844e8ecd-e6af-11f1-914f-02fc00000001",) * 2,
        "t decimal(5,2)": ("1.50", "1.50"),
    }  # fmt: skip
    names = [column.partition(" ")[0] for column in columns]
    values = [value for value, _ in columns.values()]
    marks = ", ".join(["%s"] * len(columns))
    mariadb.run("DROP TABLE IF EXISTS kinds", f"CREATE TABLE kinds (id int, {', '.join(columns)}, z point)")
    mariadb.run(f"INSERT INTO kinds VALUES (1, {marks}, point(1, 2))", values=[values])
    mariadb.run("INSERT INTO kinds (id) VALUES (2)")
    found = answer(mariadb, query="select * from kinds")
    whole, empty = sorted(found.rows)
    assert dict(zip(found.columns, whole, strict=True)) == {
        "id": "1", **dict(zip(names, (text for _, text in columns.values()), strict=True)), "z": "POINT(1 2)"
    }  # fmt: skip
    assert set(empty[1:]) == {""}
    assert (found.origin.types["m"], found.origin.types["n"]) == ("timestamp", "datetime")


def test_singles_of_mariadb(mariadb: MariaDb) -> None:
    """A float of MariaDB, which shows six digits of it, is the text of the number it holds, short if it can be."""
    draw = random.Random(3)
    singles = [struct.unpack("<f", struct.pack("<I", draw.randrange(0x00800000, 0x7F000000)))[0] for _ in range(500)]
    prices = [draw.randrange(1_000_000) / 100 for _ in range(500)]
    mariadb.run("DROP TABLE IF EXISTS singles", "CREATE TABLE singles (id int, v float)")
    mariadb.run("INSERT INTO singles VALUES (%s, %s)", values=list(enumerate(singles + prices)))
    found = answer(mariadb, table="singles").rows
    texts = [text for _, text in sorted(found, key=lambda row: int(row[0]))]
    stored = pl.Series(singles + prices, dtype=pl.Float32)
    assert pl.Series([float(text) for text in texts], dtype=pl.Float32).equals(stored)
    assert [text for text, price in zip(texts[500:], prices, strict=True) if float(text) != price] == []


@pytest.mark.parametrize("timezone", ["UTC", "Asia/Shanghai"])
def test_zones(server: Database, timezone: str) -> None:
    """A time with a zone is the same moment whatever the zone of the session; one without has that which is written."""
    if server.name == "mariadb" and timezone != "UTC":
        pytest.skip("a server without tables of time zones")
    kinds = ("timestamptz", "timestamp") if server.name == "postgresql" else ("timestamp null", "datetime")
    server.run("DROP TABLE IF EXISTS times", f"CREATE TABLE times (a {kinds[0]}, b {kinds[1]}, c time)")
    shift = "" if server.name == "mariadb" else "+00"
    server.run(f"INSERT INTO times VALUES ('2026-01-05 01:00:00{shift}', '2026-01-05 01:00:00', '01:00:00')")
    moment, local = (datetime.fromisoformat(text) for text in answer(server, table="times").rows[0][:2])
    assert moment == datetime(2026, 1, 5, 1, tzinfo=UTC)
    assert local == datetime(2026, 1, 5, 1)  # noqa: DTZ001 - it has none
    moment, local = (
        datetime.fromisoformat(text) for text in answer(server, table="times", timezone=timezone).rows[0][:2]
    )
    assert moment == datetime(2026, 1, 5, 1, tzinfo=UTC)
    assert (local.astimezone(UTC).hour, local.utcoffset() is not None) == ({"UTC": 1}.get(timezone, 17), True)
    assert answer(server, table="times").rows[0][2] == time(1).isoformat()


def test_bytes_that_are_no_text(sqlite: Sqlite) -> None:
    """A row with bytes that are no UTF-8, where text should be, is held back with its bytes; the others are read."""
    sqlite.run("DROP TABLE IF EXISTS broken", "CREATE TABLE broken (id, v)")
    sqlite.run("INSERT INTO broken VALUES (1, 'a'), (2, CAST(x'c3' AS TEXT)), (3, NULL)")
    found = answer(sqlite, query="select * from broken order by id")
    assert found.frame.rows() == [("1", "a", 1), ("3", "", 3)]
    assert [(each.line, each.content) for each in found.unreadable] == [(2, b"2\t\xc3")]


def test_rows_held_back_are_part_of_the_hash(sqlite: Sqlite) -> None:
    """A delivery with one more row that can't be read, or with other bytes in it, is not taken for the same."""
    query = "select * from broken order by id"
    sqlite.run("DROP TABLE IF EXISTS broken", "CREATE TABLE broken (id, v)", "INSERT INTO broken VALUES (1, 'a')")
    hashes = [answer(sqlite, query=query).origin.file_sha256]
    for change in ("INSERT INTO broken VALUES (2, CAST(x'c3' AS TEXT))", "UPDATE broken SET v = CAST(x'c4' AS TEXT)"):
        sqlite.run(change)
        hashes.append(answer(sqlite, query=query).origin.file_sha256)
    assert len(set(hashes)) == 3
    assert answer(sqlite, query=query).origin.file_sha256 == hashes[-1]
