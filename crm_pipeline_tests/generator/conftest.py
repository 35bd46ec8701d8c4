"""Worlds made once per module."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.generator import Generated
from crm_pipeline_tests.generator import worlds


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Generated]:
    """A world of six days and three chunks, and what was said of it; look, don't touch."""
    folder = tmp_path_factory.mktemp("world")
    return folder, worlds.make(folder, worlds.PLAN)


@pytest.fixture(scope="session")
def world(made: tuple[Path, Generated]) -> Path:
    """Its folder."""
    return made[0]


@pytest.fixture(scope="session")
def truth(world: Path) -> pl.DataFrame:
    """Its truth."""
    return pl.read_csv(world / "truth.csv", infer_schema=False)


@pytest.fixture(scope="session")
def planted(world: Path) -> pl.DataFrame:
    """Its defects."""
    return pl.read_csv(world / "defects.csv", infer_schema=False)
