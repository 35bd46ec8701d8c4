"""Values from a closed list: gender, kind of customer, yes or no, currency.

Belongs here: which words stand for which value; a word that is not listed is never guessed, a gender least of all. Does
not belong here: the words of one source, which its mapping translates (`value_map`), currencies' names (`currencies`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import polars as pl

from crm_pipeline.standardise.amounts import currencies
from crm_pipeline.standardise.reasons import PLACEHOLDER, SHARED, UNREADABLE, WORD_REASONS
from crm_pipeline.standardise.text import placeholders, texts

_Value = TypeVar("_Value", str, bool)

REASONS = SHARED | WORD_REASONS
# 1 and 2 are left out: GB/T 2261.1 and ISO/IEC 5218 have 1 male and 2 female, other systems 0 and 1 or 1 and 0.
_GENDERS = {
    "male": (
        *("male", "m", "man", "mr", "mr.", "boy", "男", "男性", "男士", "男生", "男孩", "先生", "♂", "masculine"),
        *("masculino", "männlich", "mann", "herr", "hombre", "homme"),
    ),
    "female": (
        *(
            "female",
            "f",
            "w",
            "woman",
            "mrs",
            "mrs.",
            "ms",
            "ms.",
            "miss",
            "girl",
            "女",
            "女性",
            "女士",
            "女生",
            "女孩",
            "小姐",
        ),
        *("太太", "夫人", "♀", "feminine", "femenino", "weiblich", "frau", "mujer", "femme", "mme"),
    ),
    "other": ("other", "x", "d", "diverse", "divers", "其他", "其它", "non-binary", "nonbinary"),
}
# Besides the words of all fields: HL7's U, and the texts of GB/T 2261.1 for 0 and 9.
_NO_GENDER = ("u", "un", "unk", "unspecified", "未知的性别", "未知性别", "未说明的性别", "未说明性别")
_KINDS = {
    "person": (
        *("person", "individual", "private", "consumer", "retail", "b2c", "个人", "個人", "自然人", "个人客户", "对私"),
        "零售客户",
    ),
    "organisation": (
        *(
            "organisation",
            "organization",
            "org",
            "company",
            "business",
            "corporate",
            "corporation",
            "enterprise",
            "b2b",
        ),
        *(
            "企业",
            "公司",
            "单位",
            "企業",
            "机构",
            "法人",
            "组织",
            "集团",
            "企业客户",
            "公司客户",
            "机构客户",
            "单位客户",
        ),
        *(
            "集团客户",
            "对公",
            "政府",
            "机关",
            "政府机关",
            "事业单位",
            "社会团体",
            "学校",
            "医院",
            "个体工商户",
            "个体户",
        ),
    ),
}
_BOOLEANS = {
    True: (
        *(
            "true",
            "t",
            "yes",
            "y",
            "1",
            "on",
            "1.0",
            "enabled",
            "active",
            "valid",
            "ja",
            "oui",
            "si",
            "sí",
            "да",
            "√",
            "✓",
        ),
        *("✔", "☑", "是", "是的", "对", "真", "有", "启用", "已启用", "开启", "同意", "有效"),
    ),
    False: (
        *(
            "false",
            "f",
            "no",
            "n",
            "0",
            "off",
            "0.0",
            "disabled",
            "inactive",
            "invalid",
            "nein",
            "non",
            "нет",
            "×",
            "✗",
        ),
        *("✘", "☐", "否", "不是", "错", "假", "没有", "停用", "已停用", "禁用", "关闭", "不同意", "无效"),
    ),
}
_HAVE, _HAVE_NOT = "有", ("无", "無")  # where a column says 有, its 无 is no placeholder


def read_gender(values: pl.Series) -> pl.DataFrame:
    """`value` (male, female or other) and `reason`, row for row; gender is never guessed from a number or a name."""
    return _read(values, _reverse(_GENDERS), pl.String(), nothing=_NO_GENDER)


def read_kind(values: pl.Series) -> pl.DataFrame:
    """`value` (person or organisation) and `reason`, row for row."""
    return _read(values, _reverse(_KINDS), pl.String())


def read_boolean(values: pl.Series) -> pl.DataFrame:
    """`value` (Boolean) and `reason`, row for row; 无 is false where the column has 有, else a placeholder."""
    known = _reverse(_BOOLEANS)
    has_pair = (values.str.strip_chars() == _HAVE).any()
    return _read(values, known | dict.fromkeys(_HAVE_NOT, False) if has_pair else known, pl.Boolean())


def read_currency(values: pl.Series, country: str | None = None) -> pl.DataFrame:
    """`value` (the ISO 4217 code) and `reason`, row for row: by code, name or sign.

    Args:
        values: text.
        country: ISO 3166-1 alpha-2, whose own currency a sign of several means; None: nothing, 元 CNY.
    """
    own = currencies.of_country(country) if country else None
    signs = {sign.lower(): own for sign, codes in currencies.SHARED_SIGNS.items() if own in codes}
    return _read(values, _currencies() | signs, pl.String())


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
    return _cleaned(value, _currencies(), pl.String())


def _currencies() -> dict[str, str]:
    return currencies.by_number() | {name.lower(): code for name, code in currencies.known().items()}


def _reverse(choices: Mapping[_Value, tuple[str, ...]]) -> dict[str, _Value]:
    return {written: standard for standard, many in choices.items() for written in many}


def _cleaned(value: pl.Expr, known: Mapping[str, object], kind: pl.DataType) -> pl.Expr:
    """The standard value of each word, without case, width and outer blanks."""
    text = texts.trim(value).str.normalize("NFKC").str.to_lowercase()
    return text.replace_strict(known, default=None, return_dtype=kind)


def _read(
    values: pl.Series, known: Mapping[str, object], kind: pl.DataType, nothing: Sequence[str] = ()
) -> pl.DataFrame:
    """Row for row `value` and `reason`; `nothing` are words that say so, besides those of all fields."""
    cell, value = pl.col("cell"), pl.col("value")
    frame = values.alias("cell").to_frame()
    seen = frame.drop_nulls().unique(maintain_order=True).with_columns(_cleaned(cell, known, kind).alias("value"))
    is_nothing = placeholders.is_placeholder(cell) | texts.trim(cell).str.to_lowercase().is_in(list(nothing))
    why = (
        pl.when(value.is_not_null() | texts.trim(cell).is_null()).then(None)
        .when(is_nothing).then(pl.lit(PLACEHOLDER))
        .otherwise(pl.lit(UNREADABLE))
    )  # fmt: skip
    read = seen.with_columns(why.alias("reason"))
    return frame.join(read, on="cell", how="left", maintain_order="left").drop("cell")
