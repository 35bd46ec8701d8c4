"""A small filled warehouse and its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_pipeline import report
from crm_pipeline.report import Figures
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.report import building

Collect = Callable[[Warehouse], Figures]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse.open(tmp_path / "warehouse.duckdb", temporary=tmp_path / "temporary") as opened:
        yield opened


@pytest.fixture(scope="session")
def collect() -> Collect:
    def collected(warehouse: Warehouse) -> Figures:
        thresholds = {"match_threshold": 0.99, "review_threshold": 0.6}
        return report.collect(warehouse, project_name="p", measures=building.measures(), earlier=(), **thresholds)

    return collected
