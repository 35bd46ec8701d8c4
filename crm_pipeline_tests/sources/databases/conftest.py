"""Servers that live as long as the tests of this folder, and tables that each test makes anew.

Belongs here: fixtures. Does not belong here: any claim.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_pipeline_tests.sources.databases.servers import (
    Database,
    MariaDb,
    Postgresql,
    Sqlite,
    running_mariadb,
    running_postgresql,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker has them all, so that each server is started once."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("databases"))


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgresql]:
    """A PostgreSQL server."""
    with running_postgresql(tmp_path_factory.mktemp("pg")) as database:
        yield database


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A MariaDB server."""
    with running_mariadb(tmp_path_factory.mktemp("my")) as database:
        yield database


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    """An SQLite file, with a blank and a special character in its path."""
    return Sqlite(tmp_path_factory.mktemp("lite") / "店 50%#.db")


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def database(request: pytest.FixtureRequest) -> Database:
    """Each of the three."""
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Postgresql | MariaDb:
    """Each of the two that are servers."""
    found: Postgresql | MariaDb = request.getfixturevalue(request.param)
    return found
