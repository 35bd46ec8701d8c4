"""Claims on readers while a publication goes on or is killed: one edition or the other, never both, never an error."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_pipeline.publish.postgresql import published_entry
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.publish.postgresql import publisher
from crm_pipeline_tests.publish.postgresql.databases import Database

_READERS, _PUBLICATIONS = 4, 20
# The edition that each table says it is of, all in one statement: one row when they agree.
_EDITIONS = """
    SELECT DISTINCT edition FROM (
        SELECT edition FROM crm.numbers UNION ALL SELECT edition FROM crm.others
        UNION ALL SELECT CAST(fingerprint AS BIGINT) FROM crm.published
    ) AS told
"""
_COUNTS = "SELECT (SELECT count(*) FROM crm.numbers), (SELECT count(*) FROM crm.others)"


@pytest.mark.parametrize("held", ["numbers", "others", "published"])
def test_killed(database: Database, warehouse: Warehouse, held: str) -> None:
    """Killed before its first table, between two or before its last word, a publication leaves the old edition."""
    publisher.publish_edition(warehouse, database.settings(), 1)
    with database.connected() as holding:  # the publication can't get past this table
        holding.execute(f"BEGIN; LOCK TABLE crm_base.{held} IN SHARE MODE")
        process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", publisher.__name__, database.url(), "2"])
        _wait_for(database, f"SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'crm_base.{held}'::regclass")
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
        assert database.ask(_EDITIONS) == [(1,)]
        holding.execute("ROLLBACK")
    _wait_for(database, "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory')")
    assert database.ask(_EDITIONS) == [(1,)]
    assert published_entry(database.settings(), root=Path("/")) == (1, "1")
    publisher.publish_edition(warehouse, database.settings(), 2)
    assert database.ask(_EDITIONS) == [(2,)]
    assert database.ask(_COUNTS) == [(publisher.ROWS, publisher.ROWS)]


def _wait_for(database: Database, sql: str) -> None:
    for _ in range(600):
        if database.ask(sql):
            return
        time.sleep(0.1)
    pytest.fail(f"no answer to {sql}")


def _read_during(read: Callable[[], set[int]], work: Callable[[], None]) -> tuple[list[set[int]], list[str]]:
    """What readers saw, and their errors, while `work` went on."""
    seen: list[set[int]] = []
    errors: list[str] = []
    is_done = threading.Event()

    def reader() -> None:
        while not is_done.is_set():
            try:
                seen.append(read())
            except Exception as error:  # noqa: BLE001 - any error of a reader is what is claimed not to be
                errors.append(repr(error))

    readers = [threading.Thread(target=reader) for _ in range(_READERS)]
    for thread in readers:
        thread.start()
    try:
        work()
    finally:
        is_done.set()
        for thread in readers:
            thread.join()
    return seen, errors


def test_readers_of_the_server(database: Database, warehouse: Warehouse) -> None:
    """Four readers during twenty publications, some with other columns, see one edition in all tables at a time."""
    publisher.publish_edition(warehouse, database.settings(), 1)

    def work() -> None:
        for edition in range(2, 2 + _PUBLICATIONS):
            publisher.publish_edition(warehouse, database.settings(), edition, is_wider=edition % 5 == 0)

    seen, errors = _read_during(lambda: {row[0] for row in database.ask(_EDITIONS)}, work)
    assert errors == []
    assert {len(editions) for editions in seen} == {1}
    assert len({edition for editions in seen for edition in editions}) > 3
    assert database.ask(_EDITIONS) == [(1 + _PUBLICATIONS,)]
