"""Claims on the days that an error names in place of one without files."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError, DeliveryError
from crm_pipeline.settings import Project
from crm_pipeline.state.landing import Landing
from crm_pipeline.steps.days import business_today, days_between
from crm_pipeline.steps.landing.land import land_extract, require_file
from crm_pipeline.steps.looking.check import check_project, default_day, require_deliveries
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
    """What to do instead of running that day of January 2026, said of the first extract that has no file for it."""
    landing = Landing(project.state / "landing")
    with pytest.raises(DeliveryError) as refused:
        for _, name, _ in project.config.extracts:
            require_file(project, landing, "erp", name, day(number))
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
    with running(project) as run, pytest.raises(DeliveryError) as refused:
        land_extract(run, "erp", "orders", [day(5)])
    assert refused.value.cure == "Deliver it, or correct read.file; 01/ holds nothing."


def test_a_range_without_files_names_the_days_with(project: Project) -> None:
    """Several days for which nothing was ever delivered are answered with those that have a file."""
    days = days_between(day(20), day(20) + timedelta(days=2))
    with running(project) as run, pytest.raises(DeliveryError, match="--from 2026-01-03 --to 2026-01-08"):
        land_extract(run, "erp", "products", days)


MIXED = TEXT.replace("in/{date:%Y/%m}/orders_{date:%d}.csv", "in/orders.csv")


@pytest.fixture
def mixed(tmp_path: Path) -> Project:
    """A project with products of one day, and orders of which the source only knows how they are today."""
    project = project_of(tmp_path, MIXED)
    deliver(project, f"products_{day(3)}.csv", "id,code\n1,A\n")
    deliver(project, "orders.csv", "id\n1\n")
    return project


def landed_refusal(project: Project, name: str, days: list[date]) -> DeliveryError:
    with running(project) as run, pytest.raises(DeliveryError) as refused:
        land_extract(run, "erp", name, days)
    return refused.value


def test_errors_do_not_point_at_each_other(mixed: Project) -> None:
    """A day of which one source has a file and another knows nothing: both errors name the run that loads all."""
    today = business_today(mixed)
    of_orders, of_products = landed_refusal(mixed, "orders", [day(3)]), landed_refusal(mixed, "products", [today])
    assert of_orders.found == "a source that answers for today only, and none landed"
    assert of_orders.cure.startswith("Run up to today: --from 2026-01-03.")
    assert of_products.cure == "Deliver it, or run what is there: --from 2026-01-03."
    with running(mixed) as run:
        for name in ("orders", "products"):
            assert sum(item.is_new for item in land_extract(run, "erp", name, days_between(day(3), today))) == 1
        land_extract(run, "erp", "orders", [day(3)])  # nothing to ask for, and no error: something was landed


def test_a_range_before_today_is_no_way_for_a_source_of_today(mixed: Project) -> None:
    """Several days before today are refused for a source that knows today alone, with the range that ends today."""
    assert landed_refusal(mixed, "orders", [day(3), day(4)]).cure.startswith("Run up to today: --from 2026-01-03.")


def test_without_dates_no_date_is_the_cure(tmp_path: Path) -> None:
    """Where no source has dates, a past date is answered with a run without one."""
    project = project_of(tmp_path, MIXED.replace("products_{date}", "products"))
    assert landed_refusal(project, "orders", [day(3)]).cure.startswith("Run without a date.")


def test_check_says_what_a_run_of_that_day_would_say(mixed: Project) -> None:
    """For each day `check` refuses what a run of that day refuses, in the same words."""
    today = business_today(mixed)
    for asked, name, other in ((day(3), "orders", "products"), (today, "products", "orders")):
        told = {item.subject: item.error for item in check_project(mixed, asked)}
        assert str(told[f"erp.{name}"]) == str(landed_refusal(mixed, name, [asked]))
        assert told[f"erp.{other}"] is None
    for asked in (day(1), today + timedelta(days=1)):
        with pytest.raises(ConfigurationError) as refused:
            require_deliveries(mixed, Landing(mixed.state / "landing"), [asked])
        assert (check_project(mixed, asked)[0].subject, str(check_project(mixed, asked)[0].error)) == (
            "business date", str(refused.value),
        )  # fmt: skip


def test_the_day_that_is_checked_is_one_that_runs(mixed: Project) -> None:
    """Without a date the newest day with files is checked, none before the start date and none of the future."""
    assert default_day(mixed) == day(3)
    deliver(mixed, f"products_{business_today(mixed) + timedelta(days=9)}.csv", "id,code\n1,A\n")
    assert default_day(mixed) == day(3)
    (mixed.root / f"in/products_{day(3)}.csv").unlink()
    deliver(mixed, f"products_{day(1)}.csv", "id,code\n1,A\n")
    assert default_day(mixed) == business_today(mixed)


def test_a_wrong_mapping_is_told_of_any_day(mixed: Project) -> None:
    """The mapping of a source that knows today alone is looked at whatever day is checked."""
    deliver(mixed, "orders.csv", "number\n1\n")
    told = {item.subject: item.error for item in check_project(mixed, day(3))}
    assert "the column id" in str(told["erp.orders"])


def test_a_removed_column_names_the_file(mixed: Project) -> None:
    """A column that the delivery before had is missed in a file that is named, by `check` and before a run."""
    with running(mixed) as run:
        land_extract(run, "erp", "products", [day(3)])
    deliver(mixed, f"products_{day(4)}.csv", "id\n1\n")
    told = {item.subject: item.error for item in check_project(mixed, day(4))}
    assert told["erp.products"] is not None
    assert told["erp.products"].where == "erp.products, in/products_2026-01-04.csv"
    assert told["erp.products"].expected == "the column code, which the delivery of 2026-01-03 had"


def test_check_without_a_date_asks_each_source_for_what_it_may_have(mixed: Project) -> None:
    """Dated sources are asked for their newest day, and one that answers for today only for today: all is fit."""
    assert [item for item in check_project(mixed, None) if item.error] == []


def test_a_range_is_told_in_one_line(mixed: Project, caplog: pytest.LogCaptureFixture) -> None:
    """Days without a delivery are counted, not listed."""
    caplog.set_level("INFO")
    with running(mixed) as run:
        land_extract(run, "erp", "products", days_between(day(1), day(9)))
    told = [record.getMessage() for record in caplog.records if "erp.products" in record.getMessage()]
    assert told == ["erp.products: 1 rows for 2026-01-03, landed", "erp.products: nothing for 8 of 9 days"]
