"""Claims on failures: an error that names source, extract and cure, without a password; a session that only reads."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest

from crm_pipeline.errors import ConfigurationError, DeliveryError, PipelineError
from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases import mysql, open_rows, opening, postgresql
from crm_pipeline.sources.databases import sqlite as sqlite_dialect
from crm_pipeline.sources.databases.server import DatabaseFailureError
from crm_pipeline.sources.reading import Asked
from crm_pipeline_tests.sources.databases.reading import SHANGHAI, answer
from crm_pipeline_tests.sources.databases.servers import PASSWORD, Database, MariaDb, Postgresql, Sqlite

SERIES = {
    "postgresql": "(select generate_series(1, {}) as seq) x",
    "mariadb": "seq_1_to_{}",
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr(opening, "PAUSES_SECONDS", (0.01, 0.01, 0.01))


def failure(database: Database | str, kind: type[PipelineError], **keys: object) -> str:
    """What is said when it fails; no password, source and extract in front, a cure at the end."""
    with pytest.raises(kind) as caught:
        answer(database, **{"table": "users", **keys})  # type: ignore[arg-type]
    message = str(caught.value)
    assert caught.value.where.startswith("erp.users, ")
    assert PASSWORD not in message
    assert "p%40ss" not in message
    assert caught.value.cure.endswith(".")
    assert caught.value.__cause__ is None
    return message


def test_wrong_password(server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that the server refuses is tried once, since more tries lock accounts, and is not shown."""
    attempts = []
    monkeypatch.setattr(opening.time, "sleep", attempts.append)
    message = failure(server.url("wr0ng-pass"), DeliveryError)
    assert "a user, password and database that the server accepts" in message
    assert "wr0ng" not in message
    assert attempts == []


def test_unknown_database(server: Database) -> None:
    """A database that the server does not have is a matter of the URL."""
    assert "Correct the URL" in failure(server.url(database="nothing"), DeliveryError)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
@pytest.mark.parametrize("place", ["127.0.0.1:1", "no-such-host.invalid"])
def test_unreachable(scheme: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that can't be reached is tried four times."""
    attempts: list[float] = []
    monkeypatch.setattr(opening.time, "sleep", attempts.append)
    message = failure(f"{scheme}://reader:p%40ss@{place}/records", DeliveryError)
    assert "a database that answers" in message
    assert len(attempts) == 3


def test_reached_at_last(postgresql: Postgresql, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that passes leaves no trace."""
    right, wrong = postgresql.url(), "postgresql://reader@127.0.0.1:1/records"
    urls = iter([wrong, wrong, right])
    real = opening.postgresql._uri
    monkeypatch.setattr(opening.postgresql, "_uri", lambda read: next(urls) if read else real(read))
    assert answer(postgresql, query="select 1 as a").rows == [("1",)]


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: [listening.accept() for _ in range(9)], daemon=True)
        thread.start()
        yield listening.getsockname()[1]


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_server_that_does_not_answer(scheme: str, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts a connection and says nothing is given up after connect_timeout_seconds."""
    monkeypatch.setattr(opening, "PAUSES_SECONDS", ())
    began = time.monotonic()
    failure(f"{scheme}://reader:p%40ss@127.0.0.1:{silent}/records", DeliveryError, connect_timeout_seconds=2)
    assert time.monotonic() - began < 6


def test_query_that_takes_too_long(server: Database) -> None:
    """A query is ended by the server after timeout_seconds."""
    sleep = {"postgresql": "select pg_sleep(20) as a", "mariadb": "select sleep(20) as a"}[server.name]
    began = time.monotonic()
    message = failure(server, DeliveryError, table=None, query=sleep, timeout_seconds=1)
    assert "the last row within timeout_seconds" in message
    assert time.monotonic() - began < 6


def test_what_is_not_there(database: Database) -> None:
    """A table or a column that the database does not have is named, as a matter of the configuration."""
    assert "no_such" in failure(database, ConfigurationError, table="no_such")
    assert "no_such" in failure(database, ConfigurationError, table=None, query="select no_such from (select 1 as a) x")


def test_what_is_not_allowed(server: Database) -> None:
    """A table that the user may not read says so."""
    hidden = {"postgresql": "pg_catalog.pg_authid", "mariadb": "mysql.user"}[server.name]
    if server.name == "postgresql":
        server.run("REVOKE pg_read_all_data FROM reader")
    try:
        assert "may read what is asked for" in failure(server, DeliveryError, table=hidden)
    finally:
        if server.name == "postgresql":
            server.run("GRANT pg_read_all_data TO reader")


def test_what_is_no_select(database: Database) -> None:
    """A query that the database does not understand is a matter of the configuration."""
    message = failure(database, ConfigurationError, table=None, query="select from from where (")
    assert "one select that the database understands" in message


def test_values_are_not_shown(postgresql: Postgresql) -> None:
    """A message of the server that quotes a value, maybe somebody's name, is not passed on; its code is."""
    query = "select id::int as id from (select '张三'::text as id) x"
    message = failure(postgresql, DeliveryError, table=None, query=query)
    assert "张三" not in message
    assert "22P02" in message


def test_session_reads_only(postgresql: Postgresql, mariadb: MariaDb, sqlite: Sqlite, tmp_path: Path) -> None:
    """A function that writes is refused by the session itself, whatever the user may do."""
    postgresql.run(
        "DROP TABLE IF EXISTS written", "CREATE TABLE written (a int)", "GRANT INSERT ON written TO reader",
        "CREATE OR REPLACE FUNCTION write() RETURNS int LANGUAGE sql AS 'INSERT INTO written VALUES (1) RETURNING a'",
    )  # fmt: skip
    assert "only reads" in failure(postgresql, ConfigurationError, table=None, query="select write() as a")
    url = {"database": postgresql.url(), "query": "select 1 as a"}
    zone = ZoneInfo("UTC")
    with postgresql_session(url) as session, pytest.raises(DatabaseFailureError, match="read-only"):
        session._ask("INSERT INTO written VALUES (1)")
    mariadb.run("DROP TABLE IF EXISTS written", "CREATE TABLE written (a int)", "GRANT INSERT ON written TO reader@'%'")
    read = DatabaseRead.model_validate({**url, "database": mariadb.url()})
    with (
        mysql.open_server(read, zone, date(2026, 1, 5), tmp_path) as server,
        pytest.raises(DatabaseFailureError, match="READ ONLY"),
    ):
        server._ask("INSERT INTO written VALUES (1)")
    read = DatabaseRead.model_validate({**url, "database": sqlite.url()})
    with sqlite_dialect.open_server(read, zone, tmp_path) as file, pytest.raises(DatabaseFailureError, match="writes"):
        file._ask("CREATE TABLE written (a)")
    assert postgresql.ask("SELECT * FROM written") == mariadb.ask("SELECT * FROM written") == []


def postgresql_session(keys: dict[str, str]) -> "postgresql.open_server":  # noqa: UP037 - a context manager
    """A session as the code under test opens it."""
    return postgresql.open_server(DatabaseRead.model_validate(keys), ZoneInfo("UTC"))


def test_connection_lost(server: Database, tmp_path: Path) -> None:
    """A connection that breaks off in the middle is an error, however many rows came before."""
    end = {
        "postgresql": ("SELECT pid FROM pg_stat_activity WHERE usename = 'reader'", "SELECT pg_terminate_backend({})"),
        "mariadb": ("SELECT id FROM information_schema.processlist WHERE user = 'reader'", "KILL {}"),
    }[server.name]
    source = SERIES[server.name].format(5_000_000)
    query = f"select seq, repeat('x', 300) as filling from {source}"
    read = DatabaseRead.model_validate({"database": server.url(), "query": query})
    asked = Asked("erp.users", date(2026, 1, 5), tmp_path, tmp_path / "temporary", zone=SHANGHAI)

    def kill() -> None:
        if server.name == "mariadb":
            time.sleep(1.5)  # its rows are received as a whole
        for (process,) in server.ask(end[0]):
            server.ask(end[1].format(process)) if server.name == "postgresql" else server.run(end[1].format(process))

    with open_rows(read, asked) as reading:
        batches = reading.batches
        if server.name == "postgresql":
            assert next(batches).rows.height > 0
        thread = threading.Thread(target=kill)
        thread.start()
        with pytest.raises(DeliveryError, match="a connection that lasts to the last row"):
            list(batches)
        thread.join()
    assert list((tmp_path / "temporary").glob("*")) == []


def test_files(tmp_path: Path) -> None:
    """A file that is missing, or no database, is refused."""
    (tmp_path / "x.db").write_bytes(b"not a database, but long enough to be taken for one " * 100)
    message = failure(f"sqlite:///{tmp_path}/none.db", DeliveryError)
    assert f"no file {tmp_path}/none.db" in message
    assert "behind sqlite:/// it is one in the project" in message
    assert "no SQLite database" in failure(f"sqlite:///{tmp_path}/x.db", DeliveryError)


def test_ended_early(server: Database, tmp_path: Path) -> None:
    """Rows that are not wanted are not waited for."""
    source = SERIES[server.name].format(3_000_000 if server.name == "postgresql" else 100_000)  # those it does receive
    query = f"select seq, repeat('x', 300) as a from {source}"
    read = DatabaseRead.model_validate({"database": server.url(), "query": query})
    asked = Asked("erp.users", date(2026, 1, 5), tmp_path, tmp_path, zone=SHANGHAI)
    with open_rows(read, asked) as reading:
        next(reading.batches)
        began = time.monotonic()
        reading.batches.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 2
    assert list(tmp_path.glob("*")) == []


def test_command_line_of_the_process(mariadb: MariaDb) -> None:
    """The process that receives rows is told the password where no list of processes shows it."""
    seen: list[str] = []

    def look() -> None:
        for _ in range(40):
            for process in psutil.Process().children(recursive=True):
                try:
                    seen.append(" ".join([*process.cmdline(), *process.environ().values()]))
                except psutil.Error:
                    continue
            time.sleep(0.05)

    thread = threading.Thread(target=look)
    thread.start()
    answer(mariadb, query="select sleep(1) as a")
    thread.join()
    assert any("streaming.py" in line for line in seen)
    assert not any("p%40ss" in line or PASSWORD in line for line in seen if "streaming.py" in line)
