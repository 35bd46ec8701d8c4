"""Claims on what a person sees who opens the UI on the demo in a real browser.

The pictures of docs/ui.md come from here: `make screenshots` runs these tests with `--screenshots docs/images`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e import browser, ui_server
from crm_pipeline_tests.e2e.browser import RUN_MS, Visitor

# One server and one browser for all of them, on one worker, and in this order: runs that find nothing new come last, so
# that the pictures show what the first one found.
pytestmark = pytest.mark.slow
_RUN_ID = re.compile(r"\b[0-9a-f]{8}$")
_ENDED = re.compile("^(Success|Failure|Canceled)$")
_CUSTOMERS = 18_484  # of the demo


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A running Chromium."""
    with sync_playwright() as playwright:
        executable = browser.chromium(playwright)
        if executable is None:
            pytest.skip("no Chromium found: install one with .ci/install-browser")
        running = browser.launch(playwright, executable)
        yield running
        running.close()


@pytest.fixture(scope="module")
def ui(demo: projects.Finished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ui_server.Page]:
    """The UI of a copy of the demo, which the command line has run."""
    copy = projects.copy(demo.folder, tmp_path_factory.mktemp("browser") / "demo")
    with ui_server.opened(copy, reports_port=None) as page:  # where the command line's links lead
        yield page


@pytest.fixture
def visitor(chromium: Browser, ui: ui_server.Page, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Somebody on the first page of the UI."""
    given = request.config.getoption("--screenshots")
    with browser.visiting(chromium, ui.url, tmp_path, Path(given) if given else None) as visitor:
        yield visitor


def test_a_check_says_what_it_counted(visitor: Visitor) -> None:
    """An asset shows its rows and columns; its check the reason for the rule, the verdict and both counts."""
    page = visitor.page
    visitor.open_asset("std / customers")
    expect(page.get_by_text("55,452", exact=True)).to_be_visible()
    expect(page.get_by_text("primary key in the source", exact=False)).to_be_visible()
    visitor.picture("asset")
    visitor.open_tab("Checks")
    page.get_by_role("link", name="customers_birth_date_not_in_future").or_(
        page.get_by_title("customers_birth_date_not_in_future")
    ).first.click()
    for text in ("Passed", "failed (Great Expectations)", "failed (accept or reject)", "judged"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    expect(page.get_by_text("non-blocking")).to_be_visible()
    visitor.picture("check")


def test_the_report_is_one_click_away(visitor: Visitor) -> None:
    """The asset of the report links to it; it opens in both languages, with the number of customers and no error."""
    visitor.open_asset("reports / run")
    with visitor.page.expect_popup() as opening:
        visitor.page.get_by_role("link", name=re.compile(r"latest\.html$")).first.click()
    visitor.page = opening.value
    visitor.page.set_viewport_size({"width": 1440, "height": 900})
    title = visitor.page.get_by_role("heading", level=1)
    expect(title).to_contain_text(f"{_CUSTOMERS:,} customers")
    visitor.picture("report")
    visitor.page.get_by_role("button", name="中文").click()
    expect(title).to_contain_text("客户")
    visitor.picture("report-zh")
    assert [text for text in visitor.complaints if text.startswith(visitor.page.url)] == []


def test_a_run_of_the_command_line_links_to_its_own_report(visitor: Visitor) -> None:
    """The link that a run without the UI left leads to that run's report, though the UI is not on its usual port."""
    visitor.open_asset("reports / run")
    visitor.open_tab("Events")
    link = visitor.page.get_by_role("link", name=re.compile(r"Z-[0-9a-f]{8}\.html$")).first
    with visitor.page.expect_popup() as opening:
        link.click()
    expect(opening.value.get_by_role("heading", level=1)).to_contain_text(f"{_CUSTOMERS:,} customers")


def test_the_lineage_shows_every_group(visitor: Visitor) -> None:
    """The lineage of all assets has the groups of the chain, from landing to publication."""
    visitor.go("Lineage")
    for group in ("landing", "std", "link", "gold", "mart", "publish"):
        expect(visitor.page.get_by_text(group, exact=True).last).to_be_visible()
    visitor.picture("lineage")


def test_the_job_is_launched_and_succeeds(visitor: Visitor) -> None:
    """Jobs, nightly, one day, launch: the run is under its job beside that of the command line, and succeeds."""
    page = visitor.page
    _open_job(visitor)
    visitor.open_tab("Runs")
    runs = page.get_by_role("link", name=_RUN_ID)
    expect(runs).to_have_count(1)
    visitor.open_tab("Overview")
    dialog = visitor.choose_days(projects.DATE)
    dialog.get_by_role("button", name="Launch 1 run").click()
    expect(dialog).to_be_hidden()
    visitor.open_tab("Runs")
    expect(runs).to_have_count(2)
    runs.first.click()
    assert _end(visitor) == "Success"
    expect(page.get_by_text("No steps have errored")).to_be_visible()
    page.locator('button:has([aria-label="expand_arrows"])').first.click()  # the steps over the whole page
    visitor.picture("run")
    _open_job(visitor)
    visitor.open_tab("Runs")
    expect(page.get_by_text("Success", exact=True)).to_have_count(2)
    visitor.picture("job")


def test_a_backfill_of_three_days_succeeds(visitor: Visitor) -> None:
    """Three days, two of them without a delivery, are one run, and the backfill's page says that all three are done."""
    page = visitor.page
    _open_job(visitor)
    dialog = visitor.choose_days("[2026-01-28...2026-01-30]")
    expect(dialog.get_by_text("3 partitions", exact=True)).to_be_visible()
    visitor.picture("backfill-days")
    dialog.get_by_role("button", name="Launch backfill").click()
    expect(dialog).to_be_hidden()
    visitor.go("Runs")
    visitor.open_tab("Backfills")
    page.get_by_role("link", name="View", exact=True).first.click()
    expect(page.get_by_text("100% completed")).to_be_visible(timeout=RUN_MS)
    expect(_below(page.get_by_text("Status", exact=True))).to_contain_text("Succeeded", timeout=RUN_MS)
    visitor.picture("backfill")
    visitor.open_tab("Runs")
    expect(page.get_by_role("link", name=_RUN_ID)).to_have_count(1)
    page.get_by_role("link", name=_RUN_ID).click()
    assert _end(visitor) == "Success"


def _open_job(visitor: Visitor) -> None:
    visitor.go("Jobs")
    visitor.page.get_by_role("link", name=re.compile(r"\bnightly\b")).first.click()
    expect(visitor.page.get_by_role("button", name="Materialize all")).to_be_visible()


def _end(visitor: Visitor) -> str:
    """How the run ends whose page is open."""
    verdict = visitor.page.get_by_text(_ENDED).first
    expect(verdict).to_be_visible(timeout=RUN_MS)
    return verdict.inner_text()


def _below(label: Locator) -> Locator:
    """The box that a label stands in, with its value."""
    return label.locator("..")
