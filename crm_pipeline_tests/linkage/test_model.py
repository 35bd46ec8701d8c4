"""The tables that make up the models: comparisons and blocking rules of people and of organisations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from random import Random

import duckdb
import polars as pl
import pytest

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.records import RECORDS, prepare_records, usable
from crm_pipeline.linkage.candidates.scratch import scratch_database
from crm_pipeline.linkage.model import ORGANISATIONS, PEOPLE, POPULATIONS, Population
from crm_pipeline.linkage.model.comparison import ELSE, agreement_levels, splink_settings
from crm_pipeline.linkage.model.population import LARGEST_CONTACT_BLOCK
from crm_pipeline.warehouse import Warehouse

from .conftest import fill_customers

GONE = {"record_key": "gone", "name": "x", "valid_to": date(2026, 2, 2)}


def subsets(population: Population) -> list[tuple[str, ...]]:
    """All columns, each pair, each alone, and some larger sets."""
    columns = population.prepared
    random = Random(5)
    larger = [tuple(c for c in columns if random.random() < 0.6) for _ in range(60)]
    return [columns, *combinations(columns, 2), *combinations(columns, 1), *larger]


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda population: population.name)
def test_shipped_shares_are_probabilities(population: Population) -> None:
    """For any usable columns m, u and related sum to 1, the first level speaks for and the last against."""
    for columns in subsets(population):
        for comparison in population.usable_comparisons(columns):
            for share in ("m", "u", "related"):
                assert sum(getattr(level, share) for level in comparison.levels) == pytest.approx(1)
                assert min(getattr(level, share) for level in comparison.levels) > 0
            assert comparison.levels[0].m > comparison.levels[0].u
            assert comparison.levels[-1].m < comparison.levels[-1].u
            assert [level.condition == ELSE for level in comparison.levels].count(True) == 1
            assert comparison.levels[-1].condition == ELSE


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda population: population.name)
def test_levels_name_no_column_that_is_not_there(population: Population) -> None:
    """Every condition of every usable comparison can be computed from the columns that are there, by DuckDB itself."""
    lists = {"phones", "mobiles", "emails", "domains", "given_forms", "identifiers", "issuers"}
    with duckdb.connect() as connection:
        for columns in subsets(population):
            sides = ", ".join(
                f"NULL::{'VARCHAR[]' if name in lists else 'VARCHAR'} AS {name}_{side}"
                for name in columns
                for side in "lr"
            )
            conditions = [
                condition
                for comparison in population.usable_comparisons(columns)
                for condition in (
                    comparison.is_missing,
                    *(x.condition for x in comparison.levels if x.condition != ELSE),
                )
            ]
            if conditions:
                connection.execute(f"SELECT {', '.join(f'({c})' for c in conditions)} FROM (SELECT {sides})")


def test_model_is_built_fresh() -> None:
    """Changing what one call gave does not change what the next one gives."""
    chosen = PEOPLE.usable_comparisons(PEOPLE.prepared)
    settings = splink_settings(chosen, prior=0.01)
    settings["comparisons"][0]["comparison_levels"].clear()
    assert splink_settings(chosen, prior=0.01)["comparisons"][0]["comparison_levels"]


def test_identifiers_find_no_pair_and_are_no_evidence() -> None:
    """Columns that link deterministically are in no blocking rule, and compared once in each model, as a hint."""
    told = {"identifiers", "issuers"}
    for population in POPULATIONS:
        assert not [rule for rule in population.blocking_rules if told & set(rule.columns)]
        [compared] = [each for each in population.comparisons if told & set(each.columns)]
        assert compared.evidence is None
    assert agreement_levels(PEOPLE.usable_comparisons(tuple(told))) == []


def test_hints_are_no_evidence() -> None:
    """Agreement is counted for the kinds named in the tables, and for none of them by gender, city or legal form."""
    people = agreement_levels(PEOPLE.usable_comparisons(PEOPLE.prepared))
    assert {x["evidence"] for x in people} == {"name", "middle_name", "birth_date", "phone", "email", "address"}
    organisations = agreement_levels(ORGANISATIONS.usable_comparisons(ORGANISATIONS.prepared))
    assert {x["evidence"] for x in organisations} == {"name", "phone", "email", "domain", "address"}
    assert agreement_levels(PEOPLE.usable_comparisons(("city", "gender", "employer"))) == []


def test_what_strangers_agree_in_is_no_agreement() -> None:
    """A level that one stranger in ten shows, such as the only postcode of a project, is not counted as evidence."""
    chosen = PEOPLE.usable_comparisons(("street", "postcode", "city"))
    shipped = [[level.u for level in comparison.levels] for comparison in chosen]
    [before] = agreement_levels(chosen, shipped)
    same_postcode = next(n for n, level in enumerate(chosen[0].levels) if level.label == "the same postcode")
    shipped[0][same_postcode] = 0.9
    [after] = agreement_levels(chosen, shipped)
    assert set(before["agreeing"]) - set(after["agreeing"]) == {len(chosen[0].levels) - 1 - same_postcode}


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda population: population.name)
def test_rules_are_told_apart(population: Population) -> None:
    """Every rule and comparison has a name of its own and a reason, and needs columns that exist."""
    for named in (population.blocking_rules, population.comparisons):
        assert len({x.name for x in named}) == len(named)
        for x in named:
            assert x.reason
            assert set(x.columns) <= set(population.prepared)
    for rule in population.blocking_rules:
        assert rule in population.usable_rules(rule.columns)


@pytest.fixture
def scratch(warehouse: Warehouse) -> Iterator[Warehouse]:
    """Prepared people: sixty share a phone, three an e-mail address; one organisation is none of them."""
    rows = [
        {
            "record_key": f"{n:03d}",
            "name": "Wang Fang" if n % 2 else "fang, WANG",
            "phones": ["+8610000"] + ([f"+86{n}"] if n == 5 else []),
            "emails": ["a@x.cn"] if n < 3 else [],
            "city": None if n else "上海",
        }
        for n in range(60)
    ]
    company = {"record_key": "company", "kind": "organisation", "name": "贝尔", "phones": ["+8610000"]}
    fill_customers(warehouse, [*rows, {"record_key": "bare", "city": "上海"}, GONE, company])
    with scratch_database(warehouse) as opened:
        prepare_records(warehouse, opened, PEOPLE)
        yield opened


def test_only_comparable_current_records_are_prepared(scratch: Warehouse) -> None:
    """A deleted record, an organisation and one with nothing but a city are left out; empty lists are null."""
    counted = f"SELECT count(*), count(emails), count(DISTINCT full_name), min(full_name) FROM {RECORDS}"
    assert scratch.execute(counted) == [(60, 3, 1, "fang wang")]


def test_columns_need_two_values_and_a_share(warehouse: Warehouse) -> None:
    """A column of one value, or filled too rarely, is not used; one in use stays with one, down to the lower share."""
    rows = [{"record_key": f"{n:03d}", "name": f"name {n}", "city": "上海"} for n in range(400)]
    for n in range(3):
        rows[n]["gender"] = ["male", "female", "male"][n]
    fill_customers(warehouse, rows)
    found = usable(warehouse, PEOPLE)
    assert found is not None
    assert (found.columns, found.record_count) == (("full_name",), 400)
    kept = usable(warehouse, PEOPLE, kept=("gender", "city"))
    assert kept is not None
    assert kept.columns == ("full_name", "city", "gender")
    assert usable(warehouse, ORGANISATIONS) is None


def test_names_meet_by_sound_and_short_form(warehouse: Warehouse) -> None:
    """Kathryn and Catherine sound alike, Bob is short for Robert, 张三 is Zhang San; the generation is no surname."""
    people = [
        {"family_name": "Smith Sr", "given_name": "Catherine"},
        {"family_name": "Smyth", "given_name": "Kathryn"},
        {"family_name": "Ng", "given_name": "Bob"},
        {"family_name": "Ng", "given_name": "Robert"},
        {"family_name": "张", "given_name": "三", "native_name": "张三", "latin_name": "Zhang San"},
        {"family_name": "Zhang", "given_name": "San"},
    ]
    fill_customers(warehouse, [{"record_key": str(n), **person} for n, person in enumerate(people)])
    with scratch_database(warehouse) as scratch:
        prepare_records(warehouse, scratch, PEOPLE)
        rows = scratch.frame(f"SELECT * FROM {RECORDS} ORDER BY record_key").to_dicts()
    assert rows[0]["family_sound"] == rows[1]["family_sound"]
    assert rows[0]["given_sound"] == rows[1]["given_sound"]
    assert (rows[0]["family_name"], rows[0]["generation"]) == ("smith", "sr")
    assert set(rows[2]["given_forms"]) & set(rows[3]["given_forms"])
    assert (rows[4]["family_latin"], rows[4]["given_latin"]) == (rows[5]["family_latin"], rows[5]["given_latin"])


def test_frequent_contact_is_neither_key_nor_compared(scratch: Warehouse) -> None:
    """A phone that sixty records share is left out of the keys and of the records; rarer values stay."""
    rules = PEOPLE.usable_rules(("phones", "emails"))
    blocking.make_keys(scratch, rules)
    left_out = blocking.frequent_keys(scratch, rules, {rule.name: rule.largest for rule in rules})
    assert left_out.rows() == [("phone", "+8610000", 60)]
    blocking.leave_out(scratch, rules, left_out)
    for column in ("phones", "mobiles"):
        kept = f"SELECT record_key, {column} FROM {RECORDS} WHERE {column} IS NOT NULL"
        assert scratch.execute(kept) == [("005", ["+865"])]
    assert scratch.execute(f"SELECT DISTINCT key FROM {blocking.KEYS} ORDER BY 1") == [("+865",), ("a@x.cn",)]


def test_candidates_are_found_once(scratch: Warehouse) -> None:
    """Records sharing a key are paired once, credited to the strongest rule, but for pairs already identified."""
    rules = PEOPLE.usable_rules(("emails", "full_name"))
    blocking.make_keys(scratch, rules)
    identified = pl.DataFrame({"record_key_l": ["003"], "record_key_r": ["004"]})
    assert blocking.make_candidates(scratch, identified) == 60 * 59 // 2 - 1
    by_email = f"SELECT join_key_l, join_key_r FROM {blocking.CANDIDATES} WHERE match_key = '0' ORDER BY ALL"
    assert scratch.execute(by_email) == [("000", "001"), ("000", "002"), ("001", "002")]


def test_largest_blocks_keep_pairs_in_proportion(scratch: Warehouse) -> None:
    """A rule's blocks are as large as they may be without making too many pairs of each record; contacts are exempt."""
    rules = PEOPLE.usable_rules(("phones", "emails", "full_name", "postcode", "family_sound", "given_sound"))
    blocking.make_keys(scratch, rules)
    numbers = {rule.name: n for n, rule in enumerate(rules)}
    scratch.execute(f"DELETE FROM {blocking.KEYS}")
    for rule in ("name", "phone"):
        for size in (2, 12, 20, 40):
            scratch.execute(f"""
                INSERT INTO {blocking.KEYS}
                SELECT {numbers[rule]}, 'shared by {size}', 'r' || n || 'of{size}' FROM range({size}) t(n)
            """)
    pairs = {size: size * (size - 1) // 2 for size in (2, 12, 20, 40)}
    for limit, most in ((40, sum(pairs.values())), (20, pairs[2] + pairs[12] + pairs[20]), (12, pairs[2] + pairs[12])):
        records = -(-most // blocking.PAIRS_PER_RECORD)
        assert blocking.largest_blocks(scratch, rules, records)["name"] == limit
    fewest = blocking.largest_blocks(scratch, rules, 1)
    assert (fewest["name"], fewest["phone"]) == (blocking.SMALLEST_LIMIT, LARGEST_CONTACT_BLOCK)
    assert fewest["postcode_and_a_name"] == blocking.SMALLEST_LIMIT
