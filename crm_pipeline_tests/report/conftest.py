"""A small filled warehouse and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from crm_pipeline import report
from crm_pipeline.report import Figures
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.report import building


class Collect(Protocol):
    """Collects the figures of `building.measures()`."""

    def __call__(self, warehouse: Warehouse, *, is_golden_current: bool = True) -> Figures:
        """The figures of the warehouse."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse.open(tmp_path / "warehouse.duckdb", temporary=tmp_path / "temporary") as opened:
        yield opened


@pytest.fixture(scope="session")
def collect() -> Collect:
    def collected(warehouse: Warehouse, *, is_golden_current: bool = True) -> Figures:
        return report.collect(
            warehouse,
            project_name="p",
            measures=building.measures(),
            earlier=(),
            match_threshold=0.99,
            review_threshold=0.6,
            is_golden_current=is_golden_current,
        )

    return collected
