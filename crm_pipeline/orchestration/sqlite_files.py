"""Dagster's SQLite files with connections that stay open: a run writes some thousand events, one by one.

Dagster makes an engine for each of them, which opens the file and translates the same statements again. Here engines
are kept, and a commit waits for the disk when the log is folded into the file (`synchronous=NORMAL`, which SQLite
recommends for its write-ahead log): a killed process loses nothing, a power cut at most the last events on display.
What the pipeline itself must not lose is not in these files.

Belongs here: how connections to them are made. Does not belong here: whether files are used at all (`storage`).
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

_KEPT = 8  # files: the index, runs, and the events of the last runs that somebody looked at


class _Engines:
    """An engine per file, those that were used last; safe between threads."""

    def __init__(self) -> None:
        self._by_url: OrderedDict[str, sa.Engine] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, url: str) -> sa.Engine:
        with self._lock:
            engine = self._by_url.pop(url, None) or _engine(url)
            self._by_url[url] = engine
            if len(self._by_url) > _KEPT:
                self._by_url.popitem(last=False)[1].dispose()
            return engine

    def dispose(self) -> None:
        with self._lock:
            while self._by_url:
                self._by_url.popitem()[1].dispose()


_ENGINES = _Engines()  # of this process


class KeptSqliteStorage(DagsterSqliteStorage):
    """Dagster's own storage in files, with kept connections."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._run_storage = _Runs.from_local(str(Path(base_dir, "history", "")))
        self._event_log_storage = _EventLog(self._event_log_storage._base_dir)

    def dispose(self) -> None:
        """Closes all files of this process."""
        super().dispose()
        _ENGINES.dispose()


class _EventLog(SqliteEventLogStorage):
    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            engine = _ENGINES.of(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection


class _Runs(SqliteRunStorage):
    @contextlib.contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        with _ENGINES.of(self._conn_string).begin() as connection:
            yield connection


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})

    def opened(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    sa.event.listen(engine, "connect", opened)
    return engine
