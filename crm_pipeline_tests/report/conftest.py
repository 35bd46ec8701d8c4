"""A small filled warehouse and its rows, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

from crm_pipeline import report
from crm_pipeline.report import Figures
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.report import building
from crm_pipeline_tests.report.small_warehouse import Rows, fill, random_rows

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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


class Counted(Protocol):
    """The rows of a seed and the figures counted over them, neither to be changed."""

    def __call__(self, seed: int) -> tuple[Rows, Figures]:
        """Those of the seed."""


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory, collect: Collect) -> Counted:
    """Each warehouse is filled and counted once, however many tests look at it."""

    @cache
    def rows_and_figures(seed: int) -> tuple[Rows, Figures]:
        folder, rows = tmp_path_factory.mktemp("counted"), random_rows(seed)
        with Warehouse.open(folder / "warehouse.duckdb", temporary=folder / "temporary") as opened:
            fill(opened, rows)
            return rows, collect(opened)

    return rows_and_figures


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One for all tests of a process; starting it takes a second."""
    if _CHROMIUM is None:
        pytest.skip("no Chromium found: install one with .ci/install-browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()
