"""How Chinese characters read, in pinyin without tones as passports have it: GB/T 28039-2011, ü as yu.

Belongs here: readings of surnames and given names as columns; telling whether Latin words are pinyin. Does not belong
here: where a surname ends (`surnames`, `chinese_names`). The readings are pypinyin's: its table of characters and, for
two characters that make a word, its table of words, joined as columns; longer given names are read by the library, each
once. Surnames read otherwise (单 Shan, 曾 Zeng), so theirs are looked up first.
"""

from __future__ import annotations

from functools import cache

import polars as pl
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from crm_pipeline.standardise.people import surnames

_RARE = 0.2  # share in per mille that a surname outside the hundred most common ones is taken to have
_WORD = 2  # characters of the words whose readings are a table here

# All syllables of Hanyu Pinyin without tones, initials by their finals.
_VOWELS = ("a", "ai", "an", "ang", "ao", "e", "ei", "en", "er", "o", "ou")
_WITH_INITIAL = (
    "yo",
    "[bpm](?:a|ai|an|ang|ao|ei|en|eng|i|ian|iao|ie|in|ing|o|u)|miu|m(?:e|ou)|pou",
    "f(?:a|an|ang|ei|en|eng|o|ou|u)",
    "[dt](?:a|ai|an|ang|ao|e|eng|i|ian|iao|ie|ing|ong|ou|u|uan|ui|un|uo)|d(?:ei|en|ia|iu)",
    "[nl](?:a|ai|an|ang|ao|e|ei|eng|i|ian|iang|iao|ie|in|ing|iu|ong|ou|u|uan|un|uo|v|ve|yu|yue|ü|üe|ue)|nen|lia",
    "[gkh](?:a|ai|an|ang|ao|e|ei|en|eng|ong|ou|u|ua|uai|uan|uang|ui|un|uo)",
    "[jqx](?:i|ia|ian|iang|iao|ie|in|ing|iong|iu|u|uan|ue|un)",
    "(?:zh|ch|sh)(?:a|ai|an|ang|ao|e|en|eng|i|ou|u|ua|uai|uan|uang|ui|un|uo)|(?:zh|ch)ong|(?:zh|sh)ei",
    "r(?:an|ang|ao|e|en|eng|i|ong|ou|u|ua|uan|ui|un|uo)",
    "[zcs](?:a|ai|an|ang|ao|e|en|eng|i|ong|ou|u|uan|ui|un|uo)|zei",
    "y(?:a|an|ang|ao|e|i|in|ing|ong|ou|u|uan|ue|un)",
    "w(?:a|ai|an|ang|ei|en|eng|o|u)",
)
INITIAL_SYLLABLE = "(?:" + "|".join(_WITH_INITIAL) + ")"  # of text in lower case
SYLLABLE = "(?:" + "|".join((*_VOWELS, *_WITH_INITIAL)) + ")"


def of_given(simplified: pl.Series) -> pl.Series:
    """The reading of each given name in lower case, joined: 小明 gives xiaoming; null where a character has none."""
    name = pl.col("name")
    rows = pl.DataFrame({"name": simplified})
    distinct = rows.drop_nulls().unique()
    is_short = name.str.len_chars() <= _WORD
    short = _of_short(distinct.filter(is_short))
    longer = distinct.filter(~is_short)["name"].to_list()
    by_library = {"name": longer, "reading": ["".join(_by_library(text)) for text in longer]}
    read = pl.concat([short, pl.DataFrame(by_library, schema=short.schema)])
    return rows.join(read, on="name", how="left", maintain_order="left")["reading"].replace("", None)


def of_surname(simplified: pl.Series) -> pl.Series:
    """The reading of each surname in lower case; two surnames of one person get a hyphen (陈方 gives chen-fang)."""
    rows = pl.DataFrame({"name": simplified})
    return rows.join(_of_surnames(rows), on="name", how="left", maintain_order="left")["reading"]


def _of_surnames(rows: pl.DataFrame) -> pl.DataFrame:
    """`name` and `reading`, once for each surname."""
    name = pl.col("name")
    parts = [_of_one(name.str.slice(at, 1)) for at in (0, 1)]
    both = pl.when(name.str.len_chars() == _WORD).then(pl.concat_str(parts, separator="-"))
    return rows.drop_nulls().unique().with_columns(pl.coalesce(_of_one(name), both).alias("reading"))


def _of_one(surname: pl.Expr) -> pl.Expr:
    listed = _listed()
    return surname.replace_strict(listed["surname"], listed["reading"], default=None, return_dtype=pl.String())


@cache
def _listed() -> pl.DataFrame:
    """`surname` and `reading` of the listed surnames."""
    known = surnames.chinese().join(_readings(), left_on="surname", right_on="name", how="left", maintain_order="left")
    return (
        known.select("surname", pl.coalesce("pinyin", "reading").alias("reading"))
        .drop_nulls()
        .unique("surname", keep="last")
    )


@cache
def surname_shares() -> pl.DataFrame:
    """How common the spellings of Chinese surnames are.

    Columns: `spelling` in lower case; `share`, per mille of the population, of all surnames that read so.
    """
    names = surnames.chinese()
    readings = names.select(of_surname(names["surname"]).alias("spelling"), "share_permille")
    shares = readings.group_by("spelling").agg(pl.col("share_permille").fill_null(_RARE).sum().alias("share"))
    return shares.drop_nulls("spelling").sort("spelling")


def is_written(lower: pl.Expr) -> pl.Expr:
    """Whether a word in lower case is pinyin: syllables joined or hyphened, an apostrophe before a vowel (xi'an)."""
    return lower.str.contains(rf"^{SYLLABLE}(?:{INITIAL_SYLLABLE}|['’-]{SYLLABLE})*$")


def _of_short(names: pl.DataFrame) -> pl.DataFrame:
    """`name` and `reading` of names of one or two characters, by the tables."""
    rows = names.with_columns(pl.col("name").str.slice(at, 1).alias(f"sign_{at}") for at in range(_WORD))
    rows = rows.join(_words(), on="name", how="left", maintain_order="left")
    for at in range(_WORD):
        readings = _readings().rename({"name": f"sign_{at}", "reading": f"reading_{at}"})
        rows = rows.join(readings, on=f"sign_{at}", how="left", maintain_order="left")
    second = pl.when(pl.col("sign_1") == "").then(pl.lit("")).otherwise("reading_1")
    return rows.select("name", pl.coalesce("reading", pl.concat_str("reading_0", second)).alias("reading"))


@cache
def _readings() -> pl.DataFrame:
    """`name`, each character; `reading`, its first one."""
    firsts = [readings.split(",", 1)[0] for readings in PINYIN_DICT.values()]
    return pl.DataFrame({"name": [chr(code) for code in PINYIN_DICT], "reading": _without_tones(firsts)})


@cache
def _words() -> pl.DataFrame:
    """`name`, each word of two characters; `reading`."""
    words = {word: readings for word, readings in PHRASES_DICT.items() if len(word) == _WORD}
    joined = ["".join(readings[0] for readings in syllables) for syllables in words.values()]
    return pl.DataFrame({"name": list(words), "reading": _without_tones(joined)})


def _without_tones(readings: list[str]) -> pl.Series:
    """The readings without tone marks, ü as yu."""
    plain = pl.Series(readings).str.normalize("NFD").str.replace_all("u\u0308", "yu", literal=True)
    return plain.str.replace_all(r"\p{M}", "")


def _by_library(text: str) -> list[str]:
    """The syllables of a text by pypinyin, none for what has no reading; ü as yu."""
    return [_passport(syllable) for syllable in lazy_pinyin(text, style=Style.NORMAL, errors="ignore")]


def _passport(syllable: str) -> str:
    """The syllable as passports write it: lü is lyu."""
    return syllable.replace("ü", "yu").replace("v", "yu")
