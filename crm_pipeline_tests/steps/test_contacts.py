"""Claims on contacts in the same row, and on own columns with types, from landed rows to std."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.settings import Project
from crm_pipeline.state.delivery import LINE
from crm_pipeline.steps.applying import contacts
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LOADS, REJECTIONS, std
from crm_pipeline_tests.steps.building import content, land, project_of, running

TEXT = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  crm:
    extracts:
      customers:
        read: {file: "x_{date}.csv"}
        load: LOAD
        primary_key: id
        columns: {name: company, kind: {constant: organisation}}
        contact: {name: person, phones: [mobile]}
"""
COLUMNS = ("id", "company", "person", "mobile")
MOBILE = "13800138010"
NUMBER = "a number such as 1234.5, of at most 14 digits before the point"


def project(folder: Path, load: str = "full", more: str = "") -> Project:
    return project_of(folder, TEXT.replace("LOAD", load) + more)


def deliver(run: Run, number: int, *rows: Sequence[str]) -> None:
    land(run, number, COLUMNS, rows, source="crm", extract="customers")


def living(run: Run, extract: str = "customers_contact") -> dict[str, str | None]:
    sql = "SELECT source_id, name FROM std.customers WHERE extract = ? AND valid_to IS NULL ORDER BY source_id"
    return dict(run.warehouse.execute(sql, [extract]))  # type: ignore[arg-type]  # rows of two


def loads(run: Run, extract: str = "customers_contact") -> list[tuple[int, ...]]:
    sql = f"""SELECT delivered_count, loaded_count, unchanged_count, quarantined_count, duplicate_count, deleted_count
        FROM {LOADS.qualified} WHERE extract = ? ORDER BY business_date, sequence"""
    return run.warehouse.execute(sql, [extract])


def test_a_contact_is_a_record_of_its_own(tmp_path: Path) -> None:
    """A row with a contact gives two records: the company, and a person who works for it and points at it."""
    with running(project(tmp_path)) as run:
        deliver(run, 1, ("1", "甲公司", "张三", MOBILE), ("2", "乙公司", "", ""), ("3", "丙公司", "-", " \u3000"))
        apply_entity(run, "customers")
        sql = """SELECT record_key, kind, name, organisation, phones, related_record_key
            FROM std.customers ORDER BY record_key"""
        assert run.warehouse.execute(sql) == [
            ("crm/customers/1", "organisation", "甲公司", None, None, None),
            ("crm/customers/2", "organisation", "乙公司", None, None, None),
            ("crm/customers/3", "organisation", "丙公司", None, None, None),
            ("crm/customers_contact/1", "person", "张三", "甲公司", ["+86" + MOBILE], "crm/customers/1"),
        ]
        assert loads(run, "customers") == [(3, 3, 0, 0, 0, 0)]
        assert loads(run) == [(1, 1, 0, 0, 0, 0)]


@pytest.mark.parametrize("load", ["full", "incremental"])
def test_a_contact_that_is_blanked_is_deleted(tmp_path: Path, load: str) -> None:
    """A row whose contact is blank deletes the contact it had; rows that never had one count for nothing."""
    with running(project(tmp_path, load)) as run:
        deliver(run, 1, ("1", "甲", "张三", ""), ("2", "乙", "李四", ""), ("3", "丙", "", ""))
        deliver(run, 2, ("1", "甲", "", "无"), ("2", "乙", "李四", ""), ("3", "丙", "", ""))
        deliver(run, 3, ("1", "甲", "张三", ""), ("2", "乙", "李四", ""), ("3", "丙", "", ""))
        apply_entity(run, "customers")
        assert loads(run) == [(2, 2, 0, 0, 0, 0), (1, 0, 1, 0, 0, 1), (2, 1, 1, 0, 0, 0)]
        assert living(run) == {"1": "张三", "2": "李四"}
        sql = "SELECT valid_from, valid_to FROM std.customers WHERE record_key = 'crm/customers_contact/1' ORDER BY 1"
        assert run.warehouse.execute(sql) == [(date(2026, 1, 1), date(2026, 1, 2)), (date(2026, 1, 3), None)]


def test_the_newest_row_of_a_key_decides(tmp_path: Path) -> None:
    """Of several rows of one key the last decides whether there is a contact; surplus contacts are counted as such."""
    with running(project(tmp_path, "incremental")) as run:
        deliver(run, 1, ("1", "甲", "张三", ""), ("1", "甲", "", ""), ("2", "乙", "", ""), ("2", "乙", "李四", ""))
        apply_entity(run, "customers")
        assert living(run) == {"2": "李四"}
        assert loads(run) == [(2, 1, 0, 0, 1, 0)]
        assert loads(run, "customers") == [(4, 2, 0, 0, 2, 0)]


def test_deliveries_without_any_contact(tmp_path: Path) -> None:
    """A delivery in which nobody has a contact is applied; with load full it deletes those that were."""
    with running(project(tmp_path)) as run:
        deliver(run, 1, ("1", "甲", "张三", ""))
        deliver(run, 2, ("1", "甲", "", ""))
        apply_entity(run, "customers")
        assert living(run) == {}
        assert loads(run)[-1] == (0, 0, 0, 0, 0, 1)


def test_contact_from_expressions(tmp_path: Path) -> None:
    """Where the contact is an expression, the rows in which it is blank hold no contact."""
    text = TEXT.replace("LOAD", "full").replace(
        "{name: person, phones: [mobile]}",
        "{name: {expression: \"CASE WHEN company <> '' THEN nullif(person, 'x') END\"}, kind: {constant: person}}",
    )
    with running(project_of(tmp_path, text)) as run:
        deliver(run, 1, ("1", "甲", "张三", ""), ("2", "乙", "x", MOBILE), ("3", "", "李四", ""), ("4", "丁", "无", ""))
        apply_entity(run, "customers")
        assert living(run) == {"1": "张三"}
        assert loads(run) == [(1, 1, 0, 0, 0, 0)]


def test_contacts_go_with_their_mapping(tmp_path: Path) -> None:
    """A contact that is no longer mapped leaves std; one that is mapped again comes back, as after a rebuild."""
    with running(project(tmp_path)) as run:
        deliver(run, 1, ("1", "甲", "张三", ""))
        apply_entity(run, "customers")
        before = content(run, std("customers")).rows()
    without = TEXT.replace("LOAD", "full").replace("        contact: {name: person, phones: [mobile]}\n", "")
    with running(project_of(tmp_path, without)) as run:
        apply_entity(run, "customers")
        assert living(run) == {}
        assert loads(run) == []
    with running(project(tmp_path)) as run:
        apply_entity(run, "customers")
        assert content(run, std("customers")).rows() == before


@pytest.mark.parametrize("load", ["full", "incremental"])
def test_contacts_against_an_oracle(tmp_path: Path, load: str) -> None:
    """Random deliveries leave the contacts that a plain replay leaves, and counts add up in each."""
    chance = random.Random(7)
    expected: dict[str, str] = {}
    with running(project(tmp_path, load)) as run:
        for number in range(1, 9):
            rows = [
                (str(chance.randrange(6)), "甲", chance.choice(["", "张三", "李四", "无"]), chance.choice(["", MOBILE]))
                for _ in range(chance.randrange(1, 8))
            ]
            deliver(run, number, *rows)
            newest = {row[0]: row for row in rows}
            if load == "full":
                expected = {}
            for key, (_, _, person, mobile) in newest.items():
                expected.pop(key, None)
                if person not in ("", "无") or mobile:
                    expected[key] = person
            apply_entity(run, "customers")
            assert {key: name or "" for key, name in living(run).items()} == {
                key: "" if name == "无" else name for key, name in expected.items()
            }
            delivered, *outcomes, _ = loads(run)[-1]
            assert delivered == sum(outcomes) == sum(row[2] not in ("", "无") or row[3] != "" for row in rows)


OWN = """\
        extra_columns:
          level: company
          score: {column: person, type: number}
          since: {column: mobile, type: date, personal: none}
          is_vip: {column: id, type: boolean}
"""


def test_own_columns_have_their_types(tmp_path: Path) -> None:
    """Own columns are cleaned as their type, also in rows of extracts without them; what can't be read is rejected."""
    text = TEXT.replace("LOAD", "full").replace("        contact: {name: person, phones: [mobile]}\n", OWN)
    with running(project_of(tmp_path, text)) as run:
        deliver(run, 1, ("1", " a ", "1,234.5", "2026年1月5日"), ("0", "b", "many", "31/12/2026"), ("x", "", "", "-"))
        apply_entity(run, "customers")
        sql = "SELECT is_vip, level, CAST(score AS VARCHAR), since FROM std.customers ORDER BY source_id"
        assert run.warehouse.execute(sql) == [
            (False, "b", None, date(2026, 12, 31)),
            (True, "a", "1234.5000", date(2026, 1, 5)),
            (None, None, None, None),
        ]
        sql = f"SELECT rule_id, value, reason FROM {REJECTIONS.qualified} ORDER BY line, rule_id"
        found = [
            (rule, value, reason.rpartition("; ")[0] or reason) for rule, value, reason in run.warehouse.execute(sql)
        ]
        assert found == [
            ("customers.score_readable", "many", f"expected {NUMBER}"),
            ("customers.is_vip_readable", "x", "expected yes or no, such as true, Y, 1, 是"),
            ("customers.since_placeholder", "-", "expected a date such as 2025-03-05, 20250305 or 2025年3月5日"),
        ]


@pytest.mark.parametrize(
    ("others", "status", "rejected"),
    [("keep", ["活跃?", "active", "old"], []), ("empty", [None, "active", "old"], []),
     ("reject", [None, "active", "old"], [("customers.status_readable", "活跃?")])],
)  # fmt: skip
def test_values_that_a_map_does_not_have(
    tmp_path: Path, others: str, status: list[str | None], rejected: list[tuple[str, str]]
) -> None:
    """`other_values` says whether a value outside of the map stays, becomes empty, or is reported besides."""
    form = f"status: {{column: person, values: {{有效: active, x: old}}, other_values: {others}}}"
    text = TEXT.replace("LOAD", "full").replace("contact: {name: person, phones: [mobile]}", "")
    with running(project_of(tmp_path, text.replace("name: company", f"name: company, {form}"))) as run:
        deliver(run, 1, ("1", "a", "活跃?", ""), ("2", "b", " 有效", ""), ("3", "c", "x", ""))
        apply_entity(run, "customers")
        found = run.warehouse.execute("SELECT status FROM std.customers ORDER BY source_id")
        assert [row[0] for row in found] == status
        assert run.warehouse.execute(f"SELECT rule_id, value FROM {REJECTIONS.qualified}") == rejected


def test_line_numbers_are_those_of_the_rows(tmp_path: Path) -> None:
    """A contact has the line of its row, so that both records lead back to it."""
    with running(project(tmp_path)) as run:
        deliver(run, 1, ("1", "甲", "", ""), ("2", "乙", "张三", ""))
        apply_entity(run, "customers")
        assert run.warehouse.execute("SELECT line FROM std.customers WHERE source_id = '2'") == [(3,), (3,)]


@pytest.mark.parametrize("corrected_lines", [(), (2,), (3, 8), tuple(range(2, 12))])
def test_each_row_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corrected_lines: Sequence[int]
) -> None:
    """Over chunks and corrected rows, each row is asked once whether it holds a contact, and as it is corrected."""
    monkeypatch.setattr(contacts, "_CHUNK_ROWS", 3)
    text = TEXT.replace("name: person", 'name: {expression: "trim(person)"}')
    configured = project_of(tmp_path, text.replace("LOAD", "full"))
    with running(configured) as run:
        rows = [(str(n), "甲", "张三" if n % 2 else " ", "") for n in range(10)]
        delivery = land(run, 1, COLUMNS, rows, source="crm", extract="customers")
        [applied] = [each for each in configured.config.applied_extracts if each.is_contact]
        blank = pl.DataFrame(
            [("x", "甲", "", "", line) for line in corrected_lines],
            schema={**dict.fromkeys(COLUMNS, pl.String()), LINE: pl.Int64()},
            orient="row",
        )
        found = contacts.blank_lines(delivery, applied, (), blank)
        assert isinstance(found, pl.Series)
        assert sorted(found) == sorted({*range(2, 12, 2), *corrected_lines})
