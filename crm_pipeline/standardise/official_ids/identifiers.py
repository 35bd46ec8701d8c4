"""Identifiers: written alike wherever they come from, so that equal ones are equal.

Belongs here: what all identifiers share: the compact writing, plain identifiers of which nothing else is known, and
the reasons that any of them can have. Does not belong here: the form and check digit of one (a module per identifier).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl

from crm_pipeline.standardise.places import divisions
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text import placeholders, texts

WRONG_LENGTH, WRONG_FORM, WRONG_CHECK = "wrong_length", "wrong_form", "wrong_check"
_MASKED, _ROUNDED = "masked", "rounded"

REASONS: Mapping[str, Reason] = SHARED
# Of identifiers with a form of their own; each module adds to them.
FORM_REASONS: Mapping[str, Reason] = {
    **SHARED,
    WRONG_LENGTH: Reason("too few or too many characters", "位数不对"),
    WRONG_FORM: Reason("characters that cannot stand there", "含有不该出现的字符"),
    WRONG_CHECK: Reason("the check digit is wrong: a digit is mistyped", "校验码不对，可能有一位录错"),
    _MASKED: Reason("masked: some of its characters are hidden", "已脱敏，部分字符被隐藏"),
    _ROUNDED: Reason("rounded by a spreadsheet: deliver it as text", "被电子表格四舍五入，请按文本格式提供"),
}

_NATIONAL = "100000"  # in credit codes and licences: registered with the state's own authority
_COMPACT = r"^[0-9A-Z]+$"
# Blanks and hyphens of all scripts, what is invisible, and the apostrophe by which a spreadsheet marks text.
_BETWEEN = r"[\s\p{Z}\p{C}\p{Pd}\u{2212}]"
_TEXT_MARK = r"^['‘’`]+"
# 身份证:1101…, 税号1101…; a number with a note in brackets behind it.
_LABEL, _NOTE = r"^\p{Han}+:?([0-9A-Z])", r"([0-9A-Z])[(\[【]\p{Han}+[)\]】]$"
_ROUNDED_FORM = r"^[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,2}$"
_MASKED_FORM = r"[*●•×]{2}|X{4}|#{2}"


def read(values: pl.Series) -> pl.DataFrame:
    """Identifiers of which no form is known, one row per cell: `value`, `reason`.

    The value is in capitals and without white space; hyphens stay, since `1-23` and `12-3` may be two customers.
    """
    cells = values.to_frame("cell")
    frame = cells.select(clean(pl.col("cell")).alias("value"), _is_none(pl.col("cell")).alias("is_none"))
    is_none = pl.col("is_none") | pl.col("value").is_null()
    filled = cells.select(texts.trim(pl.col("cell").str.normalize("NFKC"))).to_series().is_not_null()
    return frame.select(
        pl.when(~is_none).then("value").alias("value"),
        pl.when(is_none & filled).then(pl.lit(PLACEHOLDER)).alias("reason"),
    )


def _is_none(cell: pl.Expr) -> pl.Expr:
    """Whether the cell is a placeholder as delivered or cleaned: a blank inside may hide one, such as "n / a"."""
    return is_placeholder(cell) | is_placeholder(clean(cell)).fill_null(value=False)


def clean(value: pl.Expr) -> pl.Expr:
    """The identifier in capitals without inner white space; null when it is blank or a placeholder."""
    plain = texts.trim(value).str.normalize("NFKC").str.to_uppercase().str.normalize("NFKC")
    # Signs such as a macron are a blank and a mark in NFKC: without the blank, letter and mark become one again.
    return texts.clean(plain.str.replace_all(r"\s", "").str.normalize("NFC"))


def clean_namespaced(values: pl.Expr) -> pl.Expr:
    """The list of (namespace, value) with cleaned values; blanks and placeholders are left out, order kept."""
    element = pl.element()
    value = element.struct.field("value")
    known = pl.when(~_is_none(value)).then(clean(value))
    cleaned = pl.struct(element.struct.field("namespace").alias("namespace"), known.alias("value"))
    return values.list.eval(cleaned).list.eval(element.filter(element.struct.field("value").is_not_null()))


def compact(values: pl.Series) -> pl.Series:
    """The texts in capitals and plain width, without blanks, hyphens and invisible signs; null for null.

    A label of Chinese characters before the number and a note in brackets behind it are left out.

    Nothing is left of a cell that held these alone. What is written so already, which is most, is not touched.
    """
    other = (~values.str.contains(_COMPACT)).arg_true()
    text = values.gather(other).str.normalize("NFKC").str.to_uppercase().str.normalize("NFKC")
    # As in `clean`: what stood apart may become one sign.
    text = text.str.replace_all(_BETWEEN, "").str.replace(_TEXT_MARK, "").str.normalize("NFC")
    text = text.str.replace(_LABEL, "$1").str.replace(_NOTE, "$1")
    return values.clone().scatter(other, text)


def explained(cells: pl.Series, read_so_far: pl.DataFrame, is_right: pl.Expr, reason: pl.Expr) -> pl.Series:
    """Why each cell has no value, `reason`; null for those that are right and for blank ones.

    Only what is refused is looked at more closely, for it is little: a placeholder, a masked or a rounded number is
    told as such, whatever the identifier.

    Args:
        cells: as delivered.
        read_so_far: of the same rows; both expressions read it.
        is_right: whether the row has a value; false or null where it has none.
        reason: what the identifier's own module says of a refused row.
    """
    refused = (~read_so_far.select(is_right.fill_null(value=False)).to_series() & cells.is_not_null()).arg_true()
    none = pl.repeat(None, len(cells), dtype=pl.String, eager=True).alias("reason")
    if refused.is_empty():
        return none
    frame = read_so_far[refused].select(reason.alias("reason"), cells.gather(refused).alias("cell"))
    plain = pl.col("cell").str.normalize("NFKC").str.to_uppercase().str.replace_all(_BETWEEN, "").alias("plain")
    told = frame.with_columns(plain, texts.trim(pl.col("cell")).is_null().alias("is_blank")).select(
        pl.when("is_blank")
        .then(None)
        .when(is_placeholder(pl.col("cell")) | is_placeholder(pl.col("plain")))
        .then(pl.lit(PLACEHOLDER))
        .when(pl.col("plain").str.contains(_ROUNDED_FORM))
        .then(pl.lit(_ROUNDED))
        .when(pl.col("plain").str.contains(_MASKED_FORM))
        .then(pl.lit(_MASKED))
        .otherwise("reason")
    )
    return none.scatter(refused, told.to_series())


def is_known_region(code: pl.Expr) -> pl.Expr:
    """Whether the six digits were ever a division of GB/T 2260, or stand for the state's own authority."""
    return code.is_in(_regions().implode())


@cache
def _regions() -> pl.Series:
    return pl.Series(sorted(divisions.known_codes() | {_NATIONAL}))


def is_placeholder(text: pl.Expr) -> pl.Expr:
    """Whether the whole text says that nothing is known; null for null, false for a blank."""
    return placeholders.is_placeholder(text, "identifier")
