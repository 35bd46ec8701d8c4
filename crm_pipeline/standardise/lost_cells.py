"""The cells that held something and lost it, and lists of what the cells of a row hold.

Belongs here: the shape of a rejection, and going from one row per value back to one per row. Does not belong here: why
a cell is refused (`reasons`, and each type of value).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.reasons import PLACEHOLDER

SCHEMA = {
    "row": pl.UInt32(), "column_name": pl.String(), "value": pl.String(), "reason": pl.String(),
    "is_placeholder": pl.Boolean(),
}  # fmt: skip


def refused(column: str, lost: pl.DataFrame, told: Mapping[str, str]) -> pl.DataFrame:
    """Rows of `SCHEMA`.

    Args:
        column: standard or own column.
        lost: `row`, `value` as mapped, `code` of the reason.
        told: each code, to what is said of it.
    """
    return lost.select(
        pl.col("row").cast(pl.UInt32),
        pl.lit(column).alias("column_name"),
        "value",
        pl.col("code").replace_strict(told, default=None, return_dtype=pl.String).alias("reason"),
        (pl.col("code") == PLACEHOLDER).alias("is_placeholder"),
    )


def listed(reading: pl.DataFrame, what: pl.Expr, height: int) -> pl.Series:
    """`what` of the different values of each row, in their order; null where a row has none.

    Args:
        reading: one row per value: `position`, the index of its row, `value` and what it tells besides.
        what: an expression over these columns.
        height: how many rows there are.
    """
    values = reading.drop_nulls("value").unique(["position", "value"], keep="first", maintain_order=True)
    lists = values.group_by("position", maintain_order=True).agg(what.alias("listed"))
    every = pl.DataFrame({"position": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return every.join(lists, on="position", how="left", maintain_order="left")["listed"]
