"""The figures against plain Python over the same rows."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from crm_pipeline import report
from crm_pipeline.report.figures import ClusterSize, Disagreement
from crm_pipeline.state.measures import Outcome
from crm_pipeline.tables import DERIVED
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.report import building
from crm_pipeline_tests.report.conftest import Collect, Counted
from crm_pipeline_tests.report.small_warehouse import DAY, OWN_COLUMN, SOURCES, Row, Rows, fill, random_rows

seeds = pytest.mark.parametrize("seed", range(4))


def current(rows: Rows) -> list[Row]:
    return [row for row in rows.records if row["valid_to"] is None]


def sources_of(rows: Rows) -> dict[str, set[str]]:
    """Customer to the systems that have it."""
    found: dict[str, set[str]] = {}
    for row in rows.crosswalk:
        found.setdefault(row["customer_id"], set()).add(row["source"])
    return found


@seeds
def test_systems(counted: Counted, seed: int) -> None:
    """Records, customers, customers of one system alone and overlaps are those counted by hand."""
    rows, figures = counted(seed)
    having = sources_of(rows)
    for source in figures.sources:
        assert source.records == sum(row["source"] == source.name for row in current(rows))
        assert source.customers == sum(source.name in names for names in having.values())
        assert source.only_here == sum({source.name} == names for names in having.values())
        newest = next(row for row in rows.loads if row["source"] == source.name and row["sequence"] == 2)
        held_back = newest["quarantined_count"] + newest["duplicate_count"] + newest["erased_count"]
        assert source.held_back == held_back
    assert {source.name for source in figures.sources} == {*SOURCES}
    for one in SOURCES:
        for other in SOURCES:
            assert figures.overlap(one, other) == sum({one, other} <= names for names in having.values())
    assert figures.by_source_count == dict(sorted(Counter(len(names) for names in having.values()).items()))
    assert figures.customers == len(having)
    assert figures.records_in == len(current(rows)) + figures.held_back


@seeds
def test_deliveries(warehouse: Warehouse, collect: Collect, seed: int) -> None:
    """What this run applied is added up by extract; where it applied nothing, the newest delivery is shown."""
    rows = random_rows(seed)
    for row in rows.loads:
        row["run_id"] = building.measures().run_id if row["source"] == "shop" else "an earlier run"
    fill(warehouse, rows)
    deliveries = collect(warehouse).deliveries
    assert [delivery.source for delivery in deliveries] == sorted(SOURCES)
    for delivery in deliveries:
        mine = [row for row in rows.loads if row["source"] == delivery.source]
        shown = mine if delivery.source == "shop" else [row for row in mine if row["sequence"] == 2]
        assert delivery.deliveries == (2 if delivery.source == "shop" else 0)
        assert delivery.unaccounted == 0
        assert delivery.delivered == sum(row["delivered_count"] for row in shown)
        assert delivery.nulled == sum(row["nulled_count"] for row in shown)


def test_a_late_delivery(warehouse: Warehouse, collect: Collect) -> None:
    """A run that applies an older delivery shows its rows; the newest one tells what is held back, and as of when."""
    rows = random_rows(0)
    rows.loads = [row for row in rows.loads if row["source"] == "shop"]
    newest, late = rows.loads
    newest |= {"run_id": "an earlier run", "business_date": DAY + timedelta(days=3), "erased_count": 500}
    late |= {"run_id": building.measures().run_id, "business_date": DAY}
    fill(warehouse, rows)
    figures = collect(warehouse)
    [delivery] = figures.deliveries
    assert (delivery.deliveries, delivery.delivered) == (1, late["delivered_count"])
    assert (delivery.business_date, delivery.newest_on, figures.as_of) == (DAY, DAY + timedelta(3), DAY + timedelta(3))
    assert delivery.held_back == newest["quarantined_count"] + newest["duplicate_count"] + 500
    assert figures.held_back == delivery.held_back


def test_a_reason_that_was_reworded(warehouse: Warehouse, collect: Collect) -> None:
    """An extract whose rejections have two wordings of one reason is listed once, with the newer wording."""
    rows = random_rows(0)
    older = [row for row in rows.rejections if row["column_name"] == "name"]
    newer = [row | {"reason": "Amend it.", "business_date": DAY + timedelta(days=1)} for row in older]
    rows.rejections = [*newer, *older]
    fill(warehouse, rows)
    [rejection] = collect(warehouse).rejections
    assert rejection.reason == "Amend it."
    assert len(rejection.extracts) == len({row["source"] for row in older})
    assert sum(count for _, count in rejection.extracts) == rejection.rows == 2 * len(older)


@seeds
def test_rejections(counted: Counted, seed: int) -> None:
    """Each rule has its rows, split by extract, and no row of an older delivery among the newest."""
    rows, figures = counted(seed)
    for rejection in figures.rejections:
        mine = [row for row in rows.rejections if row["rule_id"] == rejection.rule_id]
        assert rejection.rows == len(mine)
        assert dict(rejection.extracts) == Counter(f"{row['source']}.{row['extract']}" for row in mine)
        assert rejection.newest == 0


@seeds
def test_disagreements(counted: Counted, seed: int) -> None:
    """Customers, survivors and those that both systems know are those counted by hand."""
    rows, figures = counted(seed)
    customers: Counter[tuple[str, str, str]] = Counter()
    survived: Counter[tuple[str, str, str]] = Counter()
    for row in rows.values:
        for lost in {each["source"] for each in row["alternatives"]}:
            one, other = sorted([row["source"], lost])
            customers[row["column_name"], one, other] += 1
            survived[row["column_name"], one, other] += row["source"] == one
    found = figures.disagreements
    assert len(found) == len(customers)
    for each in found:
        one, other = sorted([each.first, each.second])
        key = (each.column, one, other)
        assert each.customers == customers[key]
        assert each.first_survived == (survived[key] if each.first == one else customers[key] - survived[key])
        assert each.first_survived * 2 >= each.customers
        assert each.known == max(known(rows, each), each.customers)


def test_times_of_records_are_no_disagreement(warehouse: Warehouse, collect: Collect) -> None:
    """That two systems made their records at different times is not shown."""
    rows = random_rows(0)
    rows.values = [row | {"column_name": "created_at"} for row in rows.values if row["column_name"] == "name"]
    fill(warehouse, rows)
    assert collect(warehouse).disagreements == ()


def test_values_of_one_record_are_no_disagreement(warehouse: Warehouse, collect: Collect) -> None:
    """Two phones of the same record, of which one survives, are not shown as if two records disagreed."""
    rows = random_rows(0)
    place = ("source", "extract", "source_id")
    rows.values = [
        row | {"alternatives": [each | {name: row[name] for name in place} for each in row["alternatives"]]}
        for row in rows.values
    ]
    fill(warehouse, rows)
    assert collect(warehouse).disagreements == ()


def known(rows: Rows, each: Disagreement) -> int:
    """Customers for whom both systems have a value; of one system, those for whom two of its records have one."""
    customer = {member["record_key"]: member["customer_id"] for member in rows.members}
    having: dict[str, Counter[str]] = {}
    for row in current(rows):
        if row["phones" if each.column == "phone" else each.column] is not None:
            having.setdefault(customer[row["record_key"]], Counter())[row["source"]] += 1
    needed = Counter([each.first, each.second])
    return sum(needed <= counts for counts in having.values())


def test_a_system_that_is_gone(warehouse: Warehouse, collect: Collect) -> None:
    """Customers of a system that neither delivered nor has records are not counted for another one."""
    rows = random_rows(0)
    fill(warehouse, rows)
    expected = collect(warehouse).sources
    gone = {"extract": "people", "source_id": "1", "matched_by": "model", "first_seen_on": DAY, "source": "zzz"}
    rows.crosswalk += [gone | {"customer_id": "only there"}, gone | {"customer_id": "C1"}]
    fill(warehouse, rows)
    assert collect(warehouse).sources == expected


def test_the_run_before() -> None:
    """A change is told since the last run that was not stopped."""
    figures = replace(building.empty_figures(), earlier=building.earlier_runs(6))
    assert figures.earlier[-1].outcome == Outcome.STOPPED
    assert figures.previous == figures.earlier[-2]
    assert replace(figures, earlier=figures.earlier[-1:]).previous is None


@seeds
def test_completeness(counted: Counted, seed: int) -> None:
    """Delivered is what stands plus the cells that were rejected, once each; own columns are there too."""
    rows, figures = counted(seed)
    fills = {column.column: column for column in figures.fills["customers"]}
    assert {"name", "city", "phones", OWN_COLUMN} == fills.keys()
    for name, column in fills.items():
        there = [row for row in current(rows) if row[name] is not None]
        empty_lines = {row["line"] for row in current(rows) if row[name] is None}
        lost = {
            row["line"]
            for row in rows.rejections
            if row["column_name"] == name and row["value"] is not None and row["line"] in empty_lines
        }
        assert (column.rows, column.standardised) == (len(current(rows)), len(there))
        assert column.delivered == len(there) + len(lost)
        assert column.golden_rows == len(rows.golden)
    assert fills["name"].golden == sum(row["name"] is not None for row in rows.golden)
    assert fills["phones"].golden == 0
    assert "email" not in fills
    assert "emails" in figures.never_filled["customers"]
    derived = {column.name for column in DERIVED["customers"]}
    assert not derived & {*fills, *figures.never_filled["customers"]}, "nobody delivers what is derived"


@seeds
def test_matching(counted: Counted, seed: int) -> None:
    """Pairs by evidence, weights by whole numbers, cluster sizes and orphans are those counted by hand."""
    rows, figures = counted(seed)
    evidence = Counter((row["matched_by"], row["verdict"]) for row in rows.pairs)
    assert {(each.matched_by, each.verdict): each.pairs for each in figures.links} == evidence
    weighed = Counter(
        (math.floor(row["match_weight"]), row["verdict"]) for row in rows.pairs if row["match_weight"] is not None
    )
    told = {(bin_.low, "link"): bin_.links for bin_ in figures.weights}
    told |= {(bin_.low, "review"): bin_.reviews for bin_ in figures.weights}
    assert {key: count for key, count in told.items() if count} == weighed
    sizes = Counter(row["record_count"] for row in rows.golden)
    assert figures.cluster_sizes == tuple(ClusterSize(*each) for each in sorted(sizes.items()))
    assert [(each.rows, each.orphans) for each in figures.attached] == [(10, 6)]
    assert figures.match_weight == pytest.approx(math.log2(99))
    assert figures.review_weight == pytest.approx(math.log2(1.5))


def test_a_threshold_of_certainty_has_no_weight(warehouse: Warehouse) -> None:
    """A probability of 1 is reached by no weight, so no line is drawn."""
    figures = report.collect(
        warehouse, project_name="p", measures=building.measures(), earlier=(), match_threshold=1, review_threshold=0.5
    )
    assert (figures.match_weight, figures.review_weight) == (None, 0)


def test_an_empty_warehouse(warehouse: Warehouse, collect: Collect) -> None:
    """A warehouse without tables has figures that are all nothing, and a page."""
    figures = collect(warehouse)
    assert (figures.records_in, figures.customers, figures.as_of, figures.checks) == (0, 0, None, ())
    assert "Nothing has come in yet" in report.render(figures)


@pytest.mark.parametrize("table", ["std.customers", "link.members", "link.pairs", "gold.customers", "ops.loads"])
def test_a_missing_table(warehouse: Warehouse, collect: Collect, table: str) -> None:
    """Whichever table the run did not reach, there is a page."""
    fill(warehouse, random_rows(1))
    warehouse.execute(f"DROP TABLE {table}")
    assert "</html>" in report.render(collect(warehouse))


def test_customers_before_the_golden_table(warehouse: Warehouse, collect: Collect) -> None:
    """Where the golden table was never made, customers are counted from the clusters."""
    rows = random_rows(1)
    fill(warehouse, rows)
    expected = collect(warehouse).cluster_sizes
    warehouse.execute("DROP TABLE gold.customers")
    assert collect(warehouse).cluster_sizes == expected
    assert collect(warehouse, is_golden_current=False).cluster_sizes == ()


def test_golden_customers_of_an_earlier_run(warehouse: Warehouse, collect: Collect) -> None:
    """Where the run did not come to the golden customers, they are there, and known to be older."""
    fill(warehouse, random_rows(1))
    assert not collect(warehouse).has_older_customers
    figures = collect(warehouse, is_golden_current=False)
    assert figures.has_older_customers
    assert figures.customers == collect(warehouse).customers
