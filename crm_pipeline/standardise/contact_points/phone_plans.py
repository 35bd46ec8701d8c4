"""The numbering plans of phonenumbers as expressions: kinds, lengths and beginnings of national numbers.

Belongs here: what a plan says of national numbers. Does not belong here: finding the national number in what was
written (`phone_patterns`).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import phonenumbers
import polars as pl

FIXED_OR_MOBILE = "fixed_line_or_mobile"
TOO_SHORT, TOO_LONG, NOT_ASSIGNED, NO_AREA_CODE = "too_short", "too_long", "not_assigned", "no_area_code"
# The library's kinds in the order in which it tries them; the last two may be one.
_KINDS = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail"),
    *("fixed_line", "mobile"),
)


def by_length(size: pl.Expr, metadata: Any) -> pl.Expr:
    """What the length of a national number that is not valid says against it."""
    general = metadata.general_desc
    return (
        pl.when(size.is_in(list(general.possible_length_local_only)))
        .then(pl.lit(NO_AREA_CODE))
        .when(size < min(general.possible_length))
        .then(pl.lit(TOO_SHORT))
        .when(size > max(general.possible_length))
        .then(pl.lit(TOO_LONG))
        .otherwise(pl.lit(NOT_ASSIGNED))
    )


def kind_of(national: pl.Series, metadata: Any) -> pl.Series:
    """The library's kind of each national number; null for one that is not valid."""
    number, general = pl.col("national"), metadata.general_desc
    plans = {name: getattr(metadata, name) for name in _KINDS}
    plans = {name: plan for name, plan in plans.items() if plan and plan.national_number_pattern}
    lengths = number.str.len_bytes().is_in(list(general.possible_length))
    frame = pl.DataFrame({"national": national}).select(
        pl.when(lengths & fits(number, general)).then(number).alias("national")
    )
    found = frame.select(_fits_plan(number, plan).alias(name) for name, plan in plans.items())
    if "fixed_line" in plans and "mobile" in plans:
        found = found.with_columns((pl.col("fixed_line") & pl.col("mobile")).alias(FIXED_OR_MOBILE))
    order = [name for name in (*_KINDS[:-2], FIXED_OR_MOBILE, *_KINDS[-2:]) if name in found.columns]
    return found.select(pl.coalesce(pl.when(name).then(pl.lit(name)) for name in order).alias("kind")).to_series()


def fits(national: pl.Expr, plan: Any) -> pl.Expr:
    """Whether the national number has the pattern of a plan."""
    return national.str.contains(f"^(?:{ascii_digits(plan.national_number_pattern)})$")


def _fits_plan(national: pl.Expr, plan: Any) -> pl.Expr:
    """Whether the national number has the pattern of a kind and one of its lengths, if it has any."""
    is_such = fits(national, plan)
    return is_such & national.str.len_bytes().is_in(list(plan.possible_length)) if plan.possible_length else is_such


def beginning(pattern: str) -> str:
    """The pattern at the beginning of a text, what it matches as its first group."""
    return ascii_digits(f"^((?:{pattern}))")


def ascii_digits(pattern: str) -> str:
    """The pattern for digits of ASCII alone: with those of every script it takes ten times as long."""
    return pattern.replace(r"\d", "[0-9]")


@cache
def metadata_of(code: str) -> Any:
    """The library's numbering plan of a calling code, that of its main region."""
    region = phonenumbers.region_code_for_country_code(int(code))
    return phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)


def regions_of(code: str) -> list[Any]:
    """The plans of all regions that share a calling code, the main one first, as the library asks them."""
    regions = phonenumbers.region_codes_for_country_code(int(code))
    plans = [metadata_of_region(region) for region in regions]
    return [plan for plan in plans if plan] or [metadata_of(code)]


def metadata_of_region(country: str) -> Any:
    """The library's numbering plan of a country; null where it knows none."""
    return phonenumbers.PhoneMetadata.metadata_for_region(country, None)


def calling_code(start: str) -> str | None:
    """The calling code with which the digits begin; none begins with another."""
    lengths = range(1, len(start) + 1)
    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return next((start[:length] for length in lengths if int(start[:length]) in known), None)
