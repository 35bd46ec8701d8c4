"""Registration numbers on business licences of China before 2015 (GS 15-2006): 15 digits, the last a right check digit.

Belongs here: form, check digit and parts of these numbers. Does not belong here: the codes of 18 characters that took
their place (`credit_codes`), and tax numbers of 15 characters (`tax_ids`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.official_ids import check_digits, identifiers
from crm_pipeline.standardise.reasons import Reason

_OLD_NUMBER, _CREDIT_CODE = "old_number", "credit_code"
REASONS: Mapping[str, Reason] = {
    **identifiers.FORM_REASONS,
    _OLD_NUMBER: Reason("13 digits, as before 2007: without a check digit", "2007 年以前的 13 位号码，没有校验码"),
    _CREDIT_CODE: Reason(
        "18 characters: a unified social credit code has a field of its own", "18 位，应填入统一社会信用代码字段"
    ),
}

_FORM = "^[1-9][0-9]{14}$"
_CREDIT_CODE_FORM = f"^[1-9ANY][{check_digits.CREDIT_ALPHABET}][0-9]{{6}}[{check_digits.CREDIT_ALPHABET}]{{10}}$"


def read(values: pl.Series) -> pl.DataFrame:
    """One row per cell: the number, why there is none, and what the number tells.

    Columns:
        value: 15 digits.
        reason: a code of `REASONS`; null where there is a value, and for blank cells.
        kind: `domestic`, `foreign_invested` or `sole_trader`, of the 7th digit.
        region_code: six digits, the division of the authority.
        is_region_known: whether that was ever a division of GB/T 2260; no reason to refuse a number.
    """
    frame = pl.DataFrame({"text": identifiers.compact(values)}).with_columns(
        pl.when(pl.col("text").str.contains(_FORM)).then(pl.col("text").str.slice(0, 14)).alias("body")
    )
    frame = frame.with_columns(check_digits.of_business_licence(frame["body"]).alias("check"))
    # One digit repeated may have a right check digit.
    is_right = pl.col("text").str.ends_with(pl.col("check")) & ~identifiers.is_placeholder(pl.col("text"))
    reason = identifiers.explained(values, frame, is_right, _reason())
    return frame.select(pl.when(is_right).then("text").alias("value"), reason).with_columns(_parts(pl.col("value")))


def clean(value: pl.Expr) -> pl.Expr:
    """The number of 15 digits; null when it is none."""
    return value.map_batches(
        lambda batch: read(batch)["value"].alias(batch.name), return_dtype=pl.String(), is_elementwise=True
    )


def _reason() -> pl.Expr:
    """Why a row is refused, if it is no placeholder."""
    text = pl.col("text")
    return (
        pl.when(text.str.contains("^[1-9][0-9]{12}$"))
        .then(pl.lit(_OLD_NUMBER))
        .when(text.str.contains(_CREDIT_CODE_FORM))
        .then(pl.lit(_CREDIT_CODE))
        .when(text.str.len_chars() != 15)
        .then(pl.lit(identifiers.WRONG_LENGTH))
        .when(pl.col("body").is_null())
        .then(pl.lit(identifiers.WRONG_FORM))
        .otherwise(pl.lit(identifiers.WRONG_CHECK))
    )


def _parts(number: pl.Expr) -> list[pl.Expr]:
    region, seventh = number.str.slice(0, 6), number.str.slice(6, 1)
    return [
        pl.when(seventh <= "3")
        .then(pl.lit("domestic"))
        .when(seventh <= "5")
        .then(pl.lit("foreign_invested"))
        .when(seventh <= "9")
        .then(pl.lit("sole_trader"))
        .alias("kind"),
        region.alias("region_code"),
        identifiers.is_known_region(region).alias("is_region_known"),
    ]
