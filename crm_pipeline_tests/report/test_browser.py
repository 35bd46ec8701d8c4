"""The page in a real browser with the network off.

All tests of this module share one tab, which goes from page to page; those that need another browser's language or no
script open their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline import report
from crm_pipeline_tests.report.test_page import PAGES

_WIDTHS = (1440, 1000, 768, 390, 320)
_A4_WIDTH = 718  # 210 mm without margins of 10 mm each, at 96 pixels to the inch
_THRESHOLDS = (
    (6.63, 0.58),
    (0.6, 0.58),
    (None, 0.58),
    (36.0, 0.58),
    (36.0, 30.0),
    (31.0, 14.0),
    (43.9, 43.8),
    (30.0, 29.5),
    (27.0, 8.0),
    (26.3, 9.5),
)
_OPEN = "document.querySelectorAll('details').forEach(each => { each.open = true })"
_SWITCH = "document.getElementById('language').click()"


@dataclass
class Tab:
    """A tab, and what its pages asked for or complained about, which must be nothing but themselves."""

    page: Any
    told: list[str] = field(default_factory=list)
    file: Path | None = None

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", lambda request: self._notice(request.url))

    def _notice(self, url: str) -> None:
        if self.file is None or url != self.file.as_uri():
            self.told.append(url)

    def show(self, file: Path, *, language: str | None = None) -> Any:
        """The page of the file, switched to the language `en` or `zh-CN`; what was told before is forgotten."""
        self.file = file
        self.told.clear()
        self.page.goto(file.as_uri())
        if language and self.page.evaluate("document.documentElement.lang") != language:
            self.page.evaluate(_SWITCH)
        return self.page


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    written = {name: folder / f"{name}.html" for name in PAGES}
    for name, file in written.items():
        file.write_text(report.render(PAGES[name]), encoding="utf-8")
    return written


def opened(browser: Any, **options: Any) -> Tab:
    """A tab of its own, without network and memory."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True, **options)
    return Tab(context.new_page())


@pytest.fixture(scope="module")
def shared(browser: Any) -> Iterator[Tab]:
    """The tab of the module."""
    tab = opened(browser, locale="en-GB")
    yield tab
    tab.page.context.close()


@pytest.fixture
def tab(shared: Tab) -> Iterator[Tab]:
    """The same, as wide and as light as a desk, after each test again."""
    yield shared
    shared.page.set_viewport_size({"width": 1440, "height": 900})
    shared.page.emulate_media(media="screen", color_scheme="light")


@pytest.mark.parametrize("name", PAGES)
def test_fits(tab: Tab, files: dict[str, Path], name: str) -> None:
    """On any screen, in both languages, nothing sticks out sideways, no request leaves, and no error is logged."""
    page = tab.show(files[name])
    page.evaluate(_OPEN)
    for _ in range(2):
        page.evaluate(_SWITCH)
        for width in _WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.told == []


def test_languages(browser: Any, files: dict[str, Path]) -> None:
    """The browser's language comes first; the button changes everything and is remembered."""
    tab = opened(browser, locale="en-GB")
    page = tab.show(files["rich"])
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
    assert tab.told == []
    page.context.close()


def test_chinese_browser(browser: Any, files: dict[str, Path]) -> None:
    """A browser in Chinese shows Chinese, without an English word of ours."""
    tab = opened(browser, locale="zh-CN")
    text = tab.show(files["rich"]).locator("main").inner_text()
    assert "完整率" in text
    assert "Completeness" not in text
    tab.page.context.close()


def test_without_script(browser: Any, files: dict[str, Path]) -> None:
    """Without script the page is in English, and has no button that does nothing."""
    tab = opened(browser, locale="zh-CN", java_script_enabled=False)
    page = tab.show(files["rich"])
    assert "records are" in page.locator("h1").inner_text()
    assert not page.locator("#language").is_visible()
    assert tab.told == []
    page.context.close()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_contrast(tab: Tab, files: dict[str, Path], language: str) -> None:
    """All text, light or dark, has a contrast of 4.5 to its ground, or 3 where it is large (WCAG 2.2, level AA)."""
    page = tab.show(files["stopped"], language=language)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(_CONTRAST) == []


def test_names_of_charts(tab: Tab, files: dict[str, Path]) -> None:
    """Each figure, and each region that scrolls, has a name for those who do not see it; the keyboard reaches these."""
    page = tab.show(files["rich"])
    page.evaluate(_OPEN)
    names = page.evaluate(_NAMES, "figure")
    assert len(names) >= 6
    regions = page.evaluate(_NAMES, ".scroll")
    assert len(regions) >= 6
    assert all([*names, *regions])
    assert page.locator(".scroll:not([tabindex='0'][role=region])").count() == 0


def test_what_scrolls_inside_itself_shows_it(tab: Tab, files: dict[str, Path]) -> None:
    """A table wider than a phone fades towards its hidden side, no longer at its end; one that fits does not fade."""
    page = tab.show(files["rich"])
    scrolls = page.locator("#deliveries .scroll")
    page.wait_for_function(_FADES, arg=[["0px", "0px"]], timeout=10_000)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(_FADES, arg=[["0px", "56px"]], timeout=10_000)
    scrolls.evaluate("each => { each.scrollLeft = 120 }")
    page.wait_for_function(_FADES, arg=[["56px", "56px"]], timeout=10_000)
    scrolls.evaluate("each => { each.scrollLeft = each.scrollWidth }")
    page.wait_for_function(_FADES, arg=[["56px", "0px"]], timeout=10_000)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_labels_of_thresholds_are_free(tab: Tab, files: dict[str, Path], language: str) -> None:
    """On any screen, wherever the thresholds lie, no line or label of the histogram runs through a label."""
    page = tab.show(files["rich"], language=language)
    for width in (1440, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        for drawn, thresholds in zip(_histograms(), _THRESHOLDS, strict=True):
            page.evaluate("drawn => { document.querySelector('.histogram').outerHTML = drawn }", drawn)
            assert page.evaluate(_CROSSED) == [], (thresholds, width)


@cache
def _histograms() -> tuple[str, ...]:
    """The chart alone, for each pair of thresholds."""
    rich = replace(PAGES["one run"], disagreements=(), fills={}, checks=())
    pages = [report.render(replace(rich, match_weight=match, review_weight=review)) for match, review in _THRESHOLDS]
    return tuple(
        page[page.index('<figure class="histogram') :].partition("</figure>")[0] + "</figure>" for page in pages
    )


@pytest.mark.parametrize("name", ["rich", "stopped"])
def test_fits_on_paper(tab: Tab, files: dict[str, Path], name: str) -> None:
    """Printed on A4, in both languages, no table is wider than the page or than the card that it is in."""
    page = tab.show(files[name])
    page.evaluate(_OPEN)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": _A4_WIDTH, "height": 1000})
    for _ in range(2):
        page.evaluate(_SWITCH)
        assert page.evaluate("document.documentElement.scrollWidth") <= _A4_WIDTH
        assert page.evaluate(_WIDER) == []


# The texts that name each element.
_NAMES = """
selector => Array.from(document.querySelectorAll(selector), each =>
  document.getElementById(each.getAttribute('aria-labelledby')).innerText.trim())
"""
# How wide the fade is before and behind what is in sight, once it has been painted.
# Whether the table of deliveries fades before and behind so widely; the browser decides it some frames after a change.
_FADES = """
expected => {
  const found = Array.from(document.querySelectorAll('#deliveries .scroll'), each =>
    ['--before', '--behind'].map(name =>
      `${Math.round(parseFloat(getComputedStyle(each).getPropertyValue(name)))}px`));
  return JSON.stringify(found) === JSON.stringify(expected);
}
"""
# Pairs of what overlaps among the labels of the histogram, the lines of its thresholds, and the text above it.
_CROSSED = """
() => {
  const seen = each => each.getBoundingClientRect();
  const labels = Array.from(document.querySelectorAll('.mark > b, .level > b, .axis > *, .legend:has(+ .histogram)'));
  const lines = Array.from(document.querySelectorAll('.mark'));
  const box = document.querySelector('.histogram').closest('.card');
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const crossed = [];
  for (const label of labels) {
    for (const other of [...labels, ...lines])
      if (other !== label && meet(seen(label), seen(other)))
        crossed.push([label.innerText, other.className || other.innerText]);
    if (seen(label).left < seen(box).left || seen(label).right > seen(box).right)
      crossed.push([label.innerText, 'edge']);
  }
  return crossed;
}
"""
# Tables that reach over what they are in.
_WIDER = """
() => Array.from(document.querySelectorAll('.scroll'), each => {
  const card = each.closest('.card'), style = getComputedStyle(card), box = card.getBoundingClientRect();
  const over = each.firstElementChild.getBoundingClientRect().right - (box.right - parseFloat(style.paddingRight));
  return [each.getAttribute('aria-labelledby'), over];
}).filter(([, over]) => over > 0.5)
"""
# Each text node whose colour is too near to that of the first opaque ground behind it.
_CONTRAST = """
() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const known = new Map();
  const painted = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return Array.from(canvas.getImageData(0, 0, 1, 1).data);
  };
  const rgba = colour => {
    if (!known.has(colour)) known.set(colour, painted(colour));
    return known.get(colour);
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
