"""Telephone numbers read as columns, with the patterns of the library phonenumbers and its steps.

The library takes some thirty microseconds for each number. Here its steps are done for a whole column: the calling
code, the trunk prefix, the kinds of the numbering plans (`phone_plans`). Whatever it might do besides, such as taking a
carrier's code away, leaves the number undecided, for the library to read.

Belongs here: numbers that consist of digits, with a plus or without. Does not belong here: the ways to write a number
(`phone_cells`), calling the library (`phones`).
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from crm_pipeline.standardise.contact_points import phone_plans as plans
from crm_pipeline.standardise.text.placeholders import PLACEHOLDER_PHONE

FORM = r"^\+?[0-9]{4,20}$"  # of what can be decided here
_FEW = 50  # numbers of one calling code, for which the library is as fast as making its patterns ready
_HOME, _HOME_CODE = "CN", "86"
_LONGEST_CODE = 3

SCHEMA = {"value": pl.String(), "kind": pl.String(), "reason": pl.String(), "is_decided": pl.Boolean()}


def decide(dialled: pl.Series, country: str) -> pl.DataFrame:
    """What phonenumbers makes of each number, row for row: `value` (E.164), `kind`, `reason`, `is_decided`.

    Undecided are numbers of which only the library can tell; their other columns are null, as they are for nulls. The
    reason of a decided number without a value is what its length tells.

    Args:
        dialled: numbers in the `FORM`; others are undecided.
        country: ISO 3166-1 alpha-2, for numbers without a calling code.
    """
    rows = pl.DataFrame({"dialled": dialled}).with_row_index("row")
    mobiles = _mainland_mobiles(rows["dialled"], country)
    if mobiles.null_count() == 0:
        others = rows.clear()
    else:
        others = rows.filter(mobiles.is_null(), pl.col("dialled").str.contains(FORM))
    decided = _by_plan(others, country)
    kind = pl.when(mobiles.is_not_null()).then(pl.lit("mobile")).alias("kind")
    all_rows = rows.select("row", mobiles.alias("value"), kind, pl.lit(None, dtype=pl.String).alias("reason"))
    all_rows = all_rows.with_columns(pl.col("value").is_not_null().alias("is_decided"))
    return all_rows.update(decided, on="row").drop("row") if decided.height else all_rows.drop("row")


def is_placeholder(dialled: pl.Expr) -> pl.Expr:
    """Whether the digits, with a plus or without, are a placeholder."""
    return dialled.str.contains(f"^{PLACEHOLDER_PHONE}$")


def _mainland_mobiles(dialled: pl.Series, country: str) -> pl.Series:
    """E.164 of the mobile numbers of mainland China, by far the most frequent ones of our users; null for others.

    86 before such a number is the calling code: with it the number is longer than any in the plan.
    """
    code = rf"(?:(?:\+|00)?{_HOME_CODE})?" if country == _HOME else rf"\+{_HOME_CODE}"
    national = dialled.str.extract(f"^{code}(1[3-9][0-9]{{9}})$")
    mobile = plans.ascii_digits(plans.metadata_of(_HOME_CODE).mobile.national_number_pattern)
    is_mobile = national.str.contains(f"^(?:{mobile})$")
    found = pl.DataFrame({"n": national, "ok": is_mobile})
    return found.select(pl.when("ok").then(pl.lit(f"+{_HOME_CODE}") + pl.col("n"))).to_series()


def _by_plan(rows: pl.DataFrame, country: str) -> pl.DataFrame:
    """The decided of `rows`: `row` and the columns of `SCHEMA`."""
    international = _international(rows, country)
    numbers = pl.concat([_coded(international), _own(rows.join(international, on="row", how="anti"), country)])
    found = [pl.DataFrame(schema={"row": pl.UInt32(), **SCHEMA})]
    for (code, region), part in numbers.group_by("code", "region"):
        if part.height > _FEW:
            plan = plans.metadata_of_region(str(region)) if region else plans.metadata_of(str(code))
            found.append(_of_code(part, str(code), plan))
    return pl.concat(found)


def _international(rows: pl.DataFrame, country: str) -> pl.DataFrame:
    """`row` and `digits` of numbers behind a plus, or behind 00 where that is how the country dials abroad."""
    metadata = plans.metadata_of_region(country)
    abroad = (metadata.international_prefix or "") if metadata else ""
    start = r"(?:\+|00)" if abroad == "00" or abroad.startswith("00|") else r"\+"
    digits = pl.col("dialled").str.extract(f"^{start}([1-9][0-9]{{3,}})$").alias("digits")
    return rows.select("row", digits).drop_nulls()


def _coded(numbers: pl.DataFrame) -> pl.DataFrame:
    """`row`, `code`, `region` and `national` number of those whose calling code is known.

    `region` is the one by whose rules the trunk prefix is taken away, empty for the main one of the code.
    """
    starts = numbers["digits"].str.slice(0, _LONGEST_CODE)
    codes = {start: plans.calling_code(start) for start in starts.unique().to_list()}
    code = starts.replace_strict(codes, default=None, return_dtype=pl.String()).alias("code")
    known = numbers.with_columns(code).drop_nulls("code")
    national = pl.col("digits").str.slice(pl.col("code").str.len_bytes()).alias("national")
    return known.select("row", "code", pl.lit("").alias("region"), national)


def _own(rows: pl.DataFrame, country: str) -> pl.DataFrame:
    """The same of numbers dialled within the country, whose own calling code may stand before them without a plus."""
    metadata = plans.metadata_of_region(country)
    if not metadata or rows.is_empty():
        text = pl.String()
        return pl.DataFrame(schema={"row": pl.UInt32(), "code": text, "region": text, "national": text})
    digits, general, code = pl.col("dialled"), metadata.general_desc, str(metadata.country_code)
    inland = rows.filter(~digits.str.contains(plans.beginning(metadata.international_prefix or "none") + r"|^\+"))
    with_code = inland.filter(digits.str.starts_with(code))
    rest = _without_trunk(with_code.select("row", digits.str.slice(len(code)).alias("national")), metadata)
    both = rest.join(with_code, on="row").with_columns(
        (~plans.fits(digits, general) & plans.fits(pl.col("rest"), general)).alias("is_better"),
        (digits.str.len_bytes() > max(general.possible_length)).alias("is_too_long"),
    )
    is_taken = pl.col("is_better") | pl.col("is_too_long")
    chosen = both.select(
        "row",
        pl.lit(code).alias("code"),
        pl.when(is_taken).then(pl.lit("")).otherwise(pl.lit(country)).alias("region"),
        pl.when(is_taken).then("rest").otherwise("dialled").alias("national"),
    )
    without_code = inland.filter(~digits.str.starts_with(code)).select(
        "row", pl.lit(code).alias("code"), pl.lit(country).alias("region"), digits.alias("national")
    )
    return pl.concat([chosen, without_code])


def _without_trunk(numbers: pl.DataFrame, metadata: Any) -> pl.DataFrame:
    """`row`, `national` and `rest`, the number without its trunk prefix; without the rows of which it is not certain.

    The prefix stays where the number is one of the plan with it and none without it.
    """
    prefix, parsing = metadata.national_prefix, metadata.national_prefix_for_parsing
    if not parsing:
        return numbers.with_columns(pl.col("national").alias("rest"))
    steps = numbers.with_columns(pl.col("national").str.extract(plans.beginning(parsing)).alias("taken"))
    taken, national, rest = pl.col("taken"), pl.col("national"), pl.col("rest")
    is_plain = taken == prefix if prefix and _is_plain_trunk(metadata) else pl.lit(value=False)
    steps = steps.filter(taken.is_null() | is_plain)
    steps = steps.with_columns(pl.when(taken.is_not_null()).then(national.str.slice(len(prefix or ""))).alias("rest"))
    is_kept = plans.fits(national, metadata.general_desc) & ~plans.fits(rest, metadata.general_desc)
    stripped = pl.when(taken.is_null() | is_kept).then(national).otherwise(rest).alias("rest")
    return steps.select("row", "national", stripped)


def _is_plain_trunk(metadata: Any) -> bool:
    """Whether the library only takes the trunk prefix away where it finds no more than that before a number."""
    match = re.match(metadata.national_prefix_for_parsing, metadata.national_prefix)
    return match is not None and (not metadata.national_prefix_transform_rule or match.groups()[-1] is None)


def _of_code(numbers: pl.DataFrame, code: str, plan: Any) -> pl.DataFrame:
    """The decided numbers of one calling code, whose trunk prefix is taken away as `plan` has it."""
    lengths = sorted(plan.general_desc.possible_length)
    size, rest = pl.col("rest").str.len_bytes(), pl.col("rest")
    is_possible = size.is_in(lengths) | (size > lengths[-1])
    numbers = _without_trunk(numbers.select("row", "national"), plan).select(
        "row", pl.when(is_possible).then(rest).otherwise("national").alias("rest")
    )
    is_valid = pl.col("kind").is_not_null()
    return _with_kinds(numbers, code).select(
        "row",
        pl.when(is_valid).then(pl.lit(f"+{code}") + rest).alias("value"),
        "kind",
        pl.when(~is_valid).then(plans.by_length(size, plans.metadata_of(code))).alias("reason"),
        pl.lit(value=True).alias("is_decided"),
    )


def _with_kinds(numbers: pl.DataFrame, code: str) -> pl.DataFrame:
    """`row`, `rest` and `kind`, null where the number is not valid.

    Of several regions with one calling code, a number is that one's with whose leading digits it begins, or where a
    region has none, whose plan knows it; the first such region decides.
    """
    regions = plans.regions_of(code)
    if len(regions) == 1:
        return numbers.with_columns(plans.kind_of(numbers["rest"], regions[0]))
    found = []
    for metadata in regions:
        leading = metadata.leading_digits
        if leading:
            is_own = numbers["rest"].str.contains(plans.beginning(leading))
            own = numbers.filter(is_own)
            found.append(own.with_columns(plans.kind_of(own["rest"], metadata)))
        else:
            kinds = plans.kind_of(numbers["rest"], metadata)
            is_own = kinds.is_not_null()
            found.append(numbers.with_columns(kinds).filter(is_own))
        numbers = numbers.filter(~is_own)
    return pl.concat([*found, numbers.with_columns(pl.lit(None, dtype=pl.String).alias("kind"))])
