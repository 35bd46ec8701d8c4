"""What goes wrong with telephone numbers, alike in all systems."""

from __future__ import annotations

import numpy as np
import polars as pl

from crm_pipeline.generator import places
from crm_pipeline.generator.defects import Planting
from crm_pipeline.generator.plan import Draws
from crm_pipeline.generator.writing import digit_missing, full_width, one_of, phone_formats

_IS_CHINESE = pl.col("country") == "CN"


def written_phone() -> pl.Expr:
    """The number as its owner gives it to a Chinese firm: without country code at home, with it from abroad."""
    return pl.when(_IS_CHINESE).then("phone_local").otherwise("phone")


def spoil_owner(planting: Planting, draws: Draws, column: str, world: pl.DataFrame) -> None:
    """Plants numbers that are not the customer's own: of the family, given up, passed on.

    Args:
        planting: rows with `column` and the columns of the world.
        draws: chance.
        column: the number as written.
        world: all customers of the chunk; of those the numbers passed on come.
    """
    own = pl.col("kind") == "person"
    planting.spoil(
        "phone_of_family",
        (column,),
        lambda rows: _given(rows, "family_phone"),
        own & pl.col("family_phone").is_not_null(),
    )
    is_mobile = own & _IS_CHINESE
    planting.spoil(
        "phone_stale", (column,), lambda rows: places.chinese_mobiles(draws, len(rows))["phone_local"], is_mobile
    )
    numbers = world.filter(is_mobile)["phone_local"]
    if len(numbers) > 1:
        step = 1 + len(numbers) // 3
        planting.spoil(
            "phone_reused",
            (column,),
            lambda rows: numbers.gather((rows["record"].to_numpy() * np.int64(7) + step) % len(numbers)),
            is_mobile,
        )


def _given(rows: pl.DataFrame, column: str) -> pl.Series:
    return rows.select(pl.when(_IS_CHINESE).then(f"{column}_local").otherwise(column)).to_series()


def spoil_writing(planting: Planting, draws: Draws, column: str) -> None:
    """Plants ways of writing a number, and placeholders in its place."""
    planting.spoil("phone_format", (column,), lambda rows: phone_formats(draws, rows, column))
    planting.spoil("phone_full_width", (column,), lambda rows: full_width(rows, column))
    planting.spoil("phone_digit_missing", (column,), lambda rows: digit_missing(rows, column))
    planting.spoil(
        "phone_without_country",
        (column,),
        lambda rows: rows["phone_local"],
        ~_IS_CHINESE & (pl.col(column) == pl.col("phone")),
    )
    planting.spoil("phone_placeholder", (column,), lambda rows: one_of(draws, rows, "无", "未知", "-"))
    planting.spoil("phone_hot", (column,), lambda rows: one_of(draws, rows, "13800000000"))


def spoil_office(planting: Planting, draws: Draws, column: str) -> None:
    """Plants what happens to the numbers of offices: extensions, two numbers in one field."""
    is_office = (pl.col("kind") == "organisation") & _IS_CHINESE & (pl.col(column) == pl.col("phone_local"))
    planting.spoil(
        "phone_extension", (column,), lambda rows: rows[column] + "转" + draws.digits(len(rows), 3), is_office
    )
    planting.spoil(
        "phone_two_in_one", (column,), lambda rows: rows[column] + "/" + rows["contact_phone_local"], is_office
    )
