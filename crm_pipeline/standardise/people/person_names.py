"""Names of persons as people write them: the full name, its parts, its native and its Latin form, a key to compare.

Belongs here: telling what a cell holds, cells of two scripts, the key. Does not belong here: the parts of one script's
names (`chinese_names`, `latin_names`, `romanised_names`), names of organisations, composing a name of delivered parts
(`names`). Nobody's gender is told: titles go to a column of their own, and nothing is concluded from them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.standardise.people import chinese_names, latin_names, person_name_reasons, western_names
from crm_pipeline.standardise.reasons import SHARED, Reason
from crm_pipeline.standardise.text import texts

REASONS: Mapping[str, Reason] = {**SHARED, **person_name_reasons.OWN}
COLUMNS = (
    *("value", "reason", "family_name", "given_name", "middle_name", "title", "suffix", "nickname", "maiden_name"),
    *("native", "latin", "native_key", "name_key"),
)
_PARTS = COLUMNS[2:9]
_SCHEMA = {"text": pl.String(), **dict.fromkeys(COLUMNS, pl.String())}
_HAN, _LATIN = r"\p{Han}", r"\p{Latin}"
_OTHER_EAST_ASIAN = r"[\p{Hiragana}\p{Katakana}\p{Hangul}ー]"
_NATIVE_PART = r"[\p{Han}々〆·•・ 　]*\p{Han}[\p{Han}々〆·•・ 　]*"
_LATIN_PART = r"\p{Latin}[\p{Latin}\p{M}.'’ ,-]*"
_BETWEEN = r"[\s/|,，(（\[【]*"
_LATIN_LAST = rf"^(?P<native>{_NATIVE_PART}){_BETWEEN}(?P<latin>{_LATIN_PART})[)）\]】]?$"
_NATIVE_LAST = rf"^(?P<latin>{_LATIN_PART}?){_BETWEEN}(?P<native>{_NATIVE_PART})[)）\]】]?$"
_MARK = r"^[A-Z]{2,4}$"  # VIP, HR, IT: a note, where it stands in brackets behind a Chinese name


def read(values: pl.Series) -> pl.DataFrame:
    """The name of each cell, row for row, in COLUMNS.

    - `value`: the full name as written, tidied, without title, suffix, nickname and note; with a comma behind the
      surname it is turned to the usual order if that reads the same. Of two scripts, the Chinese characters.
    - `reason`: a code of REASONS where the cell held something and `value` is null.
    - `family_name`, `given_name`, `middle_name`, `title`, `suffix`, `nickname`, `maiden_name`: as written, null where
      unknown or none. Several persons in a cell have no parts, save couples (John and Mary Smith).
    - `native`: the name in its own script where that is not Latin.
    - `latin`: the name in Latin letters as delivered; of a Chinese name without, in pinyin, surname first: Wang
      Xiaoming (GB/T 28039-2011).
    - `native_key`: the Chinese characters simplified, without blanks and dots.
    - `name_key`: one for `Zhang San`, `San Zhang`, `ZHANG San`, `Zhang, San`, 张三 and 張三: the surname and the given
      name (in pinyin, without hyphens and blanks) in the order of the alphabet; of other names all words, folded: lower
      case, without marks, points, hyphens. It equates all characters that read alike, so it finds candidates and
      decides nothing; it does not equate a Cantonese spelling with pinyin (Chan, 陈). Null for a Chinese surname alone.
    """
    rows = values.cast(pl.String()).to_frame("text").with_columns(texts.tidy(pl.col("text")))
    distinct = rows.drop_nulls("text").unique("text")
    found = _read_distinct(distinct)
    return rows.join(found, on="text", how="left", maintain_order="left").select(COLUMNS)


def clean(value: pl.Expr) -> pl.Expr:
    """The full name; null where the cell holds none."""
    return value.map_batches(
        lambda batch: read(batch)["value"].alias(batch.name), return_dtype=pl.String(), is_elementwise=True
    )


def _read_distinct(distinct: pl.DataFrame) -> pl.DataFrame:
    """`text` and COLUMNS, one row for each text; a name that is not its own standard name is none."""
    found = _by_script(distinct)
    is_other = (pl.col("value") != pl.col("text")).fill_null(value=False)
    others = found.filter(is_other)
    if others.is_empty():
        return _names_alone(found)
    values = others.select(texts.tidy(pl.col("value")).alias("text")).drop_nulls().unique()
    again = _by_script(values).select(pl.col("text").alias("value"), "reason", pl.col("value").alias("again"))
    others = others.drop("reason").join(again, on="value", how="left", maintain_order="left")
    is_same = (pl.col("again") == pl.col("value")).fill_null(value=False)
    others = others.with_columns(
        pl.coalesce("reason", pl.when(~is_same).then(pl.lit("unreadable"))).alias("reason"),
        pl.when(is_same).then("value").alias("value"),
    )
    return _names_alone(pl.concat([found.filter(~is_other), others.select(found.columns)]))


def _names_alone(found: pl.DataFrame) -> pl.DataFrame:
    """`text` and COLUMNS, without the parts of what is no name."""
    is_name = pl.col("reason").is_null()
    # A title without a name is still a title.
    is_kept = {name: is_name | (pl.col("reason") == "title_only") for name in ("title", "suffix")}
    return found.select(
        "text",
        "reason",
        *(pl.when(is_kept.get(name, is_name)).then(name).alias(name) for name in COLUMNS if name != "reason"),
    )


def _by_script(distinct: pl.DataFrame) -> pl.DataFrame:
    """`text` and COLUMNS, each text read once, `value` as the reader of its script has it."""
    rows = distinct.with_columns(person_name_reasons.of(pl.col("text")).alias("reason"))
    meant = rows.filter(pl.col("reason").is_null()).select("text", _script().alias("script"))
    parts = [pl.DataFrame(schema=_SCHEMA), rows.filter(pl.col("reason").is_not_null())]
    for script, reader in _READERS.items():
        part = meant.filter(pl.col("script") == script)["text"]
        if not part.is_empty():
            parts.append(reader(part))
    found = pl.concat(parts, how="diagonal").with_columns(pl.col(name).replace("", None) for name in COLUMNS)
    is_nothing = pl.col("value").is_null()
    return found.with_columns(
        pl.coalesce(
            "reason",
            pl.when(is_nothing & pl.col("title").is_not_null()).then(pl.lit("title_only")),
            pl.when(is_nothing).then(pl.lit("unreadable")),
        ).alias("reason")
    )


def _script() -> pl.Expr:
    """Who reads the text: chinese (characters alone), mixed (with Latin letters), western (the rest)."""
    text = pl.col("text")
    is_chinese = (
        text.str.contains(_HAN) & ~text.str.contains(_OTHER_EAST_ASIAN) & ~text.str.contains("旧姓", literal=True)
    )
    return (
        pl.when(is_chinese & text.str.contains(_LATIN))
        .then(pl.lit("mixed"))
        .when(is_chinese)
        .then(pl.lit("chinese"))
        .otherwise(pl.lit("western"))
    )


def _chinese(values: pl.Series) -> pl.DataFrame:
    found = chinese_names.read(values)
    return found.with_columns(values.alias("text"), pl.col("value").alias("native"))


def _western(values: pl.Series) -> pl.DataFrame:
    found = western_names.read(values)
    is_latin = pl.col("value").str.contains(_LATIN)
    return found.with_columns(
        pl.when(is_latin).then("value").alias("latin"), pl.when(~is_latin).then("value").alias("native")
    )


def _mixed(values: pl.Series) -> pl.DataFrame:
    """Names in Chinese characters and Latin letters beside each other; a text that is neither has its value alone."""
    text = pl.col("text")
    groups = [text.str.extract_groups(pattern).struct for pattern in (_LATIN_LAST, _NATIVE_LAST)]
    rows = pl.DataFrame({"text": values}).with_columns(
        *(pl.coalesce(group.field(name) for group in groups).alias(f"{name}_text") for name in ("native", "latin")),
        groups[0].field("native").is_not_null().alias("is_last"),
        text.str.contains(r"[(（\[【]").alias("is_bracketed"),
    )
    latin = pl.col("latin_text").str.strip_chars(" ,-'’")
    is_note = (latin.str.contains(_MARK) & pl.col("is_bracketed")).fill_null(value=False)
    rows = rows.with_columns(pl.when(~is_note).then(latin).replace("", None).alias("latin_text"))
    western = western_names.read(rows["latin_text"])
    native = chinese_names.read(rows["native_text"].str.strip_chars(" 　·•・"))
    words = rows.select(pl.col("latin_text").str.to_lowercase().str.split(" "))["latin_text"]
    means_more = words.list.eval(latin_names.is_vocabulary(pl.element().str.strip_chars(",."))).list.all()
    is_title = words.list.eval(latin_names.is_title(pl.element().str.strip_chars(",."))).list.all()
    own = western.select("value", "family_name", "given_name", is_word=means_more, is_title=is_title)
    own = own.with_columns(pl.col("is_word", "is_title").fill_null(value=False))
    return _merged(rows, native, own)


def _merged(rows: pl.DataFrame, native: pl.DataFrame, western: pl.DataFrame) -> pl.DataFrame:
    """The rows of `native` with a title, suffix, nickname or the Latin form from the words in Latin letters."""
    beside = rows.hstack(western.rename(lambda name: name if name.startswith("is_") else f"western_{name}"))
    is_full = pl.col("western_family_name").is_not_null() & pl.col("western_given_name").is_not_null()
    is_word, word = pl.col("is_word"), pl.col("latin_text")
    is_title = is_word & (pl.col("is_title") | ~pl.col("is_last"))
    merged = native.hstack(beside).with_columns(
        pl.concat_str(pl.when(is_title).then(word), "title", separator=" ", ignore_nulls=True)
        .replace("", None)
        .alias("title"),
        pl.when(is_word & ~is_title).then(word).alias("suffix"),
        pl.when(~is_word & ~is_full).then(word).alias("nickname"),
        pl.coalesce(pl.when(~is_word & is_full).then("western_value"), "latin").alias("latin"),
        pl.coalesce("value", pl.when(pl.col("native_text").is_null()).then("text")).alias("value"),
        pl.col("value").alias("native"),
    )
    return merged.select("text", *(name for name in COLUMNS if name in merged.columns and name != "reason"))


_READERS = {"chinese": _chinese, "mixed": _mixed, "western": _western}
