"""The tables that make up the model: comparisons and blocking rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations

import polars as pl
import pytest

from crm_pipeline.linkage import blocking
from crm_pipeline.linkage.comparison import agreement_levels, splink_settings
from crm_pipeline.linkage.model import comparisons
from crm_pipeline.linkage.records import COLUMNS, RECORDS, prepare_records, usable_columns
from crm_pipeline.linkage.scratch import scratch_database
from crm_pipeline.tables import CUSTOMER_COLUMNS
from crm_pipeline.warehouse import Warehouse

from .conftest import fill_customers

GONE = {"record_key": "gone", "name": "x", "valid_to": date(2026, 2, 2)}
SUBSETS = [COLUMNS, *combinations(COLUMNS, 2), *combinations(COLUMNS, 1)]


@pytest.mark.parametrize("columns", SUBSETS)
def test_defaults_are_probabilities(columns: tuple[str, ...]) -> None:
    """For any usable columns, m and u of each comparison sum to 1, the first level speaks for and the last against."""
    for comparison in comparisons(columns):
        assert sum(level.m for level in comparison.levels) == pytest.approx(1)
        assert sum(level.u for level in comparison.levels) == pytest.approx(1)
        assert comparison.levels[0].m > comparison.levels[0].u
        assert comparison.levels[-1].m < comparison.levels[-1].u
        assert comparison.levels[-1].condition == "ELSE"


def test_model_is_built_fresh() -> None:
    """Changing what one call gave does not change what the next one gives."""
    settings = splink_settings(comparisons(COLUMNS), prior=0.01)
    settings["comparisons"][0]["comparison_levels"].clear()
    assert splink_settings(comparisons(COLUMNS), prior=0.01)["comparisons"][0]["comparison_levels"]


def test_identifiers_are_not_compared() -> None:
    """No comparison and no blocking rule uses a column that links deterministically."""
    identifiers = {"external_ids", "national_id", "organisation_id", "tax_id"}
    assert identifiers <= {column.name for column in CUSTOMER_COLUMNS}
    assert not identifiers & set(COLUMNS)
    text = repr((comparisons(COLUMNS), blocking.RULES))
    assert not [name for name in identifiers if name in text]


def test_gender_is_no_evidence() -> None:
    """Agreement is counted for five kinds of evidence, and for none of them by similarity of a city or a gender."""
    kinds = {entry["evidence"] for entry in agreement_levels(comparisons(COLUMNS))}
    assert kinds == {"name", "birth_date", "phone", "email", "address"}
    assert agreement_levels(comparisons(("city", "gender"))) == []


@pytest.fixture
def scratch(warehouse: Warehouse) -> Iterator[Warehouse]:
    """Prepared records: sixty share a phone, three an e-mail address, one is an organisation with that address."""
    rows = [
        {
            "record_key": f"{n:03d}",
            "name": "Wang Fang" if n % 2 else "fang, WANG",
            "phones": ["+8610000"] + ([f"+86{n}"] if n == 5 else []),
            "emails": ["a@x.cn"] if n < 3 else [],
            "city": None if n else "上海",
            "kind": "organisation" if n == 2 else None,
        }
        for n in range(60)
    ]
    fill_customers(warehouse, [*rows, {"record_key": "bare", "city": "上海"}, GONE])
    with scratch_database(warehouse) as opened:
        prepare_records(warehouse, opened)
        yield opened


def test_only_comparable_current_records_are_prepared(scratch: Warehouse) -> None:
    """A deleted record and one with nothing but a city are left out; empty lists are null."""
    assert scratch.execute(f"SELECT count(*), count(emails), count(organisation_name) FROM {RECORDS}") == [(60, 3, 1)]


def test_columns_need_two_values_and_a_share(scratch: Warehouse) -> None:
    """A column with one distinct value, or filled too rarely, is not used; one in use stays down to the lower share."""
    assert usable_columns(scratch) == ("person_name", "phones")
    assert usable_columns(scratch, kept=("emails", "city")) == ("person_name", "phones")


def test_frequent_contact_is_neither_key_nor_compared(scratch: Warehouse) -> None:
    """A phone that sixty records share is left out of the keys and of the records; rarer values stay."""
    rules = blocking.applicable_rules(("phones", "emails"))
    blocking.make_keys(scratch, rules)
    left_out = blocking.frequent_keys(scratch, rules)
    assert left_out.rows() == [("phone", "+8610000", 60)]
    blocking.leave_out(scratch, rules, left_out)
    assert scratch.execute(f"SELECT record_key, phones FROM {RECORDS} WHERE phones IS NOT NULL") == [("005", ["+865"])]
    assert scratch.execute(f"SELECT DISTINCT key FROM {blocking.KEYS} ORDER BY 1") == [("+865",), ("a@x.cn",)]


def test_candidates_are_pairs_of_one_kind(scratch: Warehouse) -> None:
    """Records sharing a key are paired once, credited to the strongest rule, but for pairs already identified."""
    scratch.execute(f"UPDATE {RECORDS} SET kind = 'person' WHERE record_key = '001'")
    rules = blocking.applicable_rules(("emails", "person_name"))
    blocking.make_keys(scratch, rules)
    identified = pl.DataFrame({"record_key_l": ["003"], "record_key_r": ["004"]})
    pairs = 59 * 58 // 2 - 1  # names, but for the identified pair; the organisation has no person's name
    assert blocking.make_candidates(scratch, identified) == pairs + 1  # 000 and 002 by e-mail; 001 is a person
    by_email = f"SELECT join_key_l, join_key_r FROM {blocking.CANDIDATES} WHERE match_key = '0' ORDER BY ALL"
    assert scratch.execute(by_email) == [("000", "001"), ("000", "002")]


def test_rules_are_told_apart() -> None:
    """Every blocking rule has a name of its own, a reason, and needs columns that exist."""
    assert len({rule.name for rule in blocking.RULES}) == len(blocking.RULES)
    for rule in blocking.RULES:
        assert rule.reason
        assert set(rule.columns) <= set(COLUMNS)
        assert blocking.applicable_rules(rule.columns)
