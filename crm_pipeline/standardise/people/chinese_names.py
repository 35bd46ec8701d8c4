"""Names written in Chinese characters: surname and given name apart, their reading, keys.

Belongs here: dividing names with blanks and dots inside. Does not belong here: what stands around them
(`chinese_affixes`), other scripts (`latin_names`), two scripts in one cell (`person_names`), readings (`pinyin`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise.people import chinese_affixes, pinyin, surnames
from crm_pipeline.standardise.people.chinese_affixes import DOT

_SEVERAL = r"\s*[、/,，;；&＆+]\s*|\s+和\s+|\s+与\s+"
_NICKNAME = "^[小老阿].$"
_DEPARTMENT = r"(?:部|科|处|组|室|采购|销售|财务|人事|行政|客服|售后|市场|技术|仓库|前台|门卫|本人|收)$"
_LONGEST_GIVEN = 3


def read(values: pl.Series) -> pl.DataFrame:
    """The parts of each name, row for row.

    Columns: `value`, the name without title, note and number, blanks inside a Chinese name removed, null where only a
    title stands there; `family_name`, `given_name`, `middle_name`, `title` as written, null where the characters do not
    tell them and where several persons are named; `latin`, pinyin with the surname first (GB/T 28039-2011), null where
    the name is not Chinese: one of Japan, or a foreign one whose parts are divided by a dot, given name first;
    `native_key` and `name_key` as in `person_names`.

    Args:
        values: trimmed texts of Chinese characters, with the signs that people put around them.
    """
    return _in_latin(_divided(chinese_affixes.cut(values))).select(
        "value", "family_name", "given_name", "middle_name", "title", "latin", "native_key", "name_key"
    )


def _divided(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `value` and the parts as written; `native` and `family`, `given` are the same simplified."""
    plain = pl.col("plain")
    first, second = (plain.str.extract(pattern, 1) for pattern in (r"^([^\s·]+)[\s·]", r"^[^\s·]+[\s·]([^\s·]+)$"))
    rows = rows.with_columns(
        plain.str.replace_all(r"[\s·]", "").alias("joined"), first.alias("first"), second.alias("second")
    )
    rows = rows.with_columns(
        _is_whole(pl.col("first")).alias("is_person"), _is_whole(pl.col("second")).alias("is_other")
    )
    rows = rows.with_columns(_manner().alias("manner"))
    note = (pl.col("manner") == "noted").fill_null(value=False)
    text = pl.when(note).then(pl.col("text").str.extract(r"^([^\s·]+)", 1)).otherwise("text")
    joined = pl.when(note).then("first").otherwise("joined")
    rows = rows.with_columns(text.alias("text"), joined.alias("joined"))
    own = pl.col("text").str.replace_all(r"[\s·]", "")
    size = (
        pl.when(pl.col("manner") == "spaced")
        .then(pl.col("first").str.len_chars())
        .when(pl.col("manner").is_in(["joined", "noted"]))
        .then(surnames.length(pl.col("joined")))
        .otherwise(0)
        .cast(pl.Int64)
    )
    rows = rows.with_columns(own.alias("own"), size.alias("size"))
    return _parts(rows)


def _is_whole(plain: pl.Expr) -> pl.Expr:
    """Whether the text looks like the full name of a person by itself."""
    size = surnames.length(plain)
    return (size > 0) & (plain.str.len_chars() > size) & ~surnames.is_surname(plain) & ~surnames.is_japanese(plain)


def _manner() -> pl.Expr:
    """How the name is written: joined, spaced, dotted, noted (a department behind it) or several; null if unclear."""
    plain, first, second = pl.col("plain"), pl.col("first"), pl.col("second")
    is_surname = surnames.is_surname(first)
    has_dot = plain.str.contains(DOT, literal=True)
    longest = pl.col("joined").str.len_chars() - first.str.len_chars()
    return (
        pl.when(plain.str.contains(_SEVERAL) | plain.str.contains(r"[^\p{Han}\s·々〆]"))
        .then(pl.lit("several"))
        .when(first.is_null() & ~has_dot)
        .then(pl.lit("joined"))
        .when(is_surname & (longest <= _LONGEST_GIVEN))
        .then(pl.lit("joined"))
        .when(surnames.is_japanese(first) & second.is_not_null())
        .then(pl.lit("spaced"))
        .when(has_dot)
        .then(pl.lit("dotted"))
        .when(second.str.contains(_DEPARTMENT) & pl.col("is_person"))
        .then(pl.lit("noted"))
        .when(pl.col("is_person") & pl.col("is_other"))
        .then(pl.lit("several"))
        .when((first.str.len_chars() <= _LONGEST_GIVEN) & second.is_not_null())
        .then(pl.lit("spaced"))
    )


def _parts(rows: pl.DataFrame) -> pl.DataFrame:
    own, size, manner, text = pl.col("own"), pl.col("size"), pl.col("manner"), pl.col("text")
    is_dotted = manner == "dotted"
    rows = rows.with_columns(
        # A spaced name is Chinese only if its first part is a Chinese surname, and then it was joined.
        pl.when(manner == "joined").then(own).otherwise(text).replace("", None).alias("value"),
        pl.when(size > 0).then(own.str.slice(0, size)).alias("family_name"),
        pl.when(size > 0).then(own.str.slice(size)).replace("", None).alias("given_name"),
        pl.when(size > 0).then(pl.col("joined").str.slice(0, size)).alias("family"),
        pl.when(size > 0).then(pl.col("joined").str.slice(size)).replace("", None).alias("given"),
        pl.lit(None, dtype=pl.String()).alias("middle_name"),
    )
    is_nickname = pl.col("joined").str.contains(_NICKNAME) & (manner == "joined")
    foreign = pl.when(is_dotted).then(text.str.split(DOT))
    last = foreign.list.len().cast(pl.Int64) - 1
    middle = foreign.list.slice(1, (last - 1).clip(0)).list.join(DOT).replace("", None)
    return rows.with_columns(
        pl.when(is_dotted)
        .then(foreign.list.get(-1, null_on_oob=True))
        .when(~is_nickname)
        .then("family_name")
        .alias("family_name"),
        pl.when(is_dotted)
        .then(foreign.list.get(0, null_on_oob=True))
        .when(~is_nickname)
        .then("given_name")
        .alias("given_name"),
        middle.alias("middle_name"),
        *(pl.when(~is_nickname).then(name).alias(name) for name in ("family", "given")),
        is_nickname.fill_null(value=False).alias("is_nickname"),
    )


def _in_latin(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `latin`, `native_key` and `name_key`.

    The keys are null for a surname alone, a nickname and several persons: too many share them.
    """
    is_japanese = (pl.col("manner") == "spaced") | surnames.is_japanese(pl.col("family"))
    is_chinese = pl.col("family").is_not_null() & ~is_japanese.fill_null(value=False)
    is_alone = pl.col("family").is_not_null() & pl.col("given").is_null()
    has_no_key = is_alone | (pl.col("manner") == "several") | pl.col("is_nickname")
    rows = rows.with_columns(
        pl.when(~has_no_key.fill_null(value=False)).then("joined").replace("", None).alias("native_key"),
        *(pl.when(is_chinese).then(name).alias(name) for name in ("family", "given")),
    )
    rows = rows.with_columns(
        pinyin.of_surname(rows["family"]).alias("family"), pinyin.of_given(rows["given"]).alias("given")
    )
    family, given = pl.col("family"), pl.col("given")
    without_hyphen = family.str.replace("-", "", literal=True)
    key = pl.concat_str(
        pl.min_horizontal(without_hyphen, given), pl.max_horizontal(without_hyphen, given), separator=" "
    )
    latin = pl.concat_str([family.str.to_titlecase(), given.str.to_titlecase()], separator=" ", ignore_nulls=True)
    has_both = family.is_not_null() & given.is_not_null()
    return rows.with_columns(
        latin.replace("", None).alias("latin"),
        pl.when(pl.col("native_key").is_not_null())
        .then(pl.when(has_both).then(key).otherwise("native_key"))
        .alias("name_key"),
    )
