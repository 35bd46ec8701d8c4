"""Claims on runs whose process was killed: the next run says so, and leaves those alone that still go on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.orchestration.execute import execute
from crm_pipeline.orchestration.instance import project_instance
from crm_pipeline.orchestration.jobs import NIGHTLY
from crm_pipeline.orchestration.runs import PROCESS_TAG
from crm_pipeline_tests.steps.building import PRODUCTS, day, project_of


def _started(instance: dg.DagsterInstance, tags: dict[str, str]) -> str:
    """The id of a run that was started and not ended."""
    run = dg.DagsterRun(job_name=NIGHTLY, tags=tags, status=dg.DagsterRunStatus.STARTED)
    instance.add_run(run)
    return run.run_id


def test_a_killed_run_is_marked_failed_by_the_next(tmp_path: Path) -> None:
    """A started run whose process is gone is failed after the next run; one of a living process or the UI is not."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    project = project_of(tmp_path, PRODUCTS.replace("LOAD", "full"))
    with project_instance(project) as instance:
        dead = _started(instance, {PROCESS_TAG: str(gone.pid)})
        alive = _started(instance, {PROCESS_TAG: str(os.getpid())})
        of_another = _started(instance, {})
    assert PROCESS_TAG == "crm_pipeline/process_id"
    with pytest.raises(DeliveryError):  # nothing was delivered: a run that ends soon
        execute(project, NIGHTLY, first=day(5))
    with project_instance(project) as instance:
        statuses = {record.dagster_run.run_id: record.dagster_run.status for record in instance.get_run_records()}
        [own] = [run for run in instance.get_runs() if run.run_id not in {dead, alive, of_another}]
    assert statuses[dead] is dg.DagsterRunStatus.FAILURE
    assert statuses[alive] is dg.DagsterRunStatus.STARTED
    assert statuses[of_another] is dg.DagsterRunStatus.STARTED
    assert own.tags[PROCESS_TAG] == str(os.getpid())
