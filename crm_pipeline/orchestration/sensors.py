"""Sensors: what starts a run because something came. They are switched on in the UI.

Belongs here: when to ask for a run, and for which. Does not belong here: which files are complete (`sources.inbox`),
what is done with them (`steps.inbox`).
"""

import hashlib
import json
import time
from collections.abc import Sequence
from typing import Any

import dagster as dg

from crm_pipeline.orchestration.jobs import INBOX
from crm_pipeline.settings import Project
from crm_pipeline.steps.days import business_today
from crm_pipeline.steps.inbox import WaitingFile, waiting_files

_INTERVAL_SECONDS = 15
# A run that failed leaves its files where they were; they are tried again after a while, then less and less often.
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 60, 3600
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def sensors(project: Project, jobs: dict[str, Any]) -> list[dg.SensorDefinition]:
    """The sensor of the inboxes, if any extract has one."""
    return [_inbox_sensor(project, jobs[INBOX])] if INBOX in jobs else []


def _inbox_sensor(project: Project, job: Any) -> dg.SensorDefinition:
    @dg.sensor(
        job=job,
        name="inbox_sensor",
        minimum_interval_seconds=_INTERVAL_SECONDS,
        description="Starts a run when complete files wait in an inbox.",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        files = waiting_files(project)
        if not files:
            return dg.SkipReason("No complete file waits in an inbox.")
        unfinished = dg.RunsFilter(job_name=INBOX, statuses=_UNFINISHED)
        if context.instance.get_runs(filters=unfinished, limit=1):
            return dg.SkipReason("A run that loads from the inboxes is under way.")
        memory = json.loads(context.cursor or "{}")
        version = _version(files)
        attempts = memory.get("attempts", 0) if memory.get("version") == version else 0
        if attempts and time.time() < memory["not_before"]:
            return dg.SkipReason(f"{attempts} runs did not load the same files; trying again later.")
        pause = min(_FIRST_PAUSE_SECONDS * 2**attempts, _LONGEST_PAUSE_SECONDS)
        memory = {"version": version, "attempts": attempts + 1, "not_before": time.time() + pause}
        context.update_cursor(json.dumps(memory))
        return dg.RunRequest(
            run_key=f"{version}-{attempts}",
            partition_key=business_today(project).isoformat(),
            tags={"crm_pipeline/files": str(len(files))},
        )

    return look


def _version(files: Sequence[WaitingFile]) -> str:
    """The same text for the same files, names not shown: they may be somebody's."""
    named = sorted((file.source, file.extract, file.file.name, file.file.version) for file in files)
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:16]
