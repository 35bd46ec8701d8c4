"""Claims on schedules: when they tick, and for which business date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator  # the daemon's

from crm_pipeline.orchestration.build import build_definitions
from crm_pipeline.settings import load_project
from crm_pipeline.steps.starting.project import create_project

Open = Callable[[str], dg.Definitions]


@pytest.fixture
def in_zone(tmp_path: Path) -> Open:
    """Definitions of a project with that time zone."""

    def made(zone: str) -> dg.Definitions:
        create_project(tmp_path / "project", "demo")
        file = tmp_path / "project" / "pipeline.yaml"
        file.write_text(file.read_text().replace("timezone: UTC", f"timezone: {zone}"))
        return build_definitions(load_project(tmp_path / "project"))

    return made


# zone, job, a moment before, the tick in that zone, the business date; in New York 02:00 is skipped on 8 March
TICKS = [
    ("Asia/Shanghai", "nightly", datetime(2026, 2, 28, 12, tzinfo=UTC), "2026-03-01 02:00", "2026-03-01"),
    ("Asia/Shanghai", "monthly", datetime(2026, 2, 28, 12, tzinfo=UTC), "2026-03-01 04:00", "2026-03-01"),
    ("America/New_York", "nightly", datetime(2026, 3, 8, 0, tzinfo=UTC), "2026-03-08 03:00", "2026-03-08"),
    ("America/New_York", "nightly", datetime(2026, 7, 4, 0, tzinfo=UTC), "2026-07-04 02:00", "2026-07-04"),
    ("UTC", "monthly", datetime(2026, 12, 31, 23, tzinfo=UTC), "2027-01-01 04:00", "2027-01-01"),
]


@pytest.mark.parametrize(("zone", "job", "before", "tick", "day"), TICKS)
def test_a_tick_stands_for_the_business_date_of_the_project(
    zone: str, job: str, before: datetime, tick: str, day: str, in_zone: Open
) -> None:
    """A schedule ticks by the clock of the project's time zone and asks for the partition of that day there."""
    definitions = in_zone(zone)
    schedule = definitions.resolve_schedule_def(f"{job}_schedule")
    ticked = next(schedule_execution_time_iterator(before.timestamp(), *_clock(schedule)))
    assert ticked == datetime.fromisoformat(tick).replace(tzinfo=ZoneInfo(zone))
    context = dg.build_schedule_context(
        scheduled_execution_time=ticked, repository_def=definitions.get_repository_def()
    )
    requests = schedule.evaluate_tick(context).run_requests or []
    assert [request.partition_key for request in requests] == [day]
    partitions = definitions.resolve_job_def(job).partitions_def
    assert partitions is not None
    with dg.partition_loading_context(effective_dt=ticked):
        assert partitions.get_last_partition_key() == day
    assert schedule.job_name == job


def _clock(schedule: dg.ScheduleDefinition) -> tuple[str, str | None]:
    assert isinstance(schedule.cron_schedule, str)
    return schedule.cron_schedule, schedule.execution_timezone


def test_only_the_monthly_job_trains_anew(in_zone: Open) -> None:
    """The monthly job asks for a new model, the nightly job does not, and a rebuild asks no source."""
    definitions = in_zone("UTC")
    monthly, nightly = (definitions.resolve_job_def(name).partitioned_config for name in ("monthly", "nightly"))
    assert monthly is not None
    config = monthly.get_run_config_for_partition_key("2026-03-01")
    assert config["ops"]["link__pairs"] == {"config": {"retrain": True}}
    assert nightly is None or not nightly.get_run_config_for_partition_key("2026-03-01")
    rebuilt = {key.path[0] for key in definitions.resolve_job_def("rebuild").asset_layer.executable_asset_keys}
    assert rebuilt == {"std", "link", "gold", "mart", "ops", "published", "backup", "reports"}
