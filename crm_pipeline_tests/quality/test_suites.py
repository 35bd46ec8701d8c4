"""Suites are found, merged, frozen, and refused with a reason."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.bundled import bundled
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.quality.rules import Severity
from crm_pipeline.quality.suites import judged_tables, load_suite, suite_tables
from crm_pipeline.tables import ENTITIES
from crm_pipeline_tests.quality.building import expectation, suite_of, write_suite

SHIPPED = bundled("expectations")
PRESENT = "expect_column_values_to_not_be_null"
BETWEEN = "expect_column_values_to_be_between"
PAIR = "expect_column_pair_values_to_be_equal"


def test_shipped_suites_load_and_explain_themselves() -> None:
    """Every shipped rule loads, says why and what to do in two sentences or more, and is shown as grave as it is."""
    shown_as = {Severity.TABLE: "critical", Severity.ROW: "critical", Severity.VALUE: "warning"}
    tables = suite_tables(SHIPPED)
    assert {*(f"std.{entity}" for entity in ENTITIES), "gold.customers", "gold.customer_records"} <= set(tables)
    for table in tables:
        for rule in load_suite(table, SHIPPED).rules:
            assert rule.notes.count(". ") >= 1, rule.rule_id
            assert rule.notes.endswith("."), rule.rule_id
            assert rule.report_severity == shown_as.get(rule.severity, "info"), rule.rule_id
            assert rule.rule_id.startswith(f"{table.split('.')[1]}."), rule.rule_id


def test_every_table_has_a_suite() -> None:
    """Each table from std to mart has a shipped suite."""
    missing = [table for table in judged_tables() if not load_suite(table, SHIPPED).rules]
    assert missing == []


def test_every_rule_is_told_in_chinese_too() -> None:
    """Each shipped rule has its notes in Chinese, and equal notes have one translation."""
    rules = [rule for table in suite_tables(SHIPPED) for rule in load_suite(table, SHIPPED).rules]
    assert [rule.rule_id for rule in rules if not rule.notes_zh] == []
    assert len({(rule.notes, rule.notes_zh) for rule in rules}) == len({rule.notes for rule in rules})


def test_later_folder_adds_overrides_and_switches_off(tmp_path: Path) -> None:
    """A project's suite adds rules, replaces those of the same id in place, and switches off by id."""
    first = [expectation(name, PRESENT, column="status") for name in ("a", "b", "c")]
    second = [
        expectation("b", PRESENT, severity="row", column="currency"),
        {"meta": {"rule_id": "c", "disabled": True}},
        expectation("d", PRESENT, column="amount"),
    ]
    write_suite(tmp_path / "shipped", "std.orders", first)
    write_suite(tmp_path / "own", "std.orders", second)
    suite = load_suite("std.orders", tmp_path / "shipped", tmp_path / "own", tmp_path / "missing")
    assert [(rule.rule_id, rule.column, rule.severity) for rule in suite.rules] == [
        ("a", "status", "warning"),
        ("b", "currency", "row"),
        ("d", "amount", "warning"),
    ]


def test_no_file_is_no_rules(tmp_path: Path) -> None:
    """A table without a file in any folder has an empty suite."""
    assert load_suite("gold.products", tmp_path).rules == ()


def test_suite_is_frozen(tmp_path: Path) -> None:
    """Neither a rule nor its options can be changed once loaded."""
    rule = suite_of(tmp_path, "std.orders", expectation("a", BETWEEN, column="amount", min_value=1)).rules[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.mostly = 0.5  # type: ignore[misc]
    with pytest.raises(TypeError):
        rule.options["min_value"] = 2.0  # type: ignore[index]


def test_own_columns_can_be_judged(tmp_path: Path) -> None:
    """A rule may use an own column of the project, but only where it is declared."""
    write_suite(tmp_path, "std.customers", [expectation("a", PRESENT, column="vip_level")])
    assert load_suite("std.customers", tmp_path, extra=["vip_level"]).rules[0].columns == ("vip_level",)
    with pytest.raises(ConfigurationError, match="vip_level"):
        load_suite("std.customers", tmp_path)


def test_hash_follows_meaning_not_layout(tmp_path: Path) -> None:
    """The hash stays when rules are reordered or a date is written longer, and changes with each part of a rule."""
    rules = [
        expectation("a", BETWEEN, column="ordered_on", min_value="2020-01-01"),
        expectation("b", PRESENT, column="status"),
    ]
    original = suite_of(tmp_path, "std.orders", *rules).sha256
    longer = [rules[1], expectation("a", BETWEEN, column="ordered_on", min_value="2020-01-01T00:00:00", mostly=1.0)]
    assert suite_of(tmp_path, "std.orders", *longer).sha256 == original
    changes: list[dict[str, Any]] = [
        expectation("c", PRESENT, column="status"),
        expectation("b", PRESENT, severity="row", column="status"),
        expectation("b", PRESENT, column="currency"),
        expectation("b", PRESENT, column="status", mostly=0.9),
        expectation("b", PRESENT, column="status", meta_column="currency"),
        rules[1] | {"meta": rules[1]["meta"] | {"notes": "Another reason."}},
    ]
    hashes = {suite_of(tmp_path, "std.orders", rules[0], change).sha256 for change in changes}
    assert len(hashes - {original}) == len(changes)


def _without(key: str, part: str = "meta") -> dict[str, Any]:
    broken = json.loads(json.dumps(expectation("a", PRESENT, column="status")))
    del (broken[part] if part else broken)[key]
    return broken  # type: ignore[no-any-return]


_GOOD = expectation("a", PRESENT, column="status")
_BROKEN: list[tuple[list[object], str]] = [
    ([_without("rule_id")], r"expectation 1.*rule_id.*nothing"),
    ([_without("notes")], r"rule a.*notes.*nothing"),
    ([_without("severity")], r"severity.*table, row, value, warning"),
    ([_without("severity", "")], r"severity.*critical, warning, info"),
    ([_without("type", "")], r"a type of expectation"),
    ([_without("meta", "")], r"expectation 1"),
    ([_without("column", "kwargs")], r"a column of std\.orders.*nothing"),
    (["text"], r"an expectation"),
    ([_GOOD, _GOOD], r"each rule_id once.*\"a\""),
    ([_GOOD | {"kwarg": {}}], r"kwargs is the nearest.*\"kwarg\""),
    ([_GOOD | {"kwargs": []}], r"kwargs: an object"),
    ([_GOOD | {"meta": _GOOD["meta"] | {"note": "x"}}], r"notes is the nearest"),
    ([expectation("a", "expect_column_values_to_be_not_null", column="status")], r"to_not_be_null is the nearest"),
    ([expectation("a", PRESENT, column="statis")], r"status is the nearest"),
    ([expectation("a", PRESENT, column="status", mostli=1)], r"mostly is the nearest"),
    ([expectation("a", PRESENT, column="status", mostly=95)], r"mostly: a share.*95"),
    ([expectation("a", PRESENT, column="status", meta_column="nothing_such")], r"a column of std\.orders"),
    ([expectation("a", PRESENT, "value", column="source_id")], r"may become null.*source_id"),
    ([expectation("a", BETWEEN, column="status", min_value=1)], r"a column of .*number.*status, a column of text"),
    ([expectation("a", BETWEEN, column="amount", min_value="x")], r"min_value: a number.*\"x\""),
    ([expectation("a", BETWEEN, column="amount")], r"min_value, max_value or both"),
    ([expectation("a", BETWEEN, column="amount", min_value=2, max_value=1)], r"not above"),
    ([expectation("a", "expect_column_values_to_match_regex", column="status")], r"kwargs with regex.*nothing"),
    ([expectation("a", PAIR, column_A="amount", column_B="status")], r"one kind.*number and text"),
    ([expectation("a", PAIR, column_A="amount", column_B="quantity", ignore_row_if="never")], r"neither.*\"never\""),
    ([expectation("a", "expect_compound_columns_to_be_unique", column_list=["status"])], r"two or more columns"),
    ([expectation("a", "expect_table_row_count_to_be_between", "row", min_value=1)], r"table or warning"),
    ([expectation("a", PRESENT, column="status", row_condition="amount > 1")], r"row_condition: an object"),
    (
        [expectation("a", PRESENT, column="status", row_condition={"type": "and", "column": {"name": "amount"}})],
        r"row_condition: .*nullity",
    ),
    ([{"meta": {"rule_id": "customers.no_such", "disabled": True}}], r"rule to switch off"),
]


@pytest.mark.parametrize(("expectations", "message"), _BROKEN)
def test_broken_rule_is_refused_with_its_place(tmp_path: Path, expectations: list[object], message: str) -> None:
    """A broken rule is refused with its file, what was expected or nearest, what was found, and a cure."""
    file = write_suite(tmp_path, "std.orders", expectations)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_suite("std.orders", tmp_path)
    assert caught.value.where.startswith(str(file))
    assert caught.value.cure.endswith(".")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"expectations": [}', "JSON"),
        (b"[]", "a suite"),
        (b'{"name": "x"}', "a suite"),
        (b'{"expectation": [], "expectations": []}', "expectations is the nearest"),
        (b'{"name": "x", "name": "y", "expectations": []}', "twice"),
        ('{"name": "客户", "expectations": []}'.encode("gb18030"), "UTF-8"),
    ],
)
def test_broken_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """A file that is no suite is refused by name."""
    (tmp_path / "std.orders.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_suite("std.orders", tmp_path)
    assert caught.value.where == str(tmp_path / "std.orders.json")


def test_any_damage_to_a_shipped_file_is_a_configuration_error(tmp_path: Path) -> None:
    """A shipped suite with one part of a rule replaced by nonsense either still loads or is refused, never crashes."""
    generator = random.Random(7)
    original = json.loads((SHIPPED / "std.customers.json").read_text(encoding="utf-8"))
    nonsense = [None, 5, -1.5, True, "", "x", [], ["x"], {}, {"x": 1}]
    refused = 0
    for _ in range(200):
        suite = json.loads(json.dumps(original))
        part: Any = generator.choice(suite["expectations"])
        part = generator.choice([part, part["kwargs"], part["meta"]])
        part[generator.choice(sorted(part))] = generator.choice(nonsense)
        write_suite(tmp_path, "std.customers", suite["expectations"])
        try:
            load_suite("std.customers", tmp_path)
        except ConfigurationError:
            refused += 1
    assert refused > 150


def test_suite_of_no_table_is_refused(tmp_path: Path) -> None:
    """A file named after no table is refused with the nearest table, for its rules would never run."""
    write_suite(tmp_path, "std.custmers", [])
    with pytest.raises(ConfigurationError, match=r"std\.customers is the nearest"):
        suite_tables(tmp_path)
    with pytest.raises(ConfigurationError, match=r"std\.customers is the nearest"):
        load_suite("std.custmers", tmp_path)
