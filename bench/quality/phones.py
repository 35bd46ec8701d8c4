"""How right telephone numbers are read: every kind of number of every region, written in four ways.

`value_truth/phone_examples.csv` has the library's own example numbers. Belongs here: these figures. Does not belong
here: speed.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from bench.quality.figures import Figure
from crm_pipeline.standardise.contact_points import phones

_WRITINGS = ("national", "e164", "international", "rfc3966")
_TARGET = 0.995


def measure(data: Path) -> list[Figure]:
    """One figure for each way of writing and one for all; a number that is not valid must give null.

    Args:
        data: folder with `value_truth`.
    """
    rows = pl.read_csv(data / "value_truth" / "phone_examples.csv", infer_schema=False)
    expected = pl.when(pl.col("should_be_valid") == "true").then("e164").alias("expected")
    rows = rows.with_columns(expected)
    right = {writing: _right(rows, writing) for writing in _WRITINGS}
    figures = [Figure(f"phones, {writing}", count, rows.height) for writing, count in right.items()]
    return [Figure("phones", sum(right.values()), rows.height * len(right), _TARGET, "phone_examples.csv"), *figures]


def _right(rows: pl.DataFrame, writing: str) -> int:
    """How many numbers in one way of writing give what is expected, read in their own region."""
    count = 0
    for (region,), part in rows.group_by("region"):
        read = part.select(phones.clean(pl.col(writing), str(region)).alias("read"), "expected")
        count += read.filter(pl.col("read").eq_missing(pl.col("expected"))).height
    return count
