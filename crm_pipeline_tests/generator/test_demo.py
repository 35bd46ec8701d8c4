"""The claim that a newcomer's generated demo runs to its end, and that what it made is what was delivered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_pipeline.publish import query
from crm_pipeline_tests import projects
from crm_pipeline_tests.generator import worlds

SIZE = ("--customers", "600", "--days", "3", "--seed", "4")


@pytest.mark.slow
def test_a_generated_demo_runs_to_its_end(tmp_path: Path) -> None:
    """The command exits with 0, delivers as many rows as were written, finds customers well, and can be repeated."""
    folder = tmp_path / "demo"
    done = projects.crm_pipeline("demo", str(folder), *SIZE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "evaluate" in done.stdout
    loads = query(
        folder / "published/crm.duckdb", "SELECT source, extract, business_date, delivered_count FROM crm.loads"
    )
    counted = {(row[0], row[1], str(row[2])): row[3] for row in loads.rows()}
    assert counted == _written(folder)
    evaluated = projects.crm_pipeline("evaluate", str(folder / "truth.csv"), "--project", str(folder), "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)
    refused = projects.crm_pipeline("demo", str(folder), "--customers", "601")
    assert refused.returncode == 2
    assert "as it was generated" in " ".join(refused.stderr.split())


def test_generate_only_writes_a_project_that_fits(tmp_path: Path) -> None:
    """With --generate-only nothing is run; `check` finds every extract fit."""
    folder = tmp_path / "demo"
    made = projects.crm_pipeline("demo", str(folder), *SIZE, "--generate-only")
    assert made.returncode == 0, made.stderr
    assert not (folder / "state").exists()
    checked = projects.crm_pipeline("check", "--project", str(folder), "--date", "2026-03-02", "--json")
    assert checked.returncode == 0, checked.stdout
    assert all(part["is_fit"] for part in json.loads(checked.stdout))


@pytest.mark.parametrize("options", [("--days", "2"), ("--generate-only",), ("--customers", "0")])
def test_calls_without_a_size_are_refused(options: tuple[str, ...], tmp_path: Path) -> None:
    """Options of generated systems need a size of at least one, and leave no folder behind."""
    refused = projects.crm_pipeline("demo", str(tmp_path / "demo"), *options)
    assert refused.returncode == 2
    assert not (tmp_path / "demo").exists()


def _written(folder: Path) -> dict[tuple[str, str, str], int]:
    """Rows of every file, counted by Python's own readers and fastexcel."""
    counted: dict[tuple[str, str, str], int] = {}
    for file in (folder / "extracts").glob("*/*/*"):
        source, day = file.parent.parent.name, file.parent.name
        if file.suffix == ".xlsx":
            for extract, name in (("customers", "客户"), ("tickets", "工单")):
                counted[source, extract, day] = len(worlds.sheet(file, name))
        elif file.suffix == ".jsonl":
            counted[source, file.stem.replace("users", "customers"), day] = len(worlds.json_rows(file))
        else:
            encoding, delimiter = ("gb18030", ",") if source == "crm" else ("utf-8-sig", ";")
            extract = {"partners": "customers", "billing": "orders"}.get(file.stem, file.stem)
            rows = worlds.csv_rows(file, encoding, delimiter)
            counted[source, extract, day] = len(rows)
            if (source, extract) == ("crm", "customers"):
                counted[source, "customers_contact", day] = sum(bool(row["联系人"]) for row in rows)
    return counted
