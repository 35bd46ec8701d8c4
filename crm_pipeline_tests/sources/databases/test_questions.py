"""Claims on what is asked: names, placeholders, zones, cursors, and what is asked for next time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline_tests.sources.databases.reading import SHANGHAI, TODAY, answer
from crm_pipeline_tests.sources.databases.servers import Database, MariaDb, Postgresql, Sqlite

ODD = ["客户 表", 'a"b', "x`y", "select", "UPPER", "a.b", "50% ?", "it's"]


def quoted(database: Database, name: str) -> str:
    mark = "`" if database.name == "mariadb" else '"'
    return mark + name.replace(mark, 2 * mark) + mark


def times(database: Database, *texts: str, kind: str = "timestamp(6)") -> None:
    """Makes the table `users` of rows with these times of change, without a zone."""
    kind = {"mariadb": kind.replace("timestamp(", "datetime("), "sqlite": "text"}.get(database.name, kind)
    database.run("DROP TABLE IF EXISTS users", f"CREATE TABLE users (id int, changed {kind})")
    database.run("INSERT INTO users VALUES (%s, %s)", values=[(n, text) for n, text in enumerate(texts, start=1)])


def test_odd_names(database: Database) -> None:
    """A table and columns are read under any names that the database allows, exactly as they are written."""
    for name in ODD[:3]:
        table = quoted(database, name)
        columns = ", ".join(f"{quoted(database, each)} int" for each in ODD)
        database.run(f"DROP TABLE IF EXISTS {table}", f"CREATE TABLE {table} ({columns})")
        database.run(f"INSERT INTO {table} VALUES ({', '.join(map(str, range(len(ODD))))})")
        found = answer(database, table='"' + name.replace('"', '""') + '"', cursor=name)
        assert (found.columns, found.rows) == (tuple(ODD), [tuple(map(str, range(len(ODD))))])
        assert found.until == str(ODD.index(name))
        database.run(f"DROP TABLE {table}")


def test_schema(postgresql: Postgresql) -> None:
    """A table is read from the schema that is named."""
    postgresql.run('CREATE SCHEMA IF NOT EXISTS "Sales.CN"', 'DROP TABLE IF EXISTS "Sales.CN".t')
    postgresql.run('CREATE TABLE "Sales.CN".t AS SELECT 1 AS a')
    assert answer(postgresql, table='"Sales.CN".t').rows == [("1",)]


def test_names_of_columns(server: Database) -> None:
    """Columns whose names differ by case only, or that have none, are refused with the cure."""
    for query in ["select 1 as a, 2 as A2, 3 as a2", "select 1 as _line"]:
        with pytest.raises(ConfigurationError, match=r"Name columns in read\.query with AS|Correct read"):
            answer(server, query=query.replace("A2", quoted(server, "A2")))


def test_placeholders_in_quotes_and_comments(database: Database) -> None:
    """What looks like a placeholder within quotes, names and comments stays; casts do too; others are filled."""
    name = quoted(database, ":date")
    cast = "'2'::int" if database.name == "postgresql" else "2"
    query = f"""-- :since ; '
        select ':since ''; :until' as a, 1 as {name}, /* :date ' */ {cast} as b, x.v as c
        from (select 5 as v union all select 7) x where x.v > :since -- it's :until"""
    found = answer(database, query=query, initial="5", cursor="c")
    assert (found.columns, found.rows) == (("a", ":date", "b", "c"), [(":since '; :until", "1", "2", "7")])


def test_a_past_day(database: Database) -> None:
    """For a past date :date is that date, and :until the end of that day in the project's zone."""
    times(database, "2026-01-05 23:59:59", "2026-01-06 00:00:00", "2026-01-06 07:59:59")
    query = "select id, :date as d from users where changed < :until"
    assert answer(database, query=query, day=date(2026, 1, 5)).rows == [("1", "2026-01-05")]
    found = answer(database, query=query, day=date(2026, 1, 5), timezone="UTC")
    assert found.rows == []  # 16:00 in UTC
    assert len(answer(database, query=query, day=date(2026, 1, 6)).rows) == 3


def test_a_past_day_with_zone(server: Database) -> None:
    """The end of a day is the same moment for times with a zone."""
    kind = "timestamptz" if server.name == "postgresql" else "timestamp null"
    server.run("DROP TABLE IF EXISTS users", f"CREATE TABLE users (id int, changed {kind})")
    shift = "+00" if server.name == "postgresql" else ""
    rows = [(1, f"2026-01-05 15:59:59{shift}"), (2, f"2026-01-05 16:00:00{shift}")]
    server.run("INSERT INTO users VALUES (%s, %s)", values=rows)
    for zone in ({}, {"timezone": "UTC"}):
        query = "select id from users where changed < :until"
        assert answer(server, query=query, day=date(2026, 1, 5), **zone).values == ["1"]


def test_today_ends_now(database: Database) -> None:
    """For today :until is the database's own clock, in the zone in which its times are written."""
    clock = datetime.fromisoformat(answer(database, query="select :until as now").values[0])
    assert abs(clock - datetime.now(SHANGHAI).replace(tzinfo=None)) < timedelta(minutes=1)


def test_cursor_goes_on(database: Database) -> None:
    """A table with a cursor is read whole at first, then what changed since, the overlap, and rows without a time."""
    texts = ["2026-01-05 09:00:00", "2026-01-05 09:50:00", "2026-01-05 09:55:00", "2026-01-05 10:00:00.000001"]
    times(database, *texts)
    database.run("INSERT INTO users VALUES (9, NULL)")
    first = answer(database, table="users", cursor="changed")
    assert sorted(first.values) == ["1", "2", "3", "4", "9"]
    if database.name == "sqlite":  # texts, which are compared as they are
        assert first.until == texts[3]
        assert sorted(answer(database, table="users", cursor="changed", since=first.until).values) == ["4", "9"]
        return
    assert first.until == "2026-01-05 09:50:00.000001"
    second = answer(database, table="users", cursor="changed", since=first.until)
    assert (sorted(second.values), second.until) == (["3", "4", "9"], first.until)
    third = answer(database, table="users", cursor="changed", since=first.until, overlap="0 minutes")
    assert third.until == "2026-01-05 10:00:00.000001"
    database.run("DELETE FROM users")
    assert answer(database, table="users", cursor="changed", since=third.until).until == third.until


def test_default_cursor(server: Database) -> None:
    """Without read.cursor it is the extract's updated_at where the result has it and it can be one, else the clock."""
    times(server, "2026-01-05 09:00:00")
    query = "select * from users where changed > :since"
    assert answer(server, query=query, initial="2000-01-01", updated_at="changed").until == "2026-01-05 08:50:00"
    for other in ("gone", None):
        until = answer(server, query=query, initial="2000-01-01", updated_at=other, overlap="2 hours").until
        assert until is not None
        assert abs(datetime.now(UTC) - timedelta(hours=2) - datetime.fromisoformat(until)) < timedelta(minutes=1)
    assert answer(server, query="select * from users", updated_at="changed").until is None
    assert answer(server, table="users", updated_at="changed").until == "2026-01-05 08:50:00"
    assert answer(server, table="users", updated_at="gone").until is None


def test_clock_goes_on(server: Database) -> None:
    """What a clock gave is a moment: as :since it finds rows by it whether their times have a zone or not."""
    kinds = ("timestamptz", "timestamp") if server.name == "postgresql" else ("timestamp null", "datetime")
    for kind, text in zip(kinds, ("2026-01-05 09:00:00", "2026-01-05 17:00:00"), strict=True):
        shift = "+00" if kind == "timestamptz" else ""
        server.run("DROP TABLE IF EXISTS users", f"CREATE TABLE users (id int, changed {kind})")
        server.run(f"INSERT INTO users VALUES (1, '{text}{shift}')")
        query = "select id from users where changed > :since"
        for since, found in {"2026-01-05 08:59:59+00:00": ["1"], "2026-01-05 17:00:00+08:00": []}.items():
            assert answer(server, query=query, initial="2000-01-01", since=since).values == found


@pytest.mark.parametrize(
    ("kind", "texts", "until", "left"),
    [
        ("bigint", ["9", "10", "9007199254740993"], "9007199254740993", 1),
        ("numeric(20, 4)", ["9.5", "10.5", "9007199254740993.0001"], "9007199254740993.0001", 1),
        ("double precision", ["9", "10", "1e16"], None, 1),
        ("date", ["2026-01-05", "2026-01-04"], "2026-01-04", 2),
    ],
)
def test_cursors_by_type(server: Database, kind: str, texts: list[str], until: str | None, left: int) -> None:
    """A cursor is compared by its type, not as text: 10 is more than 9, and no digit of a large number is lost."""
    times(server, *texts, kind=kind)
    first = answer(server, query="select * from users where changed > :since", initial="0", cursor="changed") if (
        kind != "date"
    ) else answer(server, table="users", cursor="changed")  # fmt: skip
    assert len(first.rows) == len(texts)
    assert first.until is not None
    assert first.until == until or float(first.until) == 1e16
    found = answer(server, table="users", cursor="changed", since=first.until)
    assert (len(found.rows), found.until) == (left, first.until)


def test_numbers_in_sqlite(sqlite: Sqlite) -> None:
    """In SQLite the kind of a cursor is that of its values; a mixture is refused."""
    sqlite.run(
        "DROP TABLE IF EXISTS users", "CREATE TABLE users (id, changed)", "INSERT INTO users VALUES (1, 9), (2, 10)"
    )
    assert answer(sqlite, table="users", cursor="changed").until == "10"
    assert answer(sqlite, table="users", cursor="changed", since="10", overlap="1").values == ["2"]
    assert answer(sqlite, table="users", cursor="changed", since="9", overlap="1").until == "9"
    sqlite.run("INSERT INTO users VALUES (3, '2026-01-05')")
    with pytest.raises(ConfigurationError, match="integer/text"):
        answer(sqlite, table="users", cursor="changed")


def test_numbers_overlap(server: Database) -> None:
    """A number is taken back by a number, a time by a span of time; another overlap is refused."""
    times(server, "9", "10", kind="bigint")
    assert answer(server, table="users", cursor="changed", overlap="3").until == "7"
    with pytest.raises(ConfigurationError, match=r"Correct read\.overlap"):
        answer(server, table="users", cursor="changed", overlap="3 minutes")
    with pytest.raises(ConfigurationError, match="a number to go on from"):
        answer(server, table="users", cursor="changed", since="2026-01-05")


def test_a_row_of_the_future(database: Database) -> None:
    """A row that claims to be of the year 2099 does not move the cursor beyond now, so that later rows are found."""
    now = datetime.now(SHANGHAI).replace(tzinfo=None, microsecond=0)
    times(database, "2099-01-01 00:00:00", now.isoformat(" "))
    first = answer(database, table="users", cursor="changed")
    assert first.until is not None
    assert datetime.fromisoformat(first.until) <= now + timedelta(minutes=1)
    database.run(f"INSERT INTO users VALUES (3, '{now + timedelta(seconds=5)}')")
    assert "3" in answer(database, table="users", cursor="changed", since=first.until).values


def test_zones_of_a_cursor(postgresql: Postgresql) -> None:
    """A cursor with a zone is kept as a moment and compared as one, also where clocks are put back."""
    berlin = ZoneInfo("Europe/Berlin")
    postgresql.run("DROP TABLE IF EXISTS users", "CREATE TABLE users (id int, changed timestamptz)")
    rows = [(1, "2025-10-26 02:50:00+02"), (2, "2025-10-26 02:10:00+01")]
    postgresql.run("INSERT INTO users VALUES (%s, %s)", values=rows)
    first = answer(postgresql, table="users", cursor="changed", zone=berlin, overlap="0 minutes")
    assert first.until == "2025-10-26 01:10:00+00:00"
    second = answer(postgresql, table="users", cursor="changed", zone=berlin, since=first.until, overlap="0 minutes")
    assert second.values == ["2"]


def test_text_is_no_cursor(server: Database) -> None:
    """A text column is refused as a cursor where the server's order of texts may be another than ours."""
    times(server, "2026-01-05", kind="varchar(20)")
    with pytest.raises(ConfigurationError, match="a cursor that is a number, a date or a time"):
        answer(server, table="users", cursor="changed")
    with pytest.raises(ConfigurationError, match=r"column chnged \(read.cursor\).*only id, changed"):
        answer(server, table="users", cursor="chnged")


def test_same_rows_same_hash(database: Database) -> None:
    """The hash of a delivery is that of its rows: the same for the same ones, another when a cell differs."""
    times(database, "2026-01-05 09:00:00", "2026-01-05 09:00:00")
    query = "select * from users order by id limit 9"
    first, second = (answer(database, query=query).origin for _ in range(2))
    assert (first.file_sha256, first.file_bytes) == (second.file_sha256, second.file_bytes)
    database.run("UPDATE users SET id = 3 WHERE id = 2")
    assert answer(database, query=query).origin.file_sha256 != first.file_sha256
    assert first.format == "database"


def test_no_rows(database: Database) -> None:
    """A table without rows still says its columns."""
    times(database)
    found = answer(database, table="users", day=TODAY)
    assert (found.columns, found.rows, found.batch_sizes[0]) == (("id", "changed"), [], 0)


def test_named_zone_of_mariadb(mariadb: MariaDb) -> None:
    """A zone that the server does not know is refused where it would be needed."""
    with pytest.raises(ConfigurationError, match="mysql_tzinfo_to_sql"):
        answer(mariadb, query="select 1 as a", timezone="Asia/Shanghai")
