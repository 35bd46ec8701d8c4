"""Projects for tests, and the command line as users call it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from crm_pipeline.bundled import template
from crm_pipeline.steps.starting.project import create_project

DATE = "2026-01-28"
_CUSTOMERS = 300  # enough for every kind of defect below, small enough for a run in seconds
# The defects of the demo that the cut keeps: repeated ids, rows without id, future births, bad amounts and dates.
_ALWAYS = {"29433", "29449", "29466", "29473", "29483", ""}


@dataclass(frozen=True)
class Finished:
    """A project after its first run, and what the command printed."""

    folder: Path
    stdout: str
    stderr: str


def crm_pipeline(
    *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    command = [sys.executable, "-c", "from crm_pipeline.cli import main; main()", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment(env), cwd=cwd, check=False, timeout=500
    )


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """The environment without anything of this project's in it, and with `more`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CRM_", "DAGSTER_", "AWS_"))}
    return {**kept, **(more or {})}


def make_small(folder: Path) -> Path:
    """A project with a cut of the demo's extracts, not yet run."""
    create_project(folder, "demo")
    extracts = folder / "extracts"
    kept = _cut(extracts / f"crm/{DATE}/cust_info.csv", lambda row, n: n < _CUSTOMERS or row["cst_id"] in _ALWAYS)
    keys = {row["cst_key"] for row in kept if row["cst_id"]}
    ids = {row["cst_id"] for row in kept if row["cst_id"]}
    _cut(extracts / f"erp/{DATE}/CUST_AZ12.csv", lambda row, _: row["CID"].removeprefix("NAS") in keys)
    _cut(extracts / f"erp/{DATE}/LOC_A101.csv", lambda row, _: row["CID"].replace("-", "") in keys)
    _cut(extracts / f"crm/{DATE}/sales_details.csv", lambda row, _: row["sls_cust_id"] in ids)
    return folder


def copy(folder: Path, target: Path) -> Path:
    """A copy of a project, all of it."""
    shutil.copytree(folder, target)
    return target


def demo_template() -> Path:
    """The demo as it comes with the package."""
    return template("demo")


def _cut(file: Path, is_kept: object) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        reader = csv.DictReader(opened)
        names = list(reader.fieldnames or [])
        rows = [row for n, row in enumerate(reader) if is_kept(row, n)]  # type: ignore[operator]
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows
