"""The runs that Dagster's instance of a project remembers, and the tags by which it does."""

import os
from typing import Any

import dagster as dg

from crm_pipeline.orchestration.instance import project_instance
from crm_pipeline.settings import Project

# Tags that Dagster reads: a range makes one run of several days.
ASSET_PARTITION_RANGE_START_TAG = "dagster/asset_partition_range_start"
ASSET_PARTITION_RANGE_END_TAG = "dagster/asset_partition_range_end"
PROCESS_TAG = "crm_pipeline/process_id"  # of runs started on the command line, on this machine
_PARTITION_TAG = "dagster/partition"


def last_runs(project: Project, limit: int = 10) -> list[dict[str, Any]]:
    """The latest runs, newest first: run_id, job, status, business_dates, started_at (Unix seconds), seconds."""
    if not project.dagster_home.exists() and project.dagster_postgres_url is None:
        return []
    with project_instance(project) as instance:
        return [_row(record) for record in instance.get_run_records(limit=limit)]


def close_dead_runs(instance: dg.DagsterInstance) -> None:
    """Marks runs of the command line as failed whose process is gone: killed, it could not say so itself."""
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(filters=started):
        process_id = run.tags.get(PROCESS_TAG)
        if process_id and not _is_alive(int(process_id)):
            instance.report_run_failed(run, "The process ended without finishing the run; run again to complete it.")


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _row(record: dg.RunRecord) -> dict[str, Any]:
    run = record.dagster_run
    tags = run.tags
    dates = tags.get(_PARTITION_TAG)
    if ASSET_PARTITION_RANGE_START_TAG in tags:
        dates = f"{tags[ASSET_PARTITION_RANGE_START_TAG]} to {tags[ASSET_PARTITION_RANGE_END_TAG]}"
    ended = record.end_time
    return {
        "run_id": run.run_id,
        "job": run.job_name,
        "status": run.status.value.lower(),
        "business_dates": dates,
        "started_at": record.create_timestamp.isoformat(timespec="seconds"),
        "seconds": round(ended - record.start_time, 1) if ended and record.start_time else None,
    }
