"""Values from a closed list: gender, kind of customer, yes or no, currency.

Belongs here: which words stand for which value; a word that is not listed is never guessed, a gender least of all. Does
not belong here: the words of one source, which its mapping translates (`value_map`), currencies' names (`currencies`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import polars as pl

from crm_pipeline.standardise.amounts import currencies
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, Reason
from crm_pipeline.standardise.text import placeholders, texts

_Value = TypeVar("_Value", str, bool)

REASONS = SHARED | {
    "gender": Reason("not a word for male, female or other", "不是表示男、女或其他的词"),
    "kind": Reason("not a word for person or organisation", "不是表示个人或组织的词"),
    "boolean": Reason("not a word for yes or no", "不是表示是或否的词"),
    "currency": Reason("not the code or name of one currency", "不是某一种货币的代码或名称"),
}
# 1 and 2 are left out: GB/T 2261.1 and ISO/IEC 5218 have 1 male and 2 female, other systems 0 and 1 or 1 and 0.
_GENDERS = {
    "male": ("male", "m", "man", "mr", "男", "男性", "男士", "先生", "masculine", "männlich", "hombre", "homme"),
    "female": ("female", "f", "woman", "mrs", "ms", "女", "女性", "女士", "小姐", "weiblich", "mujer", "femme"),
    "other": ("other", "x", "diverse", "其他", "其它", "non-binary", "nonbinary"),
}
_KINDS = {
    "person": ("person", "individual", "个人", "自然人", "private", "consumer", "個人", "个人客户", "b2c"),
    "organisation": (
        *("organisation", "organization", "company", "business", "corporate", "企业", "公司", "单位", "企業", "机构"),
        *("法人", "组织", "企业客户", "公司客户"),
    ),
}
_BOOLEANS = {
    True: ("true", "t", "yes", "y", "1", "on", "是", "对", "真", "有", "√", "✓", "✔", "1.0", "enabled"),
    False: ("false", "f", "no", "n", "0", "off", "否", "不是", "假", "没有", "×", "✗", "✘", "0.0", "disabled"),
}


def read_gender(values: pl.Series) -> pl.DataFrame:
    """`value` (male, female or other) and `reason`, row for row; gender is never guessed from a number or a name."""
    return _read(values, _reverse(_GENDERS), "gender", pl.String())


def read_kind(values: pl.Series) -> pl.DataFrame:
    """`value` (person or organisation) and `reason`, row for row."""
    return _read(values, _reverse(_KINDS), "kind", pl.String())


def read_boolean(values: pl.Series) -> pl.DataFrame:
    """`value` (Boolean) and `reason`, row for row."""
    return _read(values, _reverse(_BOOLEANS), "boolean", pl.Boolean())


def read_currency(values: pl.Series) -> pl.DataFrame:
    """`value` (the ISO 4217 code) and `reason`, row for row: by code, name or a sign that one currency has."""
    known = {name.lower(): code for name, code in currencies.known().items()}
    return _read(values, known, "currency", pl.String())


def clean_gender(value: pl.Expr) -> pl.Expr:
    """male, female or other; null for anything else: gender is never guessed."""
    return _cleaned(value, _reverse(_GENDERS), pl.String())


def clean_kind(value: pl.Expr) -> pl.Expr:
    """Person or organisation, in those words."""
    return _cleaned(value, _reverse(_KINDS), pl.String())


def clean_boolean(value: pl.Expr) -> pl.Expr:
    """True or false; null for anything else."""
    return _cleaned(value, _reverse(_BOOLEANS), pl.Boolean())


def clean_currency(value: pl.Expr) -> pl.Expr:
    """The ISO 4217 code, by code, name or a sign that one currency has; null for anything else."""
    return _cleaned(value, {name.lower(): code for name, code in currencies.known().items()}, pl.String())


def _reverse(choices: Mapping[_Value, tuple[str, ...]]) -> dict[str, _Value]:
    return {written: standard for standard, many in choices.items() for written in many}


def _cleaned(value: pl.Expr, known: Mapping[str, object], kind: pl.DataType) -> pl.Expr:
    """The standard value of each word, without case, width and outer blanks."""
    text = texts.trim(value).str.normalize("NFKC").str.to_lowercase()
    return text.replace_strict(known, default=None, return_dtype=kind)


def _read(values: pl.Series, known: Mapping[str, object], reason: str, kind: pl.DataType) -> pl.DataFrame:
    cell, value = pl.col("cell"), pl.col("value")
    frame = values.alias("cell").to_frame()
    seen = frame.drop_nulls().unique(maintain_order=True).with_columns(_cleaned(cell, known, kind).alias("value"))
    why = (
        pl.when(value.is_not_null() | texts.trim(cell).is_null()).then(None)
        .when(placeholders.is_placeholder(cell)).then(pl.lit(PLACEHOLDER))
        .otherwise(pl.lit(reason))
    )  # fmt: skip
    read = seen.with_columns(why.alias("reason"))
    return frame.join(read, on="cell", how="left", maintain_order="left").drop("cell")
