"""Claims on suspicious losses: a full delivery that lacks too many records is refused until a person accepts it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Project
from crm_pipeline.state.landing import Landing
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.landing.losses import Loss
from crm_pipeline.tables import std
from crm_pipeline_tests.steps.building import PRODUCTS, day, deliver, project_of, running

FULL = PRODUCTS.replace("LOAD", "full")
MARKED = FULL.replace("primary_key", 'deleted: {column: gone, values: ["1"]}\n        primary_key')


def put(
    project: Project, number: int, keys: Iterable[object], *, marked: Iterable[object] = (), tail: str = ""
) -> None:
    """The file of a day with a row for each key; with a column `gone` where some are marked."""
    marked = set(marked)
    rows = [f"{key},P{key},1,{1 if key in marked else 0}" for key in keys]
    deliver(project, f"products_2026-01-{number:02}.csv", "id,code,cost,gone\n" + "\n".join(rows) + "\n" + tail)


def land(project: Project, number: int, *, accept_loss: bool = False) -> None:
    with running(project) as run:
        land_extract(run, "erp", "products", [day(number)], accept_loss=accept_loss)


def landed_days(project: Project) -> list[int]:
    return [d.business_date.day for d in Landing(project.state / "landing").deliveries("erp", "products")]


@pytest.mark.parametrize(
    ("missing", "living", "limit", "is_refused"),
    [(20, 100, 0.2, False), (21, 100, 0.2, True), (19, 19, 0.2, False), (5, 20, 0.2, True), (4, 20, 0.2, False),
     (1, 20, 0.0, True), (100, 100, 1.0, False)],
)  # fmt: skip
def test_limit(missing: int, living: int, limit: float, *, is_refused: bool) -> None:
    """More than the share is too much; the share itself is not, and neither is any loss of fewer than 20 records."""
    assert Loss(missing, living).is_above(limit) is is_refused


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    """A full file cut off in its middle is refused with counts and cure; nothing is landed, nothing deleted."""
    project = project_of(tmp_path, FULL)
    put(project, 1, range(1000))
    land(project, 1)
    whole = (project.root / "in" / "products_2026-01-01.csv").read_text()
    deliver(project, "products_2026-01-02.csv", whole[: whole.index("\n500,") + 1])
    with pytest.raises(DeliveryError, match=r"500 of 1,000 records missing \(50.0%\)") as refused:
        land(project, 2)
    assert "--accept-loss erp.products" in str(refused.value)
    assert "erp.products, in/products_2026-01-02.csv" in str(refused.value)
    assert landed_days(project) == [1]
    with running(project) as run:
        apply_entity(run, "products")
        assert run.warehouse.value(f"SELECT count(*) FROM {std('products').qualified} WHERE valid_to IS NULL") == 1000
    deliver(project, "products_2026-01-02.csv", whole)
    land(project, 2)
    assert landed_days(project) == [1, 2]


def test_accepted_loss_is_remembered(tmp_path: Path) -> None:
    """An accepted loss is landed once and for all: in the delivery's entry, in the audit, and in no later question."""
    project = project_of(tmp_path, FULL)
    put(project, 1, range(100))
    put(project, 2, range(50))
    put(project, 3, range(45))
    land(project, 1)
    land(project, 2, accept_loss=True)
    land(project, 3)
    with running(project) as run:
        second = run.landing.deliveries("erp", "products")[1]
        assert second.accepted_loss == "50 of 100 records missing (50.0%)"
        told = run.history.audit()
        assert [(each["what"], each["extract"], each["loss"]) for each in told] == [
            ("accept-loss", "erp.products", second.accepted_loss)
        ]
        loads = apply_entity(run, "products").loads
        assert loads["deleted_count"].to_list() == [0, 50, 5]


def test_accepting_where_nothing_is_lost(tmp_path: Path) -> None:
    """Accepting a loss that is within the limit leaves no trace."""
    project = project_of(tmp_path, FULL)
    put(project, 1, range(100))
    put(project, 2, range(90))
    for number in (1, 2):
        land(project, number, accept_loss=True)
    with running(project) as run:
        assert run.landing.deliveries("erp", "products")[1].accepted_loss == ""
        assert run.history.audit() == []


def test_what_is_compared(tmp_path: Path) -> None:
    """A delivery is compared with the one that counts for the date before, also when it comes late or corrects one."""
    project = project_of(tmp_path, FULL)
    put(project, 1, range(100))
    put(project, 3, range(90))
    for number in (1, 3):
        land(project, number)
    put(project, 2, range(95))
    land(project, 2)
    put(project, 2, range(70))
    with running(project) as run, pytest.raises(DeliveryError, match="30 of 100"):
        land_extract(run, "erp", "products", [day(2)], reread=True)
    put(project, 2, range(85))
    with running(project) as run:
        land_extract(run, "erp", "products", [day(2)], reread=True)
        assert [d.row_count for d in run.landing.counting("erp", "products", load="full")] == [100, 85, 90]


def test_what_takes_the_place_of_another(tmp_path: Path) -> None:
    """A second delivery of a date that lacks what the first one brought is refused, also on the very first date."""
    project = project_of(tmp_path, FULL)
    put(project, 1, range(100))
    land(project, 1)
    put(project, 1, range(10))
    with running(project) as run, pytest.raises(DeliveryError, match=r"2026-01-01 missing .* 90 of 100"):
        land_extract(run, "erp", "products", [day(1)], reread=True)
    put(project, 2, range(300))
    land(project, 2)
    put(project, 2, range(100))  # as many as the day before, and not what came new today
    with running(project) as run, pytest.raises(DeliveryError, match="200 of 300"):
        land_extract(run, "erp", "products", [day(2)], reread=True)


def test_a_late_delivery_whose_records_the_next_one_lacks(tmp_path: Path) -> None:
    """In whatever order two deliveries come, a loss between them stops the later to come, till it is accepted."""
    project = project_of(tmp_path, FULL)
    put(project, 1, range(100))
    put(project, 2, range(70))
    land(project, 2)
    with pytest.raises(DeliveryError, match=r"missing from 2026-01-02 .* 30 of 100"):
        land(project, 1)
    with running(project) as run:
        (landed,) = land_extract(run, "erp", "products", [day(1)], accept_loss=True)
    assert landed.delivery is not None
    assert landed.delivery.accepted_loss == "30 of 100 records missing (30.0%)"


def test_a_delivery_without_keys_is_not_landed(tmp_path: Path) -> None:
    """A full delivery in which no row has a key is refused before it is landed; the next good one is landed."""
    project = project_of(tmp_path, FULL)
    put(project, 1, ["", " "])
    with pytest.raises(DeliveryError, match="values in the primary key id; found none in 2 rows"):
        land(project, 1)
    put(project, 2, range(3))
    land(project, 2)
    assert landed_days(project) == [2]


def test_marks_and_unreadable_lines_are_no_loss(tmp_path: Path) -> None:
    """Marked rows were not living and are not lost; as many keys as there are unreadable lines may be behind them."""
    project = project_of(tmp_path, MARKED.replace('csv"}', 'csv", delimiter: ","}\n        reject_limit: 0.5'))
    put(project, 1, range(100), marked=range(40))
    put(project, 2, range(40, 100), marked=range(40, 80))
    put(project, 3, range(80, 100))
    for number in (1, 2, 3):
        land(project, number)
    put(project, 4, range(80, 90), tail="short\n" * 10)
    land(project, 4)
    put(project, 5, range(80, 84))
    land(project, 5)  # of ten living records: too few to judge
    assert landed_days(project) == [1, 2, 3, 4, 5]


def test_incremental_deliveries_lose_nothing(tmp_path: Path) -> None:
    """An incremental delivery has what changed, so that nothing can be missing from it."""
    project = project_of(tmp_path, PRODUCTS.replace("LOAD", "incremental"))
    put(project, 1, range(100))
    put(project, 2, [1])
    for number in (1, 2):
        land(project, number)
    assert landed_days(project) == [1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_counts_against_sets(tmp_path: Path, seed: int) -> None:
    """Missing and living records are those of Python's sets, keys trimmed, repeated and blank ones included."""
    dice = random.Random(seed)
    project = project_of(tmp_path, FULL.replace("primary_key", "delete_limit: 0\n        primary_key"))
    before = [dice.choice([f" {n}", n, f"{n}　", ""]) for n in dice.choices(range(200), k=300)]
    now = dice.sample(range(200), 150)
    put(project, 1, before)
    put(project, 2, now)
    land(project, 1)
    living = {int(str(key).strip()) for key in before if str(key).strip()}
    missing = living - set(now)
    with pytest.raises(DeliveryError, match=f"{len(missing)} of {len(living)} records missing"):
        land(project, 2)
