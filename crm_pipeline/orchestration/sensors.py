"""Sensors: what starts a run because something came. They are switched on in the UI.

Belongs here: when to ask for a run, and for which. Does not belong here: which files are complete (`sources.inbox`),
what is done with them (`steps.landing.inbox`).
"""

import hashlib
import json
import time
from collections.abc import Sequence
from typing import Any

import dagster as dg

from crm_pipeline.errors import PipelineError
from crm_pipeline.orchestration.jobs import INBOX
from crm_pipeline.settings import Project
from crm_pipeline.steps.days import business_today
from crm_pipeline.steps.landing.inbox import WaitingFile, has_inbox, waiting_of

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
        files, errors = _waiting(project)
        for error in errors:
            context.log.warning(f"An inbox can't be looked into: {error}")
        if errors and not files:
            raise errors[0]
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
        # Without a run_key: files that come back after others would have one that was used, and Dagster would start no
        # run and say nothing. What was asked for is in the cursor, what is under way is in the instance.
        return dg.RunRequest(
            partition_key=business_today(project).isoformat(),
            tags={"crm_pipeline/files": str(len(files))},
        )

    return look


def _waiting(project: Project) -> tuple[list[WaitingFile], list[PipelineError]]:
    """The complete files in all inboxes, and why others can't be looked into: those do not keep these waiting."""
    files: list[WaitingFile] = []
    errors: list[PipelineError] = []
    for source, name, extract in project.config.extracts:
        try:
            files += waiting_of(project, source, name) if has_inbox(extract) else []
        except PipelineError as error:
            errors.append(error)
    return files, errors


def _version(files: Sequence[WaitingFile]) -> str:
    """The same text for the same files, names not shown: they may be somebody's."""
    named = sorted((file.source, file.extract, file.file.name, file.file.version) for file in files)
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:16]
