"""Pairs by shared identifiers, case by case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from crm_pipeline.linkage.candidates.identifiers import LARGEST_FULL_GROUP, identifier_pairs
from crm_pipeline.warehouse import Warehouse

Fill = Callable[[Warehouse, list[dict[str, Any]]], None]
ONE, OTHER = date(1980, 1, 2), date(1990, 3, 4)


def external(namespace: str, value: str) -> dict[str, Any]:
    return {"external_ids": [{"namespace": namespace, "value": value}]}


@pytest.mark.parametrize("column", ["national_id", "organisation_id", "tax_id"])
def test_each_identifier_column_links(shared_warehouse: Warehouse, customers: Fill, column: str) -> None:
    """Equal values of an identifier column are a pair under that column's name, also within one extract."""
    customers(shared_warehouse, [{"record_key": key, column: "1"} for key in "ba"] + [{"record_key": "c", column: "2"}])
    assert identifier_pairs(shared_warehouse).rows() == [("a", "b", column, False)]


def test_namespaces_are_apart(shared_warehouse: Warehouse, customers: Fill) -> None:
    """The same value in two namespaces links nothing; blank values and deleted records link nothing."""
    rows = [
        {"record_key": "a", **external("erp", "7")},
        {"record_key": "b", **external("shop", "7")},
        {"record_key": "c", "tax_id": "7"},
        {"record_key": "d", "tax_id": "7", "valid_to": ONE},
        {"record_key": "e", "national_id": " "},
        {"record_key": "f", "national_id": " "},
    ]
    customers(shared_warehouse, rows)
    assert identifier_pairs(shared_warehouse).is_empty()


def test_pair_that_agrees_twice_is_one_pair(shared_warehouse: Warehouse, customers: Fill) -> None:
    """Two shared identifiers give one row, under the namespace that is first by name."""
    same = {"external_ids": [{"namespace": n, "value": "7"} for n in ("zeta", "erp")], "tax_id": "9"}
    customers(shared_warehouse, [{"record_key": key, **same} for key in "ab"])
    assert identifier_pairs(shared_warehouse).rows() == [("a", "b", "erp", False)]


@pytest.mark.parametrize(
    ("left", "right", "contradicted"),
    [
        ({"birth_date": ONE, "name": "王芳"}, {"birth_date": OTHER, "name": "李建国"}, True),
        ({"birth_date": ONE, "name": "王芳"}, {"birth_date": ONE, "name": "李建国"}, False),
        ({"birth_date": ONE, "name": "王芳"}, {"birth_date": OTHER, "name": "王芳"}, False),
        ({"birth_date": ONE, "name": "王芳"}, {"birth_date": OTHER}, False),
        ({"birth_date": ONE, "name": "王芳"}, {"name": "李建国"}, False),
        ({"birth_date": ONE, "name": "Jon Yang"}, {"birth_date": OTHER, "name": "YANG, Jon"}, False),
        (
            {"birth_date": ONE, "given_name": "Jon", "family_name": "Yang"},
            {"birth_date": OTHER, "given_name": "Mary", "family_name": "Smith"},
            True,
        ),
        ({"kind": "person", "name": "王芳"}, {"kind": "organisation", "name": "王芳"}, True),
        ({"kind": "person", "name": "王芳"}, {"name": "李建国"}, False),
    ],
)
def test_only_hard_evidence_contradicts(
    shared_warehouse: Warehouse, customers: Fill, left: dict[str, Any], right: dict[str, Any], contradicted: bool
) -> None:
    """Birth date and name must both be there and both be different; a person is never an organisation."""
    customers(
        shared_warehouse, [{"record_key": "a", "tax_id": "1", **left}, {"record_key": "b", "tax_id": "1", **right}]
    )
    assert identifier_pairs(shared_warehouse)["is_contradicted"].to_list() == [contradicted]


@pytest.mark.parametrize(("size", "pairs"), [(LARGEST_FULL_GROUP, 1225), (LARGEST_FULL_GROUP + 1, 50), (2000, 1999)])
def test_large_groups_make_a_star(shared_warehouse: Warehouse, customers: Fill, size: int, pairs: int) -> None:
    """Up to the limit all pairs are written; beyond, each record is paired with the smallest key alone."""
    customers(shared_warehouse, [{"record_key": f"{n:05d}", "tax_id": "1"} for n in range(size)])
    found = identifier_pairs(shared_warehouse)
    assert found.height == pairs
    if size > LARGEST_FULL_GROUP:
        assert found["record_key_l"].unique().to_list() == ["00000"]
