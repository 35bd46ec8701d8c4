"""Unified social credit codes of China (GB 32100-2015): 18 characters with a right check character, or null.

Belongs here: form, check character and parts of the codes of companies, sole traders, institutions and associations.
Does not belong here: the registration numbers that they replaced (`business_licences`), and the code's use as a tax
number (`tax_ids`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.official_ids import check_digits, identifiers
from crm_pipeline.standardise.reasons import Reason

_LOOK_ALIKE = "look_alike_letters"
REASONS: Mapping[str, Reason] = {
    **identifiers.FORM_REASONS,
    _LOOK_ALIKE: Reason(
        "it holds I, O, S, V or Z, which no code has: perhaps 1, 0, 5, U or 2",
        "含有 I、O、S、V 或 Z，可能是 1、0、5、U 或 2",
    ),
}

_CHARACTER = f"[{check_digits.CREDIT_ALPHABET}]"
# Authority and kind, the division, the organisation's own code, the check character.
_FORM = f"^[1-9ANY]{_CHARACTER}[0-9]{{6}}{_CHARACTER}{{10}}$"
# GB 32100-2015, table 1, and its later additions; the first two characters.
_KINDS = {
    "11": "government", "12": "public_institution", "13": "mass_organisation", "21": "foreign_news_agency",
    "31": "law_firm", "32": "notary_office", "51": "association", "52": "private_non_enterprise", "53": "foundation",
    "71": "religious_site", "81": "trade_union", "91": "company", "92": "sole_trader", "93": "farmers_cooperative",
    "N1": "rural_collective", "N2": "rural_collective", "N3": "rural_collective",
}  # fmt: skip
_RUNNING = "123456789012345678"  # the only placeholder whose check character is right


def read(values: pl.Series) -> pl.DataFrame:
    """One row per cell: the code, why there is none, and what the code tells.

    Columns:
        value: 18 characters. A letter typed for a digit is told as the reason and not corrected: with another one
            mistyped, the check character of the guess may be right by chance.
        reason: a code of `REASONS`; null where there is a value, and for blank cells.
        kind: what is registered, such as `company`, `sole_trader`, `association`; null where the standard names none.
        region_code: six digits, the division of the authority.
        is_region_known: whether that was ever a division of GB/T 2260.
        organisation_code: the characters 9 to 17 (GB 11714).
        is_organisation_code_valid: whether its own check character is right. No reason to refuse a code: sole traders
            and the codes given since 2015 need not keep to it.
    """
    frame = pl.DataFrame({"text": identifiers.compact(values)}).with_columns(
        pl.when(pl.col("text").str.contains(_FORM)).then(pl.col("text").str.slice(0, 17)).alias("body")
    )
    frame = frame.with_columns(check_digits.of_credit_code(frame["body"]).alias("check"))
    is_right = pl.col("text").str.ends_with(pl.col("check")) & (pl.col("text") != _RUNNING)
    reason = identifiers.explained(values, frame, is_right, _reason())
    frame = frame.with_columns(reason, pl.when(is_right).then("text").alias("value"))
    own = frame["value"].str.slice(8, 9)
    own_check = check_digits.of_organisation_code(own.str.slice(0, 8))
    return frame.select("value", "reason", *_parts(pl.col("value"))).with_columns(
        own.alias("organisation_code"), (own.str.slice(8) == own_check).alias("is_organisation_code_valid")
    )


def clean(value: pl.Expr) -> pl.Expr:
    """The code of 18 characters; null when it is none."""
    return value.map_batches(
        lambda batch: read(batch)["value"].alias(batch.name), return_dtype=pl.String(), is_elementwise=True
    )


def _reason() -> pl.Expr:
    """Why a row is refused, if it is no placeholder."""
    text = pl.col("text")
    return (
        pl.when(text.str.len_chars() != 18)
        .then(pl.lit(identifiers.WRONG_LENGTH))
        .when(pl.col("body").is_not_null())
        .then(pl.lit(identifiers.WRONG_CHECK))
        .when(text.str.contains("^[0-9A-Z]+$") & text.str.contains("[IOSVZ]"))
        .then(pl.lit(_LOOK_ALIKE))
        .otherwise(pl.lit(identifiers.WRONG_FORM))
    )


def _parts(code: pl.Expr) -> list[pl.Expr]:
    region = code.str.slice(2, 6)
    return [
        code.str.slice(0, 2).replace_strict(_KINDS, default=None, return_dtype=pl.String).alias("kind"),
        region.alias("region_code"),
        identifiers.is_known_region(region).alias("is_region_known"),
    ]
