"""Touched components: clustering night by night gives what clustering everything gives, and looks at no more."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.linkage import Constraints, Decision, cluster_records
from crm_pipeline.linkage.clustering import touched
from crm_pipeline.linkage.clustering.clusters import partition
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse

from .cluster_oracle import Link
from .conftest import fill_customers
from .test_clusters import links, model

Fill = Callable[[Warehouse, list[dict[str, Any]]], None]
FREE = frozenset({"shop"})
KEYS = [f"{source}/all/{n:02}" for n in range(20) for source in ("crm", "shop")]


def some_links(random: Random, known: list[Link]) -> list[Link]:
    """The links of a night: most of the last one's, some with another weight, some new; some of records not current."""
    kept = {link[:2]: link for link in known if random.random() > 0.1}
    for ends, link in list(kept.items()):
        if random.random() < 0.1:
            kept[ends] = model(link.left, link.right, random.choice((6.0, 9.0, 14.0)))
    for _ in range(random.randrange(6)):
        near = random.randrange(len(KEYS))
        left, right = sorted({KEYS[near], KEYS[(near + random.randrange(1, 4)) % len(KEYS)]})
        weight = random.choice((5.0, 8.0, 12.0, None))
        kept[left, right] = Link(left, right, "model" if weight else "identifier", weight)
    return list(kept.values())


def some_decisions(random: Random) -> tuple[Decision, ...]:
    """A few decisions, of which some name records that never were."""
    ends = [sorted(random.sample([*KEYS, "gone/all/1", "gone/all/2"], 2)) for _ in range(random.randrange(5))]
    return tuple(Decision(left, right, random.random() < 0.5, str(n)) for n, (left, right) in enumerate(ends))


@given(seed=st.integers(0, 2**32), nights=st.integers(2, 6))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_nights_equal_clustering_everything(seed: int, nights: int, shared_warehouse: Warehouse) -> None:
    """Whatever links, records, decisions come and go, the tables are those of one partition of all that is there."""
    random, warehouse = Random(seed), shared_warehouse
    constraints, given_links = Constraints(some_decisions(random), FREE), some_links(random, [])
    for _ in range(nights):
        given_links = some_links(random, given_links)
        current = sorted(key for key in KEYS if random.random() > 0.1)
        if random.random() < 0.2:
            constraints = Constraints(some_decisions(random), FREE)
        fill_customers(warehouse, [{"record_key": key} for key in current])
        warehouse.replace(PAIRS, links(given_links))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(touched, "LARGEST_SHARE", 1.0)  # of forty records more than 30 % are always touched
            cluster_records(warehouse, constraints=constraints)
        clusters, conflicts = partition(pl.Series(current), links(given_links).drop("verdict"), constraints)
        assert warehouse.frame("FROM link.clusters ORDER BY ALL").equals(clusters.sort(clusters.columns))
        assert warehouse.frame("FROM link.conflicts ORDER BY ALL").equals(conflicts.sort(conflicts.columns))


@pytest.fixture
def nightly(warehouse: Warehouse, customers: Fill) -> Warehouse:
    """40 records, three chains of links, clustered once."""
    customers(warehouse, [{"record_key": key} for key in KEYS])
    warehouse.replace(PAIRS, links([model(*sorted((KEYS[n], KEYS[n + 1]))) for n in (0, 1, 2, 10, 11, 30)]))
    assert cluster_records(warehouse).touched_count == len(KEYS)
    return warehouse


def test_nothing_changed_touches_nothing(nightly: Warehouse) -> None:
    """The same records and links are not clustered again, and the tables stay."""
    before = nightly.frame("FROM link.clusters")
    assert cluster_records(nightly).touched_count == 0
    assert nightly.frame("FROM link.clusters").equals(before)


def test_one_link_touches_the_components_of_its_ends(nightly: Warehouse) -> None:
    """A new link brings two components to be clustered again; its loss brings the one that it made."""
    joining = [model(*sorted((KEYS[n], KEYS[n + 1]))) for n in (0, 1, 2, 10, 11, 30)]
    joined = model(*sorted((KEYS[3], KEYS[10])))
    nightly.replace(PAIRS, links([*joining, joined]))
    assert cluster_records(nightly).touched_count == 4 + 3
    nightly.replace(PAIRS, links(joining))
    assert cluster_records(nightly).touched_count == 4 + 3
    assert cluster_records(nightly).touched_count == 0


def test_what_constraints_divided_is_one_component(warehouse: Warehouse, customers: Fill) -> None:
    """A change within one part of a divided component brings all its parts to be clustered again."""
    customers(warehouse, [{"record_key": key} for key in "abcdefghijklmnopqrst"])
    apart = Constraints((Decision("b", "c", False, "1"),))
    warehouse.replace(PAIRS, links([model("a", "b"), model("b", "c", 20.0), model("c", "d")]))
    assert cluster_records(warehouse, constraints=apart).cluster_count == 18
    warehouse.replace(PAIRS, links([model("a", "b", 3.0), model("b", "c", 20.0), model("c", "d")]))
    assert cluster_records(warehouse, constraints=apart).touched_count == 4


def test_other_constraints_cluster_everything(nightly: Warehouse) -> None:
    """A decision more, or an extract without duplicates more, is looked at everywhere."""
    one = Constraints((Decision(KEYS[0], KEYS[20], True, "1"),))
    assert cluster_records(nightly, constraints=one).touched_count == len(KEYS)
    assert cluster_records(nightly, constraints=one).touched_count < 10
    assert cluster_records(nightly, constraints=Constraints((), FREE)).touched_count == len(KEYS)


def test_cut_off_before_the_end_changes_nothing(nightly: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails between the tables leaves all of them as they were, and the next call does the whole night."""
    before = [nightly.frame(f"FROM {name} ORDER BY ALL") for name in ("link.clusters", "link.clustered_links")]
    nightly.replace(PAIRS, links([model(KEYS[0], KEYS[30])]))
    with monkeypatch.context() as patched:
        patched.setattr(touched, "change_touched", lambda *_: 1 / 0)
        patched.setattr(touched, "remember_all", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            cluster_records(nightly)
    after = [nightly.frame(f"FROM {name} ORDER BY ALL") for name in ("link.clusters", "link.clustered_links")]
    assert all(one.equals(other) for one, other in zip(before, after, strict=True))
    assert cluster_records(nightly).touched_count > 0
    assert not nightly.execute("SELECT table_name FROM duckdb_tables() WHERE temporary")
