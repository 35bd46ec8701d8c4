"""Claims on what the UI and the command line do about deliveries: readable tables, a warning, an accepted loss."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline.cli.run_commands import known_extracts
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.orchestration.execute import run_configuration
from crm_pipeline.orchestration.jobs import NIGHTLY
from crm_pipeline.orchestration.load_metadata import landed_table, loads_table, reasons_table, schema_check
from crm_pipeline.settings import Project
from crm_pipeline.state.delivery import Delivery, Origin
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing.land import Landed
from crm_pipeline_tests.steps.building import PRODUCTS, land, project_of, running

KEY = dg.AssetKey(["landing", "erp", "products"])
DAY = date(2026, 1, 2)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_of(tmp_path, PRODUCTS.replace("LOAD", "full"))


def landed(*, is_new: bool = True, warnings: tuple[str, ...] = ()) -> Landed:
    """A landed delivery whose column a disappeared."""
    origin = Origin("x.csv", "abc", 12_345, "gb18030", ";")
    now = datetime.now(UTC).replace(tzinfo=None)
    delivery = Delivery(
        "erp", "products", DAY, 1, 1000, ("id",), origin, now, "r", None, None, Path("x"), 2, ("removed a",), 1.5,
        "30 of 100 records missing (30.0%)", warnings,
    )  # fmt: skip
    return Landed("erp", "products", DAY, delivery, is_new=is_new)


def test_table_of_what_was_landed() -> None:
    """One row per delivery with what a person asks first; a date without one has no row."""
    text = landed_table([landed(), Landed("erp", "products", DAY, None, is_new=False)]).md_str
    lines = (text or "").splitlines()
    assert len(lines) == 3
    for part in ("2026-01-02", "1,000", "12,345", "csv, gb18030, delimiter ;", "removed a", "30 of 100"):
        assert part in lines[2]


def test_warning_of_changed_columns() -> None:
    """The check warns of what `on_change: warn` is about, in the run that landed it and not in the next."""
    assert schema_check(KEY, [landed()]).passed
    assert schema_check(KEY, [landed(is_new=False, warnings=("removed a",))]).passed
    warned = schema_check(KEY, [landed(warnings=("removed a",))])
    assert not warned.passed
    assert warned.severity is dg.AssetCheckSeverity.WARN
    assert list(warned.metadata) == ["2026-01-02-1"]


def test_tables_of_what_was_applied(project: Project) -> None:
    """Counts by outcome and by reason, without a cell of any row."""
    with running(project) as run:
        land(run, 1, ("id", "code", "cost"), [("1", "Geheimnis", "Geheimnis"), ("", "Geheimnis", "1")])
        land(run, 2, ("id", "code", "cost"), [("1", "Geheimnis", "Geheim"), ("2", "Geheimnis", "-"), ("3", "", "x")])
        applied = apply_entity(run, "products")
        tables = [loads_table(applied.loads).md_str or "", reasons_table(applied.loads).md_str or ""]
        assert apply_entity(run, "products").loads.is_empty()
    assert "| erp.products | 2026-01-01 | 1 | 2 | 1 | 0 | 1 |" in tables[0]
    assert "| erp.products | 2026-01-01 | 1 | products.source_id_present | row | source_id | 1 |" in tables[1]
    assert "| erp.products | 2026-01-01 | 1 | products.cost_readable | value | cost | 1 |" in tables[1]
    assert "| erp.products | 2026-01-02 | 1 | products.cost_readable | value | cost | 2 |" in tables[1]
    assert not any("Geheimnis" in text for text in tables)


def test_accepting_a_loss_concerns_the_extracts_named(project: Project) -> None:
    """`--accept-loss` reaches the extracts it names, others stay as they are; a wrong name is refused."""
    told = run_configuration(project, NIGHTLY, reread=False, accept_loss=["erp.products"])
    assert told["ops"] == {"landing__erp__products": {"config": {"accept_loss": True}}}
    assert run_configuration(project, NIGHTLY, reread=False, accept_loss=[])["ops"] == {}
    both = run_configuration(project, NIGHTLY, reread=True, accept_loss=["erp.products"])
    assert both["ops"] == {"landing__erp__products": {"config": {"accept_loss": True, "reread": True}}}
    assert known_extracts(project, ["erp.products"]) == ["erp.products"]
    with pytest.raises(ConfigurationError, match=r"expected an extract as source\.extract: erp\.products"):
        known_extracts(project, ["erp.product"])
