"""Dagster's own servers on a project, as `crm-pipeline ui` and `dagster dev` start them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.ui_server import Page, opened, wait_until

ROOT = Path(__file__).parent.parent.parent
_DAYS = ["2026-01-28", "2026-01-29", "2026-01-30"]
_ASSETS = "{assetNodes{assetKey{path} groupName isPartitioned}}"
_JOBS = """{repositoriesOrError{... on RepositoryConnection{nodes{name location{name} jobs{name}
    schedules{name cronSchedule executionTimezone}}}}}"""
_RUNS = """query($repository: String!){runsOrError(filter:{pipelineName:"nightly",
    tags:[{key:".dagster/repository",value:$repository}]}){... on Runs{results{jobName status}}}}"""
_BACKFILL = """mutation($backfill: LaunchBackfillParams!){launchPartitionBackfill(backfillParams:$backfill){
    ... on LaunchBackfillSuccess{backfillId} ... on PythonError{message}}}"""
_STATE = """query($id: String!){partitionBackfillOrError(backfillId:$id){... on PartitionBackfill{status
    runs(limit:20){status tags{key value}}}}}"""


@pytest.fixture
def page(small_copy: Path) -> Iterator[Page]:
    """The UI of a small project that was run before by the command line."""
    with opened(small_copy) as page:
        yield page


@pytest.mark.slow
def test_ui(page: Page) -> None:
    """The UI shows assets, schedules and the headless run under its job; a backfill of days is one landing."""
    assets = page.ask(_ASSETS)["assetNodes"]
    assert {a["groupName"] for a in assets} >= {"landing", "std", "link", "gold", "mart", "publish", "backup"}
    assert all(a["isPartitioned"] == (a["groupName"] == "landing") for a in assets)
    [repository] = page.ask(_JOBS)["repositoriesOrError"]["nodes"]
    assert {s["name"] for s in repository["schedules"]} == {"nightly_schedule", "monthly_schedule"}
    assert {s["executionTimezone"] for s in repository["schedules"]} == {"UTC"}
    label = f"{repository['name']}@{repository['location']['name']}"
    assert page.ask(_RUNS, repository=label)["runsOrError"]["results"] == [{"jobName": "nightly", "status": "SUCCESS"}]

    params = {"assetSelection": [a["assetKey"] for a in assets], "partitionNames": _DAYS, "fromFailure": False}
    backfill = page.ask(_BACKFILL, backfill=params)["launchPartitionBackfill"]["backfillId"]
    states: list[Any] = []

    def is_over() -> bool:
        states.append(page.ask(_STATE, id=backfill)["partitionBackfillOrError"])
        return states[-1]["status"] not in {"REQUESTED", "CANCELING"}

    wait_until(is_over, 300)
    assert states[-1]["status"] == "COMPLETED_SUCCESS"
    ranges = [{tag["key"]: tag["value"] for tag in run["tags"]} for run in states[-1]["runs"]]
    landing = [tags for tags in ranges if "dagster/asset_partition_range_start" in tags]
    assert [(t["dagster/asset_partition_range_start"], t["dagster/asset_partition_range_end"]) for t in landing] == [
        (_DAYS[0], _DAYS[-1])
    ]


def test_workspace(small: projects.Finished, tmp_path: Path) -> None:
    """`dagster dev` at the repository root finds the project by workspace.yaml and two environment variables."""
    environment = {"CRM_PIPELINE_PROJECT": str(small.folder), "DAGSTER_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "--workspace", "workspace.yaml"]
    result = subprocess.run(
        command, cwd=ROOT, env=projects.environment(environment), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
