"""Frequencies of values: counted over customers, and a composed value is no rarer than its parts together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.linkage.candidates.records import RECORDS
from crm_pipeline.linkage.candidates.scratch import copy_frame, scratch_database
from crm_pipeline.linkage.learning.frequencies import term_frequencies
from crm_pipeline.linkage.model import POPULATIONS
from crm_pipeline.linkage.model.comparison import ELSE, Comparison, Level, equal, missing
from crm_pipeline.warehouse import Warehouse

Record = dict[str, str | None]
COLUMNS = ("family_name", "given_name", "full_name", "city")
COMPOSED = {"full_name": ("family_name", "given_name")}
UNSHARED = 0.5


def comparison(column: str, frequency_of: str | None) -> Comparison:
    """Equal or not, in that column."""
    levels = (Level("equal", equal(column), 0.9, 0.1, 0.5, frequency_of), Level("different", ELSE, 0.1, 0.9, 0.5))
    return Comparison(column, column, "", (column,), missing(column), levels)


COMPARISONS = (*(comparison(column, column) for column in COLUMNS[:3]), comparison("city", None))


def record(key: str, family: str | None = None, given: str | None = None, full: str | None = None) -> Record:
    """A record; the full name is made of the parts where it is not given."""
    parts = full or " ".join(sorted(part for part in (family, given) if part)) or None
    return {"record_key": key, "family_name": family, "given_name": given, "full_name": parts, "city": "Ghent"}


def frequencies(
    warehouse: Warehouse,
    records: list[Record],
    customers: dict[str, str],
    *,
    columns: tuple[str, ...] = COLUMNS,
    chosen: tuple[Comparison, ...] = COMPARISONS,
) -> dict[str, dict[str, float]]:
    """Per column the share of each value; the order of values is checked on the way."""
    prepared = pl.DataFrame(records, schema=dict.fromkeys(("record_key", *COLUMNS), pl.String))
    known = pl.DataFrame(
        {"record_key": list(customers), "customer": list(customers.values())},
        schema={"record_key": pl.String, "customer": pl.String},
    )
    with scratch_database(warehouse) as scratch:
        copy_frame(prepared, scratch, RECORDS)
        found = term_frequencies(scratch, chosen, columns, COMPOSED, known)
    for frame in found.values():
        assert frame.columns == ["value", "share"]
        assert frame["value"].is_sorted()
        assert frame["value"].is_unique().all()
    return {name: dict(frame.iter_rows()) for name, frame in found.items()}


def counted(records: list[Record], customers: dict[str, str], column: str) -> dict[str, float]:
    """The shares of the values of a column, by hand."""
    owners = defaultdict(set)
    for row in records:
        if (value := row[column]) is not None:
            owners[value].add(customers.get(str(row["record_key"]), row["record_key"]))
    total = sum(len(found) for found in owners.values())
    return {value: max(len(found) - 1, UNSHARED) / total for value, found in owners.items()}


def expected(records: list[Record], customers: dict[str, str]) -> dict[str, dict[str, float]]:
    """All frequencies, by hand."""
    found = {column: counted(records, customers, column) for column in COLUMNS[:3]}
    for row in records:
        family, given_name, full = (row[column] for column in COLUMNS[:3])
        if family is not None and given_name is not None and full is not None:
            both = found["family_name"][family] * found["given_name"][given_name]
            found["full_name"][full] = max(found["full_name"][full], both)
    return found


def test_customers_are_counted(shared_warehouse: Warehouse) -> None:
    """Somebody delivered three times makes no name common; of three customers who have it, two are others."""
    records = [record("a1", "Maes"), record("a2", "Maes"), record("a3", "Maes"), record("b", "Maes")]
    records += [record("c", "Maes"), record("d", "Peeters")]
    customers = {"a1": "a1", "a2": "a1", "a3": "a1"}
    found = frequencies(shared_warehouse, records, customers)["family_name"]
    assert found == pytest.approx({"Maes": 2 / 4, "Peeters": UNSHARED / 4})


def test_unshared_values(shared_warehouse: Warehouse) -> None:
    """A value that one customer alone has counts as half a customer's, however often he was delivered."""
    records = [record("a1", "Maes"), record("a2", "Maes"), record("b", "Peeters")]
    found = frequencies(shared_warehouse, records, {"a1": "a1", "a2": "a1"})["family_name"]
    assert found == pytest.approx({"Maes": UNSHARED / 2, "Peeters": UNSHARED / 2})


def test_missing_values(shared_warehouse: Warehouse) -> None:
    """Records without a value count nowhere, and a column without values has no frequencies."""
    found = frequencies(shared_warehouse, [record("a", "Maes"), record("b", "Maes"), record("c")], {})
    assert found["family_name"] == pytest.approx({"Maes": 1 / 2})
    assert found["given_name"] == {}


def test_composed_values(shared_warehouse: Warehouse) -> None:
    """Two common names together are no rarer than chance has it, though nobody else has both."""
    records = [record(f"f{n}", "Maes", f"Given{n}") for n in range(20)]
    records += [record(f"g{n}", f"Family{n}", "Jan") for n in range(20)]
    records.append(record("both", "Maes", "Jan"))
    found = frequencies(shared_warehouse, records, {})
    assert found["family_name"]["Maes"] == found["given_name"]["Jan"] == pytest.approx(20 / 41)
    assert found["full_name"]["Jan Maes"] == pytest.approx((20 / 41) ** 2)
    assert found["full_name"]["Given1 Maes"] == pytest.approx(UNSHARED / 41)


def test_composed_values_of_exchanged_parts(shared_warehouse: Warehouse) -> None:
    """A composed value that comes of several parts is as frequent as the most frequent of them together."""
    records = [record(f"f{n}", "Maes", f"Given{n}") for n in range(20)]
    records += [record(f"g{n}", f"Family{n}", "Jan") for n in range(20)]
    records += [record("both", "Maes", "Jan"), record("exchanged", "Jan", "Maes")]
    assert frequencies(shared_warehouse, records, {})["full_name"]["Jan Maes"] == pytest.approx((20 / 42) ** 2)


def test_composed_values_more_frequent_than_chance(shared_warehouse: Warehouse) -> None:
    """A composed value that is more frequent than its parts together keeps its own frequency."""
    records = [record(f"x{n}", "Maes", "Jan") for n in range(5)] + [record(f"y{n}", f"F{n}", f"G{n}") for n in range(5)]
    assert frequencies(shared_warehouse, records, {})["full_name"]["Jan Maes"] == pytest.approx(4 / 10)


def test_composed_only_of_what_is_there(shared_warehouse: Warehouse) -> None:
    """Where a part is no usable column, or its frequencies are not used, a composed value has its own frequency."""
    records = [record(f"f{n}", "Maes", f"Given{n}") for n in range(20)]
    records += [record(f"g{n}", f"Family{n}", "Jan") for n in range(20)] + [record("both", "Maes", "Jan")]
    without_column = frequencies(shared_warehouse, records, {}, columns=("family_name", "full_name", "city"))
    without_use = frequencies(shared_warehouse, records, {}, chosen=COMPARISONS[:1] + COMPARISONS[2:])
    assert set(without_use) == {"family_name", "full_name"}
    for found in (without_column, without_use):
        assert found["full_name"]["Jan Maes"] == pytest.approx(UNSHARED / 41)


def test_only_what_comparisons_use(shared_warehouse: Warehouse) -> None:
    """A column has frequencies where a level uses them, and only there; twice used is counted once."""
    records = [record("a", "Maes", "Jan"), record("b", "Maes", "An")]
    twice = replace(COMPARISONS[0], name="again")
    assert set(frequencies(shared_warehouse, records, {}, chosen=(*COMPARISONS, twice))) == set(COLUMNS[:3])
    assert frequencies(shared_warehouse, records, {}, chosen=COMPARISONS[3:]) == {}


def test_composed_columns_of_the_models() -> None:
    """A model composes columns of others that are counted too."""
    for population in POPULATIONS:
        used = {level.frequency_of for comparison in population.comparisons for level in comparison.levels}
        for name, parts in population.composed.items():
            assert {name, *parts} <= used & set(population.prepared)


NAMES = st.sampled_from([None, "a", "b", "c", "d", "O'Neil", "李"])
RECORDS_AND_CUSTOMERS = st.lists(
    st.tuples(NAMES, NAMES, st.sampled_from([None, None, "whole", "a b"]), st.integers(0, 12)), min_size=1, max_size=40
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(RECORDS_AND_CUSTOMERS)
def test_any_records(shared_warehouse: Warehouse, rows: list[tuple[str | None, str | None, str | None, int]]) -> None:
    """Whatever the records and customers, frequencies are those counted by hand; number 0 is no known customer."""
    records = [record(f"r{n:02}", family, name, full) for n, (family, name, full, _) in enumerate(rows)]
    first: dict[int, str] = {}
    for n, row in enumerate(rows):
        first.setdefault(row[3], f"r{n:02}")
    customers = {f"r{n:02}": first[row[3]] for n, row in enumerate(rows) if row[3]}
    found = frequencies(shared_warehouse, records, customers)
    by_hand = expected(records, customers)
    assert found.keys() == by_hand.keys()
    for column, shares in by_hand.items():
        assert found[column] == pytest.approx(shares)
        assert all(0 < share <= 1 for share in found[column].values())


@settings(max_examples=20, deadline=None, derandomize=True)
@given(RECORDS_AND_CUSTOMERS, st.randoms(use_true_random=False))
def test_deliveries_again(
    shared_warehouse: Warehouse, rows: list[tuple[str | None, str | None, str | None, int]], random: Random
) -> None:
    """Records of known customers delivered again, and in another order, change no frequency."""
    records = [record(f"r{n:02}", family, name, full) for n, (family, name, full, _) in enumerate(rows)]
    again = [row | {"record_key": f"{row['record_key']}/again"} for row in records]
    customers = {str(row["record_key"]): str(row["record_key"])[:3] for row in (*records, *again)}
    once = frequencies(shared_warehouse, records, {})
    everything = [*records, *again]
    random.shuffle(everything)
    twice = frequencies(shared_warehouse, everything, customers)
    for column, shares in once.items():
        assert twice[column] == pytest.approx(shares)
