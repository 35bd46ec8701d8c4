"""Why records are one: bars that say what the numbers say, words for all of the model, a page without values."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline import report
from crm_pipeline.linkage.model import POPULATIONS
from crm_pipeline.report import charts
from crm_pipeline.report.figures import HELD_BY, FallStep, Held
from crm_pipeline.report.render import bits
from crm_pipeline.report.words import WORDS
from crm_pipeline_tests.report import building
from crm_pipeline_tests.report.test_chinese import Shown
from crm_pipeline_tests.report.test_page import PAGES, Outline

weights = st.floats(-60, 60)
falls = pytest.mark.parametrize("population", ["people", "organisations"])


@given(st.lists(weights, max_size=9), weights)
def test_stairs_begin_where_the_one_before_ended(steps: list[float], start: float) -> None:
    """Each bar is in the plot, as long as its bits, and leads from one sum to the next; the last is the sum."""
    fall = replace(
        building.fall(),
        steps=tuple(FallStep("comparison", "phones", "equal", step) for step in [start, *steps]),
        weight=start + sum(steps),
    )
    drawn = charts.stairs(fall)
    width = 100 / (drawn.scale.high - drawn.scale.low)
    for stair in drawn.stairs:
        assert stair.span.start >= -1e-6
        assert stair.span.start + stair.span.length <= 100 + 1e-6
        assert stair.span.length == pytest.approx(abs(stair.step.bits) * width)
        assert stair.span.is_for == (stair.step.bits > 0)
        end = stair.span.start + stair.span.length * stair.span.is_for
        assert end == pytest.approx(drawn.scale.place(stair.total), abs=1e-6)
    assert drawn.total.length == pytest.approx(abs(fall.weight) * width)
    assert len(drawn.scale.ticks) <= 8


@given(
    st.dictionaries(st.integers(2, 300), st.dictionaries(st.sampled_from(HELD_BY), st.integers(1, 10**6)), max_size=20)
)
def test_no_customer_is_lost(held: dict[int, dict[str, int]]) -> None:
    """Groups by size hold all customers, each once, and their parts sum to the group."""
    groups = charts.held_groups([Held(records, customers) for records, customers in held.items()])
    assert sum(group.customers for group in groups) == sum(sum(customers.values()) for customers in held.values())
    assert all(sum(n for _, n in group.parts) == group.customers for group in groups)
    assert dict(charts.held_totals(groups)) == {
        kind: sum(customers.get(kind, 0) for customers in held.values()) for kind in HELD_BY
    }


def test_words_for_all_of_the_model() -> None:
    """Every comparison and level of both models has words in both languages; a level's English is its label."""
    for population in POPULATIONS:
        assert f"population.{population.name}" in WORDS
        assert f"part.related.{population.name}" in WORDS
        for comparison in population.comparisons:
            assert f"comparison.{comparison.name}" in WORDS
            for level in comparison.levels:
                assert WORDS[f"level.{level.label}"].en == level.label


@falls
def test_waterfall_page(population: str) -> None:
    """It is valid, asks nothing of the network, and its Chinese has no English word but keys of records."""
    page = report.render_waterfall(building.fall(population))
    outline = Outline(page)
    assert outline.headings.count(1) == 1
    assert {*outline.references} <= {*outline.ids}
    assert not re.search(r"https?://|@import|url\((?!#)|fetch\(", page)
    left = {text for text in Shown(page).texts if re.search("[A-Za-z]", text.replace("English", ""))}
    assert left == set()
    assert "−11.5" in page


def test_hostile_keys() -> None:
    """A record key is shown as it is, whatever is in it."""
    page = report.render_waterfall(replace(building.fall(), left="crm/c/<b>{0}%s"))
    assert "crm/c/&lt;b&gt;{0}%s" in page
    Outline(page)


def test_without_links_and_model() -> None:
    """A project without a customer of two records and without a model says so."""
    page = report.render(replace(PAGES["rich"], held=(), worth=()))
    assert WORDS["why.none"].zh in page
    assert WORDS["worth.none"].en in page


@pytest.mark.parametrize(("value", "expected"), [(3.14, "+3.1"), (-0.04, "0.0"), (-8.66, "−8.7"), (0, "0.0")])
def test_bits(value: float, expected: str) -> None:
    """Weights have one decimal and a sign, unless nothing is left to sign."""
    assert bits(value) == expected
