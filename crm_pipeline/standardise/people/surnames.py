"""Surnames of Chinese and other East Asian names: which there are, how they read, how common they are.

Belongs here: the tables and looking a surname up. Does not belong here: taking names apart (`chinese_names`,
`romanised_names`), reading other characters (`pinyin`). The list is in `data/surnames_chinese.csv`, for people to edit.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import polars as pl

_DATA = files("crm_pipeline.standardise") / "data"


def words(file: str) -> tuple[str, ...]:
    """The lines of a word list of this package's data."""
    return tuple((_DATA / file).read_text("utf-8").split())


_SINGLE, _COMPOUND, _LONG = "single", "compound", "compound_long"

# Two characters: the surnames that most Japanese bear and that begin no usual Chinese name. A given name of Japan has
# two characters mostly, so these count in names of four; simplified characters.
JAPANESE = words("surnames_japanese.txt")

# Surnames as Hong Kong, Macao, Taiwan, Singapore and Korea write them, beside those of pinyin. `Lee`, `Law`, `Hung`
# and their like are given names or words elsewhere: by themselves they tell no order, with two syllables behind them
# they do.
ROMANISED = words("surnames_romanised.txt")


@cache
def chinese() -> pl.DataFrame:
    """The Chinese surnames in simplified characters, one row each.

    Columns: `surname`; `pinyin` (lower case, ASCII, ü as yu; null where the character reads as it does elsewhere);
    `share_permille` of the population of mainland China (rounded, of the hundred most common ones); `kind`: single,
    compound (always one surname), compound_long (one surname only before a given name of two characters, because
    its first character is a surname, too: 钟离 in 钟离春秋, 钟 in 钟离春).
    """
    with (_DATA / "surnames_chinese.csv").open("rb") as file:
        return pl.read_csv(file, schema_overrides={"share_permille": pl.Float64(), "pinyin": pl.String()})


def length(simplified: pl.Expr) -> pl.Expr:
    """How many characters of the name are its surname: 0 where it begins with none that is known.

    The longest surname wins. Two single surnames before two more characters are a married woman's (陈方安生).

    Args:
        simplified: names in simplified characters, without blanks and signs.
    """
    characters = simplified.str.len_chars()
    starts = {size: simplified.str.slice(0, size) for size in (1, 2, 3, 4)}
    has_compound = {size: starts[size].is_in(_of_kind(_COMPOUND, size)) for size in (2, 3, 4)}
    is_single, has_second = (text.is_in(_of_kind(_SINGLE)) for text in (starts[1], simplified.str.slice(1, 1)))
    is_japanese = {size: starts[size].is_in(_japanese(size)) for size in (2, 3)}
    is_four = characters == 4
    return (
        pl.when(has_compound[4])
        .then(4)
        .when(has_compound[3])
        .then(3)
        .when(has_compound[2] | (is_four & starts[2].is_in(_of_kind(_LONG))))
        .then(2)
        .when((characters == 5) & is_japanese[3])
        .then(3)
        .when(is_four & (is_japanese[2] | (is_single & has_second)))
        .then(2)
        .when(is_single & (characters <= 3))
        .then(1)
        .otherwise(0)
        .cast(pl.UInt8)
    )


def is_japanese(simplified: pl.Expr) -> pl.Expr:
    """Whether the surname is one of Japan, whose reading the characters do not tell."""
    return simplified.is_in(_japanese())


def is_surname(simplified: pl.Expr) -> pl.Expr:
    """Whether the text is a Chinese surname and nothing else."""
    return simplified.is_in(_of_kind())


@cache
def _of_kind(kind: str | None = None, size: int | None = None) -> pl.Series:
    """The surnames of a kind and of so many characters, or all, as one list: what `is_in` looks in."""
    names = chinese() if kind is None else chinese().filter(pl.col("kind") == kind)
    return _sized(names["surname"], size)


@cache
def _japanese(size: int | None = None) -> pl.Series:
    """The surnames of Japan, those of `size` characters or all, as one list."""
    return _sized(pl.Series(JAPANESE), size)


def _sized(names: pl.Series, size: int | None) -> pl.Series:
    return (names if size is None else names.filter(names.str.len_chars() == size)).implode()
