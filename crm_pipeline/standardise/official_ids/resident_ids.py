"""Resident identity numbers of China (GB 11643): 18 characters with a right check character, or null.

Belongs here: form, check character, birth date and gender of residents' numbers, of the residence permits of people
from Hong Kong, Macao and Taiwan, and of foreigners' permanent residence cards since 2023. Does not belong here: whether
the birth date is the customer's, and whether it lies in the past (both are rules on a table).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.official_ids import check_digits, identifiers
from crm_pipeline.standardise.reasons import Reason

_WRONG_BIRTH_DATE, _WRONG_PLACE, _PASSPORT = "wrong_birth_date", "wrong_place", "passport"
REASONS: Mapping[str, Reason] = {
    **identifiers.FORM_REASONS,
    _WRONG_BIRTH_DATE: Reason("the birth date in it does not exist", "号码中的出生日期不存在"),
    _WRONG_PLACE: Reason("its first two digits are of no province", "前两位不是任何省份的代码"),
    _PASSPORT: Reason(
        "the number of a passport or travel permit: map it to external_ids",
        "护照或通行证号码：请映射到 external_ids",
    ),
}

_LONG = r"^[1-9][0-9]{16}[0-9X]$"
_SHORT = r"^[1-9][0-9]{14}$"  # until 1999: two digits of the year, no check character
# Provinces of GB/T 2260: since the first numbers of 1984 some were added (46, 50, for permits 81 to 83), and none was
# abolished; 66, the corps in Xinjiang, and 91, abroad, appear in registers.
_PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-6]|71|8[1-3])"
_PLACE = f"^(?:{_PROVINCE}|91|9{_PROVINCE})"  # foreigners: 9, the province, and the three digits of their country
# Letters and digits as passports and permits have them, with a letter in front: no resident id begins so.
_PASSPORT_FORM = r"^(?:[A-Z]{1,2}[0-9]{6,8}|[HMC][0-9]{8,10})$"
_CENTENARIAN = "996"  # GB 11643-1989: 996 to 999 were kept for people born before 1900
_REPEATED = "1" * 15  # the only placeholder that looks like a number: of somebody born on 1911-11-11
_FIRST_YEAR, _LAST_YEAR = 1800, 2099


def read(values: pl.Series) -> pl.DataFrame:
    """One row per cell: the number of 18 characters, why there is none, and what the number tells.

    Columns:
        value: 18 characters; one of 15 digits is completed with its century and check character.
        reason: a code of `REASONS`; null where there is a value, and for blank cells.
        birth_date: of the digits 7 to 14.
        gender: `male` or `female`, of the 17th digit.
        region_code: the first six digits: where the number was issued, which many people have left since.
        is_region_known: whether that was ever a division of GB/T 2260; null for foreigners, who have none. No reason to
            refuse a number: no list of the former divisions is complete.
    """
    frame = pl.DataFrame({"text": identifiers.compact(values)}).select("text", _body(pl.col("text")).alias("body"))
    check = check_digits.of_resident_id(frame["body"]).alias("check")
    frame = frame.with_columns(check, pl.col("body").str.slice(6, 8).str.to_date("%Y%m%d", strict=False).alias("born"))
    frame = frame.with_columns(_is_right().alias("is_right"))
    reason = identifiers.explained(values, frame, pl.col("is_right"), _reason())
    return frame.with_columns(reason).select(*_columns(pl.col("is_right")))


def clean(value: pl.Expr) -> pl.Expr:
    """The number of 18 characters; null when it is none."""
    return value.map_batches(
        lambda batch: read(batch)["value"].alias(batch.name), return_dtype=pl.String(), is_elementwise=True
    )


def _body(text: pl.Expr) -> pl.Expr:
    """The first 17 digits of the long number; null for what has neither form."""
    century = pl.when(text.str.slice(12, 3) >= _CENTENARIAN).then(pl.lit("18")).otherwise(pl.lit("19"))
    return (
        pl.when(text.str.contains(_LONG))
        .then(text.str.slice(0, 17))
        .when(text.str.contains(_SHORT))
        .then(pl.concat_str(text.str.slice(0, 6), century, text.str.slice(6)))
    )


def _is_right() -> pl.Expr:
    """Whether the row has a number; null where it has no form."""
    text, body = pl.col("text"), pl.col("body")
    has_check = (text.str.len_bytes() == 15) | text.str.ends_with(pl.col("check"))
    return has_check & (text != _REPEATED) & body.str.contains(_PLACE) & _is_born()


def _is_born() -> pl.Expr:
    return pl.col("born").dt.year().is_between(_FIRST_YEAR, _LAST_YEAR).fill_null(value=False)


def _reason() -> pl.Expr:
    """Why a row is refused, if it is no placeholder."""
    text, body = pl.col("text"), pl.col("body")
    return (
        pl.when(text.str.contains(_PASSPORT_FORM))
        .then(pl.lit(_PASSPORT))
        .when(~text.str.len_chars().is_in([15, 18]))
        .then(pl.lit(identifiers.WRONG_LENGTH))
        .when(body.is_null())
        .then(pl.lit(identifiers.WRONG_FORM))
        .when(~body.str.contains(_PLACE))
        .then(pl.lit(_WRONG_PLACE))
        .when(~_is_born())
        .then(pl.lit(_WRONG_BIRTH_DATE))
        .otherwise(pl.lit(identifiers.WRONG_CHECK))
    )


def _columns(is_right: pl.Expr) -> list[pl.Expr]:
    """The result, null but for the reason where the number is not right."""
    body, region = pl.col("body"), pl.col("body").str.slice(0, 6)
    is_odd = body.str.slice(16, 1).is_in(list("13579"))
    is_known = pl.when(~body.str.starts_with("9")).then(identifiers.is_known_region(region))
    return [
        pl.when(is_right).then(pl.concat_str(body, "check")).alias("value"),
        pl.col("reason"),
        pl.when(is_right).then("born").alias("birth_date"),
        pl.when(is_right).then(pl.when(is_odd).then(pl.lit("male")).otherwise(pl.lit("female"))).alias("gender"),
        pl.when(is_right).then(region).alias("region_code"),
        pl.when(is_right).then(is_known).alias("is_region_known"),
    ]
