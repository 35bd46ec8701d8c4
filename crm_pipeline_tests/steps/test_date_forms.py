"""Claims on dates in figures: a delivery tells their order, a setting wins, and it lasts over deliveries."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.run import Run
from crm_pipeline.steps.vocabulary import vocabulary_of
from crm_pipeline.tables import LOADS, REJECTIONS
from crm_pipeline_tests.steps.building import land, project_of, running

TEXT = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  erp:
    extracts:
      orders:
        read: {file: "in/orders_{date}.csv"}
        load: incremental
        primary_key: id
        DATE_ORDER
        columns: {order_number: id, ordered_on: day}
"""


def applied(run: Run, number: int, days: list[str]) -> list[date | None]:
    """The dates that std shows of a delivery of these cells."""
    rows = [(f"{number}-{n}", cell) for n, cell in enumerate(days)]
    land(run, number, ("id", "day"), rows, extract="orders")
    apply_entity(run, "orders")
    found = run.warehouse.execute(
        "SELECT source_id, ordered_on FROM std.orders WHERE source_id LIKE ? ORDER BY source_id", [f"{number}-%"]
    )
    return [row[1] for row in found]


def told(run: Run) -> list[tuple[str | None, str]]:
    """Order and who told it, of each load."""
    rows = run.warehouse.execute(f"SELECT date_orders FROM {LOADS.qualified} ORDER BY business_date")
    return [(entry["date_order"], entry["told_by"]) for (entries,) in rows for entry in entries]


def test_the_column_tells_and_later_deliveries_follow(tmp_path: Path) -> None:
    """A day above 12 tells the order of its column; a later delivery that tells nothing is read as the one before."""
    with running(project_of(tmp_path, TEXT.replace("DATE_ORDER", "# nothing set"))) as run:
        assert applied(run, 1, ["03/05/2025"]) == [None], "nobody tells it"
        assert applied(run, 2, ["25/05/2025", "13/04/2025"]) == [date(2025, 5, 25), date(2025, 4, 13)]
        assert applied(run, 3, ["03/05/2025"]) == [date(2025, 5, 3)]
        assert applied(run, 4, ["05/25/2025"]) == [date(2025, 5, 25)], "the source changed its form"
        assert applied(run, 5, ["2025-05-03"]) == [date(2025, 5, 3)]
        assert applied(run, 6, ["03/05/2025"]) == [date(2025, 3, 5)]
        assert told(run) == [
            (None, "nobody"), ("dmy", "delivery"), ("dmy", "earlier delivery"), ("mdy", "delivery"),
            ("mdy", "earlier delivery"), ("mdy", "earlier delivery"),
        ]  # fmt: skip
        sql = f"SELECT reason FROM {REJECTIONS.qualified} WHERE rule_id = 'orders.ordered_on_readable'"
        reasons = run.warehouse.execute(sql)
        assert len(reasons) == 1
        assert "set date_order" in reasons[0][0]


def test_what_nobody_told_is_read_once_it_is_told(tmp_path: Path) -> None:
    """A date refused for want of an order is read, unchanged as its row is, with the delivery that tells the order."""
    full = TEXT.replace("DATE_ORDER", "# nothing set").replace("load: incremental", "load: full")
    with running(project_of(tmp_path, full)) as run:
        rows = [("a", "01/05/1990"), ("b", "02/05/1990"), ("c", "")]
        land(run, 1, ("id", "day"), rows, extract="orders")
        apply_entity(run, "orders")
        land(run, 2, ("id", "day"), [*rows, ("d", "31/05/1990")], extract="orders")
        apply_entity(run, "orders")
        current = "SELECT source_id, ordered_on FROM std.orders WHERE valid_to IS NULL ORDER BY source_id"
        days = dict(run.warehouse.execute(current))
        assert days == {"a": date(1990, 5, 1), "b": date(1990, 5, 2), "c": None, "d": date(1990, 5, 31)}
        counts = "loaded_count, unchanged_count, delivered_count"
        [*_, load] = run.warehouse.execute(f"SELECT {counts} FROM {LOADS.qualified} ORDER BY business_date")
        assert load == (3, 1, 4)
        before = run.warehouse.execute(f"SELECT * FROM {LOADS.qualified} ORDER BY ALL")
        apply_entity(run, "orders")
        assert run.warehouse.execute(f"SELECT * FROM {LOADS.qualified} ORDER BY ALL") == before, "and only once"


def test_a_setting_wins(tmp_path: Path) -> None:
    """`date_order` decides for all columns or for one; what contradicts it is no date."""
    for setting in ("date_order: mdy", "date_order: {ordered_on: mdy}"):
        with running(project_of(tmp_path / setting[-8:-1].strip(), TEXT.replace("DATE_ORDER", setting))) as run:
            assert applied(run, 1, ["03/05/2025", "25/05/2025", "26/05/2025"]) == [date(2025, 3, 5), None, None]
            assert told(run) == [("mdy", "pipeline.yaml")]


def test_a_lone_number_is_no_day(tmp_path: Path) -> None:
    """Serial days are read where a column has them, and a single number among dates is rejected."""
    with running(project_of(tmp_path, TEXT.replace("DATE_ORDER", "# nothing set"))) as run:
        dates = [f"2025-01-{n:02d}" for n in range(1, 31)] * 5
        assert applied(run, 1, [*dates, "32154"]).count(None) == 1
        assert applied(run, 2, ["45000", "2025-01-01"]) == [date(2023, 3, 15), date(2025, 1, 1)]


def test_words_of_the_project(tmp_path: Path) -> None:
    """Aliases and industries come from the project's files, and a file that is none says what to do."""
    words = "standardise: {organisation_aliases: aliases.csv, industry_synonyms: own.csv}\n"
    project = project_of(tmp_path, TEXT.replace("DATE_ORDER", "# none") + words)
    with pytest.raises(ConfigurationError, match=r"aliases\.csv.*no such file"):
        vocabulary_of(project)
    (tmp_path / "aliases.csv").write_text("alias,name\n阿里,阿里巴巴\n ,\n", encoding="utf-8")
    (tmp_path / "own.csv").write_text("name,industry\n直播带货,F\n", encoding="utf-8")
    found = vocabulary_of(project)
    assert dict(found.aliases) == {"阿里": "阿里巴巴"}
    assert dict(found.industry_synonyms) == {"直播带货": "F"}
    (tmp_path / "own.csv").write_text("name,industry\n直播带货,ZZ\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="GB/T 4754"):
        vocabulary_of(project)
    (tmp_path / "own.csv").write_text("industry\nF\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no column name"):
        vocabulary_of(project)
