"""Quantities and amounts as decimals with four places."""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise import texts

_PLAIN = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$"


def clean(value: pl.Expr) -> pl.Expr:
    """The number as DECIMAL(18,4), rounded to four places; commas may group thousands; null for anything else.

    Null, too, for a number of 15 digits or more before the point.
    """
    text = texts.clean(value).str.normalize("NFKC")
    digits = text.str.replace_all(",", "", literal=True).str.replace(r"^\+", "")
    return pl.when(text.str.contains(_PLAIN)).then(digits).cast(pl.Decimal(18, 4), strict=False)
