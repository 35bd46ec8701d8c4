"""Each survivorship rule by a case that one can check by hand, and what may not be written."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.golden import Override, Trust, merge_customers
from crm_pipeline.golden.evidence import undeliverable
from crm_pipeline.golden.ranking import check_expressions
from crm_pipeline.golden.units import units_of
from crm_pipeline.settings.survivorship import LINKED, ExpressionRule
from crm_pipeline.tables import QUARANTINE, std
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.golden.tables import load, record

OLD, MIDDLE, NEW = datetime(2025, 1, 1), datetime(2025, 6, 1), datetime(2026, 1, 1)
TRUST = {"crm": 90, "erp": 40, "shop": 40}


def merged(warehouse: Warehouse, rules: Mapping[str, Any], records: list[dict[str, Any]], **more: Any) -> Any:
    """The golden row of C1, and its told columns by name."""
    load(warehouse, records)
    merge_customers(warehouse, rules=rules, trust=more.pop("trust", TRUST), **more)
    golden = warehouse.frame("FROM gold.customers WHERE customer_id = 'C1'").to_dicts()[0]
    told = {row["column_name"]: row for row in warehouse.frame("FROM gold.customer_values").to_dicts()}
    return golden, told


def lost(row: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [(each["value"], each["source_id"], each["lost_by"]) for each in row["alternatives"]]


# Three records: the first is the best known, the second the newest, the third the longest and most often seen value.
RECORDS = [
    record("C1", "crm", "1", industry="零售", updated_at=OLD, website="a.cn", status="active"),
    record("C1", "erp", "2", industry="零售业", updated_at=NEW),
    record("C1", "shop", "3", industry="批发和零售业", updated_at=MIDDLE),
    record("C1", "shop", "4", industry="批发和零售业", updated_at=MIDDLE),
]


@pytest.mark.parametrize(
    ("rule", "winner", "lost_by"),
    [
        ("most_recent", "零售业", "most_recent"),
        ("oldest", "零售", "oldest"),
        ("trust", "零售", "trust"),
        ("longest", "批发和零售业", "longest"),
        ("most_frequent", "批发和零售业", "most_frequent"),
        ("most_complete", "零售", "most_complete"),
        ("verified", "零售", "record_key"),
        (ExpressionRule(expression="CASE WHEN value LIKE '%业' THEN -length(value) END"), "零售业", "expression"),
    ],
)
def test_each_rule(warehouse: Warehouse, rule: Any, winner: str, lost_by: str) -> None:
    """Each rule alone picks its value out of the same three, and every other value lost by it."""
    golden, told = merged(warehouse, {"industry": (rule,)}, RECORDS)
    assert golden["industry"] == winner
    assert told["industry"]["rule"] == lost_by
    assert {by for _, _, by in lost(told["industry"])} == {lost_by}


def test_each_loser_names_its_own_rule(warehouse: Warehouse) -> None:
    """Losers are told in order with the first rule by which each is behind the winner."""
    records = [
        record("C1", "crm", "1", industry="零售业", updated_at=OLD),
        record("C1", "crm", "2", industry="零售", updated_at=NEW),
        record("C1", "erp", "3", industry="批发和零售业", updated_at=NEW),
    ]
    _, told = merged(warehouse, {"industry": ("trust", "longest", "most_recent")}, records)
    assert (told["industry"]["value"], told["industry"]["rule"]) == ("零售业", "longest")
    assert lost(told["industry"]) == [("零售", "2", "longest"), ("批发和零售业", "3", "trust")]


def test_trust_fades(warehouse: Warehouse) -> None:
    """After two half-lives 90 is less than 40; a source whose trust does not fade keeps it; nothing grows younger."""
    records = [
        record("C1", "crm", "1", industry="旧", updated_at=datetime(2026, 1, 1)),
        record("C1", "erp", "2", industry="新", updated_at=datetime(2026, 3, 1)),
    ]
    for today, winner in ((date(2026, 1, 1), "旧"), (date(2026, 2, 1), "旧"), (date(2026, 3, 2), "新")):
        trust = Trust(TRUST, {"crm": 30.0}, today)
        golden, _ = merged(warehouse, {"industry": ("trust",)}, records, trust=trust)
        assert golden["industry"] == winner, today


def test_union_keeps_all(warehouse: Warehouse) -> None:
    """All different values are joined in one text, sorted; its parts are told with their records, lost by nothing."""
    records = [
        record("C1", "crm", "1", owner="李雷", updated_at=NEW),
        record("C1", "erp", "2", owner="Ann"),
        record("C1", "shop", "3", owner="李雷"),
        record("C2", "shop", "4", owner="李雷"),
    ]
    golden, told = merged(warehouse, {"owner": ("union",)}, records)
    assert (golden["owner"], told["owner"]["rule"]) == ("Ann; 李雷", "union")
    assert {(value, by) for value, _, by in lost(told["owner"])} == {("Ann", None), ("李雷", None)}
    assert warehouse.value("SELECT owner FROM gold.customers WHERE customer_id = 'C2'") == "李雷"


def test_verified_by_validation(warehouse: Warehouse) -> None:
    """A value that validation flagged loses to an older one that it did not; a flag on another version is none."""
    records = [
        record("C1", "crm", "1", industry="错", updated_at=NEW),
        record("C1", "erp", "2", industry="对", updated_at=OLD),
    ]
    rules = {"industry": ("verified", "most_recent")}
    for row_hash, winner in (("crm/customers/1", "对"), ("of an earlier version", "错")):
        flagged = {"source": "crm", "extract": "customers", "source_id": "1", "row_hash": row_hash,
                   "columns": ["industry"], "severities": ["warning"]}  # fmt: skip
        full = {name: flagged.get(name) for name in QUARANTINE.column_names}
        warehouse.replace(QUARANTINE, pl.DataFrame([full], schema=QUARANTINE.polars_schema))
        golden, told = merged(warehouse, rules, records)
        assert golden["industry"] == winner
    assert lost(told["industry"]) == [("对", "2", "most_recent")]


@pytest.mark.parametrize(
    ("outcome", "at", "best"),
    [
        ("客户邮箱退信", datetime(2026, 2, 1), "old@x.cn"),
        ("Hard Bounce", datetime(2026, 2, 1), "old@x.cn"),
        ("退信", datetime(2025, 12, 31), "new@x.cn"),  # delivered again since
        ("空号", datetime(2026, 2, 1), "new@x.cn"),  # speaks of a phone
        ("已成交", datetime(2026, 2, 1), "new@x.cn"),
    ],
)
def test_verified_by_interactions(warehouse: Warehouse, outcome: str, at: datetime, best: str) -> None:
    """An address that bounced after it was last delivered falls behind; both stay among the contacts, ranked."""
    records = [
        record("C1", "crm", "1", emails=["new@x.cn"], updated_at=NEW),
        record("C1", "erp", "2", emails=["old@x.cn"], updated_at=OLD),
    ]
    talk = {"record_key": "crm/talks/1", "source": "crm", "extract": "talks", "source_id": "1", "sequence": 1,
            "line": 1, "row_hash": "x", "valid_from": date(2026, 2, 1), "outcome": outcome, "occurred_at": at,
            "customer_record_key": "crm/customers/1"}  # fmt: skip
    talks = std("interactions")
    full = {name: talk.get(name) for name in talks.column_names}
    warehouse.replace(talks, pl.DataFrame([full], schema=talks.polars_schema))
    golden, told = merged(warehouse, {"email": ("verified", "most_recent")}, records)
    assert golden["email"] == best
    assert told["email"]["rule"] == ("verified" if best == "old@x.cn" else "most_recent")
    ranked = warehouse.execute("SELECT value FROM gold.customer_contacts ORDER BY rank")
    assert [value for (value,) in ranked] == [best, *({"old@x.cn", "new@x.cn"} - {best})]


def test_words_of_outcomes() -> None:
    """Outcomes are read in Chinese and English, in any case, each for its kind of contact."""
    assert undeliverable("邮件退回") == undeliverable("Mail BOUNCED") == {"email"}
    assert undeliverable("空号，已停机") == undeliverable("Wrong Number") == {"phone"}
    assert undeliverable("约好下周再谈") == frozenset()


def test_linked_columns_come_from_one_record(warehouse: Warehouse) -> None:
    """City and street are the newer record's, its missing postcode too; a record without a street is passed over."""
    records = [
        record("C1", "crm", "1", street="南京路", city="上海市", postcode="200000", updated_at=OLD),
        record("C1", "erp", "2", street="长安街", city="北京市", updated_at=MIDDLE),
        record("C1", "shop", "3", city="广州市", postcode="510000", updated_at=NEW),
    ]
    golden, told = merged(warehouse, {}, records)
    assert [golden[name] for name in ("street", "city", "postcode")] == ["长安街", "北京市", None]
    assert {told[name]["linked_group"] for name in ("street", "city", "postcode")} == {"address"}
    assert lost(told["city"]) == [("上海市", "1", "most_recent"), ("广州市", "3", "present")]
    assert (told["postcode"]["value"], told["postcode"]["source_id"]) == (None, "2")
    golden, _ = merged(warehouse, {}, records, linked={"name": LINKED["name"]})
    assert [golden[name] for name in ("street", "city", "postcode")] == ["长安街", "广州市", "510000"]


def test_overrides_before_all_rules(warehouse: Warehouse) -> None:
    """The newest override that is not due holds; an older one and one due are told as such, behind all records."""
    records = [
        record("C1", "crm", "1", industry="甲"),
        record("C1", "erp", "2", industry="乙"),
        record("C2", "crm", "3"),
    ]
    said = [
        Override(1, "crm/customers/1", {"industry": "丙"}),
        Override(2, "erp/customers/2", {"industry": "丁"}),
        Override(3, "erp/customers/2", {"industry": "戊"}, is_due=True),
        Override(4, "shop/customers/gone", {"industry": "己"}),
    ]
    golden, told = merged(warehouse, {"industry": ("trust",)}, records, overrides=said)
    row = told["industry"]
    assert (golden["industry"], row["rule"], row["source_id"]) == ("丁", "override", "2")
    assert lost(row) == [
        ("甲", "1", "override"), ("乙", "2", "override"), ("丙", "1", "newer_override"), ("戊", "2", "review_due"),
    ]  # fmt: skip
    golden, told = merged(warehouse, {"industry": ("trust",)}, records, overrides=said[2:])
    assert (golden["industry"], told["industry"]["rule"]) == ("甲", "trust")


def test_an_override_outlives_its_record(warehouse: Warehouse) -> None:
    """Where the named record was deleted, its customer keeps the value that was given."""
    records = [
        record("C1", "crm", "1", city="上海市", valid_to=date(2026, 2, 1)),
        record("C1", "erp", "2", city="北京市"),
    ]
    golden, told = merged(warehouse, {}, records, overrides=[Override(1, "crm/customers/1", {"industry": "零售"})])
    assert (golden["industry"], told["industry"]["rule"], golden["city"]) == ("零售", "override", "北京市")


@pytest.mark.parametrize(
    ("rules", "linked", "words"),
    [
        ({"name": ("most_recnt",)}, LINKED, "Did you mean 'most_recent'"),
        ({"nmae": ("trust",)}, LINKED, "Did you mean 'name'"),
        ({"adress": ("trust",)}, LINKED, "Did you mean 'address'"),
        ({"city": ("trust",)}, LINKED, "Write them at address"),
        ({"owner": ("union", "trust")}, LINKED, "union alone"),
        ({"birth_date": ("union",)}, LINKED, "single columns of text"),
        ({"phone": ("union",)}, LINKED, "customer_contacts keeps all"),
        ({"address": ("union",)}, LINKED, "single columns of text"),
        ({"external_ids": ("trust",)}, LINKED, "union for external_ids"),
        ({}, {"birth": ("birth_date", "gendr")}, "Did you mean 'gender'"),
        ({}, {"city": ("birth_date", "gender")}, "another name"),
    ],
)
def test_what_may_not_be_written(rules: Mapping[str, Any], linked: Mapping[str, Any], words: str) -> None:
    """A rule, column or group that is unknown or does not fit is refused, with the nearest known name or a way out."""
    with pytest.raises(ConfigurationError) as told:
        units_of(rules, linked)
    assert words in str(told.value)


@pytest.mark.parametrize(
    "expression",
    [
        "random()",
        "now()",
        "(SELECT 1)",
        "row_number() OVER ()",
        "max(frequency)",
        "nmae",
        "'a text'",
        "1, 2",
        "read_text('x')",
    ],
)
def test_expressions_look_at_their_candidate_alone(expression: str) -> None:
    """An expression that changes from call to call, looks elsewhere or is no number is refused before any run."""
    units = units_of({"industry": (ExpressionRule(expression=expression),)}, LINKED)
    with pytest.raises(ConfigurationError, match=r"survivorship\.industry"):
        check_expressions(units.all)
