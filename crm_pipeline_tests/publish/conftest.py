"""A filled warehouse per test module and its published file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.publish.warehouse_rows import fill, opened, publish


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with opened(tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb") as filled:
        fill(filled)
        yield filled


@pytest.fixture(scope="module")
def published(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "crm.duckdb"
    publish(warehouse, path)
    return path
