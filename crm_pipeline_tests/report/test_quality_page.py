"""The quality report: whole, in both languages, without network and without values."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from typing import Any

import pytest

from crm_pipeline.report.figures.incoming import Check
from crm_pipeline.report.figures.quality import Anomaly, CheckTrend, QualityFigures, Quarter, Score
from crm_pipeline.report.quality_figures import collect_quality
from crm_pipeline.report.quality_page import figure, hundredths, points, render_quality, tone
from crm_pipeline.report.words import WORDS
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.report import building

_CHECK = Check(
    "std.orders", "orders.amount_readable", "value", 60_398, 35, is_passed=False, notes="Why <it> is. What to do."
)


def figures() -> QualityFigures:
    """One of everything."""
    parts = (0.984, 0.999, 1.0, None, 0.5)
    score = Score("crm", 1000, parts, ((date(2026, 1, 1), 0.9), (date(2026, 1, 2), 0.95)))
    return QualityFigures(
        project_name="p",
        measures=building.measures(),
        run_page="run.html",
        whole=dataclasses.replace(score, name=None),
        sources=(score,),
        entities=(dataclasses.replace(score, name="orders"),),
        owners=(score, dataclasses.replace(score, name=None)),
        quarters=(Quarter("Sales", {"2025 Q4": 0.9, "2026 Q1": 0.95}), Quarter(None, {"2026 Q1": 0.7})),
        columns=(dataclasses.replace(score, name="crm.orders.amount", trend=()),),
        anomalies=(
            Anomaly("crm.orders", "volume", date(2026, 1, 2), 500, 1000, 760, 1240, 30),
            Anomaly("crm.orders", "days_since_delivery", date(2026, 1, 2), 4, 1, None, 2.4, 12),
        ),
        checks=(CheckTrend(_CHECK, "rule", (0.0, 0.001, 0.0006)),),
        chinese={_CHECK.notes: "为何如此。如何处理。"},
    )


def pages() -> tuple[str, ...]:
    """Pages in which each text of the quality report is said: with every figure and kind of check, and empty."""
    full, kinds = figures(), ("rule", "test", "guard", "anomaly")
    metrics = [key.removeprefix("metric.") for key in WORDS if key.startswith("metric.")]
    told = dataclasses.replace(
        full,
        anomalies=tuple(dataclasses.replace(full.anomalies[0], metric=metric) for metric in metrics) + full.anomalies,
        checks=tuple(CheckTrend(_CHECK, kind, (0.0, 0.1)) for kind in kinds),
    )
    sound = dataclasses.replace(full, columns=(), anomalies=(), checks=())
    nothing = dataclasses.replace(sound, whole=Score(None, 0, (None,) * 5), sources=())
    return tuple(render_quality(each) for each in (full, told, sound, nothing))


def test_the_page_says_everything_in_both_languages() -> None:
    """Scores, quarters, anomalies with their bands, and checks with their notes are there, and values are escaped."""
    page = render_quality(figures())
    for said in (
        "87.1",
        "2025 Q4",
        "760 to 1,240",
        "760 至 1,240",
        "up to 2.4",
        "至 2.4",
        "35 of 60,398 rows",
        "为何如此",
    ):
        assert said in page
    assert "Why &lt;it&gt; is." in page
    assert "<it>" not in page
    assert page.count('lang="zh-CN"') > 50
    assert "{" not in re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)


def test_the_page_asks_nothing_of_the_network() -> None:
    """No address of any other place is in it; the only link leads to the report of the run beside it."""
    page = render_quality(figures())
    assert not re.search(r"(?:https?:)?//|@import|url\((?!#)", page.replace("http://www.w3.org/", ""))
    assert set(re.findall(r'href="([^#"][^"]*)"', page)) == {"run.html"}


def test_an_empty_warehouse_has_a_page(warehouse: Warehouse) -> None:
    """A run that was stopped before anything was made has its quality report all the same."""
    empty = collect_quality(
        warehouse, project_name="p", measures=building.measures(), run_page="", verdicts=(), chinese=None
    )
    assert empty.whole.score is None
    assert "No delivery has been scored yet" in render_quality(empty)


@pytest.mark.parametrize(
    ("share", "shown", "colour"),
    [(None, "–", "zero"), (1.0, "100", "ok"), (0.99996, "99.9", "ok"), (0.79, "79.0", "bad")],
)
def test_scores_are_never_rounded_to_perfect(share: float | None, shown: str, colour: str) -> None:
    """100 is written where nothing at all is wrong, and nowhere else."""
    assert (hundredths(share), tone(share)) == (shown, colour)


def test_figures_and_lines() -> None:
    """Figures have the decimals they need; the lowest value of a line lies at the bottom."""
    assert [figure(value) for value in (12345.6, 2.4, 0.1239, 4.0)] == ["12,346", "2.4", "0.124", "4"]
    assert points((0.0, 1.0)) == "0.0,22.0 100.0,2.0"
    assert points((1.0, 1.0)) == "0.0,12.0 100.0,12.0"


@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_fits_its_window(browser: Any, width: int) -> None:
    """Neither on a screen nor on a phone does the page scroll sideways, in either language."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(render_quality(figures()))
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.click("#language")
    page.close()
