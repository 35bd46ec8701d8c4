"""Telephone numbers as E.164, by the library phonenumbers and an explicit country.

The library takes a tenth of a millisecond for each number. So the usual ways of writing are read as columns, with the
library's patterns, where it is certain what the library makes of them; it reads the others.
"""

from __future__ import annotations

from typing import Any

import phonenumbers
import polars as pl

from crm_pipeline.standardise import texts

# At home: a mainland mobile with or without the calling code, a landline with its area code. There, a leading 0 is
# always the trunk prefix, and 86 before a mobile number, too long for a number, always the calling code.
_HOME, _HOME_CODE = "CN", "86"
_MOBILE = r"^(?:(?:\+|00)?86)?[ -]?(1[0-9]{2})[ -]?([0-9]{4})[ -]?([0-9]{4})$"
_LANDLINE = r"^(?:\(0([1-9][0-9]{1,2})\)|0([1-9][0-9]{1,2}))[ -]?([0-9]{7,8})$"
# From anywhere: the calling code and the national number, digits in groups.
_INTERNATIONAL = r"^\+([1-9](?:[ -]?[0-9]){6,14})$"
_LONGEST_CODE = 3
_FEW = 50  # numbers of one calling code, for which the library is as fast as making its patterns ready
_KINDS = (
    *("fixed_line", "mobile", "voip", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "pager", "uan", "voicemail"),
)
_NONE = ""  # no number, and it is certain that the library finds none either


def clean(value: pl.Expr, country: str) -> pl.Expr:
    """The number as E.164; null when it is not a valid number.

    Args:
        value: numbers as text.
        country: ISO 3166-1 alpha-2, for numbers without a country code.
    """
    text = texts.clean(value).str.normalize("NFKC")
    return text.map_batches(lambda batch: _each_once(batch, country), return_dtype=pl.String())


def _each_once(batch: pl.Series, country: str) -> pl.Series:
    home = _at_home(batch) if country == _HOME else pl.lit(None, dtype=pl.String)
    rows = pl.DataFrame({"text": batch}).with_columns(home.alias("number"))
    others = rows.filter(pl.col("number").is_null()).select("text").drop_nulls().unique()
    if not others.is_empty():
        foreign = _international(others)
        rest = others.join(foreign, on="text", how="anti")["text"].to_list()
        read = pl.DataFrame(
            {"text": rest, "other": [_e164(text, country) for text in rest]}, schema=foreign.schema
        ).vstack(foreign)
        rows = rows.join(read, on="text", how="left", maintain_order="left")
        rows = rows.with_columns(pl.coalesce("number", "other").alias("number"))
    return rows["number"].replace(_NONE, None).alias(batch.name)


def _at_home(batch: pl.Series) -> pl.Series:
    """The number as E.164 where it is written as mainland numbers mostly are; null where the library must say.

    In steps: an expression that names its input twice is computed twice.
    """
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region(_HOME)
    text, mobile, landline = pl.col("text"), pl.col("mobile"), pl.col("landline")
    return (
        pl.DataFrame({"text": batch})
        .select(
            pl.when(text.str.contains(form)).then(text.str.replace(form, f"+{_HOME_CODE}$1$2$3")).alias(name)
            for name, form in (("mobile", _MOBILE), ("landline", _LANDLINE))
        )
        .with_columns(
            _fits(mobile.str.slice(len(_HOME_CODE) + 1), metadata.mobile).alias("is_mobile"),
            _is_valid(landline.str.slice(len(_HOME_CODE) + 1), metadata).alias("is_valid"),
        )
        .select(
            pl.when("is_mobile")
            .then(mobile)
            .when("is_valid")
            .then(landline)
            .when(landline.is_not_null())
            .then(pl.lit(_NONE))
        )
        .to_series()
    )


def _international(texts: pl.DataFrame) -> pl.DataFrame:
    """`text` and the number as E.164, `other`, where it has a calling code that is frequent and is valid as it stands.

    Valid in the main region of its code, and without a trunk prefix: the library would look for both.
    """
    digits = texts.with_columns(pl.col("text").str.extract(_INTERNATIONAL).str.replace_all("[ -]", "").alias("digits"))
    starts = digits["digits"].str.slice(0, _LONGEST_CODE)
    codes = {start: _calling_code(start) for start in starts.drop_nulls().unique().to_list()}
    numbers = digits.with_columns(starts.replace_strict(codes, default=None, return_dtype=pl.String()).alias("code"))
    found = [pl.DataFrame(schema={"text": pl.String(), "other": pl.String()})]
    for (code,), part in numbers.drop_nulls("code").group_by("code"):
        if part.height > _FEW:
            found.append(_of_code(part, str(code)))
    return pl.concat(found)


def _of_code(numbers: pl.DataFrame, code: str) -> pl.DataFrame:
    region = phonenumbers.region_code_for_country_code(int(code))
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    national = pl.col("digits").str.slice(len(code))
    is_certain = _is_valid(national, metadata) & pl.lit(metadata.leading_digits is None)
    if metadata.national_prefix_for_parsing:
        is_certain &= ~national.str.contains(_ascii(f"^(?:{metadata.national_prefix_for_parsing})"))
    return numbers.filter(is_certain).select("text", (pl.lit("+") + pl.col("digits")).alias("other"))


def _calling_code(start: str) -> str | None:
    """The calling code with which the digits begin; none begins with another."""
    lengths = range(1, len(start) + 1)
    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return next((start[:length] for length in lengths if int(start[:length]) in known), None)


def _is_valid(national: pl.Expr, metadata: Any) -> pl.Expr:
    """Whether the national number is one of any kind that the metadata of its region know."""
    kinds = [kind for kind in (getattr(metadata, name) for name in _KINDS) if kind and kind.national_number_pattern]
    return _fits(national, metadata.general_desc) & pl.any_horizontal(_fits(national, kind) for kind in kinds)


def _fits(national: pl.Expr, kind: Any) -> pl.Expr:
    """Whether the national number has the pattern of a kind and one of its lengths, if it has any."""
    fits = national.str.contains(_ascii(f"^(?:{kind.national_number_pattern})$"))
    return fits & national.str.len_bytes().is_in(list(kind.possible_length)) if kind.possible_length else fits


def _ascii(pattern: str) -> str:
    """The pattern for digits of ASCII alone: with those of every script it takes ten times as long."""
    return pattern.replace(r"\d", "[0-9]")


def _e164(text: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
