"""The records of one system: one or two for each customer that it knows, their versions, and when each is delivered.

Belongs here: keys and days. Does not belong here: values (`systems`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_pipeline.generator.defects import DEFECTS, PLANTED_SCHEMA
from crm_pipeline.generator.plan import FIRST_DATE, Draws, Ints, Plan
from crm_pipeline.generator.world import World

DELETED_DAILY = 0.001  # share of the records of a full extract that are removed on a day
LONGEST_HISTORY = 1_800  # days that the oldest record has existed at the first delivery
_NUMBERS = 99_999_989  # a prime: multiplying modulo a prime gives each number once, in an order that tells nothing
_NEVER = 1 << 40  # a day that does not come


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one system.

    Attributes:
        frame: one row per record: position (of the customer in the world), customer, source_id, from_day (first
            delivery), change_day (delivery of the change), to_day (first day without it), first_event and change_event
            (when it happened; days before the first delivery are negative), second (of the day).
        versions: one row per version ever delivered: record (position in `frame`), the columns above, from_day and
            to_day of the version, is_after; and the values of the customer. By record and time.
        planted: defects of the records as such: registered_twice, delivered_late, change_not_heard.
    """

    frame: pl.DataFrame
    versions: pl.DataFrame
    planted: pl.DataFrame


def make_records(
    world: World, plan: Plan, draws: Draws, *, system: str, prefix: str, multiplier: int, is_deleting: bool
) -> Records:
    """The records of a system; a key is the prefix and eight digits that say nothing of the customer."""
    position = np.flatnonzero(world.known[system])
    is_double = draws.share(len(position), DEFECTS["registered_twice"].rate)
    copy = np.concatenate([np.zeros(len(position), np.int64), np.ones(int(is_double.sum()), np.int64)])
    position = np.concatenate([position, position[is_double]])
    count = len(position)
    customer = world.before["customer"].to_numpy()[position]
    number = (customer * 2 + copy + 1) * multiplier % _NUMBERS
    first_day = world.first_day[position]
    history = -1 - (draws.uniform(count) ** 1.5 * LONGEST_HISTORY).astype(np.int64)
    from_day = first_day + _lateness(draws, count) * (first_day > 0)
    is_heard = ~draws.share(count, DEFECTS["change_not_heard"].rate)
    change = world.change_day[position]
    change_day = np.where(is_heard, np.maximum(change + _lateness(draws, count), from_day), _NEVER)
    to_day = from_day + 1 + draws.days_until(count, DELETED_DAILY)
    to_day[(customer == 0) | (not is_deleting)] = _NEVER
    frame = pl.DataFrame(
        {
            "position": position,
            "customer": customer,
            "source_id": prefix + pl.Series(number).cast(pl.String).str.zfill(8),
            "from_day": from_day,
            "change_day": change_day,
            "to_day": to_day,
            "first_event": np.where(first_day > 0, first_day, history),
            "change_event": change,
            "second": draws.whole(count, 8 * 3600, 21 * 3600),
            "copy": copy,
        }
    )
    frame = frame.filter(pl.col("from_day") < plan.days)
    return Records(frame, _versions(frame, world, plan), _planted(frame, plan))


def _lateness(draws: Draws, count: int) -> Ints:
    """Days between an event and its delivery: mostly 0, else 1 or 2."""
    return draws.whole(count, 1, 3) * draws.share(count, DEFECTS["delivered_late"].rate)


def _versions(frame: pl.DataFrame, world: World, plan: Plan) -> pl.DataFrame:
    """The versions within the days, with the customers' values."""
    rows = frame.with_row_index("record").with_columns(pl.col("record").cast(pl.Int64))
    before = rows.with_columns(
        pl.min_horizontal("change_day", "to_day").alias("to_day"),
        pl.col("first_event").alias("updated_event"),
        pl.lit(value=False).alias("is_after"),
    ).filter(pl.col("from_day") < pl.col("to_day"))
    after = rows.filter(pl.col("change_day") < pl.min_horizontal("to_day", pl.lit(plan.days))).with_columns(
        pl.col("change_day").alias("from_day"),
        pl.col("change_event").alias("updated_event"),
        pl.lit(value=True).alias("is_after"),
    )
    values = pl.concat([before, world.before.drop("customer")[before["position"]]], how="horizontal")
    if after.is_empty():
        return values
    place = np.searchsorted(world.after["customer"].to_numpy(), after["customer"].to_numpy())
    changed = pl.concat([after.select(before.columns), world.after.drop("customer")[place]], how="horizontal")
    return pl.concat([values, changed]).sort("record", "from_day")


def _planted(frame: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    late = (pl.col("from_day") > pl.col("first_event")) & (pl.col("first_event") > 0)
    late_change = (pl.col("change_day") > pl.col("change_event")) & (pl.col("change_day") < plan.days)
    unheard = (pl.col("change_event") < plan.days) & (pl.col("change_day") == _NEVER)
    found = [
        ("registered_twice", pl.col("copy") == 1, "from_day"),
        ("delivered_late", late, "from_day"),
        ("delivered_late", late_change & (pl.col("change_day") < pl.col("to_day")), "change_day"),
        ("change_not_heard", unheard & (pl.col("change_event") < pl.col("to_day")), "change_event"),
    ]
    return pl.concat(
        [pl.DataFrame(schema=PLANTED_SCHEMA)]
        + [
            frame.filter(where).select("source_id", pl.col(day).alias("day"), pl.lit(name).alias("defect"))
            for name, where, day in found
        ]
    )


def happenings(records: pl.DataFrame, plan: Plan, draws: Draws, *, before: float, daily: float) -> pl.DataFrame:
    """One row per thing that happened to a record: record, event_day, from_day (its delivery), second; in no order.

    Args:
        records: `Records.frame`; the record of the first customer has at least one, before the first delivery.
        plan: size and days.
        draws: chance.
        before: how many a record has on average, of those there before the first delivery; none before its creation.
        daily: how many it has on each day.
    """
    rows = records.with_row_index("record").with_columns(pl.col("record").cast(pl.Int64))
    count = draws.poisson(len(rows), before)
    count[(rows["customer"] == 0).to_numpy()] += 1
    count[(rows["first_event"] > 0).to_numpy()] = 0
    past = rows[np.repeat(np.arange(len(rows)), count)]
    age = -past["first_event"].to_numpy()
    earlier = -1 - (draws.uniform(len(past)) * age).astype(np.int64)
    parts = [
        past.select("record", "customer", "source_id").with_columns(event_day=earlier, from_day=np.zeros_like(earlier))
    ]
    for day in range(plan.days):
        number = int(draws.poisson(1, len(rows) * daily)[0])
        if not len(rows) or not number:
            continue
        chosen = rows[draws.whole(number, 0, len(rows))]
        event = np.full(number, day)
        late = pl.Series("from_day", event + _lateness(draws, number))
        there = (chosen["from_day"] <= day) & (chosen["to_day"] > day) & (late < plan.days)
        parts.append(
            chosen.select("record", "customer", "source_id")
            .with_columns(event_day=event)
            .with_columns(late)
            .filter(there)
        )
    joined = pl.concat(parts)
    return joined.with_columns(pl.Series("second", draws.whole(len(joined), 8 * 3600, 22 * 3600)))


def day_of(column: str) -> pl.Expr:
    """The date of a day counted from the first delivery."""
    return pl.lit(FIRST_DATE) + pl.duration(days=pl.col(column))
