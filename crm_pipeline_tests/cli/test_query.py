"""Claims on the command `query`: rows on the terminal, as JSON, or in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline.errors import ConfigurationError
from crm_pipeline_tests.publish.warehouse_rows import fill, opened, publish
from crm_pipeline_tests.steps.building import PRODUCTS, project_of

SQL = "SELECT name, TIMESTAMP '2026-01-05 17:00:00' AT TIME ZONE 'UTC' AS seen FROM customers ORDER BY customer_id"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two published customers, in the current folder."""
    text = PRODUCTS.replace("LOAD", "full").replace("timezone: UTC", "timezone: Asia/Shanghai")
    folder = project_of(tmp_path / "project", text).root
    with opened(tmp_path / "warehouse.duckdb") as warehouse:
        fill(warehouse)
        publish(warehouse, folder / "published" / "crm.duckdb")
    monkeypatch.chdir(tmp_path)
    return folder


def test_rows_are_printed_or_taken_out(project: Path, tmp_path: Path) -> None:
    """The same select is a table, JSON, or a file whose name and row count are said; times are the project's."""
    said = CliRunner().invoke(app, ["query", SQL, "--project", str(project)])
    assert "王芳" in said.output
    assert "2026-01-06 01:00:00+08:00" in said.output
    taken = CliRunner().invoke(app, ["query", SQL, "--project", str(project), "--to", "c.csv"])
    assert (taken.exit_code, taken.output) == (0, "c.csv: 2 rows\n")
    assert "王芳,2026-01-06 01:00:00" in (tmp_path / "c.csv").read_text(encoding="utf-8")
    told = CliRunner().invoke(app, ["query", SQL, "--project", str(project), "--to", "c.xlsx", "--json"])
    assert json.loads(told.output) == {"file": "c.xlsx", "rows": 2}


def test_another_ending_is_refused(project: Path) -> None:
    """A file of another kind is refused before anything is read, with the endings that are known."""
    result = CliRunner().invoke(app, ["query", SQL, "--project", str(project), "--to", "c.xls"])
    assert isinstance(result.exception, ConfigurationError)
    assert ".csv, .xlsx or .parquet" in str(result.exception)
