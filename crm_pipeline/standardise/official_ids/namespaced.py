"""Identifiers of a customer in other systems and registers, each with its namespace.

Belongs here: the list of them, and the namespaces whose form is known. Does not belong here: the forms themselves.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.official_ids import identifiers, passports
from crm_pipeline.standardise.reasons import PLACEHOLDER

# An identifier under this namespace is a passport, whose number is written in one form.
PASSPORT = "passport"


def clean(values: pl.Series) -> pl.Series:
    """Lists of (namespace, value), row for row; values that are placeholders are left out, order kept.

    A passport is written as its machine-readable zone has it; one of another form, as when the country is added to the
    number, stays as it is: it still is equal to itself.
    """
    cleaned = values.to_frame("ids").select(identifiers.clean_namespaced(pl.col("ids"))).to_series()
    if not (cleaned.explode().struct.field("namespace") == PASSPORT).any():
        return cleaned.alias(values.name)
    rows = cleaned.to_frame("ids").with_row_index("row").explode("ids").drop_nulls("ids").unnest("ids")
    told = passports.read(rows["value"])
    is_passport = pl.col("namespace") == PASSPORT
    rows = rows.with_columns(
        pl.when(is_passport & (told["reason"] == PLACEHOLDER).fill_null(value=False))
        .then(None)
        .when(is_passport)
        .then(pl.coalesce(told["value"], "value"))
        .otherwise("value")
        .alias("value")
    ).drop_nulls("value")
    lists = rows.group_by("row", maintain_order=True).agg(pl.struct("namespace", "value").alias("ids"))
    every = pl.DataFrame({"row": pl.int_range(values.len(), dtype=pl.UInt32, eager=True), "before": cleaned})
    empty = pl.lit([], dtype=cleaned.dtype)
    placed = every.join(lists, on="row", how="left", maintain_order="left").select(
        pl.when(pl.col("before").is_null()).then(None).otherwise(pl.coalesce("ids", empty)).alias(values.name)
    )
    return placed.to_series()
