"""A warehouse for linkage tests, and records put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crm_pipeline.tables import std
from crm_pipeline.warehouse import Warehouse

DAY = date(2026, 1, 1)
CUSTOMERS = std("customers")


@pytest.fixture(scope="module")
def shared_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One warehouse per module; each test replaces what it needs."""
    folder = tmp_path_factory.mktemp("warehouse")
    with Warehouse.open(folder / "warehouse.duckdb", temporary=folder / "temporary") as warehouse:
        yield warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse of the test's own."""
    with Warehouse.open(tmp_path / "warehouse.duckdb", temporary=tmp_path / "temporary") as opened:
        yield opened


def fill_customers(warehouse: Warehouse, rows: list[dict[str, Any]]) -> None:
    """Makes `std.customers` hold these rows; what is not given is null, `valid_from` is one day for all."""
    names = {name for row in rows for name in row} | {"record_key", "valid_from"}
    schema = {name: kind for name, kind in CUSTOMERS.polars_schema.items() if name in names}
    warehouse.replace(CUSTOMERS, pl.DataFrame([{"valid_from": DAY, **row} for row in rows], schema=schema))


@pytest.fixture
def customers() -> Callable[[Warehouse, list[dict[str, Any]]], None]:
    """`fill_customers`, for tests."""
    return fill_customers
