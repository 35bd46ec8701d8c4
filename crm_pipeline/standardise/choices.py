"""Values from a closed list: gender, kind of customer, yes or no, currency."""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise import texts

_GENDERS = {
    "male": ("male", "m", "man", "mr", "男", "男性", "先生"),
    "female": ("female", "f", "woman", "mrs", "ms", "女", "女性", "女士"),
    "other": ("other", "x", "diverse", "其他"),
}
_KINDS = {
    "person": ("person", "individual", "个人", "自然人"),
    "organisation": ("organisation", "organization", "company", "business", "企业", "公司", "单位"),
}

_YES = ("true", "t", "yes", "y", "1", "on", "是", "对", "真", "有")
_NO = ("false", "f", "no", "n", "0", "off", "否", "不是", "假", "没有")


def _reverse(choices: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {written: standard for standard, many in choices.items() for written in many}


def clean_gender(value: pl.Expr) -> pl.Expr:
    """male, female or other; null for anything else: gender is never guessed."""
    return texts.clean(value).str.to_lowercase().replace_strict(_reverse(_GENDERS), default=None)


def clean_kind(value: pl.Expr) -> pl.Expr:
    """Person or organisation, in those words."""
    return texts.clean(value).str.to_lowercase().replace_strict(_reverse(_KINDS), default=None)


def clean_boolean(value: pl.Expr) -> pl.Expr:
    """True or false; null for anything else."""
    known = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
    text = texts.clean(value).str.normalize("NFKC").str.to_lowercase()
    return text.replace_strict(known, default=None, return_dtype=pl.Boolean)


def clean_currency(value: pl.Expr) -> pl.Expr:
    """The ISO 4217 code in capitals, by its form."""
    code = texts.clean(value).str.to_uppercase()
    return pl.when(code.str.contains(r"^[A-Z]{3}$")).then(code)
