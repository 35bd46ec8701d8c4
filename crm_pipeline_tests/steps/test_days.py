"""Claims on the days that an error names in place of one without files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Project
from crm_pipeline.state.landing import Landing
from crm_pipeline.steps.check import require_deliveries
from crm_pipeline.steps.days import business_today, days_between
from crm_pipeline.steps.land import land_extract
from crm_pipeline_tests.steps.building import day, deliver, project_of, running

TEXT = """\
version: 1
start_date: 2026-01-02
timezone: UTC
sources:
  erp:
    extracts:
      products:
        read: {file: "in/products_{date}.csv"}
        primary_key: id
        columns: {product_code: code}
      orders:
        read: {file: "in/{date:%Y/%m}/orders_{date:%d}.csv"}
        primary_key: id
        columns: {order_number: id}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with products of five days, the first too early, and orders of one."""
    project = project_of(tmp_path, TEXT)
    for number in (1, 3, 4, 6, 8):
        deliver(project, f"products_{day(number)}.csv", "id,code\n1,A\n")
    (tmp_path / "in/2026/01").mkdir(parents=True)
    deliver(project, "2026/01/orders_04.csv", "id\n1\n")
    return project


def cure(project: Project, number: int) -> str:
    """What to do instead of running that day of January 2026."""
    with pytest.raises(DeliveryError) as refused:
        require_deliveries(project, Landing(project.state / "landing"), [day(number)])
    return refused.value.cure


def test_a_day_without_files_names_those_with(project: Project) -> None:
    """First and last of the days whose files wait are named, none before the start date, nor the day asked for."""
    assert cure(project, 5) == "Deliver it, or run what is there: --from 2026-01-03 --to 2026-01-08."
    assert cure(project, 8) == "Deliver it, or run what is there: --from 2026-01-03 --to 2026-01-06."


def test_a_run_without_a_date_names_them_too(project: Project) -> None:
    """Today, for which no file is there, is answered with the days that have one."""
    with pytest.raises(DeliveryError, match="--from 2026-01-03 --to 2026-01-08"):
        require_deliveries(project, Landing(project.state / "landing"), [business_today(project)])


def test_landed_days_come_last(project: Project) -> None:
    """Once landed a day is named only where no other waits."""
    with running(project) as run:
        land_extract(run, "erp", "products", [day(3), day(4), day(6)])
        land_extract(run, "erp", "orders", [day(4)])
    assert cure(project, 5) == "Deliver it, or run what is there: --date 2026-01-08."
    with running(project) as run:
        land_extract(run, "erp", "products", [day(8)])
    assert (
        cure(project, 5) == "Deliver it, or run again what is there, landed already: --from 2026-01-03 --to 2026-01-08."
    )


def test_no_day_is_named_that_would_be_refused_alike(project: Project) -> None:
    """An extract that has no file at all is looked for where it should be; other extracts' days are no help."""
    (project.root / "in/2026/01/orders_04.csv").unlink()
    deliver(project, f"products_{day(5)}.csv", "id,code\n1,A\n")
    assert cure(project, 5) == "Deliver it, or correct read.file; 01/ holds nothing."


def test_a_range_without_files_names_the_days_with(project: Project) -> None:
    """Several days for which nothing was ever delivered are answered with those that have a file."""
    days = days_between(day(20), day(20) + timedelta(days=2))
    with running(project) as run, pytest.raises(DeliveryError, match="--from 2026-01-03 --to 2026-01-08"):
        land_extract(run, "erp", "products", days)
