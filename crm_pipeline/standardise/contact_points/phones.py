"""Telephone numbers as E.164 with kind and extension, by the library phonenumbers and an explicit country.

The usual ways of writing are read as columns (`phone_patterns`), where it is certain what the library makes of them;
the library reads the distinct others.

Belongs here: whole cells, reasons, what a number takes from the one before it. Does not belong here: taking a cell
apart (`phone_cells`).
"""

from __future__ import annotations

from collections.abc import Mapping

import phonenumbers
import polars as pl

from crm_pipeline.standardise.contact_points import phone_cells, phone_patterns
from crm_pipeline.standardise.contact_points.phone_plans import (
    FIXED_OR_MOBILE,
    NO_AREA_CODE,
    NOT_ASSIGNED,
    TOO_LONG,
    TOO_SHORT,
)
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text.placeholders import is_placeholder

NOT_A_NUMBER, UNKNOWN_CODE, SHORT_NUMBER = "not_a_number", "unknown_calling_code", "short_number"
MASKED, ROUNDED = "masked", "rounded"
REASONS: Mapping[str, Reason] = SHARED | {
    NOT_A_NUMBER: Reason("not a telephone number", "不是电话号码"),
    TOO_SHORT: Reason("too few digits for a telephone number", "号码位数不足"),
    TOO_LONG: Reason("too many digits for a telephone number", "号码位数过多"),
    NO_AREA_CODE: Reason("a landline without its area code", "固定电话缺少区号"),
    SHORT_NUMBER: Reason("a short number, which is reached inside its country only", "短号码，仅能在本国内拨打"),
    NOT_ASSIGNED: Reason("a number that its country does not assign", "所属国家或地区未分配的号码"),
    UNKNOWN_CODE: Reason("a calling code that no country has", "不存在的国家代码"),
    MASKED: Reason("masked: some of its digits are hidden", "已脱敏，部分数字被隐藏"),
    ROUNDED: Reason("rounded by a spreadsheet: deliver it as text", "被电子表格四舍五入，请按文本格式提供"),
}
SCHEMA = {
    "position": pl.UInt32(), "value": pl.String(), "reason": pl.String(), "kind": pl.String(), "extension": pl.String()
}  # fmt: skip

_E164_DIGITS = 15  # of country code and number together, ITU-T E.164 (11/2010)

_LIBRARY_KINDS = {
    getattr(phonenumbers.PhoneNumberType, kind.upper()): kind
    for kind in (
        *("fixed_line", "mobile", FIXED_OR_MOBILE, "toll_free", "premium_rate", "shared_cost", "voip"),
        *("personal_number", "pager", "uan", "voicemail"),
    )
}
_LENGTHS = {
    phonenumbers.ValidationResult.TOO_SHORT: TOO_SHORT,
    phonenumbers.ValidationResult.TOO_LONG: TOO_LONG,
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: NO_AREA_CODE,
}
_PARSING = {
    phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: UNKNOWN_CODE,
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_NSN: TOO_SHORT,
    phonenumbers.NumberParseException.TOO_LONG: TOO_LONG,
}
# In mainland China, subscribers of a city have 7 or 8 digits, beginning with 2 to 8, and mobiles 11. The library's plan
# knows lengths of the whole country alone.
_MAINLAND_LOCAL = r"^[2-8][0-9]{6,7}$"
_MAINLAND_MOBILE = r"^(?:(?:\+|00)?86)?(1[3-9][0-9]{5,})$"
_SHORT = r"^[0-9]{3,8}$"
_MASKED_FORM = r"[0-9][ -]?(?:[*●•]{2,}|x{3,})|(?:[*●•]{2,}|x{3,})[ -]?[0-9]"
_ROUNDED_FORM = r"^[0-9](?:\.[0-9]+)?e\+?[0-9]{1,2}$"
_LOCAL = r"^[0-9]{5,8}$"


def read_in(values: pl.Series, countries: pl.Series | str, default_country: str) -> pl.DataFrame:
    """As `read`, each cell by its own country first, and a cell that holds no number there by the default country.

    The default comes second, since people keep the numbers of where they deal with the company.

    Args:
        values: text.
        countries: of each cell, ISO 3166-1 alpha-2; null where it is not known.
        default_country: of the project.
    """
    if isinstance(countries, str):
        return read(values, countries)
    cells = pl.DataFrame({"text": values, "country": countries}).with_row_index("position")
    cells = cells.drop_nulls("text").with_columns(pl.col("country").fill_null(default_country))
    parts = [pl.DataFrame(schema={"position": pl.UInt32(), **SCHEMA})]
    for (country,), part in cells.group_by("country", maintain_order=True):
        parts.append(_placed(read(part["text"], str(country)), part))
    found = pl.concat([part.select(parts[0].columns) for part in parts])
    is_number = pl.col("value").is_not_null().any().over("position")
    without = found.filter(~is_number)["position"].unique()
    others = cells.filter(pl.col("position").is_in(without.implode()), pl.col("country") != default_country)
    again = _placed(read(others["text"], default_country), others).filter(is_number).select(found.columns)
    kept = found.filter(~pl.col("position").is_in(again["position"].unique().implode()))
    return pl.concat([kept, again]).sort("position", maintain_order=True)


def _placed(found: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """What was read of some cells, with their positions among all."""
    return found.with_columns(cells["position"].gather(found["position"]).alias("position"))


def read(values: pl.Series, country: str) -> pl.DataFrame:
    """The numbers of each cell: `position` (index of the cell), `value`, `reason`, `kind`, `extension`; cells in order.

    A cell may give several rows or, where it is blank, none. `value` is E.164 without the extension and null where
    `reason` says why; `kind` is the library's (`mobile`, `fixed_line`, `toll_free` …) or `short_number`.

    Args:
        values: text.
        country: ISO 3166-1 alpha-2, for numbers without a calling code.
    """
    cells = pl.DataFrame({"text": values}).with_row_index("position").drop_nulls("text")
    plain = _plain(cells["text"], country)
    cells = cells.with_columns(plain)
    quick = cells.filter(pl.col("value").is_not_null()).select(
        "position", "value", pl.lit(None, dtype=pl.String).alias("reason"), "kind",
        pl.lit(None, dtype=pl.String).alias("extension"),
    )  # fmt: skip
    if quick.height == values.len():
        return quick
    others = cells.filter(pl.col("value").is_null()).select("position", "text")
    taken_apart = _each_once(others["text"].unique(), country)
    slow = others.join(taken_apart, on="text", maintain_order="left_right").select(*SCHEMA)
    return pl.concat([quick, slow]).sort("position", maintain_order=True)


def clean(value: pl.Expr, country: str) -> pl.Expr:
    """The number of each cell as E.164; null when it is not a valid number, and when the cell holds several.

    Args:
        value: numbers as text.
        country: ISO 3166-1 alpha-2, for numbers without a calling code.
    """
    return value.map_batches(
        lambda batch: _only(read(batch, country), batch), return_dtype=pl.String(), is_elementwise=True
    )


def _only(found: pl.DataFrame, batch: pl.Series) -> pl.Series:
    """The value of each cell that holds one number and nothing else."""
    single = found.filter(pl.len().over("position") == 1)
    positions = pl.DataFrame({"position": pl.int_range(batch.len(), dtype=pl.UInt32, eager=True)})
    return positions.join(single, on="position", how="left", maintain_order="left")["value"].alias(batch.name)


def _plain(texts: pl.Series, country: str) -> pl.DataFrame:
    """`value` and `kind` of cells that are one valid number, digits and signs alone; null for all others."""
    dialled = texts.to_frame("text").select(phone_cells.dialled(pl.col("text")).alias("dialled"))
    decided = pl.concat([dialled, phone_patterns.decide(dialled["dialled"], country)], how="horizontal")
    is_meant = ~phone_patterns.is_placeholder(pl.col("dialled")) & ~phone_patterns.is_placeholder(pl.col("value"))
    return decided.select(pl.when(is_meant).then("value").alias("value"), "kind")


def _each_once(texts: pl.Series, country: str) -> pl.DataFrame:
    """`text` and what `read` gives of it, in order."""
    plain = texts.to_frame("text").select(pl.col("text").str.normalize("NFKC")).to_series()
    pieces = phone_cells.split(plain, country).with_columns(phone_cells.dialled(pl.col("piece")).alias("dialled"))
    numbers = _numbers(pieces.select("piece", "dialled").unique(), country)
    read = pieces.select("row", "piece", "extension").join(numbers, on="piece", how="left", maintain_order="left")
    read = _with_area_codes(read).with_columns(pl.coalesce("extension", "own_extension").alias("extension"))
    named = texts.to_frame("text").with_row_index("row")
    return read.join(named, on="row", how="left", maintain_order="left").drop("row")


def _numbers(pieces: pl.DataFrame, country: str) -> pl.DataFrame:
    """`piece`, `dialled`, `value`, `kind`, `reason` and `own_extension` of distinct pieces."""
    decided = pl.concat([pieces, phone_patterns.decide(pieces["dialled"], country)], how="horizontal")
    undecided = decided.filter(~pl.col("is_decided"))["piece"]
    schema = {
        "piece": pl.String(),
        "value": pl.String(),
        "kind": pl.String(),
        "reason": pl.String(),
        "own_extension": pl.String(),
    }
    by_library = pl.DataFrame([(text, *_by_library(text, country)) for text in undecided], schema=schema, orient="row")
    sure = decided.filter("is_decided").select(
        "piece", "value", "kind", "reason", pl.lit(None, dtype=pl.String).alias("own_extension")
    )
    read = _within_e164(pieces.join(pl.concat([sure, by_library]), on="piece", how="left"))
    is_one = is_placeholder(pl.col("piece"), "phone") | phone_patterns.is_placeholder(pl.col("value")).fill_null(
        value=False
    )
    read = read.with_columns(
        pl.when(~is_one).then("value").alias("value"),
        pl.when(~is_one).then("kind").alias("kind"),
        pl.when(is_one).then(pl.lit(PLACEHOLDER)).otherwise("reason").alias("reason"),
    )
    return _with_own_reasons(read, country)


def _within_e164(numbers: pl.DataFrame) -> pl.DataFrame:
    """The numbers; one with more digits than ITU-T E.164 allows, as some plans of the library have them, is refused."""
    is_longer = (pl.col("value").str.len_bytes() > 1 + _E164_DIGITS).fill_null(value=False)
    return numbers.with_columns(
        pl.when(~is_longer).then("value").alias("value"),
        pl.when(~is_longer).then("kind").alias("kind"),
        pl.when(is_longer).then(pl.lit(TOO_LONG)).otherwise("reason").alias("reason"),
    )


def _by_library(text: str, country: str) -> tuple[str | None, str | None, str | None, str | None]:
    """Value, kind, reason and extension of one number."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        return None, None, _PARSING.get(error.error_type, NOT_A_NUMBER), None
    if not phonenumbers.is_valid_number(number):
        length = phonenumbers.is_possible_number_with_reason(number)
        return None, None, _LENGTHS.get(length, NOT_ASSIGNED), None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164, _LIBRARY_KINDS.get(phonenumbers.number_type(number)), None, number.extension or None


def _with_own_reasons(numbers: pl.DataFrame, country: str) -> pl.DataFrame:
    """The numbers with the reason that is known better here: short numbers, mainland ones of a wrong length."""
    dialled, reason = pl.col("dialled"), pl.col("reason")
    is_refused = reason.is_not_null() & (reason != PLACEHOLDER)
    candidates = numbers.filter(is_refused & dialled.str.contains(_SHORT))["dialled"].unique().to_list()
    is_short = is_refused & dialled.is_in([number for number in candidates if _is_short(number, country)])
    if country == "CN":
        is_local = is_refused & dialled.str.contains(_MAINLAND_LOCAL)
        digits = dialled.str.extract(_MAINLAND_MOBILE).str.len_bytes()
        better = pl.when(is_local).then(pl.lit(NO_AREA_CODE)).when(is_refused & (digits < 11)).then(pl.lit(TOO_SHORT))
        reason = better.when(is_refused & (digits > 11)).then(pl.lit(TOO_LONG)).otherwise(reason)
    is_masked = is_refused & pl.col("piece").str.contains(_MASKED_FORM)
    is_rounded = is_refused & pl.col("piece").str.contains(_ROUNDED_FORM)
    short = pl.lit(SHORT_NUMBER)
    return numbers.with_columns(
        pl.when(is_short).then(short).otherwise("kind").alias("kind"),
        pl.when(is_short).then(short)
        .when(is_masked).then(pl.lit(MASKED))
        .when(is_rounded).then(pl.lit(ROUNDED))
        .otherwise(reason).alias("reason"),
    )  # fmt: skip


def _is_short(dialled: str, country: str) -> bool:
    code = phonenumbers.country_code_for_region(country)
    number = phonenumbers.PhoneNumber(country_code=code, national_number=int(dialled))
    return not dialled.startswith("0") and phonenumbers.is_valid_short_number_for_region(number, country)


def _with_area_codes(pieces: pl.DataFrame) -> pl.DataFrame:
    """`pieces` in which a local number has the area code of the landline before it in the same cell."""
    is_landline = pl.col("kind").is_in(["fixed_line", FIXED_OR_MOBILE])
    before = pl.when(is_landline).then("value").forward_fill().over("row")
    is_local = pl.col("reason").is_in([NO_AREA_CODE, NOT_ASSIGNED, TOO_SHORT]) & pl.col("dialled").str.contains(_LOCAL)
    pieces = pieces.with_columns(pl.when(is_local).then(before).alias("before"))
    suspects = pieces.drop_nulls("before").select("before", "dialled").unique()
    if suspects.is_empty():
        return pieces
    whole = [_in_the_area(before, local) for before, local in suspects.rows()]
    found = suspects.with_columns(pl.Series("whole", [value for value, _ in whole], dtype=pl.String))
    found = found.with_columns(pl.Series("whole_kind", [kind for _, kind in whole], dtype=pl.String))
    pieces = pieces.join(found, on=["before", "dialled"], how="left", maintain_order="left")
    return pieces.with_columns(
        pl.coalesce("value", "whole").alias("value"),
        pl.coalesce("kind", "whole_kind").alias("kind"),
        pl.when(pl.col("whole").is_null()).then("reason").alias("reason"),
    )


def _in_the_area(landline: str, local: str) -> tuple[str | None, str | None]:
    """The local number with the area code of a landline in E.164, and its kind; null where it has another length."""
    number = phonenumbers.parse(landline, None)
    national = phonenumbers.national_significant_number(number)
    size = phonenumbers.length_of_geographical_area_code(number)
    if not size or len(national) - size != len(local):
        return None, None
    value, kind, _, _ = _by_library(f"+{number.country_code}{national[:size]}{local}", "ZZ")
    return (value, kind) if kind in ("fixed_line", FIXED_OR_MOBILE) else (None, None)
