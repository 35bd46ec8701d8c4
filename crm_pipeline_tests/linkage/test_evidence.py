"""What two values say of two records: outcomes of single comparisons, each record prepared as a run prepares it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crm_pipeline.linkage import pair_records
from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.crowds import MOST_NAMES, crowded_contacts
from crm_pipeline.linkage.candidates.records import RECORDS, prepare_records
from crm_pipeline.linkage.candidates.scratch import scratch_database
from crm_pipeline.linkage.model import ORGANISATIONS, PEOPLE, Population
from crm_pipeline.linkage.model.comparison import ELSE, KINDS_NEEDED, agreeing_kinds, agreement_levels, names_agree
from crm_pipeline.state.models import ModelStore
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse

from .conftest import fill_customers
from .test_pairs import people

MISSING = "missing"


def outcome(
    warehouse: Warehouse, comparison: str, left: dict[str, Any], right: dict[str, Any], population: Population = PEOPLE
) -> str:
    """The label of the first level that holds for two records."""
    fill_customers(warehouse, [{"record_key": "a", **left}, {"record_key": "b", **right}])
    [chosen] = [each for each in population.comparisons if each.name == comparison]
    told = [(MISSING, chosen.is_missing or "false"), *((level.label, level.condition) for level in chosen.levels)]
    cases = " ".join(f"WHEN {sql} THEN '{label}'" for label, sql in told if sql != ELSE)
    with scratch_database(warehouse) as scratch:
        prepare_records(warehouse, scratch, population)
        columns = scratch.execute(f"SELECT column_name FROM (DESCRIBE {RECORDS})")
        sides = ", ".join(f"{side}.{name} AS {name}_{side}" for (name,) in columns for side in "lr")
        pair = f"FROM {RECORDS} l JOIN {RECORDS} r ON l.record_key < r.record_key"
        return str(scratch.value(f"SELECT CASE {cases} ELSE '{told[-1][0]}' END FROM (SELECT {sides} {pair})"))


def numbers(**values: str) -> dict[str, Any]:
    """A person with these identifiers."""
    return {"name": "Ann Ng", "external_ids": [{"namespace": name, "value": values[name]} for name in values]}


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        (numbers(passport="C01X00T47"), numbers(passport="E12345678"), "different"),
        (numbers(passport="C01X00T47/DE"), numbers(passport="E12345678/DE"), "different"),
        (numbers(passport="C01X00T47/DE"), numbers(passport="E12345678/CN"), MISSING),
        (numbers(passport="C01X00T47"), numbers(licence="E12345678"), MISSING),
        (numbers(passport="C01X00T47"), {"name": "Ann Ng"}, MISSING),
        (numbers(passport="C01X00T47"), numbers(passport="C01X00T74"), "one character wrong, or two exchanged"),
        (numbers(crm="1", passport="C01X00T47"), numbers(crm="2", passport="C01X00T47"), "equal"),
        ({"name": "a", "national_id": "11010519491231002X"}, {"name": "a", "national_id": "440524188001010014"},
         "different"),
        ({"name": "a", "national_id": "11010519491231002X"}, {"name": "a", "tax_id": "440524188001010014"}, MISSING),
        (numbers(passport=" "), numbers(passport="C01X00T47"), MISSING),
    ],
)  # fmt: skip
def test_two_numbers_of_one_issuer_differ(
    shared_warehouse: Warehouse, left: dict[str, Any], right: dict[str, Any], said: str
) -> None:
    """Numbers are compared within one namespace and issuing country only; a slip is no other number."""
    assert outcome(shared_warehouse, "identifiers", left, right) == said


def doubles(count: int, *, own_numbers: bool) -> list[dict[str, Any]]:
    """People delivered twice, with the number of a register, or with a number of each record's own."""
    rows = []
    for n, person in enumerate(people(count)):
        for side in (0, 1):
            value = f"{2 * n + side if own_numbers else n:04d}" * 2
            rows.append({"record_key": f"{side}/{n:04d}", **person, **numbers(register=value)})
            # Half of the second records have no number, so that there are pairs for the model to score.
            if side and n % 2 and not own_numbers:
                rows[-1]["external_ids"] = None
    return rows


def test_the_data_say_what_another_number_is_worth(warehouse: Warehouse, tmp_path: Path) -> None:
    """Where doubles share a register's number another one speaks against; where each has its own it says nothing.

    The same people and phones; a pair that shares an identifier is known to be one customer.
    """
    weights = []
    for own_numbers in (False, True):
        fill_customers(warehouse, doubles(300, own_numbers=own_numbers))
        models = ModelStore(tmp_path / str(own_numbers))
        pair_records(warehouse, models)
        comparisons = models.read(1).model["populations"]["people"]["splink"]["comparisons"]
        [compared] = [each for each in comparisons if each["output_column_name"] == "identifiers"]
        different = compared["comparison_levels"][-1]
        weights.append(different["m_probability"] / different["u_probability"])
    assert weights[0] < 1 / 8
    assert weights[1] > 1 / 2


def test_a_family_with_two_numbers_is_two_customers(warehouse: Warehouse, tmp_path: Path) -> None:
    """Two people of one name, phone and address are one customer without numbers, and two with two passports."""
    household = {"phones": ["+8613900000001"], "street": "1 Main Street", "city": "Leeds", "postcode": "LS1 1AA"}
    verdicts = []
    for given in ({}, numbers(passport="C01X00T47")):
        pat = {"family_name": "Alvarez", "given_name": "Pat", **household}
        other = numbers(passport="E98765432") if given else {}
        rows = [{"record_key": "x/1", **given, **pat}, {"record_key": "x/2", **other, **pat}]
        rest = [{"record_key": f"y/{n:03d}", **person, **numbers(passport=f"P{n:08d}")} for n, person in
                enumerate(people(150))]  # fmt: skip
        fill_customers(warehouse, [*rows, *rest])
        pair_records(warehouse, ModelStore(tmp_path / str(len(given))))
        weight = warehouse.execute(
            f"SELECT match_weight FROM {PAIRS.qualified} WHERE record_key_l = 'x/1' AND record_key_r = 'x/2'"
        )
        verdicts.append(weight[0][0] if weight else -1.0)
    assert verdicts[1] < verdicts[0] - 3


def email(address: str, *, is_role: bool = False) -> dict[str, Any]:
    """A person with one address."""
    details = [{"email": address, "email_key": address, "is_role": is_role, "is_example": False}]
    return {"emails": [address], "email_details": details}


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("jjones@a.com", "jjones@b.com", MISSING),
        ("jay.jones@a.com", "jay.jones@b.com", MISSING),
        ("jjones@johnson-brown.com", "jjones@jonnson-browh.com", "the same name at another domain"),
        ("jones45@a.com", "jones45@b.com", "the same name at another domain"),
        ("moonlight@a.com", "moonlight@b.com", "the same name at another domain"),
        ("jjones@a.com", "jjones@a.com", "one in common"),
    ],
)
def test_an_address_made_of_the_name_says_no_more_than_the_name(
    shared_warehouse: Warehouse, left: str, right: str, said: str
) -> None:
    """What stands before the @ counts at another domain only as far as it is more than the name and an initial."""
    name = {"family_name": "Jones", "given_name": "Jay"}
    assert outcome(shared_warehouse, "emails", {**name, **email(left)}, {**name, **email(right)}) == said


def test_an_address_of_a_function_is_everybodys(shared_warehouse: Warehouse) -> None:
    """contact@ of two companies says nothing; one company's own mailbox at two domains is."""
    company = {"kind": "organisation", "name": "Bell"}
    for is_role, said in ((True, MISSING), (False, "the same name at another domain")):
        sides = [{**company, **email(f"contact@{domain}", is_role=is_role)} for domain in ("a.com", "b.com")]
        assert outcome(shared_warehouse, "emails", *sides, ORGANISATIONS) == said


def test_an_exchange_of_names_is_told_once(shared_warehouse: Warehouse) -> None:
    """Family and given name exchanged are one event: the family name tells it, the given name is silent."""
    jay, jones = {"family_name": "Jones", "given_name": "Jay"}, {"family_name": "Jay", "given_name": "Jones"}
    assert outcome(shared_warehouse, "family_name", jay, jones) == "exchanged with the given name"
    assert outcome(shared_warehouse, "given_name", jay, jones) == MISSING
    assert outcome(shared_warehouse, "given_name", jay, jay) == "equal"


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("Adventura Apartments 638 Downey St", "638 Downey St", "nearly the same street"),
        ("638 Downey St", "Flat B, 638 Downey St", "nearly the same street"),
        ("Tower 1638 Downey St", "638 Downey St", "the same city"),
        ("Downey St", "Adventura Apartments Downey St", "the same city"),
    ],
)
def test_a_building_before_the_number_is_no_other_street(
    shared_warehouse: Warehouse, left: str, right: str, said: str
) -> None:
    """The whole number and street at the end of a longer line, in one city, are nearly the same street."""
    sides = [{"name": "Ann Ng", "city": "Salem", "street": street} for street in (left, right)]
    assert outcome(shared_warehouse, "address", *sides) == said


@pytest.mark.parametrize(
    ("one", "other"), [("Groß", "Gross"), ("Møller", "Moller"), ("Łukasz", "Lukasz"), ("Æther", "Aether"),
                       ("Müller", "Muller")]
)  # fmt: skip
def test_letters_are_written_as_in_passports(shared_warehouse: Warehouse, one: str, other: str) -> None:
    """Letters that are no other letter with an accent are those that passports have for them."""
    sides = [{"family_name": name, "given_name": "Ann"} for name in (one, other)]
    assert outcome(shared_warehouse, "family_name", *sides) == "equal"


@pytest.mark.parametrize(
    ("count", "names", "left_out"), [(30, 2, False), (MOST_NAMES, MOST_NAMES, False), (MOST_NAMES + 1, 99, True)]
)
def test_a_mailbox_of_many_names_is_an_offices(warehouse: Warehouse, count: int, names: int, *, left_out: bool) -> None:
    """An address that more names use than a household has is left out; a person delivered thirty times is one name."""
    given = ["Bela", "Karl", "Dora", "Fritz", "Gudrun", "Hans", "Ida", "Jarl", "Lotte", "Mona", "Nils", "Ruth"]
    rows = [
        {
            "record_key": f"{n:03d}",
            "family_name": "Ng",
            "given_name": given[n % min(names, len(given))],
            "emails": ["a@x.cn"],
        }
        for n in range(count)
    ]
    fill_customers(warehouse, rows)
    columns = ("given_sound", "full_name", "emails")
    rules = PEOPLE.usable_rules(columns)
    with scratch_database(warehouse) as scratch:
        prepare_records(warehouse, scratch, PEOPLE)
        blocking.make_keys(scratch, rules)
        found = crowded_contacts(scratch, PEOPLE, columns, rules)
        assert found.rows() == ([("email", "a@x.cn", count)] if left_out else [])
        assert found.schema == blocking.frequent_keys(scratch, rules, {rule.name: 0 for rule in rules}).schema


@pytest.mark.parametrize(("emails", "kinds"), [("one in common", KINDS_NEEDED), ("none in common", 1)])
def test_a_name_mistyped_throughout_is_evidence_beside_another(emails: str, kinds: int) -> None:
    """A similar name makes two kinds with an address in common, and is one kind, too few, by itself."""
    chosen = PEOPLE.usable_comparisons(("family_name", "family_latin", "emails"))
    agreement = agreement_levels(chosen)
    outcomes = {
        f"gamma_{comparison.name}": [
            next(n for n, level in enumerate(reversed(comparison.levels)) if level.label == label)
        ]
        for comparison, label in zip(chosen, ("similar", emails), strict=True)
    }
    told = pl.DataFrame(outcomes).select(
        agreeing_kinds(agreement).alias("kinds"), names_agree(agreement).alias("names")
    )
    assert told.row(0) == (kinds, False)
