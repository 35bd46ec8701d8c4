"""Claims on the files: equal plans give equal bytes, and each file is what its format promises."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.generator import LARGEST_CUSTOMERS, Generated, Plan, generate
from crm_pipeline_tests.generator import worlds

EXTRACTS = ("crm/{}/customers.csv", "shop/{}/users.jsonl", "finance/{}/partners.csv", "support/{}/support.xlsx")


def test_the_number_of_processes_does_not_show(world: Path, tmp_path: Path) -> None:
    """Two processes and one of their own for Excel write the bytes that one process writes, run after run."""
    worlds.make(tmp_path, worlds.PLAN, processes=2)
    assert worlds.digests(tmp_path) == worlds.digests(world)


def test_another_seed_gives_other_files(tmp_path: Path) -> None:
    """With another seed every file of customers is another; with the same none is."""
    plan = Plan(60, 2, 1)
    for name, chosen in (("a", plan), ("b", plan), ("c", dataclasses.replace(plan, seed=2))):
        worlds.make(tmp_path / name, chosen)
    first, same, other = (worlds.digests(tmp_path / name) for name in "abc")
    assert first == same
    for path in EXTRACTS:
        name = "extracts/" + path.format(plan.dates[0])
        assert first[name] != other[name]


@pytest.mark.parametrize("customers", [1, 10])
@pytest.mark.parametrize("days", [1, 2])
def test_the_smallest_worlds_have_every_extract(customers: int, days: int, tmp_path: Path) -> None:
    """Ten customers or one give every extract on the first day, each with rows."""
    generated = worlds.make(tmp_path, Plan(customers, days, 3))
    first = {(source, extract): rows for (source, extract, day), rows in generated.rows.items() if day == "2026-03-02"}
    assert len(first) == 10
    assert all(first.values())
    assert generated.records == len(worlds.csv_rows(tmp_path / "truth.csv", "utf-8"))


@pytest.mark.parametrize(
    ("customers", "days", "seed", "option"),
    [(0, 1, 1, "--customers"), (LARGEST_CUSTOMERS + 1, 1, 1, "--customers"), (1, 0, 1, "--days"), (1, 1, -1, "--seed")],
)
def test_numbers_out_of_bounds_are_refused(customers: int, days: int, seed: int, option: str) -> None:
    """A world of nobody, of no day, or of more tickets than a sheet holds is refused by the option's name."""
    with pytest.raises(ConfigurationError, match=option):
        Plan(customers, days, seed)


def test_rows_are_counted_as_they_are_written(made: tuple[Path, Generated]) -> None:
    """The counts told are the rows of each file, by Python's own readers."""
    folder, generated = made
    for (source, extract, day), rows in generated.rows.items():
        below = folder / "extracts" / source / day
        if extract == "customers":
            found = len(worlds.delivered(folder, source, day))
        elif source == "crm":
            found = len(worlds.csv_rows(below / f"{extract}.csv", "gb18030"))
        elif source == "shop":
            found = len(worlds.json_rows(below / f"{extract}.jsonl"))
        elif source == "finance":
            found = len(worlds.csv_rows(below / "billing.csv", "utf-8-sig", ";"))
        else:
            found = len(worlds.sheet(below / "support.xlsx", "工单"))
        assert found == rows, (source, extract, day)


def test_text_is_in_the_encoding_that_is_said(world: Path) -> None:
    """The CRM's files are GB18030 and no UTF-8, with CRLF; finance begins with a byte order mark."""
    crm = (world / "extracts/crm/2026-03-02/customers.csv").read_bytes()
    assert "联系人" in crm.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        crm.decode("utf-8")
    assert crm.count(b"\r\n") == crm.count(b"\n")
    assert (world / "extracts/finance/2026-03-02/partners.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_json_has_numbers_as_numbers_and_nested_addresses(world: Path) -> None:
    """Amounts are numbers and an address is an object."""
    users = worlds.json_rows(world / "extracts/shop/2026-03-02/users.jsonl")
    orders = worlds.json_rows(world / "extracts/shop/2026-03-02/orders.jsonl")
    assert all(isinstance(user["address"], dict) for user in users)
    assert all(isinstance(order["amount"], int) for order in orders)


def test_the_workbook_has_dates_and_typed_numbers(world: Path) -> None:
    """Times are real Excel times, and some phones are numbers while others are text."""
    file = world / "extracts/support/2026-03-02/support.xlsx"
    tickets, customers = worlds.sheet(file, "工单"), worlds.sheet(file, "客户")
    assert tickets["创建时间"].dtype.is_temporal()
    assert isinstance(tickets["创建时间"][0], datetime.datetime)
    assert set(tickets["客户编号"]) == set(customers["编号"])
    digits = customers["联系电话"].cast(pl.String).str.contains(r"^[0-9]+$")
    assert 0.3 < digits.fill_null(value=False).mean() < 0.95  # type: ignore[operator]


def test_progress_is_told_in_a_unit_that_fits(tmp_path: Path) -> None:
    """Ten customers are ten customers, not zero thousands of them."""
    told: list[tuple[str, int, int]] = []
    generate(tmp_path, Plan(customers=10, days=1, seed=1), processes=1, progress=lambda *each: told.append(each))
    assert told == [("customers", 10, 10)]
