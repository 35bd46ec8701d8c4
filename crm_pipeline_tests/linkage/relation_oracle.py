"""Relations computed a second time, by plain loops over all pairs; for few records.

Belongs here: the rules as docs/linking.md tells them. Does not belong here: any claim.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import permutations
from typing import Any

Row = dict[str, Any]
Pair = tuple[str, str]
_FLATS = {"CN", "HK", "MO", "SG", "TW", ""}


def by_customer(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each customer."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["customer_id"]].append(row)
    return found


def households(rows: list[Row]) -> set[Pair]:
    """Both directions of each two who live together."""
    offices = {row["address_key"] for row in rows if row["kind"] == "organisation"}
    residents = [row for row in rows if _is_resident(row) and row["address_key"] not in offices]
    customers = by_customer(residents)
    everything = by_customer(rows)
    crowd: dict[str, set[str]] = defaultdict(set)
    for row in residents:
        crowd[row["address_key"]].add(row["customer_id"])
    found = set()
    for one, other in permutations(customers, 2):
        pairs = [
            (left, right)
            for left in customers[one]
            for right in customers[other]
            if left["address_key"] == right["address_key"] and len(crowd[left["address_key"]]) <= 10
        ]
        if not pairs or any(left["name_key"] and left["name_key"] == right["name_key"] for left, right in pairs):
            continue
        is_family = any(_surname(a) and _surname(a) == _surname(b) and _is_home(a) and _is_home(b) for a, b in pairs)
        if is_family or _contacts(everything[one]) & _contacts(everything[other]):
            found.add((one, other))
    return found


def _is_resident(row: Row) -> bool:
    is_person = row["kind"] == "person" or (row["kind"] is None and row["family_name"] is not None)
    return is_person and row["address_key"] is not None and row["street_number"] is not None


def _is_home(row: Row) -> bool:
    return row["unit"] is not None or row["address_key"].split("|")[0] not in _FLATS


def _surname(row: Row) -> str | None:
    if row["native_name"] and row["latin_name"]:
        return str(row["latin_name"]).split(" ")[0].lower()
    return row["family_name"].lower() if row["family_name"] else None


def _contacts(rows: Iterable[Row]) -> set[str]:
    return {contact for row in rows for name in ("phones", "emails") for contact in row[name] or ()}


def employers(rows: list[Row]) -> set[Pair]:
    """Each who names an employer, and the one customer who is called so."""
    organisations = [row for row in rows if row["kind"] == "organisation"]
    found = set()
    for row in rows:
        if row["kind"] == "organisation" or row["organisation_key"] is None:
            continue
        meant = {
            other["customer_id"]
            for other in organisations
            if other["organisation_key"] == row["organisation_key"]
            and other["organisation_branch"] == row["organisation_branch"]
            and _is_near(other, row)
        }
        if len(meant) == 1:
            found.add((row["customer_id"], *meant))
    return {(one, other) for one, other in found if one != other}


def branches(rows: list[Row]) -> set[Pair]:
    """Each branch and its head office."""
    organisations = [row for row in rows if row["kind"] == "organisation" and row["organisation_key"]]
    with_branch = {row["customer_id"] for row in organisations if row["organisation_branch"]}
    found = set()
    for row in organisations:
        heads = {
            other["customer_id"]
            for other in organisations
            if other["customer_id"] not in with_branch
            and other["organisation_key"] == row["organisation_key"]
            and _is_near(other, row)
        }
        if row["organisation_branch"] and len(heads) == 1:
            found.add((row["customer_id"], *heads))
    return found


def members(rows: list[Row]) -> set[Pair]:
    """Each company and its group."""
    organisations = [row for row in rows if row["kind"] == "organisation" and row["organisation_key"]]
    own = by_customer(organisations)
    branch = {customer for customer, rows in own.items() if any(row["organisation_branch"] for row in rows)}
    group = {customer for customer, rows in own.items() if any(_is_group(row) for row in rows)}
    found = set()
    for domain in {domain for row in organisations for domain in _domains(row)}:
        users = [row for row in organisations if domain in _domains(row)]
        of_groups = [row for row in users if _is_group(row) and row["customer_id"] not in branch]
        if len({row["customer_id"] for row in of_groups}) != 1:
            continue
        head, key = of_groups[0]["customer_id"], min(row["organisation_key"] for row in of_groups)
        named = [row for row in users if row["organisation_key"].startswith(key)]
        if 2 * len({row["customer_id"] for row in named}) <= len({row["customer_id"] for row in users}):
            continue
        for row in named:
            is_other = row["organisation_key"] != key or _are_other(own[row["customer_id"]], own[head])
            if row["customer_id"] not in branch | group and is_other:
                found.add((row["customer_id"], head))
    return found


def _is_group(row: Row) -> bool:
    words = (row["name"] or "").lower().replace("（", " ").replace("）", " ").split()
    return "集团" in "".join(words) or bool({"group", "holding", "holdings"} & set(words))


def _domains(row: Row) -> set[str]:
    return {email.split("@")[1] for email in row["emails"] or ()}


def _are_other(one: list[Row], other: list[Row]) -> bool:
    codes, others = ({row["organisation_id"] for row in rows} - {None} for rows in (one, other))
    return bool(codes and others) and not codes & others


def _is_near(left: Row, right: Row) -> bool:
    one, other = (_place(row["organisation_region_code"] or "") for row in (left, right))
    return one.startswith(other) or other.startswith(one)


def _place(code: str) -> str:
    while code.endswith("00"):
        code = code[:-2]
    return code
