"""The page in a real browser with the network off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline import report
from crm_pipeline_tests.report.test_page import PAGES

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium found: install one with .ci/install-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    written = {name: folder / f"{name}.html" for name in PAGES}
    for name, file in written.items():
        file.write_text(report.render(PAGES[name]), encoding="utf-8")
    return written


def opened(
    browser: Any, file: Path, *, width: int = 1440, locale: str = "en-GB", **options: Any
) -> tuple[Any, list[str]]:
    """The page, and what it asked for or complained about, which must be nothing but itself."""
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=locale, offline=True, **options)
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: None if request.url == file.as_uri() else told.append(request.url))
    page.goto(file.as_uri())
    return page, told


@pytest.mark.parametrize("name", PAGES)
def test_fits(browser: Any, files: dict[str, Path], name: str) -> None:
    """On any screen, in both languages, nothing sticks out sideways, no request leaves, and no error is logged."""
    page, told = opened(browser, files[name])
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    for _ in range(2):
        page.get_by_role("button").click()
        for width in (1440, 1000, 768, 390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert told == []
    page.context.close()


def test_languages(browser: Any, files: dict[str, Path]) -> None:
    """The browser's language comes first; the button changes everything and is remembered."""
    page, told = opened(browser, files["rich"])
    assert page.evaluate("document.documentElement.lang") == "en"
    heading = page.locator("h1")
    assert "records are" in heading.inner_text()
    page.get_by_role("button").click()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert "条记录" in heading.inner_text()
    assert "records are" not in heading.inner_text()
    assert "运行报告" in page.title()
    assert "待复核" in page.locator(".bin").first.get_attribute("title")
    page.reload()
    assert "条记录" in heading.inner_text()
    page.get_by_role("button").click()
    assert "for review" in page.locator(".bin").first.get_attribute("title")
    assert "Run report".lower() in page.title().lower()
    assert told == []
    page.context.close()


def test_chinese_browser(browser: Any, files: dict[str, Path]) -> None:
    """A browser in Chinese shows Chinese, without an English word of ours."""
    page, _ = opened(browser, files["rich"], locale="zh-CN")
    text = page.locator("main").inner_text()
    assert "完整率" in text
    assert "Completeness" not in text
    page.context.close()


def test_without_script(browser: Any, files: dict[str, Path]) -> None:
    """Without script the page is in English, and has no button that does nothing."""
    page, told = opened(browser, files["rich"], locale="zh-CN", java_script_enabled=False)
    assert "records are" in page.locator("h1").inner_text()
    assert not page.locator("#language").is_visible()
    assert told == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_contrast(browser: Any, files: dict[str, Path], scheme: str, locale: str) -> None:
    """All text has a contrast of 4.5 to its ground, or 3 where it is large (WCAG 2.2, level AA)."""
    page, _ = opened(browser, files["stopped"], locale=locale, color_scheme=scheme)
    assert page.evaluate(_CONTRAST) == []
    page.context.close()


def test_names_of_charts(browser: Any, files: dict[str, Path]) -> None:
    """Each figure has a name for those who do not see it."""
    page, _ = opened(browser, files["rich"])
    figures = page.locator("figure")
    assert figures.count() >= 6
    for number in range(figures.count()):
        labelled = figures.nth(number).get_attribute("aria-labelledby")
        assert page.locator(f"#{labelled}").inner_text().strip()
    page.context.close()


# Each text node whose colour is too near to that of the first opaque ground behind it.
_CONTRAST = """
() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return Array.from(canvas.getImageData(0, 0, 1, 1).data);
  };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour[3] > 220) return colour;
    }
    return [255, 255, 255];
  };
  const bad = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (element.closest('.hidden,.skip,.self,script,style')) continue;
    const [a, b] = [light(rgba(style.color)), light(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    const text = `${element.className} ${walker.currentNode.textContent.trim()} ${contrast.toFixed(2)}`;
    if (contrast < (isLarge ? 3 : 4.5)) bad.add(text);
  }
  return [...bad].slice(0, 12);
}
"""
