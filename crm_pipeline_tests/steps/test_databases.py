"""Claims on landing from a database: the cursor moves with what was landed, and rows read twice change nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError, DeliveryError, PipelineError
from crm_pipeline.settings import Project
from crm_pipeline.state import landing
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.days import business_today
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.looking.check import check_project
from crm_pipeline.steps.looking.preview import preview_extract
from crm_pipeline_tests.steps.building import day, project_of, running

TEXT = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  shop:
    extracts:
      products:
        read: {database: "sqlite:///shop.db", READ}
        load: incremental
        primary_key: id
        updated_at: changed
        columns:
          product_code: code
"""


def project(folder: Path, read: str = "table: products", **replaced: str) -> Project:
    """A project beside its database."""
    text = TEXT.replace("READ", read)
    for old, new in replaced.items():
        text = text.replace(old, new)
    return project_of(folder, text)


def sql(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "shop.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a database of two products."""
    sql(
        tmp_path,
        "CREATE TABLE products (id INTEGER, code TEXT, changed TEXT)",
        "INSERT INTO products VALUES (1, 'A', '2026-01-05 09:00:00'), (2, 'B', '2026-01-05 10:00:00')",
    )
    return tmp_path


def land(project: Project, on: date | None = None, *, reread: bool = False) -> tuple[int, str | None, str | None]:
    """Rows landed, and since and until of the newest delivery."""
    with running(project) as run:
        landed = land_extract(run, "shop", "products", [on or business_today(project)], reread=reread)[0].delivery
    assert landed is not None
    return landed.row_count, landed.since, landed.until


def test_cursor_moves_with_what_was_landed(shop: Path) -> None:
    """A delivery asks from where the one before it ended; the first asks for all; none is lost, none counts twice."""
    opened = project(shop)
    assert land(opened) == (2, None, "2026-01-05 10:00:00")
    sql(shop, "UPDATE products SET code = 'A2', changed = '2026-01-06 11:00:00' WHERE id = 1")
    assert land(opened) == (2, "2026-01-05 10:00:00", "2026-01-06 11:00:00")  # the newest row of before again
    with running(opened) as run:
        apply_entity(run, "products")
        rows = run.warehouse.frame(
            "SELECT source_id, product_code, valid_to IS NULL AS is_current FROM std.products ORDER BY 1, 3"
        )
    assert rows.filter("is_current")["product_code"].to_list() == ["A2", "B"]
    assert rows.filter(rows["source_id"] == "2").height == 1


@pytest.mark.parametrize("moment", ["write_json", "appearing"])
def test_crash_leaves_the_cursor(shop: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """A crash after the rows were read and before they are landed for good asks for the same rows again."""
    opened = project(shop)
    land(opened)
    sql(shop, "INSERT INTO products VALUES (3, 'C', '2026-01-07 12:00:00')")

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(landing, moment, crash)
        with pytest.raises(KeyboardInterrupt):
            land(opened)
    assert land(opened) == (2, "2026-01-05 10:00:00", "2026-01-07 12:00:00")


def test_failure_leaves_everything(shop: Path) -> None:
    """A source that fails leaves nothing landed, nothing temporary, and the cursor where it was."""
    opened = project(shop)
    land(opened)
    (shop / "shop.db").rename(shop / "away.db")
    with pytest.raises(
        DeliveryError, match=r"shop\.products, products: expected an SQLite database; found no file .*shop\.db"
    ):
        land(opened)
    assert list((shop / "var").rglob("*.arrow")) == []
    (shop / "away.db").rename(shop / "shop.db")
    assert land(opened)[1:] == ("2026-01-05 10:00:00", "2026-01-05 10:00:00")


def test_past_days(shop: Path) -> None:
    """A query with :until answers for a past date, from where the day before ended, also when it is asked again."""
    sql(shop, "INSERT INTO products VALUES (3, 'C', '2026-01-07 12:00:00')")
    query = 'query: "select * from products where changed > :since and changed < :until", initial: "2026-01-01"'
    opened = project(shop, query)
    assert land(opened, day(7)) == (3, None, "2026-01-07 12:00:00")
    assert land(opened, day(5)) == (2, None, "2026-01-05 10:00:00")  # late: not from the day after it
    assert land(opened, day(6)) == (0, "2026-01-05 10:00:00", "2026-01-05 10:00:00")
    sql(shop, "INSERT INTO products VALUES (4, 'D', '2026-01-07 13:00:00')")
    assert land(opened, day(7)) == (3, None, "2026-01-07 12:00:00")
    assert land(opened, day(7), reread=True) == (2, "2026-01-05 10:00:00", "2026-01-07 13:00:00")
    yesterday = business_today(opened) - timedelta(days=1)
    with pytest.raises(DeliveryError, match="answers for today only"):
        land(project(shop / "other", 'table: "products"'), yesterday)


def test_full_delivery(shop: Path) -> None:
    """A table that is loaded in full is read whole each time, whatever its updated_at."""
    opened = project(shop, **{"load: incremental": "load: full"})
    assert land(opened) == (2, None, None)
    sql(shop, "DELETE FROM products WHERE id = 1")
    assert land(opened)[0] == 1
    with running(opened) as run:
        apply_entity(run, "products")
        rows = run.warehouse.frame("SELECT source_id FROM std.products WHERE valid_to IS NULL")
    assert rows["source_id"].to_list() == ["2"]


@pytest.mark.parametrize(
    ("read", "key"),
    [
        ("table: products, cursor: changed", "read.cursor"),
        ('query: "select * from products where id > :since", initial: "0"', ":since in read.query"),
    ],
)
def test_changes_are_incremental(shop: Path, read: str, key: str) -> None:
    """Changes alone are refused as a full delivery, by the key that asks for them: what they lack would be deleted."""
    with pytest.raises(ConfigurationError, match=f"load: incremental where changes.*found load: full with {key}"):
        project(shop, read, **{"load: incremental": "load: full"})


def test_check_asks_for_columns_only(shop: Path) -> None:
    """`check` says what is read and which column is missing, without reading rows."""
    details = {checked.subject: checked for checked in check_project(project(shop), date.today())}  # noqa: DTZ011
    assert details["shop.products"].error is None
    assert "sqlite table, 3 columns" in details["shop.products"].detail
    wrong = project(shop, **{"product_code: code": "product_code: cod"})
    error = next(checked.error for checked in check_project(wrong, date.today()) if checked.error)  # noqa: DTZ011
    assert isinstance(error, PipelineError)
    assert "cod" in str(error)


def test_preview_moves_nothing(shop: Path) -> None:
    """Reading for a preview lands nothing."""
    opened = project(shop)
    assert preview_extract(opened, "shop", "products", business_today(opened)).row_count == 2
    assert not (shop / "state").exists()
