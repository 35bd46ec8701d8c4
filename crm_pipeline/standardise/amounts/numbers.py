"""Quantities as decimals with four places, and shares.

Belongs here: plain numbers, with or without grouped thousands, and percentages. Does not belong here: amounts with a
currency or a Chinese unit (`money`). Rounded half away from zero, as people and invoices do (GB/T 8170 asks for half to
even, which no invoice follows); exact, since the figures behind the tenth place are cut off first.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text import placeholders, texts

REASONS = SHARED | {
    "too_large": Reason("a number of 15 digits or more before the point", "小数点前有 15 位或更多位的数字"),
    "separators": Reason(
        "a number whose comma or point may group thousands or begin the fraction: write it as 1234.5",
        "逗号或点是千位分隔还是小数点不明的数字：请写成 1234.5",
    ),
    "percent": Reason("a percentage where a number is expected", "应为数字的地方写了百分比"),
    "form": Reason("not a number", "不是数字"),
}
PLACES = 4
EXACT = pl.Decimal(38, 10)
_PLAIN = r"^-?[0-9]{1,14}(?:\.[0-9]{1,4})?$"
_GROUPED = r"^[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?$"
_SEPARATED = r"^[+-]?[0-9][0-9.,]*$"
LIMIT = 10**14


def read(values: pl.Series) -> pl.DataFrame:
    """The number of each cell, or why there is none: `value` (Decimal(18, 4)) and `reason`, row for row.

    Commas may group thousands. Numbers with an exponent are none: a spreadsheet has lost their figures.

    Args:
        values: text as delivered.
    """
    cell = pl.col("cell")
    frame = values.alias("cell").to_frame()
    plain = frame.select(pl.when(cell.str.contains(_PLAIN)).then(cell).cast(pl.Decimal(18, PLACES)).alias("plain"))
    is_rest = plain["plain"].is_null() & values.is_not_null()
    if not is_rest.any():
        return plain.select(pl.col("plain").alias("value"), pl.lit(None, pl.String).alias("reason"))
    rest = frame.filter(is_rest).unique(maintain_order=True)
    text = rest.select("cell", _plain(cell).alias("text")).select("cell", *_number(pl.col("text"), cell))
    rows = pl.concat([frame, plain], how="horizontal").join(text, on="cell", how="left", maintain_order="left")
    return rows.select(pl.coalesce("plain", "value").alias("value"), "reason")


def read_shares(values: pl.Series) -> pl.DataFrame:
    """Percentages as shares, 85% and 85 as 0.85: `value` (Decimal(18, 4)) and `reason`, row for row.

    Args:
        values: text of a column that is known to hold percentages, with or without the sign.
    """
    bare = values.str.normalize("NFKC").str.replace(r"\s*(?:%|‰)\s*$", "")
    is_thousandth = values.str.contains(r"‰\s*$").fill_null(value=False)
    frame = pl.DataFrame({"cell": values, "text": bare, "is_thousandth": is_thousandth})
    number = frame.select(_plain(pl.col("text")).alias("text"), "is_thousandth", "cell")
    factor = pl.when("is_thousandth").then(pl.lit("0.001")).otherwise(pl.lit("0.01")).cast(EXACT)
    reason = _number(pl.col("text"), pl.col("cell"))[1]
    share = rounded(exact(pl.when(pl.col("text").str.contains(_GROUPED)).then("text")) * factor)
    return number.select(share.alias("value"), reason)


def clean(value: pl.Expr) -> pl.Expr:
    """The number as DECIMAL(18,4), rounded to four places; null for what is none."""
    return value.map_batches(
        lambda batch: read(batch)["value"].alias(batch.name), return_dtype=pl.Decimal(18, PLACES), is_elementwise=True
    )


def exact(digits: pl.Expr) -> pl.Expr:
    """Digits with commas as a decimal of ten places, further ones cut off; null above 14 digits before the point."""
    plain = digits.str.replace_all(",", "", literal=True).str.replace(r"^\+", "")
    short = plain.str.replace(r"(\.[0-9]{10})[0-9]+$", "$1").str.replace(r"^(-?)0+([0-9])", "$1$2")
    return pl.when(short.str.contains(r"^-?[0-9]{1,15}(?:\.|$)")).then(short).cast(EXACT, strict=False)


def rounded(number: pl.Expr) -> pl.Expr:
    """A decimal rounded half away from zero to four places; null for 15 digits or more before the point."""
    near = number.round(PLACES, mode="half_away_from_zero")
    return pl.when(near.is_between(-LIMIT, LIMIT, closed="none")).then(near).cast(pl.Decimal(18, PLACES))


def _plain(value: pl.Expr) -> pl.Expr:
    return texts.trim(value).str.normalize("NFKC").str.replace("^−", "-")


def _number(text: pl.Expr, cell: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """`value` and `reason` of plain text."""
    value = rounded(exact(pl.when(text.str.contains(_GROUPED)).then(text)))
    reason = (
        pl.when(value.is_not_null() | text.is_null()).then(None)
        .when(placeholders.is_placeholder(cell)).then(pl.lit(PLACEHOLDER))
        .when(text.str.contains(_GROUPED)).then(pl.lit("too_large"))
        .when(text.str.contains(_SEPARATED)).then(pl.lit("separators"))
        .when(text.str.contains(r"^[^%‰]*[0-9]\s*[%‰]$")).then(pl.lit("percent"))
        .otherwise(pl.lit("form"))
    )  # fmt: skip
    return value.alias("value"), reason.alias("reason")
