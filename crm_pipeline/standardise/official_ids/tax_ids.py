"""Tax numbers of companies and people in one compact writing, checked by python-stdnum where it knows the country.

Belongs here: reading a column of them, each distinct number once. Does not belong here: which module reads which
country (`tax_schemes`), Chinese numbers (`chinese_tax_ids`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError

from crm_pipeline.standardise.official_ids import chinese_tax_ids, credit_codes, identifiers, tax_schemes
from crm_pipeline.standardise.reasons import PLACEHOLDER, Reason

_WRONG_PART = "wrong_part"
REASONS: Mapping[str, Reason] = {
    **credit_codes.REASONS,
    _WRONG_PART: Reason(
        "a part of it, such as a date or an office, does not exist", "其中一部分（如日期或机关代码）不存在"
    ),
}

_CHINA = "CN"
_PREFIX_OF_CHINA = r"^CN(?P<n>[0-9A-Z]{15,20})$"
_BETWEEN = r"[./_]"  # besides blanks and hyphens; other signs are the library's matter
# Where hyphens tell the parts: 07-3456789 is an employer's number and 073-45-6789 a person's; Costa Rica drops zeros;
# Finland's tells the century of birth.
_HYPHENATED = ("CR", "FI", "US")
_VAT = re.compile("^(?:" + "|".join(f"(?:{x}){form}" for x, form in tax_schemes.VAT_FORMS.items()) + ")$")
# What begins with a prefix and goes on like a number of value added tax, and not like Mexico's DEM850101AB1.
_CLAIMS_VAT = re.compile(f"^(?:{'|'.join(tax_schemes.VAT_FORMS)}):?(?:[0-9U][0-9A-Z,]{{3,12}}|[A-Z][0-9]{{7,12}})$")
_UNKNOWN_FORM = re.compile(r"^(?=.*[0-9])[0-9A-Z]{5,20}$")
# The reason nearest to a right number is told: of several modules, most refuse a text because it is another's.
_NEAREST = (identifiers.WRONG_CHECK, _WRONG_PART, identifiers.WRONG_FORM, identifiers.WRONG_LENGTH)
_REASON_OF = (
    (InvalidChecksum, identifiers.WRONG_CHECK),
    (InvalidComponent, _WRONG_PART),
    (InvalidLength, identifiers.WRONG_LENGTH),
    (ValidationError, identifiers.WRONG_FORM),
)


class _Verdict(NamedTuple):
    """What is made of one text; `value` or `reason` is null."""

    value: str | None
    reason: str | None = None
    country: str | None = None
    scheme: str | None = None
    is_verified: bool | None = None


_SCHEMA = {
    "value": pl.String,
    "reason": pl.String,
    "country": pl.String,
    "scheme": pl.String,
    "is_verified": pl.Boolean,
}


def read(values: pl.Series, country: pl.Series | str | None) -> pl.DataFrame:
    """One row per cell: `value`, `reason`, `country`, `scheme`, `is_verified`.

    Columns:
        value: capitals and digits (a Finnish person's with the sign of the century); numbers of value added tax in the
            Union and Britain with their prefix (`EL` and `XI` as they are), so that with and without it they are equal.
        reason: a code of `REASONS`; null where there is a value, and for blank cells.
        country: ISO 3166-1 alpha-2: that of the prefix, else the one given.
        scheme: what number it is, such as `de.vat`, `us.tin`, `cn.uscc`; null where the form alone was looked at.
        is_verified: whether its country's rule was applied; false where none is known, or the library failed.

    Args:
        values: numbers as text.
        country: ISO 3166-1 alpha-2, one for all or one for each, null where it is not known. A number's prefix wins.
    """
    frame = _texts(values, country)
    distinct = frame.filter(pl.col("text").is_not_null()).unique()
    is_none = identifiers.is_placeholder(pl.col("text").str.replace_all("-", "", literal=True))
    meant, none = distinct.filter(~is_none), distinct.filter(is_none)
    # No Chinese number is written like one of value added tax in the Union.
    is_chinese = (pl.col("place") == _CHINA).fill_null(value=False) & ~pl.col("text").str.contains(_VAT.pattern)
    chinese, foreign = meant.filter(is_chinese), meant.filter(~is_chinese)
    read_once = pl.concat([_foreign(foreign), _none(none), *([] if chinese.is_empty() else [_chinese(chinese)])])
    told = frame.join(read_once, on=["text", "place"], how="left", nulls_equal=True, maintain_order="left")
    reason = identifiers.explained(values, told, pl.col("value").is_not_null(), pl.col("reason"))
    is_blank = told["value"].is_null() & reason.is_null()
    return told.with_columns(reason).select(
        "value", "reason", *(pl.when(~is_blank).then(name).alias(name) for name in ("country", "scheme", "is_verified"))
    )


def _texts(values: pl.Series, country: pl.Series | str | None) -> pl.DataFrame:
    """`text`, compact, and `place`, the country that is given or China of the prefix; one row per cell."""
    place = country.cast(pl.String) if isinstance(country, pl.Series) else pl.lit(country, dtype=pl.String)
    compact = identifiers.compact(values).str.replace_all(_BETWEEN, "")
    is_china = compact.str.contains(_PREFIX_OF_CHINA).fill_null(value=False)
    frame = pl.DataFrame({"text": compact.str.replace(_PREFIX_OF_CHINA, "$n"), "cell": values})
    frame = frame.with_columns(place.alias("given")).with_columns(
        pl.when(is_china).then(pl.lit(_CHINA)).otherwise("given").alias("place")
    )
    is_hyphenated = pl.col("place").is_in(_HYPHENATED)
    return frame.select(
        pl.when(is_hyphenated).then(_hyphenated(pl.col("cell"))).otherwise("text").alias("text"), "place"
    )


def _hyphenated(cell: pl.Expr) -> pl.Expr:
    """The compact text with its hyphens."""
    plain = cell.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"\p{Pd}|\u{2212}", "-")
    return plain.str.replace_all(r"[\s\p{Z}\p{C}./_']", "")


def _none(distinct: pl.DataFrame) -> pl.DataFrame:
    verdict = _Verdict(None, PLACEHOLDER)
    return distinct.with_columns(
        pl.lit(value, dtype=_SCHEMA[name]).alias(name) for name, value in verdict._asdict().items()
    ).with_columns(pl.col("place").alias("country"))


def _chinese(chinese: pl.DataFrame) -> pl.DataFrame:
    told = chinese_tax_ids.read(chinese["text"])
    return pl.concat([chinese, told], how="horizontal").select(
        "text", "place", "value", "reason", pl.lit(_CHINA).alias("country"), "scheme", "is_verified"
    )


def _foreign(foreign: pl.DataFrame) -> pl.DataFrame:
    verdicts = [_verdict(text, place) for text, place in foreign.iter_rows()]
    told = pl.concat([foreign, pl.DataFrame(verdicts, schema=_SCHEMA, orient="row")], how="horizontal")
    # EE12345678 is no more a number than 12345678 is.
    is_none = identifiers.is_placeholder(pl.col("value")).fill_null(value=False)
    none = _Verdict(None, PLACEHOLDER)._asdict()
    return told.with_columns(
        pl.when(is_none).then(pl.lit(none[name], dtype=_SCHEMA[name])).otherwise(name).alias(name)
        for name in _SCHEMA
        if name != "country"
    )


def _verdict(text: str, place: str | None) -> _Verdict:
    """What is made of a text without blanks and hyphens, of a country or of none."""
    prefix = tax_schemes.COUNTRY_OF_PREFIX.get(text[:2])
    if prefix and _VAT.match(text):
        return _by_country(text, prefix, text[:2])
    if prefix and text[2:4] == text[:2] != text[4:6]:  # a country and a number that had it already, joined
        return _verdict(text[2:], place)
    if place is not None and place in tax_schemes.SCHEMES:
        told = _by_country(text, place)
        bare = _by_country(text[2:], place) if text[:2] == place else told
        return told if told.value else bare
    if prefix and not place and _CLAIMS_VAT.match(text):
        return _by_country(text, prefix, text[:2])
    return _unknown(text, place)


def _unknown(text: str, place: str | None) -> _Verdict:
    """What is made of a text of no country whose rule we have: it may begin with one, else its form is all there is."""
    if text[:2] in tax_schemes.SCHEMES and (told := _by_country(text[2:], text[:2])).is_verified:
        return told
    if _UNKNOWN_FORM.match(text):
        return _Verdict(text, country=place, is_verified=False)
    is_long_enough = 5 <= len(text) <= 20
    return _Verdict(None, identifiers.WRONG_FORM if is_long_enough else identifiers.WRONG_LENGTH, place)


def _by_country(text: str, country: str, prefix: str = "") -> _Verdict:
    """The verdict of the country's modules, in their order; with a prefix, of that on value added tax alone."""
    schemes = tax_schemes.SCHEMES[country][: 1 if prefix else None]
    number = text[2:] if prefix == "XI" else tax_schemes.rewritten(text, country)
    told = [_by_scheme(number, country, scheme) for scheme in schemes]
    found = next((each for each in told if each.is_verified), None) or next((each for each in told if each.value), None)
    if found and prefix == "XI":
        return found._replace(value=f"XI{number}")
    if found:
        return found
    reasons = {each.reason for each in told}
    return _Verdict(None, next(reason for reason in _NEAREST if reason in reasons), country)


def _by_scheme(number: str, country: str, scheme: str) -> _Verdict:
    try:
        value = tax_schemes.validator(scheme)(number)
    except ValidationError as error:
        return _Verdict(None, next(reason for kind, reason in _REASON_OF if isinstance(error, kind)))
    except (ValueError, LookupError, TypeError, ArithmeticError, AttributeError):
        # The library's own mistake, which says nothing of the number.
        if not _UNKNOWN_FORM.match(number):
            return _Verdict(None, identifiers.WRONG_FORM)
        return _Verdict(number, country=country, scheme=scheme, is_verified=False)
    return _Verdict(tax_schemes.with_prefix(value, country, scheme), None, country, scheme, is_verified=True)
