"""The weakest link of customers, against taking links away one by one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.linkage.explaining.weakest_links import weakest_links

LINK = {
    "record_key_l": pl.String,
    "record_key_r": pl.String,
    "matched_by": pl.String,
    "rule": pl.String,
    "match_weight": pl.Float64,
}
STRENGTH = ("decision", "identifier", "model")
Link = tuple[str, str, str, str | None, float | None]


def frames(members: dict[str, str], links: list[Link]) -> tuple[pl.DataFrame, pl.DataFrame]:
    records = {"record_key": list(members), "customer_id": list(members.values())}
    return (
        pl.DataFrame(records, schema={"record_key": pl.String, "customer_id": pl.String}),
        pl.DataFrame(links, schema=LINK, orient="row"),
    )


def found(members: dict[str, str], links: list[Link]) -> list[dict[str, Any]]:
    return weakest_links(*frames(members, links)).to_dicts()


def reachable(start: str, links: list[Link]) -> set[str]:
    """The records that links lead to from one, itself among them."""
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        for left, right, *_ in links:
            for one, other in ((left, right), (right, left)):
                if one == node and other not in seen:
                    seen.add(other)
                    waiting.append(other)
    return seen


def by_hand(members: dict[str, str], links: list[Link]) -> list[dict[str, Any]]:
    """The same by taking the weakest link away, then the next, until two records are no longer joined."""
    rows = []
    for customer in sorted(set(members.values())):
        mine = [key for key in sorted(members) if members[key] == customer]
        inside = [link for link in links if members.get(link[0]) == customer and members.get(link[1]) == customer]
        inside.sort(key=lambda x: (STRENGTH.index(x[2]), -(x[4] or 0), x[0], x[1]))
        if len(mine) < 2:
            continue
        while len(reachable(mine[0], inside[:-1])) == len(mine):
            inside.pop()
        last = inside.pop()
        rows.append(
            {
                "customer_id": customer,
                "record_count": len(mine),
                **dict(zip(LINK, last, strict=True)),
                "left_count": len(reachable(last[0], inside)),
                "right_count": len(reachable(last[1], inside)),
            }
        )
    return rows


@st.composite
def customers(draw: st.DrawFn) -> tuple[dict[str, str], list[Link]]:
    """Connected customers of up to seven records each, many weights equal, and links that join nothing."""
    members: dict[str, str] = {}
    links: dict[tuple[str, str], Link] = {}
    for customer in range(draw(st.integers(1, 3))):
        keys = [f"{n}{customer}" for n in range(draw(st.integers(1, 7)))]
        members |= dict.fromkeys(keys, f"C{customer}")
        tree = [(keys[draw(st.integers(0, n - 1))], keys[n]) for n in range(1, len(keys))]
        more = draw(st.lists(st.tuples(st.sampled_from(keys), st.sampled_from(keys)), max_size=8))
        for one, other in [*tree, *((a, b) for a, b in more if a != b)]:
            pair = (min(one, other), max(one, other))
            matched_by = draw(st.sampled_from((*STRENGTH, "model", "model")))
            weight = float(draw(st.integers(4, 8))) if matched_by == "model" else None
            links[pair] = (*pair, matched_by, draw(st.sampled_from(("phone", "email"))), weight)
    strangers = draw(st.lists(st.tuples(st.sampled_from(sorted(members)), st.just("~gone")), max_size=2))
    links |= {pair: (*pair, "model", "phone", 9.0) for pair in strangers}
    keys = sorted(members)
    links |= {(a, b): (a, b, "model", "phone", 9.0) for a, b in pairwise(keys) if members[a] != members[b]}
    return members, draw(st.permutations(list(links.values())))


@given(customers())
def test_as_by_hand(drawn: tuple[dict[str, str], list[Link]]) -> None:
    """It is the link at which a customer falls apart when links are taken away from the weakest on."""
    assert found(*drawn) == by_hand(*drawn)


def test_by_the_strongest_way() -> None:
    """A weak link beside a stronger way round holds nothing together; the weakest on the strongest way does."""
    members = dict.fromkeys("abcd", "C1")
    links: list[Link] = [
        ("a", "b", "model", "phone", 9.0),
        ("b", "c", "model", "email", 6.0),
        ("a", "c", "model", "name", 5.0),
        ("c", "d", "identifier", "tax_id", None),
    ]
    [row] = found(members, links)
    assert (row["record_key_l"], row["record_key_r"], row["match_weight"]) == ("b", "c", 6.0)
    assert (row["left_count"], row["right_count"]) == (2, 2)


def test_identifiers_alone() -> None:
    """Held by identifiers, a customer's weakest link is one of them, whatever weaker link is beside it."""
    links: list[Link] = [("a", "b", "identifier", "tax_id", None), ("a", "b", "model", "name", 5.0)]
    [row] = found(dict.fromkeys("ab", "C1"), links)
    assert (row["matched_by"], row["rule"], row["match_weight"]) == ("identifier", "tax_id", None)


def test_what_no_link_joins_was_decided() -> None:
    """Parts of a customer that no link joins are joined by a decision, stronger than any link."""
    links: list[Link] = [("a", "b", "model", "phone", 5.0), ("c", "d", "model", "phone", 7.0)]
    [row] = found(dict.fromkeys("abcd", "C1"), links)
    assert (row["record_key_l"], row["left_count"], row["right_count"]) == ("a", 3, 1)
    [row] = found(dict.fromkeys("ab", "C1"), [])
    assert (row["matched_by"], row["match_weight"], row["left_count"]) == ("decision", None, 1)


def test_nothing() -> None:
    """Customers of one record have none, and neither has nobody."""
    assert found({"a": "C1", "b": "C2"}, [("a", "b", "model", "phone", 9.0)]) == []
    assert found({}, []) == []
