"""Anomalies without rules, through the steps: planted ones are found, steady noise is not, and what is accepted is."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.quality.anomalies import SERIES, judge_figures
from crm_pipeline.settings import Project
from crm_pipeline.state.profiles import ProfileStore
from crm_pipeline.steps.publishing.publish import publish_steward
from crm_pipeline.steps.run import Run, open_run
from crm_pipeline.steps.watching.accepting import accept, anomalies
from crm_pipeline.steps.watching.figures import figures_of
from crm_pipeline.steps.watching.watch import profiles_of, watch
from crm_pipeline.tables import LOADS, REJECTIONS, std
from crm_pipeline_tests.steps.building import project_of

CUSTOMERS = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  crm:
    owner: Sales
    extracts:
      customers:
        read: {file: "in/customers_{date}.csv"}
        load: incremental
        primary_key: id
        columns: {name: name, emails: [mail], status: status, birth_date: born, created_at: created}
      products:
        owner: Catalogue
        read: {file: "in/products_{date}.csv"}
        primary_key: id
        columns: {product_code: code, cost: cost}
"""
FIRST = date(2026, 1, 5)  # a Monday
DAYS = 31


@dataclass(frozen=True)
class Row:
    """One customer."""

    id: str
    name: str
    emails: list[str] | None
    status: str
    born: date
    created: datetime


Change = Callable[[list[Row]], list[Row]]


def rows_of(generator: random.Random, day: int) -> list[Row]:
    """A usual day of an incremental extract: about 300 customers, a tenth without e-mail, three kinds of status."""
    count = round(generator.gauss(300, 15))
    statuses = generator.choices(["active", "asleep", "new"], weights=[60, 30, 10], k=count)
    return [
        Row(
            f"{day}-{number}",
            f"Person {generator.randrange(10**6)}",
            None if generator.random() < 0.1 else [f"p{generator.randrange(10**6)}@example.org"],
            status,
            date(1900 + generator.randrange(40, 99), 3, 1 + generator.randrange(28)),
            datetime.combine(FIRST + timedelta(days=day - generator.randrange(60)), datetime.min.time()),
        )
        for number, status in enumerate(statuses)
    ]


def fill(run: Run, days: range, customers: Mapping[int, list[Row]]) -> None:
    """What applying deliveries of those days leaves: incremental customers, products in full each day."""
    for table in (LOADS, REJECTIONS, std("customers"), std("products")):
        run.warehouse.ensure(table)
    version = {"source": "crm", "valid_to": None, "sequence": 1, "row_hash": "x", "line": 2}
    people = [
        {**version, "extract": "customers", "valid_from": FIRST + timedelta(days=day),
         "record_key": f"crm/customers/{row.id}", "source_id": row.id, "name": row.name, "emails": row.emails,
         "status": row.status, "birth_date": row.born, "created_at": row.created}
        for day, rows in customers.items() for row in rows
    ]  # fmt: skip
    things = [
        {**version, "extract": "products", "valid_from": FIRST, "record_key": f"crm/products/{n}", "source_id": str(n),
         "product_code": f"P{n}", "cost": Decimal(n % 7 + 1)}
        for n in range(50)
    ]  # fmt: skip
    loads = [
        {"source": "crm", "extract": name, "entity": name, "business_date": FIRST + timedelta(days=day), "sequence": 1,
         "delivered_count": count, "schema_changes": [], "file_sha256": f"{name}{day}", "recipe_sha256": "r"}
        for day in days
        for name, count in (("customers", len(customers.get(day, ()))), ("products", 50))
        if name == "products" or day in customers
    ]  # fmt: skip
    run.warehouse.insert(std("customers"), pl.DataFrame(people, schema_overrides=_TYPES, infer_schema_length=None))
    if 0 in days:
        run.warehouse.insert(std("products"), pl.DataFrame(things, schema_overrides=_TYPES))
    run.warehouse.insert(LOADS, pl.DataFrame(loads, schema_overrides=_TYPES))


_TYPES = {"valid_to": pl.Date(), "emails": pl.List(pl.String()), "schema_changes": pl.List(pl.String())}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One with an incremental and a full extract."""
    return project_of(tmp_path, CUSTOMERS)


def usual(days: int, *, seed: int = 1, last: Change | None = None) -> dict[int, list[Row]]:
    """So many usual days, the last of them changed."""
    generator = random.Random(seed)
    rows = {day: rows_of(generator, day) for day in range(days)}
    return rows | ({days - 1: last(rows[days - 1])} if last else {})


def watched(project: Project, *, days: int = DAYS, last: Change | None = None) -> pl.DataFrame:
    """The anomalies after so many days, the last of them changed; products come every day."""
    with open_run(project, run_id="run") as run:
        fill(run, range(days), usual(days, last=last))
        found = watch(run).anomalies
        publish_steward(run)
    return found


def without_emails(rows: list[Row]) -> list[Row]:
    """Four cells in ten empty."""
    return [replace(row, emails=None) if number % 10 < 4 else row for number, row in enumerate(rows)]


PLANTED: dict[str, tuple[Change, tuple[str, str]]] = {
    "volume halved": (lambda rows: rows[: len(rows) // 2], ("", "volume")),
    "a column is suddenly 40 % null": (without_emails, ("emails", "null_share")),
    "shares of a category shifted": (
        lambda rows: [replace(row, status="asleep" if n % 3 else "new") for n, row in enumerate(rows)],
        ("status", "shares"),
    ),
    "one default in place of names": (
        lambda rows: [replace(row, name="Walk-in customer") for row in rows],
        ("name", "distinct_share"),
    ),
    "old records in place of new ones": (
        lambda rows: [replace(row, created=datetime(2024, 1, 1)) for row in rows],  # noqa: DTZ001 - tables have no zone
        ("created_at", "median"),
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_anomalies_are_found(project: Project, planted: str) -> None:
    """What is planted in the 31st delivery is found, and it is the extract's own figure."""
    change, expected = PLANTED[planted]
    found = watched(project, last=change)
    assert expected in found.select("column_name", "metric").rows()
    assert set(found["extract"]) == {"customers"}
    assert found["history_count"].min() == 30


def test_steady_noise_gives_few_false_alarms(project: Project) -> None:
    """Thirty steady, noisy deliveries, each of twenty figures judged by 7 to 30 before, give two alarms at most."""
    alarms = []
    with open_run(project, run_id="run") as run:
        fill(run, range(37), usual(37))
        watch(run)
        loads, profiles = run.warehouse.frame("SELECT * FROM ops.loads"), profiles_of(project).profiles()
    accepted = pl.DataFrame(
        schema={**dict.fromkeys(SERIES, pl.String()), "business_date": pl.Date(), "sequence": pl.Int32()}
    )
    for day in range(7, 37):
        today = FIRST + timedelta(days=day)
        known = pl.col("business_date") <= today
        judged = judge_figures(figures_of(loads.filter(known), profiles.filter(known), today), accepted)
        assert judged.height > 15
        alarms += judged.filter("is_anomaly").select("business_date", "column_name", "metric").rows()
    assert len(alarms) <= 2, alarms


def test_a_feed_that_stops_is_found(project: Project) -> None:
    """No delivery for days of an extract that came daily is an anomaly, once it waits longer than it ever did."""
    with open_run(project, run_id="run") as run:
        fill(run, range(14), usual(10))  # products go on
        found = watch(run).anomalies.filter(pl.col("metric") == "days_since_delivery")
    assert found.select("extract", "measured", "median").rows() == [("customers", 4.0, 1.0)]


def test_few_deliveries_are_not_judged(project: Project) -> None:
    """Of six deliveries before it nothing is an anomaly, however different the next one is."""
    assert watched(project, days=7, last=PLANTED["volume halved"][0]).is_empty()


def _both(rows: list[Row]) -> list[Row]:
    return without_emails(rows[: len(rows) // 2])


def test_an_accepted_anomaly_is_the_new_normal(project: Project) -> None:
    """What was accepted is gone with the next run and kept with who and why; the other anomalies stay."""
    watched(project, last=_both)
    accepted = accept(
        project, "crm.customers.emails", metric="null_share", decided_by="Li", why="e-mail is optional now"
    )
    assert [(each.metric, each.business_date, each.decided_by) for each in accepted] == [
        ("null_share", FIRST + timedelta(days=DAYS - 1), "Li")
    ]
    with open_run(project, run_id="next") as run:
        found = watch(run).anomalies
        publish_steward(run)
    assert found.filter(pl.col("metric") == "null_share").is_empty()
    assert not found.filter(pl.col("metric") == "volume").is_empty()
    with pytest.raises(ConfigurationError, match=r"crm.customers volume"):
        accept(project, "crm.customers.emails", metric="null_share", decided_by="Li", why="again")
    assert "volume" in anomalies(project)["metric"].to_list()


def test_no_value_of_a_person_is_kept(project: Project) -> None:
    """Neither names, e-mails nor birth dates are in the profiles: lengths, counts, and words of enumerations only."""
    watched(project, days=8)
    profiles = profiles_of(project).profiles()
    kept = b"".join(path.read_bytes() for path in (project.state / "history" / "profiles").iterdir())
    assert b"Person" not in kept
    assert b"example.org" not in kept
    assert profiles.filter(pl.col("column_name") == "birth_date")["median"].drop_nulls().is_empty()
    told = profiles.filter(pl.col("shares").list.len() > 0)
    assert set(told["column_name"]) == {"status"}


def test_a_rebuild_keeps_profiles(project: Project) -> None:
    """Deliveries that were profiled are not profiled again, and the warehouse made anew has the same profiles."""
    first = watched(project, days=9, last=PLANTED["volume halved"][0])
    before = ProfileStore(project.state / "history" / "profiles").profiles()
    project.warehouse_file.unlink()
    again = watched(project, days=9, last=PLANTED["volume halved"][0])
    after = ProfileStore(project.state / "history" / "profiles").profiles()
    assert after.equals(before)
    assert len(list((project.state / "history" / "profiles").iterdir())) == 1
    assert again.drop("measured").equals(first.drop("measured"))


def test_owners_and_rules_are_told_to_sql(project: Project) -> None:
    """An extract's own owner comes before its source's; each rule of std has its part of the score."""
    watched(project, days=1)
    with open_run(project, run_id="look") as run:
        owners = run.warehouse.execute("SELECT extract, owner FROM ops.extracts ORDER BY extract")
        [(dimension,)] = run.warehouse.execute(
            "SELECT dimension FROM ops.rules WHERE rule_id = 'orders.amount_equals_quantity_times_price'"
        )
    assert owners == [("customers", "Sales"), ("products", "Catalogue")]
    assert dimension == "consistency"
