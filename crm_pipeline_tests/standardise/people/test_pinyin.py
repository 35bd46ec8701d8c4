"""Readings of Chinese characters."""

from __future__ import annotations

import random

import polars as pl
import pytest
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from crm_pipeline.standardise.people import pinyin, surnames
from crm_pipeline.standardise.text import chinese_characters


def _by_library(text: str) -> str:
    return "".join(lazy_pinyin(text, style=Style.NORMAL, errors="ignore")).replace("ü", "yu").replace("v", "yu")


def test_given_names_read_as_the_library_reads_them() -> None:
    """Characters, words and chance pairs of characters have the readings that pypinyin gives."""
    chance = random.Random(7)
    common = [chr(code) for code in PINYIN_DICT if 0x4E00 <= code <= 0x9FA5]
    words = [word for word in PHRASES_DICT if len(word) == 2]
    names = chance.sample(common, 500) + chance.sample(words, 500)
    names += ["".join(chance.choices(common, k=count)) for count in (2, 3) for _ in range(300)]
    read = pinyin.of_given(pl.Series(names)).to_list()
    assert read == [_by_library(name) for name in names]


def test_what_has_no_reading_is_null() -> None:
    """Null, letters and unknown signs have no reading."""
    assert pinyin.of_given(pl.Series([None, "a", "😀", "明"], dtype=pl.String())).to_list() == [
        None,
        None,
        None,
        "ming",
    ]


@pytest.mark.parametrize(
    ("surname", "reading"),
    [
        ("单", "shan"),
        ("曾", "zeng"),
        ("翟", "zhai"),
        ("吕", "lyu"),
        ("令狐", "linghu"),
        ("陈方", "chen-fang"),
        ("阚", "kan"),
    ],
)
def test_surnames_have_their_own_readings(surname: str, reading: str) -> None:
    """A surname reads as surnames do, not as the character does elsewhere."""
    assert pinyin.of_surname(pl.Series([surname])).to_list() == [reading]


def test_every_listed_surname_reads_as_pinyin() -> None:
    """All surnames of the table have a reading, and all readings are syllables of pinyin."""
    names = surnames.chinese()["surname"]
    read = pl.DataFrame({"name": names, "reading": pinyin.of_surname(names).str.replace_all("lyu", "lü")})
    wrong = read.filter(~pl.col("reading").str.contains(rf"^{pinyin.SYLLABLE}+$").fill_null(value=False))
    assert wrong.is_empty(), wrong


def test_the_table_of_surnames_is_sound() -> None:
    """Surnames are unique and simplified, of the length that their kind says; a hundred compound ones and more."""
    table = surnames.chinese()
    assert table["surname"].is_unique().all()
    assert chinese_characters.simplify(table["surname"]).to_list() == table["surname"].to_list()
    single = table.filter(pl.col("kind") == "single")
    compound = table.filter(pl.col("kind") != "single")
    assert set(table["kind"]) == {"single", "compound", "compound_long"}
    assert (single["surname"].str.len_chars() == 1).all()
    assert (compound["surname"].str.len_chars() > 1).all()
    assert compound["pinyin"].null_count() == 0
    assert compound.height > 100


@pytest.mark.parametrize("word", ["zhang", "xiaoming", "xi'an", "lü", "lv", "ouyang", "tai"])
def test_pinyin_is_told(word: str) -> None:
    """Words of the syllables of pinyin are pinyin."""
    assert pl.select(pinyin.is_written(pl.lit(word))).item()


@pytest.mark.parametrize("word", ["smith", "john", "chow", "kwok", "lee", "hsu", "", "ng", "thomas"])
def test_other_words_are_no_pinyin(word: str) -> None:
    """English names and other romanisations are not pinyin."""
    assert not pl.select(pinyin.is_written(pl.lit(word))).item()
