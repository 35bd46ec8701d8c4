"""Phones and e-mails of customers, ranked; the best one goes into the golden record, all stay.

Belongs here: candidates out of lists, their ranks and sources. Does not belong here: columns with one value a record
(`choosing`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_pipeline.golden.choosing import NOBODY, Told, first_of_each, losers_frame, lost_by_of
from crm_pipeline.golden.listing import listed_by, lists_of
from crm_pipeline.golden.overriding import Standing
from crm_pipeline.golden.ranking import Candidates, Ints, Rows, order_of
from crm_pipeline.golden.rules import OVERRIDE
from crm_pipeline.golden.units import CONTACT_LISTS, Unit


@dataclass(frozen=True, slots=True)
class Ranked:
    """What became of one kind of contact.

    Attributes:
        best: the golden column, row for row with customers.
        told: what is told of it.
        contacts: customer, value, rank, sources; by customer and value.
    """

    best: pl.Series
    told: Told
    contacts: pl.DataFrame


def rank_contacts(rows: Rows, unit: Unit) -> Ranked:
    """The phones or e-mails of all customers of a portion."""
    row, position, value = _exploded(rows, unit)
    customer = rows.customer[row]
    counts = np.bincount(customer, minlength=rows.customers)
    alone = (counts[customer] == 1) & (rows.standing[row] == Standing.RECORD)
    single, contested = np.flatnonzero(alone), np.flatnonzero(~alone)
    of = Candidates(unit, rows, row[contested], (value.gather(contested),), position[contested])
    order = order_of(of.customer, of.keys())
    holding = order[rows.standing[of.row[order]] <= Standing.RECORD]
    winner = first_of_each(of.customer, holding, rows.customers)
    best = winner.copy()
    has_several = winner != NOBODY
    best[has_several] = contested[winner[has_several]]
    best[customer[single]] = single
    told = _told(of, order, winner)
    contacts = pl.concat([_alone(rows, row, value, single), _several(of, holding)]).sort("customer", "value")
    golden = value.gather(pl.Series(best).replace(NOBODY, None)) if len(value) else _nothing(rows.customers)
    return Ranked(golden.alias(unit.name), told, contacts)


def _nothing(count: int) -> pl.Series:
    return pl.Series([None] * count, dtype=pl.String)


def _exploded(rows: Rows, unit: Unit) -> tuple[Ints, Ints, pl.Series]:
    """Row, first position and value of each different value of each row's list, and of overrides their own."""
    lists = rows.frame[CONTACT_LISTS[unit.name]]
    length = lists.list.len().fill_null(0).to_numpy().astype(np.int64)
    row = np.repeat(np.arange(len(lists)), length)
    position = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + 1
    value = lists.filter(pl.Series(length > 0)).explode() if len(row) else _nothing(0)
    frame = pl.DataFrame({"row": row, "position": position, "value": value}).drop_nulls("value")
    in_lists = length[frame["row"].to_numpy()] > 1
    if in_lists.any():
        several = frame.filter(in_lists).unique(["row", "value"], keep="first", maintain_order=True)
        frame = pl.concat([frame.filter(~in_lists), several])
    said = np.flatnonzero(rows.is_of(unit))
    overrides = pl.DataFrame(
        {"row": said, "position": np.ones(len(said), np.int64), "value": rows.frame[unit.name].gather(said)},
        schema=frame.schema,
    )
    frame = pl.concat([frame, overrides])
    return frame["row"].to_numpy(), frame["position"].to_numpy(), frame["value"]


def _told(of: Candidates, order: Ints, winner: Ints) -> Told:
    customer, value = of.customer, of.values[0]
    against = winner[customer[order]]
    behind = order[against != NOBODY]
    losers = behind[value.gather(behind).ne_missing(value.gather(winner[customer[behind]])).to_numpy()]
    lost_by = lost_by_of(of, of.unit.rules, losers, winner[customer[losers]])
    lost = losers_frame(customer[losers], value.gather(losers), of.row[losers], lost_by)
    rules = lost.group_by("customer", maintain_order=True).agg(pl.col("lost_by").first().alias("rule"))
    has = np.flatnonzero(winner != NOBODY)
    held = has[of.rows.standing[of.row[winner[has]]] == Standing.IN_FORCE]
    alone = np.setdiff1d(held, rules["customer"].to_numpy())
    by_override = pl.DataFrame({"customer": alone, "rule": [OVERRIDE.name] * len(alone)}, schema=rules.schema)
    chosen = pl.concat([rules, by_override]).sort("customer")
    at = winner[chosen["customer"].to_numpy()]
    survivors = chosen.with_columns(value.gather(at).alias("value"), pl.Series("row", of.row[at], dtype=pl.Int64))
    return Told(of.unit.name, None, survivors.select("customer", "value", "row", "rule"), lost)


def _alone(rows: Rows, row: Ints, value: pl.Series, single: Ints) -> pl.DataFrame:
    at = row[single]
    sources = rows.frame["source"].gather(at)
    return pl.DataFrame(
        [
            pl.Series("customer", rows.customer[at], dtype=pl.Int64),
            value.gather(single).alias("value"),
            pl.Series("rank", np.ones(len(single)), dtype=pl.Int32),
            lists_of(sources, np.arange(len(single) + 1)).alias("sources"),
        ]
    )


def _several(of: Candidates, holding: Ints) -> pl.DataFrame:
    """Each different value once, by the rank of its best candidate, with the systems of all of them."""
    rows = of.rows
    ranked = pl.DataFrame(
        [
            pl.Series("customer", of.customer[holding], dtype=pl.Int64),
            of.values[0].gather(holding).alias("value"),
            rows.frame["source"].gather(of.row[holding]).alias("source"),
            pl.Series("is_record", rows.standing[of.row[holding]] == Standing.RECORD),
        ]
    ).with_row_index("place")
    different = ranked.unique(["customer", "value"], keep="first", maintain_order=True).select(
        "customer", "value", (pl.int_range(pl.len()).over("customer") + 1).cast(pl.Int32).alias("rank")
    )
    known = (
        ranked.filter("is_record").select("customer", "value", "source").unique().sort("customer", "value", "source")
    )
    sources = listed_by(known, ["customer", "value"], known["source"]).rename({"listed": "sources"})
    return different.join(sources, on=["customer", "value"], how="left", maintain_order="left").with_columns(
        pl.col("sources").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    )
