"""The real world of one chunk: its customers as they are, what becomes of them, and which systems know them.

Belongs here: who exists, since when, what changes. Does not belong here: what a system writes (`systems`), and when it
delivers that (`records`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_pipeline.generator import organisations, people
from crm_pipeline.generator.places import ADDRESS, PHONE
from crm_pipeline.generator.plan import Bools, Draws, Ints, Plan

PEOPLE = 0.75  # of all customers; the others are organisations
CHINESE = 0.8  # of both kinds
NEW_DAILY = 0.005  # share of customers who are new on a day after the first
CHANGED_DAILY = (
    0.008  # share of customers who change on a day: 3 % of people move or change a number each month, and so on
)
# Of the changes: people move (with their household), change their number, their address of mail;
# organisations move, change their number, their name.
_WHAT_CHANGES = np.array([0.35, 0.4, 0.25])
_MOVED = 0

# Share of customers that a system knows, people and organisations; without any, people are in the shop and
# organisations in the CRM. Support knows whoever ever had a ticket.
KNOWN = {"crm": (0.78, 0.9), "shop": (0.86, 0.3), "support": (0.1, 0.18), "finance": (0.22, 0.9)}
FALLBACK = ("shop", "crm")

# Columns that later become those of `World.after`, by what changes.
_CHANGES = {"person": (ADDRESS, PHONE, ("email",)), "organisation": (ADDRESS, PHONE, organisations.NAMES)}
_EVERY = (
    "name",
    "name_traditional",
    "name_mistaken",
    "name_swapped",
    "name_short",
    "name_group",
    "name_brackets",
    "name_latin",
    "family_pinyin",
    "given_pinyin",
    "gender",
    "birth_date",
    "national_id",
    "organisation_id",
    "tax_id",
    "phone",
    "phone_local",
    "landline",
    "family_phone",
    "family_phone_local",
    "contact_name",
    "contact_phone",
    "contact_phone_local",
    "email",
    "email_other",
    "province",
    "city",
    "district",
    "street",
    "postcode",
    "country",
    "industry",
    "kind",
    "is_abroad",
)
_TYPES = {"birth_date": pl.Date(), "is_abroad": pl.Boolean()}


@dataclass(frozen=True, slots=True)
class World:
    """Customers of one chunk, in the order of their numbers.

    Attributes:
        before: one row per customer: its number, the columns above, null where it has no such thing.
        after: the same for those who change within the days, as they are then.
        first_day: the day on which a customer becomes one; 0 for those who were there before the first delivery.
        change_day: the day of the change; beyond the days for those who do not.
        known: by system, whether it knows the customer.
    """

    before: pl.DataFrame
    after: pl.DataFrame
    first_day: Ints
    change_day: Ints
    known: dict[str, Bools]


def make_world(plan: Plan, chunk: int) -> World:
    """The customers of a chunk.

    The first of all customers is an organisation that all systems know from the first day, so that no extract is ever
    without rows.
    """
    draws = Draws(plan, chunk, 0)
    numbers = plan.numbers(chunk)
    count = len(numbers)
    is_first = numbers == 0
    is_person = draws.share(count, PEOPLE) & ~is_first
    is_chinese = draws.share(count, CHINESE) | is_first
    started = draws.days_until(count, NEW_DAILY) + 1
    first_day = np.where((started < plan.days) & ~is_first, started, 0)
    change_day = first_day + 1 + draws.days_until(count, CHANGED_DAILY)
    before, after = [], []
    for of_people, of_chinese in ((True, True), (True, False), (False, True), (False, False)):
        chosen = np.flatnonzero((is_person == of_people) & (is_chinese == of_chinese))
        if len(chosen) == 0:
            continue
        made, head = _make(draws, len(chosen), of_people=of_people, of_chinese=of_chinese)
        before.append(made.with_columns(pl.Series("customer", numbers[chosen])))
        if plan.days > 1:
            days, later = _later(draws, made, head, change_day[chosen])
            change_day[chosen] = np.maximum(days, first_day[chosen] + 1)
            after.append(later.with_columns(pl.Series("customer", numbers[chosen])))
    customers = _complete(before)
    return World(
        customers,
        _complete(after).filter(pl.Series(change_day < plan.days)) if after else customers.clear(),
        first_day,
        change_day,
        _known(draws, is_person, is_first),
    )


def _make(draws: Draws, count: int, *, of_people: bool, of_chinese: bool) -> tuple[pl.DataFrame, Ints]:
    """Customers of one kind and origin, and for each the position of its household's first."""
    if of_people:
        made = people.chinese_people(draws, count) if of_chinese else people.foreign_people(draws, count)
        return made.drop("head"), made["head"].to_numpy()
    make = organisations.chinese_organisations if of_chinese else organisations.foreign_organisations
    return make(draws, count), np.arange(count)


def _later(draws: Draws, made: pl.DataFrame, head: Ints, change_day: Ints) -> tuple[Ints, pl.DataFrame]:
    """Per customer the day of the change and how it is after it; a household moves as one, on its first's day."""
    count = len(made)
    what = draws.weighted(count, _WHAT_CHANGES)
    is_moved_along = what[head] == _MOVED
    what = np.where(is_moved_along, _MOVED, what)
    days = np.where(is_moved_along, change_day[head], change_day)
    kind = str(made["kind"][0])
    if kind == "person":
        later = people.people_later(draws, made, np.where(is_moved_along, head, np.arange(count)))
    else:
        later = organisations.organisations_later(draws, made)
    changed = [
        pl.select(pl.when(pl.Series(what == n)).then(later[name]).otherwise(made[name])).to_series().alias(name)
        for n, columns in enumerate(_CHANGES[kind])
        for name in columns
        if name in later.columns
    ]
    return days, made.with_columns(changed)


def _complete(groups: list[pl.DataFrame]) -> pl.DataFrame:
    """All customers in the order of their numbers, with every column."""
    joined = pl.concat(groups, how="diagonal").sort("customer")
    absent = [
        pl.lit(None, dtype=_TYPES.get(name, pl.String())).alias(name) for name in _EVERY if name not in joined.columns
    ]
    return joined.with_columns(absent).select("customer", *_EVERY)


def _known(draws: Draws, is_person: Bools, is_first: Bools) -> dict[str, Bools]:
    count = len(is_person)
    known = {system: draws.share(count, np.where(is_person, *shares)) | is_first for system, shares in KNOWN.items()}
    nowhere = ~np.any(list(known.values()), axis=0)
    for system, of_kind in zip(FALLBACK, (is_person, ~is_person), strict=True):
        known[system] |= nowhere & of_kind
    return known
