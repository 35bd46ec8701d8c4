"""Claims on landing: when a source is asked, what a missing delivery means, and what is never landed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Project
from crm_pipeline.steps.days import business_today, days_between
from crm_pipeline.steps.landing.land import Landed, expected_file, land_extract
from crm_pipeline_tests.steps.building import PRODUCTS, day, deliver, project_of, running

TEXT = PRODUCTS.replace("LOAD", "full")
CONTENT = "id,code,cost\n1,A,1\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one dated extract and no file yet."""
    return project_of(tmp_path, TEXT)


def land(project: Project, *days: date, reread: bool = False) -> list[Landed]:
    with running(project) as run:
        return land_extract(run, "erp", "products", list(days), reread=reread)


def shown(landed: list[Landed]) -> list[tuple[int, int | None, bool]]:
    return [(x.business_date.day, x.delivery.sequence if x.delivery else None, x.is_new) for x in landed]


def test_landed_as_delivered(project: Project) -> None:
    """A delivery is landed with its cells as they are, and once."""
    deliver(project, "products_2026-01-05.csv", "id,code,cost\n 1 ,N/A,1\n")
    assert shown(land(project, day(5))) == [(5, 1, True)]
    assert shown(land(project, day(5))) == [(5, 1, False)]
    with running(project) as run:
        frame = run.landing.deliveries("erp", "products")[0].read()
    assert frame.rows() == [(" 1 ", "N/A", "1", 2)]


def test_past_date_is_not_asked_again(project: Project) -> None:
    """A past date that was landed stays as it was landed, until `reread` asks its dated source again."""
    deliver(project, "products_2026-01-05.csv", CONTENT)
    land(project, day(5))
    deliver(project, "products_2026-01-05.csv", CONTENT + "2,B,1\n")
    assert shown(land(project, day(5))) == [(5, 1, False)]
    assert shown(land(project, day(5), reread=True)) == [(5, 2, True)]
    assert shown(land(project, day(5), reread=True)) == [(5, 2, False)]
    (project.root / "in" / "products_2026-01-05.csv").unlink()
    assert shown(land(project, day(5), reread=True)) == [(5, 2, False)]


def test_today_is_asked_again(tmp_path: Path) -> None:
    """Today's delivery is asked for in every run, and landed again only when it changed."""
    project = project_of(tmp_path, TEXT)
    today = business_today(project)
    deliver(project, f"products_{today}.csv", CONTENT)
    assert [x.is_new for x in land(project, today)] == [True]
    assert [x.is_new for x in land(project, today)] == [False]
    deliver(project, f"products_{today}.csv", CONTENT + "2,B,1\n")
    assert [x.is_new for x in land(project, today)] == [True]


def test_missing_delivery(project: Project) -> None:
    """One date without a delivery is an error; of several it is passed over, unless there was never any."""
    with pytest.raises(DeliveryError, match=r"in/products_2026-01-05\.csv"):
        land(project, day(5))
    with pytest.raises(DeliveryError, match="at least one delivery from 2026-01-05 to 2026-01-07"):
        land(project, day(5), day(6), day(7))
    deliver(project, "products_2026-01-06.csv", CONTENT)
    assert shown(land(project, *days_between(day(5), day(7)))) == [(5, None, False), (6, 1, True), (7, None, False)]
    with pytest.raises(DeliveryError):
        land(project, day(5))


@pytest.mark.parametrize(
    "content", ["", "id,code,cost\n", "id,code\n1,A\n", 'id,code,cost\n1,"A,1\n', "id,code,cost\n1\n"]
)
def test_damaged_delivery_is_not_landed(project: Project, content: str) -> None:
    """A delivery that can't be read, or lacks a mapped column, is refused and leaves nothing in the store."""
    deliver(project, "products_2026-01-05.csv", content)
    with pytest.raises(DeliveryError):
        land(project, day(5))
    with running(project) as run:
        assert run.landing.deliveries("erp", "products") == []
    deliver(project, "products_2026-01-05.csv", CONTENT)
    assert shown(land(project, day(5))) == [(5, 1, True)]


def test_source_without_dates(tmp_path: Path) -> None:
    """A source that is not dated answers for today only, and is not landed again while it is unchanged."""
    project = project_of(tmp_path, TEXT.replace("products_{date}", "products"))
    deliver(project, "products.csv", CONTENT)
    with pytest.raises(DeliveryError, match="answers for today only"):
        land(project, day(5))
    today = business_today(project)
    assert [x.is_new for x in land(project, today)] == [True]
    assert [x.is_new for x in land(project, today)] == [False]
    assert shown(land(project, day(5))) == [(5, None, False)]
    assert shown(land(project, day(5), today, reread=True))[0] == (5, None, False)


def test_business_today(tmp_path: Path) -> None:
    """Today is the date in the project's time zone."""
    moment = datetime(2026, 1, 4, 20, 0, tzinfo=UTC)
    assert business_today(project_of(tmp_path, TEXT), moment) == day(4)
    shanghai = TEXT.replace("timezone: UTC", "timezone: Asia/Shanghai")
    assert business_today(project_of(tmp_path, shanghai), moment) == day(5)


def test_expected_file(tmp_path: Path) -> None:
    """The path of a delivery is shown relative to the project, or as it is where it lies outside."""
    inside = project_of(tmp_path, TEXT)
    extract = inside.config.sources["erp"].extracts["products"]
    assert expected_file(inside, extract, day(5)) == "in/products_2026-01-05.csv"
    outside = project_of(tmp_path, TEXT.replace("in/", "/data/"))
    extract = outside.config.sources["erp"].extracts["products"]
    assert expected_file(outside, extract, day(5)) == "/data/products_2026-01-05.csv"


def test_days_between() -> None:
    """Both ends are included, over the end of a month."""
    assert days_between(day(31), date(2026, 2, 2)) == [day(31), date(2026, 2, 1), date(2026, 2, 2)]
    assert days_between(day(1), day(1)) == [day(1)]
