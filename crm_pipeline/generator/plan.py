"""What is to be generated, in numbers, and the draws of chance that follow from the seed.

Belongs here: size, days, seed, how the work is cut into chunks, random draws. Does not belong here: what is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from crm_pipeline.errors import ConfigurationError

FIRST_DATE = date(2026, 3, 2)  # business date of the first delivery; a Monday
CHUNK_CUSTOMERS = 50_000  # customers made at a time: 200 MB of memory at most
LARGEST_DAYS = 366
# An Excel sheet holds 1,048,575 rows below its header; a customer makes 0.157 tickets (`support`).
LARGEST_CUSTOMERS = 6_000_000

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Plan:
    """Size of the world, days it is watched, and the seed that decides the rest.

    Attributes:
        customers: people and organisations in the real world, from 1.
        days: business dates with deliveries, from 1; the first is `FIRST_DATE`.
        seed: any whole number from 0; equal plans give equal bytes.
        chunk_customers: customers made at a time; part of the plan, since other chunks draw otherwise.
    """

    customers: int
    days: int
    seed: int
    chunk_customers: int = CHUNK_CUSTOMERS

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("--customers", self.customers, 1, LARGEST_CUSTOMERS),
            ("--days", self.days, 1, LARGEST_DAYS),
            ("--seed", self.seed, 0, 2**63 - 1),
        ):
            if not least <= value <= most:
                raise ConfigurationError(
                    where=name,
                    expected=f"a whole number from {least:,} to {most:,}",
                    found=f"{value:,}",
                    cure="Give a number within these bounds; an Excel sheet holds no more than 1,048,575 tickets."
                    if name == "--customers"
                    else "Give a number within these bounds.",
                )

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.customers // self.chunk_customers)

    @property
    def dates(self) -> list[date]:
        """The business dates."""
        return [FIRST_DATE + timedelta(days=day) for day in range(self.days)]

    def numbers(self, chunk: int) -> Ints:
        """The customers of a chunk, numbered from 0 over all chunks."""
        first = chunk * self.chunk_customers
        return np.arange(first, min(first + self.chunk_customers, self.customers))


class Draws:
    """Chance, from a seed and a place: equal places draw equally, whatever was drawn elsewhere."""

    def __init__(self, plan: Plan, *place: int) -> None:
        self._random = np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=place))

    def share(self, count: int, rate: float | Floats) -> Bools:
        """True with probability `rate`, `count` times."""
        return self._random.random(count) < rate

    def uniform(self, count: int) -> Floats:
        """Numbers from 0 to below 1."""
        return self._random.random(count)

    def whole(self, count: int, low: int, high: int) -> Ints:
        """Whole numbers from `low` to below `high`."""
        return self._random.integers(low, high, count)

    def poisson(self, count: int, mean: float) -> Ints:
        """How often something that happens `mean` times on average did happen."""
        return self._random.poisson(mean, count).astype(np.int64)

    def days_until(self, count: int, daily: float) -> Ints:
        """Whole days before something happens whose chance is `daily` on each day; 0 when on the first."""
        days: Floats = np.floor(np.log1p(-self._random.random(count)) / np.log1p(-daily))
        return days.astype(np.int64)

    def weighted(self, count: int, weights: Floats) -> Ints:
        """Positions in `weights`, each as often as its weight says."""
        cumulated = np.cumsum(weights) / np.sum(weights)
        found = np.searchsorted(cumulated, self._random.random(count), side="right")
        return np.asarray(np.minimum(found, len(weights) - 1), dtype=np.int64)

    def pick(self, values: pl.Series, count: int) -> pl.Series:
        """Elements of `values`, all equally often."""
        return values.gather(self._random.integers(0, len(values), count))

    def rows(self, frame: pl.DataFrame, count: int, weight: str | None = None) -> pl.DataFrame:
        """Rows of `frame`, as often as its column `weight` says."""
        if weight is None:
            return frame[self._random.integers(0, len(frame), count)]
        return frame[self.weighted(count, frame[weight].cast(pl.Float64).to_numpy())]

    def digits(self, count: int, length: int) -> pl.Series:
        """Texts of `length` decimal digits."""
        return pl.Series(self._random.integers(0, 10**length, count)).cast(pl.String).str.zfill(length)
