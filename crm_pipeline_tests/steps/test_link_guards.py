"""Claims on the guards after linking: what is compared with what, when a run stops, and how it goes on."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage import cluster_records
from crm_pipeline.settings import Guards, Linkage, Project
from crm_pipeline.state.link_figures import LinkFigures, LinkFigureStore
from crm_pipeline.steps.publishing.link_accepting import accept, waiting
from crm_pipeline.steps.publishing.link_figures import judge, measure, runs_before, stability_index
from crm_pipeline.steps.publishing.link_guards import claims, claims_zh, guard_linking, told
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CHECK_RESULTS, PAIRS
from crm_pipeline_tests.linkage.conftest import fill_customers
from crm_pipeline_tests.steps.building import project_of, running

CONFIG = """\
version: 1
start_date: 2026-01-01
sources:
  crm: {extracts: {customers: {read: {file: a.csv}, primary_key: id, columns: {name: n}}}}
"""
START = datetime(2026, 1, 1, 3)  # noqa: DTZ001 - UTC without a zone
NONE: frozenset[tuple[str, str]] = frozenset()


def of_run(number: int, *, rate: float = 0.4, records: int = 10_000, **others: Any) -> LinkFigures:
    """A run like all others but for what is given."""
    given = {name: others.pop(name) for name in ("edges_per_record", "largest_cluster") if name in others}
    figures = {
        "match_rate": rate,
        "match_rate.people": rate,
        "match_rate.organisations": 0.0,
        "customers_per_record": 0.7,
        "edges_per_record": 0.5,
        "largest_cluster": 9.0,
    }
    counts = {"records": records, "records.people": records, "records.organisations": 0, "weighed_pairs": 5_000}
    weights = dict.fromkeys(range(10), 500)
    started = START + timedelta(days=number)
    made = LinkFigures(f"run{number}", started, {"extracts": ["a.b"]}, 1, counts, figures | given, weights)
    return replace(made, **{"is_published": True, **others})


def judged(now: LinkFigures, earlier: list[LinkFigures], accepted: Any = NONE, **guards: Any) -> list[str]:
    """The figures out of their band, by name."""
    found = judge(now, earlier, accepted, Linkage(guards=Guards(**guards)))
    return [each.figure for each in found if each.is_broken]


USUAL = [of_run(number, rate=rate) for number, rate in enumerate((0.39, 0.40, 0.41, 0.40))]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (of_run(9, rate=0.44), []),
        (of_run(9, rate=0.46), ["match_rate", "match_rate.people"]),
        (of_run(9, rate=0.30), ["match_rate", "match_rate.people"]),
        (of_run(9, rate=0.46, records=1_500), []),  # ninety records of a small project
        (of_run(9, edges_per_record=0.74), []),
        (of_run(9, edges_per_record=0.76), ["edges_per_record"]),
        (of_run(9, edges_per_record=0.3), ["edges_per_record"]),
        (of_run(9, edges_per_record=0.9, records=400), []),
        (of_run(9, largest_cluster=20.0), []),  # more than twice 9, and no giant
        (of_run(9, largest_cluster=21.0), ["largest_cluster"]),
        (of_run(9, weights={low: 350 + 300 * (low % 2) for low in range(10)}), []),
        (of_run(9, weights=dict.fromkeys(range(5, 15), 500)), ["stability_index"]),
        (of_run(9, weights=dict.fromkeys(range(5, 15), 500), model_version=2), []),
    ],
)  # fmt: skip
def test_what_stops_a_run(now: LinkFigures, expected: list[str]) -> None:
    """Beyond the band around the median of the last runs, and more than a few records or pairs."""
    assert judged(now, USUAL) == expected


@pytest.mark.parametrize(("people", "is_broken"), [(100, True), (99, False), (0, False)])
def test_a_population_that_is_gone_stops_a_run(people: int, *, is_broken: bool) -> None:
    """Where people were, a hundred at least, and none is left, the run stops, whatever share of them was linked."""

    def run(number: int, count: int) -> LinkFigures:
        usual = of_run(number, rate=0.01)
        counts = {"records": 5_000, "records.people": count, "records.organisations": 5_000 - count}
        return replace(usual, counts=dict(usual.counts) | counts)

    before = [run(number, people) for number in range(3)]
    now = replace(run(9, 0), figures=dict(before[0].figures) | {"match_rate.people": 0.0})
    found = judge(now, before, NONE, Linkage())
    broken = [each for each in found if each.is_broken]
    assert [each.figure for each in broken] == ["match_rate.people"] * is_broken
    if is_broken:
        assert "No records of people are left" in told(broken, now)
    accepted = replace(now, run_id="gone", judged=tuple(found), is_published=False)
    assert judged(replace(now, run_id="next"), [*before, accepted], {("match_rate", "gone")}) == []


def test_guards_are_switched_off_and_set() -> None:
    """A guard that is null never stops; another band is another limit."""
    now = of_run(9, rate=0.6, edges_per_record=2.0)
    assert judged(now, USUAL, match_rate=None, edges_per_record=None) == []
    assert judged(now, USUAL, match_rate=0.3, edges_per_record=3.0) == ["edges_per_record"]


def test_the_first_runs_are_not_judged() -> None:
    """There is a band from three runs on, on an equal basis: a new extract or threshold begins anew."""
    odd = of_run(9, rate=0.9)
    assert judged(odd, USUAL[:2]) == []
    assert judged(odd, USUAL[:3]) != []
    assert judged(replace(odd, basis={"extracts": ["a.b", "shop.users"]}), USUAL) == []
    others = [replace(run, basis={"extracts": ["a.b", "shop.users"]}) for run in USUAL[2:]]
    assert judged(odd, [*USUAL[:2], *others]) == []


def test_a_stopped_run_is_no_measure_until_accepted() -> None:
    """However often a run is stopped, it is not the usual; accepted, it is, and those before it count no more."""
    odd = of_run(8, rate=0.6)
    stopped = replace(odd, judged=tuple(judge(odd, USUAL, NONE, Linkage())), is_published=False)
    assert stopped.broken == {"match_rate"}
    again = [*USUAL, stopped, replace(stopped, run_id="second"), replace(stopped, run_id="third")]
    now = of_run(9, rate=0.6)
    assert judged(now, again) == ["match_rate", "match_rate.people"]
    accepted = {("match_rate", "third")}
    assert judged(now, again, accepted) == []
    assert judged(of_run(9, rate=0.4), again, accepted) == ["match_rate", "match_rate.people"]
    assert judged(of_run(9, rate=0.6, edges_per_record=3.0), again, accepted) == ["edges_per_record"]
    assert [run.run_id for run in runs_before("match_rate", now, again, accepted)] == ["third"]


def test_a_run_that_published_nothing_is_no_measure() -> None:
    """A run that failed or died after linking counts for no median and does not make three runs of two."""
    dead = replace(of_run(8, rate=0.9), is_published=False)
    now = of_run(9, rate=0.9)
    assert judged(now, [*USUAL[:2], dead]) == []
    assert judged(now, [*USUAL, dead, dead, dead, dead, dead]) == ["match_rate", "match_rate.people"]
    assert [run.run_id for run in runs_before("match_rate", now, [*USUAL, dead], NONE)] == [r.run_id for r in USUAL]


def test_the_median_is_of_the_last_seven() -> None:
    """A slow rise is followed: only the last seven runs count, and of these the one in the middle."""
    rising = [of_run(number, rate=0.3 + number / 100) for number in range(20)]
    now = of_run(99, rate=0.49)
    [found] = [each for each in judge(now, rising, NONE, Linkage()) if each.figure == "match_rate"]
    assert (found.median, found.runs, found.is_broken) == (pytest.approx(0.46), 7, False)


COUNTS = st.dictionaries(st.integers(-5, 40), st.integers(1, 5_000), min_size=1, max_size=30)


@given(COUNTS, COUNTS)
def test_stability_index(one: dict[int, int], other: dict[int, int]) -> None:
    """It is never negative, 0 for the same shares, and that of a plain sum where each bin is one of ten."""
    assert stability_index(one, other) >= 0
    assert stability_index(one, one) == 0
    even = dict.fromkeys(range(10), 1_000)
    skewed = {low: other.get(low, 0) + 100 for low in range(10)}
    plain = 0.0
    for low in range(10):
        a = (even[low] + 0.5) / (10_000 + 5)
        b = (skewed[low] + 0.5) / (sum(skewed.values()) + 5)
        plain += (b - a) * math.log(b / a)
    assert stability_index(even, skewed) == pytest.approx(plain, abs=1e-6)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_of(tmp_path, CONFIG)


def linked(run: Run, groups: list[int], weight: float = 8.0) -> None:
    """Customers of so many records each, as the tables of schema link have them; every second one an organisation."""
    keys = [[f"crm/customers/{n:05d}.{i}" for i in range(size)] for n, size in enumerate(groups)]
    rows = [
        {"record_key": key, "source": "crm", "extract": "customers", "kind": "organisation" if n % 2 else None}
        for n, group in enumerate(keys)
        for key in group
    ]
    fill_customers(run.warehouse, rows)
    pairs = [(a, b, "model", "phone", weight, 0.99, "link") for group in keys for a, b in pairwise(group)]
    run.warehouse.replace(PAIRS, pl.DataFrame(pairs, schema=PAIRS.polars_schema, orient="row"))
    cluster_records(run.warehouse)


def test_figures_are_counted(project: Project) -> None:
    """Rates, links and weights are those one counts by hand."""
    with running(project) as run:
        linked(run, [1, 3, 2, 1, 1])
        found = measure(run)
    assert found.counts == {
        "records": 8, "records.people": 4, "records.organisations": 4, "edges": 3, "weighed_pairs": 3,
    }  # fmt: skip
    assert found.figures == {
        "match_rate": 5 / 8, "match_rate.people": 2 / 4, "match_rate.organisations": 3 / 4,
        "customers_per_record": 5 / 8, "edges_per_record": 3 / 8, "largest_cluster": 3,
    }  # fmt: skip
    assert found.weights == {8: 3}
    assert found.basis["extracts"] == ["crm.customers"]


def test_without_records(project: Project) -> None:
    """A project without a customer has figures, none of which is judged."""
    with running(project) as run:
        linked(run, [])
        assert guard_linking(run).judged == ()


def run_once(project: Project, number: int, groups: list[int]) -> LinkFigures:
    """The guards of one run, at its own time and under its own id."""
    with running(project) as run:
        own = replace(run, run_id=f"run{number}", started_at=START + timedelta(days=number))
        linked(own, groups)
        found = guard_linking(own)
        if not found.broken:
            LinkFigureStore(project.state / "history" / "linkage").confirm()
        rows = own.warehouse.execute(
            f"SELECT rule_id, failed_count FROM {CHECK_RESULTS.qualified} WHERE kind = 'guard' ORDER BY ALL"
        )
        assert [name for name, _ in rows] == sorted(claims())
        assert {name for name, failed in rows if failed} == found.broken
    return found


def test_stop_accept_go_on(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    """A run that links twice as much is stopped with its numbers, listed, accepted with a reason, and is then usual."""
    usual, odd = [1] * 600 + [2] * 200, [1] * 200 + [2] * 400
    for number in range(3):
        assert run_once(project, number, usual).broken == frozenset()
    assert waiting(project).broken == ()
    assert run_once(project, 3, odd).broken == {"edges_per_record", "match_rate"}
    [message] = [record.getMessage() for record in caplog.records if "match_rate 0.8" in record.getMessage()]
    assert "expected 0.35 to 0.45 by the median 0.4 of 3 runs" in message
    assert "crm-pipeline linkage accept match_rate" in message
    assert waiting(project).broken == ("edges_per_record", "match_rate")
    with pytest.raises(ConfigurationError, match="edges_per_record, match_rate"):
        accept(project, "cluster_growth", decided_by="李雷", why="x")
    with pytest.raises(ConfigurationError, match="why"):
        accept(project, "match_rate", decided_by="李雷", why=" ")
    accept(project, "match_rate", decided_by="李雷", why="商城五月起交付全部客户")
    assert waiting(project).broken == ("edges_per_record",)
    assert run_once(project, 4, odd).broken == {"edges_per_record"}
    accept(project, "edges_per_record", decided_by="李雷", why="同上")
    assert run_once(project, 5, odd).broken == frozenset()
    assert run_once(project, 6, usual).broken == {"edges_per_record", "match_rate"}


def test_a_damaged_file_stops_nothing(tmp_path: Path) -> None:
    """A run's figures come back as they were kept; a file that is no record of a run is left out."""
    store = LinkFigureStore(tmp_path)
    made = replace(USUAL[0], judged=tuple(judge(of_run(9, rate=0.9), USUAL, NONE, Linkage())))
    store.keep(made)
    store.keep(made)
    (tmp_path / "20260101T000000000000Z-x.json").write_text("{")
    (tmp_path / "20260102T000000000000Z-y.json").write_text("[]")
    assert store.newest(9) == [made]


def test_only_the_newest_run_is_confirmed(tmp_path: Path) -> None:
    """What is published is what was linked last; runs before it stay as they are; nothing to confirm is no error."""
    store = LinkFigureStore(tmp_path)
    store.confirm()
    for number in range(3):
        store.keep(of_run(number, is_published=False))
    store.confirm()
    store.confirm()
    assert store.newest(9) == [of_run(number, is_published=number == 2) for number in range(3)]


def test_claims_are_in_both_languages() -> None:
    """Each guard says why it is there in English and Chinese."""
    assert set(claims_zh()) == set(claims().values())
    assert all(any("一" <= letter <= "鿿" for letter in text) for text in claims_zh().values())
