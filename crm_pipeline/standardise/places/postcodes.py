"""Postal codes in the form of their country, by a table of forms.

Belongs here: one row per country; reading a column of codes, finding a code in an address. Does not belong here: which
place a code stands for. Source: the postal addressing systems of the Universal Postal Union, country by country.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text import texts

REASONS: Mapping[str, Reason] = {
    PLACEHOLDER: SHARED[PLACEHOLDER],
    "form": Reason("not the form of the country's postcodes", "不符合该国邮政编码的格式"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """How the codes of a country are written.

    Attributes:
        pattern: what is found in text; its groups are the code's parts. Capitals.
        written: the parts as they should stand.
        is_last: whether the code stands at the end of an address, after city or region; else before the city.
    """

    pattern: str
    written: str = "$1"
    is_last: bool = False


_FOUR, _FIVE, _SIX = Form("([0-9]{4})"), Form("([0-9]{5})"), Form("([0-9]{6})")
_FOUR_LAST = Form("([0-9]{4})", is_last=True)
_FIVE_LAST = Form("([0-9]{5})", is_last=True)
_SIX_LAST = Form("([0-9]{6})", is_last=True)
_THREE_TWO = Form("([0-9]{3}) ?([0-9]{2})", "$1 $2")
_BRITISH = Form("([A-PR-UWYZ][A-HK-Y]?[0-9][0-9A-HJKMNPR-Y]?) ?([0-9][ABD-HJLNP-UW-Z]{2})", "$1 $2", is_last=True)
_SEVEN_PAIR = "([0-9]{3})[-−]?([0-9]{4})"

FORMS: Mapping[str, Form] = {
    "AD": Form("(AD[1-7][0-9]{2})"), "AR": Form("([A-HJ-NP-Z]?[1-9][0-9]{3}(?:[A-Z]{3})?)"), "AT": _FOUR,
    "AU": _FOUR_LAST, "BD": _FOUR_LAST, "BE": Form("(?:B-)?([1-9][0-9]{3})"), "BG": _FOUR,
    "BR": Form("([0-9]{5})-?([0-9]{3})", "$1-$2"), "BY": _SIX,
    "CA": Form("([ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z]) ?([0-9][ABCEGHJ-NPRSTV-Z][0-9])", "$1 $2", is_last=True),
    "CH": Form("(?:CH-)?([1-9][0-9]{3})"), "CL": Form("([0-9]{3})-?([0-9]{4})", "$1$2"),
    "CN": Form("((?:0[1-7]|1[0-3568]|2[0-7]|3[0-6]|4[0-7]|5[1-7]|6[1-7]|7[1-5]|8[1-6]|99)[0-9]{4})", is_last=True),
    "CO": _SIX_LAST, "CR": _FIVE, "CY": _FOUR, "CZ": _THREE_TWO, "DE": Form("(?:D-)?([0-9]{5})"), "DK": _FOUR,
    "DZ": _FIVE, "EC": _SIX, "EE": _FIVE, "EG": _FIVE_LAST, "ES": Form("((?:0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3})"),
    "FI": _FIVE, "FR": Form("(?:F-)?([0-9]{5})"), "GB": _BRITISH, "GE": _FOUR, "GI": Form("(GX11 ?1AA)", is_last=True),
    "GR": _THREE_TWO, "HR": _FIVE, "HU": _FOUR, "ID": _FIVE_LAST,
    "IE": Form("([AC-FHKNPRTV-Y][0-9]{2}|D6W) ?([0-9AC-FHKNPRTV-Y]{4})", "$1 $2", is_last=True),
    "IL": Form("([0-9]{7}|[0-9]{5})"), "IN": Form("([1-9][0-9]{2}) ?([0-9]{3})", "$1$2", is_last=True),
    "IS": Form("([0-9]{3})"), "IT": Form("(?:I-)?([0-9]{5})"), "JP": Form(_SEVEN_PAIR, "$1-$2", is_last=True),
    "KE": _FIVE_LAST,
    "KR": _FIVE_LAST, "KZ": _SIX, "LI": Form("(94(?:8[5-9]|9[0-8]))"), "LK": _FIVE_LAST,
    "LT": Form("(?:LT-)?([0-9]{5})", "LT-$1"), "LU": Form("(?:L-)?([0-9]{4})"),
    "LV": Form("(?:LV-)?([0-9]{4})", "LV-$1"),
    "MA": _FIVE, "MC": Form("(980[0-9]{2})"), "MT": Form("([A-Z]{3}) ?([0-9]{4})", "$1 $2", is_last=True), "MX": _FIVE,
    "MY": _FIVE, "NG": _SIX_LAST, "NL": Form("([1-9][0-9]{3}) ?([A-Z]{2})", "$1 $2"), "NO": _FOUR, "NZ": _FOUR_LAST,
    "PE": _FIVE, "PH": _FOUR, "PK": _FIVE_LAST, "PL": Form("([0-9]{2})-?([0-9]{3})", "$1-$2"),
    "PR": Form("(00[679][0-9]{2})(?:-([0-9]{4}))?", "$1-$2", is_last=True),
    "PT": Form("([0-9]{4})-([0-9]{3})", "$1-$2"),
    "RO": _SIX, "RS": _FIVE, "RU": _SIX, "SA": Form("([0-9]{5})(?:-([0-9]{4}))?", "$1-$2", is_last=True),
    "SE": _THREE_TWO, "SG": _SIX_LAST, "SI": _FOUR, "SK": _THREE_TWO, "TH": _FIVE_LAST, "TN": _FOUR, "TR": _FIVE,
    "TW": Form("([0-9]{3}(?:[0-9]{2,3})?)"), "UA": _FIVE,
    "US": Form("([0-9]{5})(?:[- ]?([0-9]{4}))?", "$1-$2", is_last=True), "UY": _FIVE, "VN": _SIX_LAST, "ZA": _FOUR_LAST,
}  # fmt: skip


# Countries whose codes are of so many digits and may begin with 0, which a spreadsheet leaves away: 2139 in Boston is
# 02139, and 50000 in Shijiazhuang 050000. No code there has one digit less.
_DIGITS = {
    **dict.fromkeys(("US", "DE", "FR", "IT", "ES", "FI", "MX", "KR", "TR", "UA", "MY"), 5),
    "CN": 6,
}


def read(values: pl.Series, country: pl.Series | str) -> pl.DataFrame:
    """`value` as the country writes it and `reason` (see `REASONS`), row for row.

    A 0 that a spreadsheet left away at the beginning is put back, where the country's codes are all of one length.

    Args:
        values: codes as text.
        country: ISO 3166-1 alpha-2. Of a country without a row in `FORMS`, and of none, the code stays as it is.
    """
    rows = (
        values.alias("delivered")
        .to_frame()
        .with_columns(_countries(country), texts.clean(pl.col("delivered").str.normalize("NFKC")).alias("text"))
    )
    rows = rows.with_columns(pl.col("text").str.to_uppercase())
    found = [
        part.with_columns(_formed(_whole(str(key[0])), FORMS.get(str(key[0]))).alias("value"))
        for key, part in rows.with_row_index("row").group_by("country")
    ]
    if not found:
        return pl.DataFrame(schema={"value": pl.String, "reason": pl.String})
    is_filled = pl.col("delivered").str.contains(r"\S")
    return (
        pl.concat(found)
        .sort("row")
        .select(
            "value",
            pl.when(is_filled & pl.col("value").is_null())
            .then(pl.when(pl.col("text").is_null()).then(pl.lit(PLACEHOLDER)).otherwise(pl.lit("form")))
            .alias("reason"),
        )
    )


def clean(value: pl.Expr, country: str) -> pl.Expr:
    """The code as the country writes it; null for what is none."""
    return value.map_batches(lambda batch: read(batch, country)["value"], return_dtype=pl.String(), is_elementwise=True)


def _countries(country: pl.Series | str) -> pl.Expr:
    return (pl.lit(country) if isinstance(country, str) else pl.lit(country.alias("country"))).alias("country")


def _whole(country: str) -> pl.Expr:
    """The code with the 0 that it lost."""
    text, digits = pl.col("text"), _DIGITS.get(country)
    if digits is None:
        return text
    is_cut = text.str.contains(rf"^[1-9][0-9]{{{digits - 2}}}(?:-[0-9]{{4}})?$")
    return pl.when(is_cut).then(pl.lit("0") + text).otherwise(text)


def _formed(text: pl.Expr, form: Form | None) -> pl.Expr:
    if form is None:
        return text
    whole = rf"^(?:{form.pattern})$"
    return pl.when(text.str.contains(whole)).then(in_form(text.str.replace(whole, form.written)))


def in_form(code: pl.Expr) -> pl.Expr:
    """The code without the sign before a part that is not there (94103-)."""
    return code.str.strip_chars_end("-")
