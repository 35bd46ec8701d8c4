"""Claims on cells that can't be read: each column is a rule, with a limit that fails its check and may be set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline import quality
from crm_pipeline.settings import Project
from crm_pipeline.steps.applying.standardise import EntityApplied, apply_entity, recipe_sha256
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.steps.telling.wording import chinese
from crm_pipeline.tables import REJECTIONS, std
from crm_pipeline_tests.steps.building import land, project_of, running

TEXT = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  erp:
    extracts:
      customers:
        read: {file: "in/customers_{date}.csv"}
        primary_key: id
        columns: {name: name, phones: [phone, mobile], status: {column: state, values: {a: open}, other_values: reject}}
        extra_columns: {balance: {column: balance, type: number}}
"""
COLUMNS = ("id", "name", "phone", "mobile", "state", "balance")
IN_RANGE, TOO_LONG = "12345678901234.5", "123456789012345.5"  # 14 and 15 digits before the point


def apply(run: Run, rows: Sequence[Sequence[str]], number: int = 1) -> EntityApplied:
    land(run, number, COLUMNS, rows, extract="customers")
    return apply_entity(run, "customers")


def verdicts(applied: EntityApplied) -> dict[str, tuple[int, int, bool]]:
    """Judged, failed and passed of each rule on cells that can be read; Great Expectations counts the same."""
    told = {}
    columns = ["rule_id", "judged_count", "failed_count", "is_passed"]
    assert applied.checks.select(columns).equals(applied.contract.select(columns))
    for rule, judged, failed, is_passed in applied.checks.select(columns).rows():
        if rule.endswith("_readable"):
            told[rule.removeprefix("customers.").removesuffix("_readable")] = (judged, failed, is_passed)
    return told


def own_suite(project: Project, **changes: Any) -> None:
    """Writes the rule on balance into the project's own suite, with changes of its meta or its `mostly`."""
    mostly = changes.pop("mostly", 0.95)
    rule = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "balance.readable", "value_set": ["true"], "mostly": mostly},
        "severity": "warning",
        "meta": {
            "rule_id": "customers.balance_readable", "severity": "value", "column": "balance", "notes": "Own.",
            **changes,
        },
    }  # fmt: skip
    folder = project.root / "expectations"
    folder.mkdir(exist_ok=True)
    text = json.dumps({"name": "std.customers", "expectations": [rule]})
    (folder / "std.customers.json").write_text(text, encoding="utf-8")


def rejected(run: Run) -> list[tuple[object, ...]]:
    sql = f"SELECT source_id, rule_id, severity, value FROM {REJECTIONS.qualified} ORDER BY line, rule_id"
    return run.warehouse.execute(sql)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_of(tmp_path, TEXT)


def test_too_many_unreadable_cells_fail_a_check(project: Project) -> None:
    """More than 5 % of the cells of a column fail its check, 5 % do not; blank ones are none, numbers have a bound."""
    rows = [(str(n), "A", "", "", "", IN_RANGE if n >= 5 else TOO_LONG) for n in range(100)]
    rows += [(f"b{n}", "A", "", "", "", " ") for n in range(100)]
    with running(project) as run:
        assert verdicts(apply(run, rows))["balance"] == (100, 5, True)
        worse = [(*row[:5], "x") if row[0] == "9" else row for row in rows]
        assert verdicts(apply(run, [*worse, ("new", "A", "", "", "", TOO_LONG)], 2))["balance"] == (2, 2, True)
        run.warehouse.execute("DELETE FROM ops.loads")
        assert verdicts(apply_entity(run, "customers"))["balance"][2] is True  # of both deliveries
        found = verdicts(apply(run, [(str(n), "A", "", "", "", TOO_LONG) for n in range(200)], 3))
        assert found["balance"][2] is False
    assert all(
        "14 digits" in rule.notes for rule in suite_of(project, std("customers")).rules if "balance" in rule.column
    )


def test_columns_that_have_a_rule(project: Project) -> None:
    """Mapped columns whose cells may be refused have a rule, and no others: plain text is never refused."""
    names = [rule.rule_id for rule in suite_of(project, std("customers", project.config.extras("customers"))).rules]
    assert [name for name in names if name.endswith("_readable")] == [
        "customers.name_readable", "customers.phones_readable", "customers.balance_readable",
        "customers.status_readable",
    ]  # fmt: skip


def test_what_counts_as_unreadable(project: Project) -> None:
    """Of a list one element is enough, the others stay; a value that the mapping refuses counts; one rejection each."""
    rows = [
        ("1", "A", "13800138010", "x", "a", "1"),
        ("2", "B", "13800138001", "", "b", ""),
        ("3", "C", "x", "y", "", "many"),
    ]
    with running(project) as run:
        assert verdicts(apply(run, rows)) == {
            "name": (3, 0, True), "phones": (3, 2, False), "balance": (2, 1, False), "status": (2, 1, False),
        }  # fmt: skip
        assert rejected(run) == [
            ("1", "customers.phones_readable", "value", "13800138010 | x"),
            ("2", "customers.status_readable", "value", "b"),
            ("3", "customers.balance_readable", "value", "many"),
            ("3", "customers.phones_readable", "value", "x | y"),
        ]
        kept = run.warehouse.execute("SELECT phones, status, balance::INTEGER FROM std.customers ORDER BY source_id")
        assert kept == [(["+8613800138010"], "open", 1), (["+8613800138001"], None, None), (None, None, None)]


def test_whole_tables_are_judged_alike(project: Project) -> None:
    """The monthly judgement of all current records counts what the deliveries of these counted."""
    with running(project) as run:
        apply(run, [("1", "A", "x", "", "a", "many"), ("2", "B", "13800138001", "", "c", "1")])
        apply(run, [("1", "A", "x", "", "a", "many"), ("2", "B", "13800138001", "", "a", "1")], 2)
        assert verdicts(apply_entity(run, "customers", judge_all=True)) == {
            "name": (2, 0, True), "phones": (2, 1, False), "balance": (2, 1, False), "status": (2, 0, True),
        }  # fmt: skip


def test_the_limit_is_set_by_an_own_suite(project: Project) -> None:
    """A rule of the same id in a project's own suite sets another limit, or switches the check off."""
    rows = [(str(n), "A", "", "", "", "x" if n else "1") for n in range(10)]
    own_suite(project, mostly=0.1)
    with running(project) as run:
        assert verdicts(apply(run, rows))["balance"] == (10, 9, True)
    own_suite(project, disabled=True)
    with running(project) as run:
        run.warehouse.execute("DELETE FROM ops.loads")
        assert "balance" not in verdicts(apply_entity(run, "customers"))
        assert len(rejected(run)) == 9


def test_the_example_of_the_documentation(project: Project) -> None:
    """The suite that the documentation shows is one that is read, and sets the limit it speaks of."""
    text = (Path(__file__).parents[2] / "docs/data-engineer.md").read_text(encoding="utf-8")
    [example] = [part.split("```")[0] for part in text.split("```json\n")[1:] if "phones_readable" in part]
    (project.root / "expectations").mkdir()
    (project.root / "expectations/std.customers.json").write_text(example, encoding="utf-8")
    [rule] = [each for each in suite_of(project, std("customers")).rules if each.rule_id == "customers.phones_readable"]
    assert (rule.mostly, rule.severity) == (0.8, "value")


def test_rows_may_be_held_back(project: Project) -> None:
    """With severity row, a cell that can't be read holds back its row, for one reason."""
    own_suite(project, severity="row")
    with running(project) as run:
        applied = apply(run, [("1", "A", "", "", "", "x"), ("2", "B", "", "", "", "2")])
        assert applied.loads["quarantined_count"].to_list() == [1]
        assert applied.current_count == 1
        assert rejected(run) == [("1", "customers.balance_readable", "row", "x")]


def test_limits_change_no_row(project: Project) -> None:
    """A rule that only counts is no part of the recipe: no row counts as changed; one that holds rows back is."""

    def recipe() -> str:
        [applied] = project.config.applied_extracts
        with running(project) as run:
            return recipe_sha256(run, applied, suite_of(project, std("customers", project.config.extras("customers"))))

    before = recipe()
    own_suite(project, mostly=0.1)
    assert recipe() == before
    own_suite(project, severity="row")
    assert recipe() != before


def test_rules_are_such_as_a_file_could_have(project: Project) -> None:
    """The rule is the one that a suite with its words is read as, so that an own one may be a copy with changes."""
    [given] = [rule for rule in suite_of(project, std("customers")).rules if rule.column == "balance"]
    own_suite(project, notes=given.notes, notes_zh=given.notes_zh)
    [written] = [rule for rule in suite_of(project, std("customers")).rules if rule.column == "balance"]
    assert written == given
    assert given.rule_id == quality.readable_id("customers", "balance")


def test_notes_in_chinese(project: Project) -> None:
    """Every rule says in Chinese what it says in English."""
    with running(project) as run:
        words = chinese(project, run.sql_models)
    rules = [rule for rule in suite_of(project, std("customers")).rules if rule.rule_id.endswith("_readable")]
    assert len(rules) == 4
    assert all("无法识别" in words[rule.notes] for rule in rules)
