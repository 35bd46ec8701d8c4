"""The runs that Dagster's instance of a project remembers."""

from typing import Any

import dagster as dg

from crm_pipeline.orchestration.execute import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG
from crm_pipeline.orchestration.instance import project_instance
from crm_pipeline.settings import Project

_PARTITION_TAG = "dagster/partition"


def last_runs(project: Project, limit: int = 10) -> list[dict[str, Any]]:
    """The latest runs, newest first: run_id, job, status, business_dates, started_at (Unix seconds), seconds."""
    if not project.dagster_home.exists():
        return []
    with project_instance(project) as instance:
        return [_row(record) for record in instance.get_run_records(limit=limit)]


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
