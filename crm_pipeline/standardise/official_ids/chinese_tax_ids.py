"""Chinese tax numbers: the credit code since 2015, and the older numbers of 15 to 20 characters by their form.

Belongs here: telling them apart by length. Does not belong here: the check digits of each (`credit_codes`,
`resident_ids`), other countries (`tax_ids`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.official_ids import check_digits, credit_codes, identifiers, resident_ids

# State Administration of Taxation, on the registration of taxpayers: the division and the organisation's own code; for
# sole traders the resident id of then, with two characters where one person had several.
_ORGANISATION = r"^[1-9][0-9]{5}[0-9A-Z]{8}[0-9X]$"
_SHORT_RESIDENT = r"^[1-9][0-9]{14}[0-9A-Z]{2}$"
_LONG_RESIDENT = r"^[1-9][0-9]{16}[0-9X][0-9A-Z]{2}$"


def read(texts: pl.Series) -> pl.DataFrame:
    """One row per compact text: `value`, `reason`, `scheme`, `is_verified`; null for null.

    `scheme` is `cn.uscc`, `cn.ric` (a resident id, with two further characters if it has them) or `cn.organisation`.
    One of 15 digits is kept as it is: the same digits may be an organisation's number or an old resident id.
    """
    codes = credit_codes.read(texts)
    people = resident_ids.read(texts.str.slice(0, 18))
    text = pl.col("text")
    frame = pl.DataFrame({"text": texts, "code": codes["value"], "reason": codes["reason"], "person": people["value"]})
    frame = frame.with_columns(pl.when(text.str.contains(_ORGANISATION)).then(text.str.slice(6, 8)).alias("own"))
    check = check_digits.of_organisation_code(frame["own"])
    has_check = pl.lit(check) == text.str.slice(14, 1)
    length = text.str.len_chars()
    is_person = (length == 18) & text.str.contains("^[0-9]{17}[0-9X]$") & pl.col("person").is_not_null()
    with_more = text.str.contains(_LONG_RESIDENT)
    return frame.select(
        pl.when(pl.col("code").is_not_null())
        .then(pl.struct(pl.lit("cn.uscc").alias("scheme"), pl.lit(value=True).alias("is_verified")))
        .when(is_person)
        .then(pl.struct(pl.lit("cn.ric").alias("scheme"), pl.lit(value=True).alias("is_verified")))
        .when(with_more)
        .then(pl.struct(pl.lit("cn.ric").alias("scheme"), pl.col("person").is_not_null().alias("is_verified")))
        .when(text.str.contains(_SHORT_RESIDENT))
        .then(pl.struct(pl.lit("cn.ric").alias("scheme"), pl.lit(value=False).alias("is_verified")))
        .when(pl.col("own").is_not_null())
        .then(pl.struct(pl.lit("cn.organisation").alias("scheme"), has_check.alias("is_verified")))
        .alias("told"),
        "text",
        "reason",
    ).unnest("told").select(
        pl.when(pl.col("scheme").is_not_null()).then("text").alias("value"),
        pl.when(pl.col("scheme").is_null()).then(
            pl.when(length == 18).then("reason").when(text.is_not_null()).then(pl.lit(identifiers.WRONG_LENGTH))
        ).alias("reason"),
        "scheme",
        "is_verified",
    )  # fmt: skip
