"""One server for all tests of a module's worker, a database for each, and a filled warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.publish.postgresql.databases import Database, Server, fill


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture
def database(server: Server) -> Database:
    return server.database()


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse.in_memory(temporary=tmp_path) as filled:
        fill(filled)
        yield filled
