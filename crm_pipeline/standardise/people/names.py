"""Names of persons: the full name from its parts, in the order of its script."""

from __future__ import annotations

import polars as pl

_CHINESE = r"^\p{Han}+$"


def complete(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with `name` filled from `given_name` and `family_name` where it was not delivered.

    Family name first and joined when both parts are written in Chinese characters, else given name first.
    """
    family, given = pl.col("family_name"), pl.col("given_name")
    is_chinese = family.str.contains(_CHINESE) & given.str.contains(_CHINESE)
    chinese = pl.concat_str(family, given)
    other = pl.concat_str([given, family], separator=" ", ignore_nulls=True)
    composed = pl.when(is_chinese).then(chinese).otherwise(other)
    is_named = family.is_not_null() | given.is_not_null()
    return frame.with_columns(pl.coalesce("name", pl.when(is_named).then(composed)).alias("name"))
