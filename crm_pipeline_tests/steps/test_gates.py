"""Claims on what holds on every run: rules on whole tables and own columns, limits, keys, references, file modes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Project
from crm_pipeline.steps.applying import standardise as module
from crm_pipeline.steps.applying.standardise import EntityApplied, apply_entity
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.looking.check import check_project
from crm_pipeline.steps.looking.preview import preview_extract
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LOADS, REJECTIONS, std
from crm_pipeline_tests.steps.building import PRODUCTS, content, day, deliver, everything, land, project_of, running

FULL = PRODUCTS.replace("LOAD", "full")
COLUMNS = ("id", "code", "cost")
CUSTOMERS = """\
version: 1
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: id
        columns: {name: name}
        extra_columns: {vip_level: level}
"""


def expect(folder: Path, table: str, rule_id: str, severity: str, type_: str, **kwargs: Any) -> None:
    """A suite of the project's own with one rule."""
    rule = {
        "type": type_,
        "kwargs": kwargs,
        "severity": "critical",
        "meta": {"rule_id": rule_id, "severity": severity, "column": kwargs.get("column"), "notes": "Correct it."},
    }
    file = folder / "expectations" / f"{table}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"name": table, "expectations": [rule]}))


def verdict(applied: EntityApplied, rule_id: str) -> list[tuple[bool, int, int]]:
    """What both counts say of a rule: ours, then the contract's."""
    rows = [frame.filter(frame["rule_id"] == rule_id) for frame in (applied.checks, applied.contract)]
    return [(row["is_passed"].item(), row["judged_count"].item(), row["failed_count"].item()) for row in rows]


def test_a_rule_on_the_table_fails_on_every_run(tmp_path: Path) -> None:
    """An own rule of severity table that is broken fails on the first run and on later ones that have nothing new."""
    expect(tmp_path, "std.customers", "own.name_known", "table", "expect_column_values_to_not_be_null", column="name")
    project = project_of(tmp_path, CUSTOMERS)
    rows = [("1", "Anna", "gold"), ("2", "", "gold")]
    with running(project) as run:
        land(run, 1, ("id", "name", "level"), rows, source="crm", extract="customers")
        first = apply_entity(run, "customers")
        assert first.loads["loaded_count"].to_list() == [2]
        assert verdict(first, "own.name_known") == [(False, 2, 1)] * 2
    for _ in range(2):
        with running(project) as run:
            later = apply_entity(run, "customers")
            assert later.loads.is_empty()
            assert verdict(later, "own.name_known") == [(False, 2, 1)] * 2
    with running(project) as run:
        land(run, 2, ("id", "name", "level"), [("2", "Otto", "gold")], source="crm", extract="customers")
        assert verdict(apply_entity(run, "customers"), "own.name_known")[0][0]


def test_crash_between_a_table_made_anew_and_its_loads_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash after std was made anew and before its loads were forgotten leaves all rows for the next run to give."""
    rows = [("1", "A", "1"), ("2", "B", "2")]
    project = project_of(tmp_path, FULL)
    with running(project) as run:
        land(run, 1, COLUMNS, rows)
        apply_entity(run, "products")
        before = everything(run, "products")
        run.warehouse.execute(f"DROP TABLE {std('products').qualified}")

    class CrashError(Exception):
        """The end of the process."""

    with running(project) as run, monkeypatch.context() as patch:
        original = type(run.warehouse).execute

        def execute(warehouse: Any, sql: str, *arguments: Any) -> Any:
            if sql.startswith("DELETE FROM"):
                raise CrashError
            return original(warehouse, sql, *arguments)

        patch.setattr(type(run.warehouse), "execute", execute)
        with pytest.raises(CrashError):
            module.apply_entity(run, "products")
    with running(project) as run:
        assert apply_entity(run, "products").current_count == 2
        assert everything(run, "products") == before


def test_full_delivery_without_any_key_deletes_nothing(tmp_path: Path) -> None:
    """A full delivery in which no row has a key is refused without quoting a cell, and every record stays."""
    with running(project_of(tmp_path, FULL)) as run:
        land(run, 1, COLUMNS, [("1", "A", "1"), ("2", "B", "2")])
        apply_entity(run, "products")
        before = everything(run, "products")
        land(run, 2, COLUMNS, [("", "secret", "1"), (" ", "secret", "2")])
        with pytest.raises(DeliveryError, match=r"erp\.products.*primary key id; found none in 2 rows") as caught:
            apply_entity(run, "products")
        assert "secret" not in str(caught.value)
        assert everything(run, "products") == before
        land(run, 2, COLUMNS, [("1", "A", "1"), ("", "secret", "2")])  # delivered again, one key is enough
        assert apply_entity(run, "products").loads["deleted_count"].to_list() == [1]


def test_rule_on_an_own_column(tmp_path: Path) -> None:
    """A rule on an extra column is accepted by the check, and preview and run find the same rows by it."""
    expect(
        tmp_path, "std.customers", "own.level_known", "value", "expect_column_values_to_be_in_set",
        column="vip_level", value_set=["gold"],
    )  # fmt: skip
    project = project_of(tmp_path, CUSTOMERS)
    deliver(project, "c_2026-01-05.csv", "id,name,level\n1,Anna,gold\n2,Otto,lead\n3,Ida,\n")
    assert [part.error for part in check_project(project, day(5))] == [None] * len(check_project(project, day(5)))
    preview = preview_extract(project, "crm", "customers", day(5)).rejected
    with running(project) as run:
        land_extract(run, "crm", "customers", [day(5)])
        applied = apply_entity(run, "customers")
        found = content(run, REJECTIONS).group_by("rule_id", "severity", "reason").len("rows")
        levels = content(run, std("customers", ("vip_level",)))["vip_level"].to_list()
    assert found["rule_id"].to_list() == ["own.level_known"]
    assert preview.drop("lines").rows() == found.rows()
    assert levels == ["gold", None, None]
    assert verdict(applied, "own.level_known") == [(False, 2, 1)] * 2


def _cost(run: Run, number: int, bad: int, *, changed: int, of: int) -> tuple[bool, int, int]:
    """The verdict on a delivery of products of which some rows changed, and of these the first few to a bad cost."""
    rows = [
        (str(i), "A", "" if i % 2 else "-1" if i < 2 * bad else str(number) if i < changed else "1") for i in range(of)
    ]
    land(run, number, COLUMNS, rows)
    ours, contract = verdict(apply_entity(run, "products"), "products.cost_not_negative")
    assert ours == contract
    return ours


def test_limit_is_a_share_of_delivered_rows(tmp_path: Path) -> None:
    """`mostly` is a share of all delivered rows with a value, not of the few that changed, nor of blank ones."""
    with running(project_of(tmp_path, FULL)) as run:
        assert _cost(run, 1, 0, changed=0, of=200) == (True, 100, 0)
        assert _cost(run, 2, 4, changed=8, of=200) == (True, 4, 4)  # of 200 rows 4 changed, all of them to the worse
    with running(project_of(tmp_path / "many", FULL)) as run:
        assert _cost(run, 1, 6, changed=12, of=200) == (False, 100, 6)  # 6 of 100 values, though only 6 of 200 rows


def _readable_by_others(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_files_of_a_run_are_private(tmp_path: Path) -> None:
    """With umask 022 warehouse, its log, what is spilled and what is landed can be read by their owner only."""
    before = os.umask(0o022)
    try:
        project: Project = project_of(tmp_path, FULL)
        with running(project) as run:
            land(run, 1, COLUMNS, [("1", "A", "1")])
            apply_entity(run, "products")
            (project.var / "tmp").mkdir(exist_ok=True)
            (project.var / "tmp" / "spilled").touch()  # as any library in this process would make it
            made = {path.name for path in tmp_path.rglob("*") if path.is_file()}
            assert {"warehouse.duckdb", "warehouse.duckdb.wal", "spilled", "0001.parquet"} <= made
            assert [name for name in _readable_by_others(tmp_path) if not name.endswith("pipeline.yaml")] == []
        assert [name for name in _readable_by_others(tmp_path) if not name.endswith("pipeline.yaml")] == []
        assert os.umask(0o022) == 0o022  # the caller's own again
    finally:
        os.umask(before)


REFERENCES = """\
version: 1
start_date: 2026-01-01
sources:
  erp:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: [company, number]
        columns: {name: name}
      orders:
        read: {file: "in/o_{date}.csv"}
        primary_key: id
        columns: {order_number: id, customer: [company, number]}
"""
KEYS = [("A  B", "１２"), ("a b", "12"), (" x|y ", "z\\"), ("ｶﾅ", "Ⅳ"), ("王", "1  2")]


@pytest.mark.parametrize("is_composite", [True, False], ids=["of two columns", "of one column"])
def test_order_refers_to_its_customer(tmp_path: Path, *, is_composite: bool) -> None:
    """An order's reference is its customer's record key, letter by letter: inner blanks, widths and parts alike."""
    text = REFERENCES if is_composite else REFERENCES.replace("[company, number]", "company")
    with running(project_of(tmp_path, text)) as run:
        customers = [(*key, f"n{i}") for i, key in enumerate(KEYS)]
        land(run, 1, ("company", "number", "name"), customers, extract="customers")
        orders = [(*key, f"o{i}") for i, key in enumerate(KEYS)]
        land(run, 1, ("company", "number", "id"), orders, extract="orders")
        for entity in ("customers", "orders"):
            apply_entity(run, entity)
        keys = dict(run.warehouse.execute(f"SELECT name, record_key FROM {std('customers').qualified}"))
        found = dict(run.warehouse.execute(f"SELECT source_id, customer_record_key FROM {std('orders').qualified}"))
        assert run.warehouse.count(LOADS) == 2
    assert len(set(found.values())) == len(KEYS)
    assert {f"o{i}": keys[f"n{i}"] for i in range(len(KEYS))} == found
