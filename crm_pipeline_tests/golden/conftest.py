"""A warehouse for each test module: opening one costs more than filling it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crm_pipeline.warehouse import Warehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("warehouse")
    with Warehouse.open(folder / "warehouse.duckdb", temporary=folder / "temporary") as opened:
        yield opened
