"""Ways in which people write a value, right or wrong; each takes the rows chosen and gives their new values.

Belongs here: transformations that several systems share. Does not belong here: how often they happen (`defects`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.generator.plan import Draws

_WIDE = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}


def _column(rows: pl.DataFrame, value: pl.Expr) -> pl.Series:
    return rows.select(value.alias("_")).to_series()


def full_width(rows: pl.DataFrame, column: str) -> pl.Series:
    """ASCII characters as their full-width counterparts."""
    return rows[column].str.replace_many(list(_WIDE), list(_WIDE.values()))


def phone_formats(draws: Draws, rows: pl.DataFrame, column: str) -> pl.Series:
    """Chinese numbers grouped, or with the country code in front; foreign ones keep theirs."""
    way = pl.Series(draws.whole(len(rows), 0, 6))
    value = pl.col(column)
    groups = [value.str.slice(0, 3), value.str.slice(3, 4), value.str.slice(7)]
    is_mobile = value.str.contains(r"^1\d{10}$")
    is_landline = value.str.contains(r"^0\d{2,3}-\d{7,8}$")
    bare = value.str.replace("-", "", literal=True).str.replace("^0", "")
    written = (
        pl.when(way == 0).then(pl.concat_str(groups, separator=" "))
        .when(way == 1).then(pl.concat_str(groups, separator="-"))
        .when(way == 2).then("+86" + value)
        .when(way == 3).then("+86 " + pl.concat_str(groups, separator=" "))
        .when(way == 4).then("0086" + value)
        .otherwise("86-" + value)
    )  # fmt: skip
    fixed = (
        pl.when(way < 2).then(value.str.replace(r"^(0\d+)-", "(${1})"))
        .when(way < 4).then("+86-" + bare)
        .otherwise(value.str.replace("-", " ", literal=True))
    )  # fmt: skip
    return _column(rows, pl.when(is_mobile).then(written).when(is_landline).then(fixed).otherwise(value))


def letters_exchanged(draws: Draws, rows: pl.DataFrame, column: str) -> pl.Series:
    """Two neighbouring letters exchanged, or one left out, from the third character on."""
    value = pl.col(column)
    place = 2 + (pl.Series(draws.uniform(len(rows))) * (value.str.len_chars().cast(pl.Int64) - 4).clip(0)).floor().cast(
        pl.Int64
    )
    start, one, two, rest = (
        value.str.slice(0, place),
        value.str.slice(place, 1),
        value.str.slice(place + 1, 1),
        value.str.slice(place + 2),
    )
    is_left_out = pl.Series(draws.share(len(rows), 0.5))
    return _column(rows, pl.when(is_left_out).then(start + two + rest).otherwise(start + two + one + rest))


def misspelt(draws: Draws, rows: pl.DataFrame, column: str = "name") -> pl.Series:
    """A character that sounds alike for Chinese names, letters exchanged in others."""
    other = letters_exchanged(draws, rows, column)
    return _column(rows, pl.coalesce("name_mistaken", pl.lit(other)))


def spaced(rows: pl.DataFrame) -> pl.Series:
    """张 伟: a space behind the first character of a Chinese name, two between the words of another."""
    name = pl.col("name")
    chinese = name.str.slice(0, 1) + " " + name.str.slice(1)
    return _column(rows, pl.when(name.str.contains(r"^\p{Han}+$")).then(chinese).otherwise(name.str.replace(" ", "  ")))


def titled(rows: pl.DataFrame) -> pl.Series:
    """张伟先生; Mr or Ms in front of others."""
    name, is_male = pl.col("name"), pl.col("gender") == "male"
    chinese = name + pl.when(is_male).then(pl.lit("先生")).otherwise(pl.lit("女士"))
    other = pl.when(is_male).then(pl.lit("Mr. ")).otherwise(pl.lit("Ms. ")) + name
    return _column(rows, pl.when(name.str.contains(r"^\p{Han}+$")).then(chinese).otherwise(other))


def digit_missing(rows: pl.DataFrame, column: str) -> pl.Series:
    """The value without its last digit."""
    return rows[column].str.replace(r"\d$", "")


def abbreviated(rows: pl.DataFrame, column: str) -> pl.Series:
    """The value without 省, 市 and 号 at the end of its parts."""
    return rows[column].str.replace(r"(省|市|自治区)$", "").str.replace("号", "-", literal=True)


def one_of(draws: Draws, rows: pl.DataFrame, *values: str) -> pl.Series:
    """One of `values` for each row."""
    return draws.pick(pl.Series(values), len(rows))


def moment(day: pl.Expr, second: pl.Expr, form: str) -> pl.Expr:
    """Text of a date and the seconds since its midnight, by a format of strftime."""
    return (day.cast(pl.Datetime("us")) + pl.duration(seconds=second)).dt.to_string(form)
