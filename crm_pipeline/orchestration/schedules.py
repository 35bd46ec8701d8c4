"""Schedules: when jobs run, in the project's time zone. They are switched on in the UI."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from crm_pipeline.orchestration.jobs import MONTHLY, NIGHTLY
from crm_pipeline.settings import Project

_NIGHTLY_AT = "0 2 * * *"  # after the systems' own exports, which usually run at midnight
_MONTHLY_AT = "0 4 1 * *"  # after that day's nightly run; retraining takes longer


def schedules(project: Project, jobs: Mapping[str, Any]) -> list[dg.ScheduleDefinition]:
    """One schedule per recurring job; a run stands for the business date on which it starts."""
    zone = project.config.timezone
    return [_schedule(jobs[NIGHTLY], _NIGHTLY_AT, zone), _schedule(jobs[MONTHLY], _MONTHLY_AT, zone)]


def _schedule(job: Any, cron: str, zone: str) -> dg.ScheduleDefinition:
    @dg.schedule(job=job, cron_schedule=cron, execution_timezone=zone, name=f"{job.name}_schedule")
    def today(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(run_key=f"{job.name}-{day}", partition_key=day)

    return today
