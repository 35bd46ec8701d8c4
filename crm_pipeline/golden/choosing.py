"""The surviving value of each unit, the rule that decided, and each value that lost with the rule by which it lost.

Belongs here: reading winners and losers off the ranked records. Does not belong here: ranking (`ranking`), phones and
e-mails, of which all stay (`contacts`).

A customer's records lie side by side in rank order, so that its winner is the first one that has a value, and all of
it is arithmetic on positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_pipeline.golden.gathering import text_of
from crm_pipeline.golden.overriding import Standing
from crm_pipeline.golden.ranking import Array, Candidates, Ints, Rows, order_of
from crm_pipeline.golden.rules import NEWER_OVERRIDE, OVERRIDE, REVIEW_DUE, UNION, UNION_SEPARATOR, Rule
from crm_pipeline.golden.units import Unit
from crm_pipeline.tables import Column

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Told:
    """Rows of gold.customer_values and their alternatives, of one column.

    Attributes:
        survivors: one row for each customer that had a choice: customer, value, row (of the portion's rows), rule.
        losers: the alternatives, by customer and rank: customer, value, row, lost_by.
        column: the golden column.
        group: the group of linked columns; None where it survives alone.
    """

    column: str
    group: str | None
    survivors: pl.DataFrame
    losers: pl.DataFrame


class Choosing:
    """Chooses for all customers of a portion; rankings that several columns share are made once."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._orders: dict[tuple[Rule, ...], Ints] = {}
        self._everyone = np.arange(rows.frame.height)

    def choose(self, unit: Unit) -> tuple[list[pl.Series], list[Told]]:
        """The golden columns of a unit, row for row with customers, and what is told of each of them."""
        rows, frame = self.rows, self.rows.frame
        texts = tuple(frame[text_of(column)] for column in unit.columns)
        of = Candidates(unit, rows, self._everyone, texts, np.ones(frame.height, np.int64))
        is_of = rows.is_of(unit)
        has_value = np.logical_or.reduce([text.is_not_null().to_numpy() for text in texts]) | is_of
        order = self._order(of)
        ranked = order[has_value[order]]
        winner = first_of_each(rows.customer, ranked[rows.standing[ranked] <= Standing.RECORD], rows.customers)
        of_winner = winner[rows.customer[ranked]]
        behind = ranked[(of_winner != ranked) & (of_winner != NOBODY)]
        other = behind[_differs(texts, behind, winner[rows.customer[behind]])]
        rules = list(unit.rules)
        lost_by = lost_by_of(of, rules, other, winner[rows.customer[other]])
        overridden = np.flatnonzero((winner != NOBODY) & (rows.standing[winner] == Standing.IN_FORCE))
        golden = [_picked(frame[column.name], winner) for column in unit.columns]
        if unit.is_union:
            return self._union(unit, texts[0], winner, ranked, other, lost_by, golden[0], overridden)
        told = []
        for column, text in zip(unit.columns, texts, strict=True):
            lost = _differs((text,), other, winner[rows.customer[other]]) & text.gather(other).is_not_null().to_numpy()
            rule_of = _first_rule(rows.customer[other[lost]], lost_by.filter(lost))
            told.append(self._told(column, unit, text, winner, other[lost], lost_by.filter(lost), rule_of, overridden))
        return golden, told

    def _order(self, of: Candidates) -> Ints:
        """All rows ranked; shared between units whose rules look at records alone, when nobody overrode them."""
        rules = of.unit.rules
        if of.unit.name in self.rows.units_overridden or not all(rule.is_of_record for rule in rules[1:]):
            return order_of(self.rows.customer, of.keys())
        if rules not in self._orders:
            self._orders[rules] = order_of(self.rows.customer, of.keys(rules[1:]))
        return self._orders[rules]

    def _told(
        self,
        column: Column,
        unit: Unit,
        text: pl.Series,
        winner: Ints,
        losers: Ints,
        lost_by: pl.Series,
        rule_of: pl.DataFrame,
        overridden: Ints,
    ) -> Told:
        alone = overridden[~np.isin(overridden, rule_of["customer"].to_numpy())]
        by_override = pl.DataFrame({"customer": alone, "rule": [OVERRIDE.name] * len(alone)}, schema=rule_of.schema)
        chosen = pl.concat([rule_of, by_override]).sort("customer")
        row = winner[chosen["customer"].to_numpy()]
        survivors = chosen.with_columns(text.gather(row).alias("value"), pl.Series("row", row))
        return Told(
            column.name,
            unit.name if unit.is_linked else None,
            survivors.select("customer", "value", "row", "rule"),
            losers_frame(self.rows.customer[losers], text.gather(losers), losers, lost_by),
        )

    def _union(
        self,
        unit: Unit,
        text: pl.Series,
        winner: Ints,
        ranked: Ints,
        other: Ints,
        lost_by: pl.Series,
        golden: pl.Series,
        overridden: Ints,
    ) -> tuple[list[pl.Series], list[Told]]:
        """All values joined, where no override holds; the alternatives are the parts then, which lost by no rule."""
        rows = self.rows
        by_override = np.isin(rows.customer[other], overridden)
        rule_of = _first_rule(rows.customer[other[by_override]], lost_by.filter(by_override))
        told = self._told(
            unit.columns[0], unit, text, winner, other[by_override], lost_by.filter(by_override), rule_of, overridden
        )
        records = ranked[rows.standing[ranked] == Standing.RECORD]
        several = np.setdiff1d(rows.customer[other[rows.standing[other] == Standing.RECORD]], overridden)
        waiting = other[
            np.isin(rows.customer[other], overridden, invert=True) & (rows.standing[other] > Standing.RECORD)
        ]
        parts = records[np.isin(rows.customer[records], np.union1d(several, rows.customer[waiting]))]
        joined = (
            pl.DataFrame({"customer": rows.customer[parts], "value": text.gather(parts)})
            .unique()
            .sort("customer", "value")
            .group_by("customer", maintain_order=True)
            .agg(pl.col("value").str.join(UNION_SEPARATOR))
        )
        is_part = np.isin(rows.customer[parts], several)
        unlost = pl.Series([None] * int(is_part.sum()), dtype=pl.String)
        held_back = lost_by.filter(np.isin(other, waiting))
        listed = pl.concat(
            [
                told.losers,
                losers_frame(rows.customer[parts[is_part]], text.gather(parts[is_part]), parts[is_part], unlost),
                losers_frame(rows.customer[waiting], text.gather(waiting), waiting, held_back),
            ]
        ).sort("customer", maintain_order=True)
        first = winner[joined["customer"].to_numpy()]
        survivors = joined.with_columns(pl.Series("row", first), rule=pl.lit(UNION.name)).select(told.survivors.columns)
        values = golden.to_frame("golden").with_row_index("customer").with_columns(pl.col("customer").cast(pl.Int64))
        values = values.join(joined, on="customer", how="left", maintain_order="left")
        result = values.select(pl.coalesce("value", "golden").alias(golden.name)).to_series()
        both = pl.concat([told.survivors, survivors]).sort("customer")
        return [result], [Told(told.column, None, both, listed)]


def first_of_each(customer: Ints, ranked: Ints, customers: int) -> Ints:
    """For each customer the first of its rows in `ranked`, which lie by customer; NOBODY where it has none."""
    first = np.full(customers, NOBODY, dtype=np.int64)
    of = customer[ranked]
    starts = np.flatnonzero(np.r_[True, of[1:] != of[:-1]]) if len(of) else np.zeros(0, np.int64)
    first[of[starts]] = ranked[starts]
    return first


def lost_by_of(of: Candidates, rules: Iterable[Rule], losers: Ints, winners: Ints) -> pl.Series:
    """The name of the first rule by which each loser differs from its winner, or why its override does not hold."""
    rules = list(rules)
    code = np.full(len(losers), len(rules) - 1, dtype=np.int64)
    for number, key in reversed(list(enumerate(of.keys(rules)))):
        code[key[losers] != key[winners]] = number
    standing = of.rows.standing[of.row[losers]]
    code[standing == Standing.SUPERSEDED] = len(rules)
    code[standing == Standing.DUE] = len(rules) + 1
    names = pl.Series([*(rule.name for rule in rules), NEWER_OVERRIDE, REVIEW_DUE])
    return names.gather(code).alias("lost_by")


def losers_frame(customer: Ints, values: pl.Series, row: Ints, lost_by: pl.Series) -> pl.DataFrame:
    """Alternatives as `Told.losers` has them."""
    return pl.DataFrame(
        [
            pl.Series("customer", customer, dtype=pl.Int64),
            values.alias("value"),
            pl.Series("row", row, dtype=pl.Int64),
            lost_by.cast(pl.String).alias("lost_by"),
        ]
    )


def _first_rule(customer: Ints, lost_by: pl.Series) -> pl.DataFrame:
    """Each customer with the rule by which the best of its losers lost: what decided."""
    starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]]) if len(customer) else np.zeros(0, np.int64)
    return pl.DataFrame(
        [pl.Series("customer", customer[starts], dtype=pl.Int64), lost_by.gather(starts).cast(pl.String).alias("rule")]
    )


def _differs(texts: Iterable[pl.Series], left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    found: Array = np.zeros(len(left), dtype=bool)
    for text in texts:
        found |= text.gather(left).ne_missing(text.gather(right)).to_numpy()
    return found


def _picked(values: pl.Series, rows: Ints) -> pl.Series:
    """The values at `rows`, null for NOBODY."""
    if values.is_empty():
        return pl.Series(values.name, [None] * len(rows), dtype=values.dtype)
    return values.gather(pl.Series(rows).replace(NOBODY, None))
