"""Candidates within their customers, ranked by rules.

Belongs here: what each rule sorts by, as arrays, and the order that follows. Does not belong here: what a rule is for
(`rules`), reading off winners and losers (`choosing`, `contacts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_pipeline.golden.evidence import Evidence
from crm_pipeline.golden.overriding import Standing
from crm_pipeline.golden.rules import Rule
from crm_pipeline.golden.units import CONTACT_LISTS, Unit
from crm_pipeline.tables import CUSTOMER_COLUMNS
from crm_pipeline.warehouse.row_expressions import expressions

Ints = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

_MICROSECONDS_A_DAY = 86_400_000_000
_TRUST_DECIMALS = 6  # so that equal trust is equal on every machine
# Names that an expression of the project may use.
EXPRESSION_COLUMNS = ("value", "source", "extract", "seen_at", "trust", "frequency", "filled", "position")


@dataclass(frozen=True)
class Trust:
    """How far sources are trusted.

    Attributes:
        levels: source to trust, 0 to 100; a source that is not there counts as 0.
        half_lives: source to days after which the trust of a record that nobody changed is half; others keep it.
        today: the business date from which age counts; None where no trust fades.
    """

    levels: Mapping[str, float]
    half_lives: Mapping[str, float] = field(default_factory=dict)
    today: date | None = None


@dataclass(frozen=True)
class Rows:
    """The records of a portion, behind them the overrides of its customers, with what ranks them.

    Attributes:
        frame: as of a portion, with `_unit` and `_standing` of an override; both null, or RECORD, of records.
        customers: how many there are; `_customer` counts from 0.
    """

    frame: pl.DataFrame
    customers: int
    trusted: Trust
    evidence: Evidence

    @cached_property
    def customer(self) -> Ints:
        """The customer of each row."""
        return self.frame["_customer"].to_numpy().astype(np.int64)

    @cached_property
    def record(self) -> Ints:
        """The record's number; overrides have the largest, in their order."""
        return self.frame["_record"].to_numpy()

    @cached_property
    def standing(self) -> Ints:
        """`Standing` of each row."""
        return self.frame["_standing"].to_numpy().astype(np.int64)

    @cached_property
    def units_overridden(self) -> frozenset[str]:
        """Units that any override speaks of."""
        return frozenset(self.frame["_unit"].drop_nulls().unique().to_list())

    @cached_property
    def seen_at(self) -> Ints:
        """Microseconds since 1970; 0 of overrides, which no rule ranks."""
        return self.frame["_seen_at"].fill_null(0).to_numpy()

    @cached_property
    def trust(self) -> npt.NDArray[np.float64]:
        """Of the source, faded by the age in whole days where it fades."""
        trusted, sources = self.trusted, self.frame["source"]
        level = _by_source(sources, trusted.levels, 0.0)
        if trusted.today is None or not trusted.half_lives:
            return level
        half_life = _by_source(sources, trusted.half_lives, np.inf)
        today = (trusted.today - date(1970, 1, 1)).days
        age = np.maximum(0, today - self.seen_at // _MICROSECONDS_A_DAY)
        return np.round(level * 0.5 ** (age / half_life), _TRUST_DECIMALS)

    @cached_property
    def filled(self) -> Ints:
        """How many standard columns a record has; a list counts when something is in it."""
        count = np.zeros(self.frame.height, dtype=np.int64)
        for column in CUSTOMER_COLUMNS:
            cells = self.frame[column.name]
            has = cells.list.len().fill_null(0) > 0 if isinstance(cells.dtype, pl.List) else cells.is_not_null()
            count += has.to_numpy()
        return count

    def is_of(self, unit: Unit) -> npt.NDArray[np.bool_]:
        """Whether a row is an override of the unit."""
        return (self.frame["_unit"] == unit.name).fill_null(value=False).to_numpy()


@dataclass(frozen=True)
class Candidates:
    """What one unit is chosen from.

    Attributes:
        unit: the unit.
        rows: the records and overrides they come from.
        row: of each candidate its row.
        values: its value as text, one series for each column of the unit.
        position: place in the record's list, from 1; 1 where there is no list.
    """

    unit: Unit
    rows: Rows
    row: Ints
    values: tuple[pl.Series, ...]
    position: Ints

    @cached_property
    def customer(self) -> Ints:
        """The customer of each candidate."""
        return self.rows.customer[self.row]

    @cached_property
    def frequency(self) -> Ints:
        """How many records of the customer have the same value in all columns."""
        names = [f"v{number}" for number in range(len(self.values))]
        is_record = self.rows.standing[self.row] == Standing.RECORD
        frame = pl.DataFrame([*(v.alias(n) for v, n in zip(self.values, names, strict=True)),
                              pl.Series("c", self.customer), pl.Series("r", is_record)])  # fmt: skip
        return frame.select(pl.col("r").sum().over("c", *names).cast(pl.Int64)).to_series().to_numpy()

    def keys(self, rules: Sequence[Rule] | None = None) -> list[Array]:
        """For each rule what it sorts by; the smaller one wins."""
        return [_KEYS[rule.name](self, rule) for rule in (self.unit.rules if rules is None else rules)]


def order_of(customer: Ints, keys: Sequence[Array]) -> Ints:
    """The places of candidates by customer, then by keys; keys that are all equal are passed over."""
    telling = [key for key in keys if len(key) and (key != key[0]).any()]
    return np.lexsort((*reversed(telling), customer)) if len(customer) else np.zeros(0, np.int64)


def _by_source(sources: pl.Series, known: Mapping[str, float], missing: float) -> npt.NDArray[np.float64]:
    if not known:
        return np.full(len(sources), missing)
    found = sources.replace_strict(dict(known), default=missing, return_dtype=pl.Float64)
    return found.fill_null(missing).to_numpy()


def _longest(of: Candidates, _: Rule) -> Array:
    lengths = [value.str.len_chars().fill_null(0).to_numpy().astype(np.int64) for value in of.values]
    return -np.asarray(np.sum(lengths, axis=0))


def _present(of: Candidates, _: Rule) -> Array:
    return of.values[0].is_null().to_numpy().astype(np.int64)


def _verified(of: Candidates, _: Rule) -> Array:
    """0 for a value that nothing speaks against, 1 for others."""
    names = [CONTACT_LISTS.get(column.name, column.name) for column in of.unit.columns]
    warned = of.rows.evidence.warned.filter(pl.col("column_name").is_in(names))["_record"].to_numpy()
    key: Array = np.isin(of.rows.record[of.row], warned).astype(np.int64)
    bounced = of.rows.evidence.bounced.filter(pl.col("kind") == of.unit.name)
    if bounced.is_empty():
        return key
    frame = pl.DataFrame(
        {"customer": of.customer, "_record": of.rows.record[of.row], "seen_at": of.rows.seen_at[of.row],
         "position": of.position, "value": of.values[0]}
    ).join(bounced.select("_record", "bounced_at"), on="_record", how="left", maintain_order="left")  # fmt: skip
    tried = pl.when(pl.col("position") == 1).then("bounced_at").max().over("customer", "value")
    is_bounced = (tried > pl.col("seen_at").max().over("customer", "value")).fill_null(value=False)
    bounces: Array = frame.select(is_bounced).to_series().to_numpy()
    return key | bounces.astype(np.int64)


def _value_order(of: Candidates, _: Rule) -> Array:
    return of.values[0].rank("dense").to_numpy().astype(np.int64)


def _expression(of: Candidates, rule: Rule) -> Array:
    """What the project's expression gives, negated; null loses to everything."""
    frame = expression_frame(of)
    where = f"survivorship.{of.unit.name}"
    sql = {"expression": f"CAST(({rule.expression}) AS DOUBLE)"}
    found = expressions(frame, sql, where=where, place="")["expression"]
    number = found.cast(pl.Float64, strict=False).fill_nan(None)
    return np.asarray(-number.fill_null(-np.inf).to_numpy())


def expression_frame(of: Candidates) -> pl.DataFrame:
    """One row for each candidate with what an expression may look at; linked columns are one text, a blank between."""
    rows, row = of.rows, of.row
    texts = pl.DataFrame([value.alias(f"v{n}") for n, value in enumerate(of.values)])
    return pl.DataFrame(
        [
            texts.select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True).alias("value")).to_series(),
            rows.frame["source"].gather(row).alias("source"),
            rows.frame["extract"].gather(row).alias("extract"),
            pl.Series("seen_at", rows.seen_at[row]).cast(pl.Datetime("us")),
            pl.Series("trust", rows.trust[row]),
            pl.Series("frequency", of.frequency),
            pl.Series("filled", rows.filled[row]),
            pl.Series("position", of.position),
        ]
    )


def check_expressions(units: Iterable[Unit]) -> None:
    """Nothing, when each expression of a unit's rules gives a number, whatever the candidate.

    Raises:
        ConfigurationError: one can't be computed, reads files, or looks at more than its candidate.
    """
    texts, numbers = ("value", "source", "extract"), ("frequency", "filled", "position")
    sample = pl.DataFrame(
        dict.fromkeys(texts, "") | {"seen_at": datetime(2026, 1, 1), "trust": 50.0} | dict.fromkeys(numbers, 1)  # noqa: DTZ001 - as in std
    ).select(EXPRESSION_COLUMNS)
    for unit in units:
        for rule in unit.rules:
            if rule.expression:
                where = f"survivorship.{unit.name}"
                expressions(sample, {"expression": rule.expression}, where=where, place="")
                expressions(sample, {"expression": f"CAST(({rule.expression}) AS DOUBLE)"}, where=where, place="")


_KEYS: Mapping[str, Callable[[Candidates, Rule], Array]] = {
    "override": lambda of, _: of.rows.standing[of.row],
    "present": _present,
    "most_recent": lambda of, _: -of.rows.seen_at[of.row],
    "oldest": lambda of, _: of.rows.seen_at[of.row],
    "trust": lambda of, _: -of.rows.trust[of.row],
    "longest": _longest,
    "most_frequent": lambda of, _: -of.frequency,
    "most_complete": lambda of, _: -of.rows.filled[of.row],
    "verified": _verified,
    "expression": _expression,
    "union": lambda of, _: np.zeros(len(of.row), dtype=np.int64),
    "position": lambda of, _: of.position,
    "value": _value_order,
    "record_key": lambda of, _: of.rows.record[of.row],
}
