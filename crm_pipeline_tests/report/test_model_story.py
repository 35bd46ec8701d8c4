"""The section on the model and ids: dots where the numbers are, words for every reason, what to do where one waits."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline import report
from crm_pipeline.linkage import pairs
from crm_pipeline.report import charts
from crm_pipeline.report.figures import Usual
from crm_pipeline.report.reading import Reading
from crm_pipeline.report.relations import relations
from crm_pipeline.report.render import reason, share
from crm_pipeline.report.words.model import REASONS
from crm_pipeline.state.measures import RunMeasures
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.report import building
from crm_pipeline_tests.report.test_page import PAGES

numbers = st.floats(0, 1e6).map(lambda number: round(number, 9))  # no figure is a trillionth of another one


@given(numbers, st.lists(numbers, max_size=7), numbers, numbers, st.booleans())
def test_everything_lies_on_its_line(
    found: float, before: list[float], one: float, other: float, has_low: bool
) -> None:
    """Dots, median and band are on the line; this run is inside its band on the line exactly where it is in numbers."""
    low, high = sorted((one, other))
    [strip] = charts.strips([Usual("x", found, tuple(before), (low + high) / 2, low if has_low else None, high)])
    assert strip.band is not None
    begin, end = strip.band[0], strip.band[0] + strip.band[1]
    places = [strip.found, *strip.before, begin, end]
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in places)
    if has_low and high - low > 1e-3:
        assert (begin - 1e-6 <= strip.found <= end + 1e-6) == (low <= found <= high)
    [bare] = charts.strips([Usual("x", found, tuple(before))])
    assert (bare.band, bare.median) == (None, None)


def test_reasons_have_words() -> None:
    """Each reason that pairing gives a model is known, with its values in both languages."""
    given = [version.reason for version in building.model_story().versions]
    assert {*given} >= {pairs._ASKED_FOR, pairs._reason_for_a_new_model(None, [], retrain=False)}
    for text in given:
        assert [key for pattern, key in REASONS if pattern.fullmatch(text)], text
    assert len({key for text in given for pattern, key in REASONS if pattern.fullmatch(text)}) == len(REASONS)
    told = reason("usable columns of people changed: gained birth_date, lost none")
    assert "个人可用的列有变；新增：<code>birth_date</code>；减少：无" in told
    assert "gained: <code>birth_date</code>; lost: none" in told
    assert reason("<b>") == '<span lang="en">&lt;b&gt;</span>'


@pytest.mark.parametrize("name", ["rich", "waiting", "refused", "accepted"])
def test_what_to_do(name: str) -> None:
    """A model that waits is told with the command that accepts it; one that was refused with its comparisons."""
    page = report.render(PAGES[name])
    assert ("linkage accept model" in page) == (name == "waiting")
    assert ("it learnt what can" in page.lower()) == (name == "refused")
    assert page.count('class="alert ') == (name != "rich")
    assert ("linkage accept match_rate" in page) == (name != "accepted")  # the figures that stopped the run


def test_verdicts_stand_in_their_cells() -> None:
    """The matrix of a population has each count once, old in rows and new in columns."""
    [people, _] = building.model_story().changes
    names = ("link", "review", "none")
    verdicts = {old: {new: 1_000 * a + 10 * b for b, new in enumerate(names, 1)} for a, old in enumerate(names, 1)}
    story = replace(building.model_story(), changes=(replace(people, verdicts=verdicts),))
    page = report.render(replace(PAGES["one run"], model=story))
    [table] = re.findall(r'<table class="heat verdicts">.*?</table>', page, re.DOTALL)
    cells = [int(cell.replace(",", "")) for cell in re.findall(r">([\d,]+)</td>", table)]
    assert cells == [1_010, 1_020, 1_030, 2_010, 2_020, 2_030, 3_010, 3_020, 3_030]


def test_ids_over_runs() -> None:
    """Shares are of known records; a run that knew none, or did not come to ids, is no point."""
    first, *others = (building.measures(n) for n in range(4))
    stopped = RunMeasures("s", first.started_at, 1.0, others[0].outcome)
    series = {each.name: each for each in charts.identity_trend([first, stopped, *others])}
    assert [len(each.points) for each in series.values()] == [3] * 4
    last = others[-1].counts
    assert series["kept_share"].latest == last["kept_records"] / last["known_records"]
    assert series["ids_parted"].latest == last["ids_split"] + last["ids_moved"]
    assert charts.identity_trend([first, others[0]]) == ()


@pytest.mark.parametrize(
    ("value", "expected"), [(1, "100%"), (0.9999999, "99.999%"), (0.98765, "98.765%"), (0, "0.000%")]
)
def test_share(value: float, expected: str) -> None:
    """Nothing but all is 100 %."""
    assert share(value) == expected


def test_relations_are_counted_once(warehouse: Warehouse) -> None:
    """A pair counts once, whoever tells it and in whichever direction; one that two things tell counts for both."""
    assert relations(Reading.of(warehouse)) == ()
    warehouse.execute("""
        CREATE TABLE gold.customer_relations AS SELECT * FROM (VALUES
            ('A', 'B', 'household', 'crm', 'address'), ('B', 'A', 'household', 'crm', 'address'),
            ('A', 'B', 'household', 'shop', 'address'), ('A', 'C', 'household', 'crm', 'address'),
            ('A', 'F', 'works_for', 'crm', 'reference'), ('A', 'F', 'works_for', 'shop', 'name')
        ) AS t(customer_id, related_customer_id, kind, source, known_by)
    """)
    found = {each.kind: (each.pairs, each.customers, dict(each.known_by)) for each in relations(Reading.of(warehouse))}
    assert found == {
        "household": (2, 3, {"address": 2}),
        "works_for": (1, 2, {"name": 1, "reference": 1}),
    }


def test_the_first_model_and_a_run_that_linked_nothing() -> None:
    """Without anything to compare the page says so, and so does a run that did not link."""
    page = html.unescape(report.render(PAGES["first model"]))
    assert "There is nothing to compare" in page
    assert "本次运行未执行到匹配" in page
    assert "尚无模型" in report.render(replace(PAGES["rich"], model=None))
