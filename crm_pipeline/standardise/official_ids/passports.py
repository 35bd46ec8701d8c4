"""Passport numbers, as the machine-readable zone holds them (ICAO Doc 9303): capitals and digits, or null.

Belongs here: the form, and the kind where the form tells it, alone or with the country that the user names. Does not
belong here: check digits, which stand in the zone and not in the number, and resident ids (`resident_ids`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.official_ids import identifiers
from crm_pipeline.standardise.reasons import Reason

_RESIDENT_ID = "resident_id"
REASONS: Mapping[str, Reason] = {
    **{code: reason for code, reason in identifiers.FORM_REASONS.items() if code != identifiers.WRONG_CHECK},
    _RESIDENT_ID: Reason("a resident id has a field of its own", "居民身份证号码应填入证件号码的对应字段"),
}

# Nine characters are the whole field of the zone; the permits for mainland China may have eleven. Numbers shorter than
# six, and without a digit, are of no country.
_FORM = r"^[0-9A-Z]{6,9}$"
_RESIDENT_ID_FORM = r"^[1-9][0-9]{16}[0-9X]$|^[1-9][0-9]{14}$"
_PERMIT = r"^[HM][0-9]{10}$"  # 港澳居民来往内地通行证: eight digits and how often it was renewed
_E_PASSPORT = r"^E[0-9]{8}$"  # China's ordinary passport from 2012 to 2017; no other state writes so

# China's own series, which are told from other states' (Poland: EA1234567, Mexico: G12345678) by the country alone.
_CHINESE = (
    (r"^(?:E[0-9A-HJ-NP-Z][0-9]{7}|G[0-9]{8}|1[45][0-9]{7})$", "CN", "ordinary"),
    (r"^(?:D[0-9]{7,8}|DE[0-9]{7})$", "CN", "diplomatic"),
    (r"^(?:S[0-9]{7,8}|SE[0-9]{7})$", "CN", "service"),
    (r"^(?:P[0-9]{7,8}|PE[0-9]{7})$", "CN", "public_affairs"),
    (r"^(?:K[0-9]{8}|[HK][A-HJ-NP-Z][0-9]{7})$", "HK", "ordinary"),
    (r"^M[A-HJ-NP-Z][0-9]{7}$", "MO", "ordinary"),
    (r"^H[0-9]{8}$", "HK", "mainland_travel_permit"),
    (r"^M[0-9]{8}$", "MO", "mainland_travel_permit"),
)
_CHINA = ("CN", "HK", "MO")


def read(values: pl.Series, country: pl.Series | str | None = None) -> pl.DataFrame:
    """One row per cell: `value`, `reason`, `kind`, `country`.

    Columns:
        value: 6 to 9 capitals and digits, or a travel permit's letter and 10 digits.
        reason: a code of `REASONS`; null where there is a value, and for blank cells.
        kind: `ordinary`, `diplomatic`, `service`, `public_affairs`, `mainland_travel_permit`; null where the form does
            not tell: most states' numbers look alike.
        country: that issued it, ISO 3166-1 alpha-2; null where the form does not tell.

    Args:
        values: numbers as text.
        country: of the passports, ISO 3166-1 alpha-2, if the data say so: then China's series can be told.
    """
    place = country if isinstance(country, pl.Series) else pl.lit(country, dtype=pl.String)
    frame = pl.DataFrame({"text": identifiers.compact(values)}).with_columns(place.alias("place"))
    text = pl.col("text")
    has_form = text.str.contains(_FORM) & text.str.contains("[0-9]") | text.str.contains(_PERMIT)
    is_right = has_form & ~identifiers.is_placeholder(text)
    reason = identifiers.explained(values, frame, is_right, _reason(text))
    frame = frame.with_columns(reason, pl.when(is_right).then(text).alias("value"))
    return frame.select("value", "reason", _told(2).alias("kind"), _told(1).alias("country"))


def clean(value: pl.Expr) -> pl.Expr:
    """The number; null when it is none."""
    return value.map_batches(
        lambda batch: read(batch)["value"].alias(batch.name), return_dtype=pl.String(), is_elementwise=True
    )


def _reason(text: pl.Expr) -> pl.Expr:
    """Why a row is refused, if it is no placeholder."""
    return (
        pl.when(text.str.contains(_RESIDENT_ID_FORM))
        .then(pl.lit(_RESIDENT_ID))
        .when(~text.str.len_chars().is_between(6, 9))
        .then(pl.lit(identifiers.WRONG_LENGTH))
        .otherwise(pl.lit(identifiers.WRONG_FORM))
    )


def _told(part: int) -> pl.Expr:
    """The country (1) or kind (2) that the form tells."""
    value = pl.col("value")
    certain = {1: "CN", 2: "ordinary"}, {1: "HK", 2: "mainland_travel_permit"}, {1: "MO", 2: "mainland_travel_permit"}
    told = (
        pl.when(value.str.contains(_E_PASSPORT))
        .then(pl.lit(certain[0][part]))
        .when(value.str.contains(_PERMIT) & value.str.starts_with("H"))
        .then(pl.lit(certain[1][part]))
        .when(value.str.contains(_PERMIT))
        .then(pl.lit(certain[2][part]))
    )
    is_chinese = pl.col("place").is_in(_CHINA)
    for series in _CHINESE:
        told = told.when(is_chinese & value.str.contains(series[0])).then(pl.lit(series[part]))
    return told
