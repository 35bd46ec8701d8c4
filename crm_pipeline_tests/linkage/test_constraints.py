"""Decisions that contradict each other, and extracts without duplicates."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest

from crm_pipeline.linkage import Contradiction, Decision, contradictions
from crm_pipeline.linkage.clustering.constraints import extracts_of, standing
from crm_pipeline.linkage.clustering.groups import NOTHING, Groups

from . import cluster_oracle


def decisions(text: str) -> list[Decision]:
    """Decisions out of `a=b b!c`, named 1, 2 and so on."""
    found = []
    for number, word in enumerate(text.split(), start=1):
        is_same = "!" not in word
        left, right = word.split("=" if is_same else "!")
        found.append(Decision(left, right, is_same, str(number)))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a=b b=c a=c", {}),
        ("a=b a!b", {"2": "1"}),
        ("a!b a=b", {"2": "1"}),
        ("a!b b!a a=b", {"3": "1"}),
        ("a=b c=d b=c a!d", {"4": "3"}),
        ("a=b b=c c=d x=a d!a b!a x!d", {"5": "3", "6": "1", "7": "4"}),
        ("a!d a=b c=d b=c", {"4": "1"}),
        ("a!b a=b b!c a=c a=b", {"2": "1", "5": "1"}),
        ("a!b a=b b=c a=c", {"2": "1", "4": "1"}),
        ("a=b a!b a=c b!c", {"2": "1", "4": "3"}),
        ("a!a a=a", {"1": None}),
        ("a!b c!d a=c b=d a=d", {"5": "1"}),
        ("c!d a!b a=c b=d a=d", {"5": "1"}),
    ],
)
def test_contradictions(text: str, expected: dict[str, str | None]) -> None:
    """A decision that contradicts earlier ones, directly or by a chain, is named with the earlier one.

    It then counts for nothing, so that the next one is judged without it.
    """
    found = contradictions(decisions(text))
    assert {c.decision.decision_id: c.earlier.decision_id if c.earlier else None for c in found} == expected
    assert all(isinstance(c, Contradiction) for c in found)


@pytest.mark.parametrize("seed", range(60))
def test_contradictions_are_those_of_the_oracle(seed: int) -> None:
    """On random decisions those that stand are the ones that the oracle accepts, one after the other."""
    random = Random(seed)
    names = [f"r{number}" for number in range(random.choice([3, 6, 12]))]
    share = random.choice([0.3, 0.6, 0.9])
    given = [Decision(*random.sample(names, 2), random.random() < share, str(number)) for number in range(25)]
    assert standing(given) == cluster_oracle.accepted(given)
    refused = {c.decision.decision_id for c in contradictions(given)}
    assert refused == {d.decision_id for d in given} - {d.decision_id for d in standing(given)}


@pytest.mark.parametrize("seed", range(30))
def test_named_decision_is_the_one_that_made_it_impossible(seed: int) -> None:
    """Without the named decision and all later ones, a refused cannot-link would not be refused."""
    random = Random(seed)
    names = [f"r{number}" for number in range(8)]
    given = [Decision(*random.sample(names, 2), random.random() < 0.8, str(number)) for number in range(20)]
    for found in contradictions(given):
        assert found.earlier is not None
        assert found.earlier.is_same != found.decision.is_same
        if not found.decision.is_same:
            before = [d for d in standing(given) if int(d.decision_id) < int(found.earlier.decision_id)]
            assert not contradictions([*before, found.decision])
            assert contradictions([*before, found.earlier, found.decision])


def test_united_by_finds_the_union() -> None:
    """In chains of any shape the union that brought two nodes together is found."""
    random = Random(3)
    groups = Groups(40)
    history: list[list[int]] = []
    for number in range(60):
        left, right = random.sample(range(40), 2)
        groups.unite(groups.find(left), groups.find(right), number)
        history.append([groups.find(node) for node in range(40)])
    for left in range(40):
        for right in range(left + 1, 40):
            together = next((n for n, roots in enumerate(history) if roots[left] == roots[right]), NOTHING)
            if together != NOTHING:
                assert groups.united_by(left, right) == together


def test_extracts_without_duplicates() -> None:
    """A source stands for each of its extracts, an extract for itself; a key may have slashes."""
    keys = pl.Series(["crm/customers/1", "crm/contacts/a/b", "erp/customers/1", "erp/parts/1", "no key", "crmx/a/1"])
    found = extracts_of(keys, frozenset({"crm", "erp.parts"}))
    assert found.to_list() == ["crm.customers", "crm.contacts", None, "erp.parts", None, None]
    assert extracts_of(keys, frozenset()).null_count() == keys.len()
