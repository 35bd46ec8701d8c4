"""The claim that std is a function of landing and recipe, against an oracle of a few lines of plain Python."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crm_pipeline.settings import Project
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.tables import LOADS, std
from crm_pipeline_tests.steps.building import PRODUCTS, content, day, everything, land, project_of, running

COLUMNS = ("id", "code", "cost")
Row = tuple[str, str, str]  # id blank: held back; code blank: held back; cost x: nulled, -1: nulled by a rule


class Arrival(NamedTuple):
    """One delivery on its way: the day it stands for, its rows, and whether std is brought up to date after it."""

    day: int
    rows: tuple[Row, ...]
    is_applied: bool


ROWS = st.tuples(
    st.sampled_from(["1", "2", "3", ""]), st.sampled_from(["A", "B", ""]), st.sampled_from(["1", "x", "-1"])
)
ARRIVALS = st.lists(
    st.builds(Arrival, st.integers(1, 4), st.lists(ROWS, min_size=1, max_size=4).map(tuple), st.booleans()),
    min_size=1,
    max_size=6,
)


class Version(NamedTuple):
    """What std must hold of one version of one record."""

    key: str
    valid_from: date
    valid_to: date | None
    code: str
    line: int
    sequence: int


def oracle(arrivals: Sequence[Arrival], load: str) -> tuple[list[Version], list[tuple[int, ...]]]:
    """Versions, and counts of each delivery, of all deliveries taken one by one in date order."""
    landed: dict[int, list[tuple[Row, ...]]] = {}
    for arrival in arrivals:
        if landed.setdefault(arrival.day, [])[-1:] != [arrival.rows]:  # landed again at once, it is known
            landed[arrival.day].append(arrival.rows)
    counting = [
        (number, sequence, rows)
        for number in sorted(landed)
        for sequence, rows in enumerate(landed[number], start=1)
        if load == "incremental" or sequence == len(landed[number])
    ]
    current: dict[str, tuple[Row, Version]] = {}
    past: list[Version] = []
    counts: list[tuple[int, ...]] = []
    for number, sequence, rows in counting:
        last = {row[0]: line for line, row in enumerate(rows, start=2)}
        loaded = unchanged = quarantined = duplicates = deleted = 0
        for line, row in enumerate(rows, start=2):
            key, code, _ = row
            if key and last[key] != line:
                duplicates += 1
            elif key and key in current and current[key][0] == row:
                unchanged += 1
            elif not key or not code:
                quarantined += 1
            else:
                loaded += 1
                if key in current and current[key][1].valid_from != day(number):
                    past.append(current[key][1]._replace(valid_to=day(number)))
                current[key] = (row, Version(key, day(number), None, code, line, sequence))
        if load == "full":
            for key in [key for key in current if key not in last]:
                past.append(current.pop(key)[1]._replace(valid_to=day(number)))
                deleted += 1
        counts.append((number, sequence, len(rows), loaded, unchanged, quarantined, duplicates, deleted))
    return sorted([*past, *(version for _, version in current.values())], key=lambda v: (v.key, v.valid_from)), counts


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The configuration for each way of loading."""
    return {load: PRODUCTS.replace("LOAD", load) for load in ("full", "incremental")}


def outcome(text: str, arrivals: Sequence[Arrival], *, in_one_go: bool) -> dict[str, list[tuple[object, ...]]]:
    """What a new project holds after the arrivals; in one go they are landed by date and applied once."""
    with tempfile.TemporaryDirectory() as folder:
        project: Project = project_of(Path(folder), text)
        with running(project) as run:
            for arrival in sorted(arrivals, key=lambda a: a.day) if in_one_go else arrivals:
                land(run, arrival.day, COLUMNS, arrival.rows)
                if arrival.is_applied and not in_one_go:
                    apply_entity(run, "products")
            apply_entity(run, "products")
            return everything(run, "products")


LATE = [
    Arrival(3, (("1", "A", "1"), ("2", "A", "1")), True),
    Arrival(1, (("1", "B", "1"), ("3", "A", "1")), True),
    Arrival(2, (("1", "", "1"), ("2", "B", "x")), True),
]
REPLACED = [
    Arrival(1, (("1", "A", "1"),), True),
    Arrival(2, (("1", "B", "1"), ("2", "A", "1")), True),
    Arrival(2, (("2", "A", "1"),), True),
    Arrival(2, (("1", "B", "1"), ("2", "A", "1")), True),
]
HELD = [
    Arrival(1, (("1", "A", "1"),), True),
    Arrival(2, (("1", "", "1"), ("1", "B", "1"), ("1", "", "1")), True),
    Arrival(3, (("1", "A", "1"),), True),
    Arrival(4, (("2", "A", "1"),), True),
]


def check(text: str, load: str, arrivals: list[Arrival]) -> None:
    """Asserts that std, loads and rejections are those of the oracle, whatever the order of arrival and applying."""
    piecemeal = outcome(text, arrivals, in_one_go=False)
    assert piecemeal == outcome(text, arrivals, in_one_go=True)
    versions, counts = oracle(arrivals, load)
    columns = std("products").stable_columns
    names = ("source_id", "valid_from", "valid_to", "product_code", "line", "sequence")
    found = [Version(*(row[columns.index(name)] for name in names)) for row in piecemeal["products"]]
    assert found == versions
    kinds = ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "deleted")
    places = [LOADS.stable_columns.index(f"{kind}_count") for kind in kinds]
    loads = [(row[2].day, row[3], *(row[i] for i in places)) for row in piecemeal["loads"]]
    assert loads == counts


@pytest.mark.parametrize("load", ["full", "incremental"])
@pytest.mark.parametrize("arrivals", [LATE, REPLACED, HELD])
def test_hard_orders_of_arrival(projects: dict[str, str], load: str, arrivals: list[Arrival]) -> None:
    """Deliveries that come late, replace one of the same date, or are held back lead to what the oracle has."""
    check(projects[load], load, arrivals)


@pytest.mark.slow
@pytest.mark.parametrize("load", ["full", "incremental"])
@given(arrivals=ARRIVALS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_order_of_arrival_does_not_matter(projects: dict[str, str], load: str, arrivals: list[Arrival]) -> None:
    """Whatever the order of arrival and of applying, std, loads and rejections are those of the oracle.

    Deliveries bring new, changed and deleted records; they come late, replace one of the same date, are landed again.
    Some such histories are in `test_any_order.py` each time.
    """
    # a full delivery without any key is refused: test_gates.py
    assume(load == "incremental" or all(any(row[0] for row in arrival.rows) for arrival in arrivals))
    check(projects[load], load, arrivals)


def test_nothing_to_do_changes_nothing(tmp_path: Path) -> None:
    """Applying again when nothing was landed applies no delivery and leaves every row as it was, run time included."""
    project = project_of(tmp_path, PRODUCTS.replace("LOAD", "full"))
    with running(project) as run:
        for arrival in HELD:
            land(run, arrival.day, COLUMNS, arrival.rows)
        assert apply_entity(run, "products").loads.height == len(HELD)
        before = run.warehouse.frame(f"SELECT * FROM {LOADS.qualified}")
        rows = content(run, std("products"))
    with running(project) as run:
        assert apply_entity(run, "products").loads.is_empty()
        assert run.warehouse.frame(f"SELECT * FROM {LOADS.qualified}").equals(before)
        assert content(run, std("products")).equals(rows)


def test_late_delivery_applies_only_from_its_date(tmp_path: Path) -> None:
    """A late delivery takes std back to its date, and no further."""
    project = project_of(tmp_path, PRODUCTS.replace("LOAD", "full"))
    with running(project) as run:
        for number in (1, 2, 4, 5):
            land(run, number, COLUMNS, [("1", "A", str(number))])
        apply_entity(run, "products")
        land(run, 3, COLUMNS, [("1", "A", "3")])
        loads = apply_entity(run, "products").loads
        assert loads["business_date"].to_list() == [day(3), day(4), day(5)]
