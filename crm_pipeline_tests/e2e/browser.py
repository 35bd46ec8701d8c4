"""Chromium on the Dagster UI: finding it, moving about as a person does, and pictures of what is seen.

Belongs here: what several claims need. Does not belong here: the claims.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, Playwright, expect

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WIDTH, _HEIGHT = 1440, 900
# The servers share two processors with the run they show, and with other tests.
PATIENCE_MS = 60_000
RUN_MS = 400_000
_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|Users|private|var)/\S+")


def chromium(playwright: Playwright) -> str | None:
    """The Chromium of this machine, or Playwright's own; None: there is none."""
    found = next((path for path in map(shutil.which, _COMMANDS) if path), None)
    own = playwright.chromium.executable_path
    return found or (own if Path(own).exists() else None)


def launch(playwright: Playwright, executable: str) -> Browser:
    """A running browser without a window."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root can't have one
    return playwright.chromium.launch(executable_path=executable, args=["--disable-gpu", *sandbox])


@dataclass
class Visitor:
    """Somebody in front of the UI.

    Attributes:
        page: what is looked at.
        screenshots: where pictures for the documentation go; None: nowhere.
        complaints: errors on the console of any page, as `address: text`.
    """

    page: Page
    screenshots: Path | None
    complaints: list[str] = field(default_factory=list)

    def go(self, link: str) -> None:
        """A click on a link of the navigation on the left."""
        self.page.get_by_role("link", name=re.compile(rf"\b{link}$")).first.click()  # before it stands the icon's name

    def open_asset(self, name: str) -> None:
        """The page of an asset, by the search that every page has."""
        self.page.get_by_role("button", name="Search").click()
        self.page.keyboard.type(name.replace(" ", ""))
        self.page.get_by_role("link", name=f"{name} Asset in crm_pipeline").click()
        expect(self.page.get_by_role("tab", name="Checks")).to_be_visible()

    def open_tab(self, name: str) -> None:
        """A tab of the page."""
        self.page.get_by_role("tab", name=name, exact=True).click()

    def choose_days(self, days: str) -> Locator:
        """The dialog of the job's button with these days chosen, all of time being shown."""
        self.page.get_by_role("button", name="Materialize all").click()
        dialog = self.page.get_by_role("dialog").last
        dialog.get_by_role("button", name="Show all partitions").click()
        box = dialog.get_by_placeholder("ex: ")
        box.fill(days)
        box.press("Enter")
        return dialog

    def picture(self, name: str) -> None:
        """A picture of the page as it is, once nothing is loading any more; no path of a machine may be on it."""
        if self.screenshots is None:
            return
        self.page.mouse.move(1, 1)  # nothing is there to light up
        self.page.wait_for_load_state("networkidle")
        expect(self.page.get_by_text(re.compile("^Loading"))).to_have_count(0)
        for text in self.page.get_by_text(_PATH).all():
            expect(text, f"{name} shows a path of this machine").not_to_be_in_viewport()
        self.screenshots.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.screenshots / f"ui-{name}.png", animations="disabled")


@contextlib.contextmanager
def visiting(browser: Browser, url: str, evidence: Path, screenshots: Path | None) -> Iterator[Visitor]:
    """Somebody who opens `url`; when a claim fails, what was on the screen is in the folder `evidence`."""
    context = browser.new_context(
        viewport={"width": _WIDTH, "height": _HEIGHT}, locale="en-US", timezone_id="UTC", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    visitor = Visitor(context.new_page(), screenshots)
    context.on("console", lambda message: _listen(visitor, message))
    context.on("weberror", lambda error: visitor.complaints.append(f"{error.page and error.page.url}: {error.error}"))
    try:
        visitor.page.goto(url)
        yield visitor
    except (AssertionError, Error) as error:
        _keep(context, evidence)
        raise AssertionError(f"{error}\nWhat was on the screen: {evidence}/*.png and *.txt") from error
    finally:
        context.close()


def _listen(visitor: Visitor, message: ConsoleMessage) -> None:
    if message.type == "error":
        visitor.complaints.append(f"{message.page and message.page.url}: {message.text}")


def _keep(context: BrowserContext, evidence: Path) -> None:
    for number, page in enumerate(context.pages, start=1):
        page.screenshot(path=evidence / f"page-{number}.png")
        (evidence / f"page-{number}.txt").write_text(f"{page.url}\n\n{page.locator('body').inner_text()}\n")
