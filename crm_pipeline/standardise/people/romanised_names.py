"""The order of East Asian names in Latin letters: Zhang San, San Zhang, CHAN Tai Man, Zhangsan.

Belongs here: telling the surname of a name that is written in pinyin or as Hong Kong, Macao, Taiwan, Singapore and
Korea write theirs. Does not belong here: titles and suffixes, other names in Latin letters (`latin_names`).

Where both ends could be the surname, that order is taken in which the surname is borne by more people and the other is
the more usual given name (Wei Wang, Wang Wei: Wang); where both orders are as likely, the written one: surname first.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from crm_pipeline.standardise.people import pinyin, surnames

# Syllables that many bear as given names of one syllable: 伟 芳 娜 敏 静 丽 …
_GIVEN = surnames.words("given_syllables.txt")
_USUAL = 10.0  # times as likely as another syllable to be the given name
_CLEARLY = 1.5  # the given name stands first only where that is so many times as likely
# Given names and words of other languages that are written like a rare surname in pinyin.
_ELSEWHERE = ("dan", "ben", "sue", "mo", "man", "le", "ali", "an", "no", "la")
_ROMANISED_SHARE = 5.0  # per mille, for surnames in other spellings, whose shares are not at hand
_SYLLABLE = r"^(?:ch|kw|ng|sh|ts|sz|hs|tz|[bcdfghjklmnpqrstwxyz])?[aeiouyü]{1,3}(?:ng|[nmkptlhrw])?$"
_HYPHENED = rf"^{_SYLLABLE[1:-1]}-{_SYLLABLE[1:-1]}$"
_TYPICAL = r"^(?:zh|x|q)[a-z]+$|^[a-z]{2,}ng$|^(?:liu|guo|luo|cai|cao|cui|zhu|zhou|zhao|ouyang|sima|zhuge)$"
_WORDS = 4
_NAME = r"^[A-Za-zÜü'’]+(?:-[A-Za-zÜü]+)?(?: [A-Za-zÜü'’]+(?:-[A-Za-zÜü]+)?){0,3}$"


def read(texts: pl.Series) -> pl.DataFrame:
    """The surname of each name that is East Asian, row for row: `family_name`, `given_name`, `nickname`, `is_first`.

    All null where the name is not one, or its order is not told by its words. `nickname` is the Western name beside a
    Chinese one (David CHAN Tai Man); `is_first`: the surname stands before the given name.

    Args:
        texts: names of Latin letters without title, suffix and comma.
    """
    text = pl.col("text")
    rows = pl.DataFrame({"text": texts}).with_row_index("row")
    some = rows.filter(text.str.contains(_NAME)).with_columns(text.str.split(" ").alias("words"))
    words = [pl.col("words").list.get(at, null_on_oob=True).alias(f"word_{at}") for at in range(_WORDS)]
    some = some.with_columns(pl.col("words").list.len().alias("count"), *words).drop("words")
    some = some.with_columns(_share(some[f"word_{at}"].str.to_lowercase()).alias(f"share_{at}") for at in range(_WORDS))
    has_surname = pl.any_horizontal(pl.col(f"share_{at}").is_not_null() for at in range(_WORDS))
    some = some.filter(has_surname | (pl.col("count") == 1)).with_columns(_facts(f"word_{at}") for at in range(_WORDS))
    found = some.with_columns(_case().alias("case")).select("row", _family(), _given(), _nickname(), _is_first())
    return rows.select("row").join(found, on="row", how="left", maintain_order="left").drop("row")


def _facts(word: str) -> pl.Expr:
    """What one word may be, as a struct: whether it is pinyin, a syllable, hyphened syllables, in capitals, usual."""
    lower = pl.col(word).str.to_lowercase()
    is_upper = pl.col(word).str.contains(r"^\p{Lu}{2,}$")
    return pl.struct(
        pinyin.is_written(lower).alias("is_pinyin"),
        lower.str.contains(_SYLLABLE).alias("is_syllable"),
        lower.str.contains(_HYPHENED).alias("is_hyphened"),
        is_upper.alias("is_upper"),
        pl.when(lower.is_in(list(_GIVEN))).then(_USUAL).otherwise(1.0).alias("usual"),
    ).alias(word.replace("word", "facts"))


def _share(lower: pl.Series) -> pl.Series:
    """The share of those who bear the surname, per mille; null where the word is none."""
    shares = _shares()
    return lower.replace_strict(shares["spelling"], shares["share"], default=None, return_dtype=pl.Float64())


@cache
def _shares() -> pl.DataFrame:
    """`spelling` of each surname that is no usual given name elsewhere, and its `share`."""
    table = dict(pinyin.surname_shares().iter_rows())
    shares = {name.replace("-", ""): share for name, share in table.items()}
    shares |= {name: max(_ROMANISED_SHARE, shares.get(name, 0.0)) for name in surnames.ROMANISED}
    shares |= {
        name.replace("lyu", form): share for name, share in table.items() if name == "lyu" for form in ("lü", "lv")
    }
    rows = [(name, share) for name, share in shares.items() if name not in _ELSEWHERE]
    return pl.DataFrame(rows, schema={"spelling": pl.String(), "share": pl.Float64()}, orient="row")


def _fact(at: int, name: str) -> pl.Expr:
    return pl.col(f"facts_{at}").struct.field(name)


def _case() -> pl.Expr:
    """Which words are what: a code of the surname's place, such as `0|1` (first word, the second given)."""
    count = pl.col("count")
    share = [pl.col(f"share_{at}") for at in range(_WORDS)]
    has = [each.is_not_null() for each in share]
    upper = [_fact(at, "is_upper").fill_null(value=False) for at in range(_WORDS)]
    is_pair = _fact(0, "is_pinyin") & _fact(1, "is_pinyin")
    first, last = share[0].fill_null(0) * _fact(1, "usual"), share[1].fill_null(0) * _fact(0, "usual")
    syllable = [_fact(at, "is_syllable") for at in range(_WORDS)]
    three = share[0].fill_null(0) * _fact(2, "usual"), share[2].fill_null(0) * _fact(0, "usual")
    alone = pl.col("word_0").str.to_lowercase()
    return (
        pl.when((count == 1) & (_typical_length(alone) > 0))
        .then(pl.lit("split"))
        .when(count == 1)
        .then(None)
        .when((count == 2) & upper[0] & ~upper[1] & has[0])
        .then(pl.lit("0|1"))
        .when((count == 2) & upper[1] & ~upper[0] & has[1])
        .then(pl.lit("1|0"))
        .when((count == 2) & has[0] & _fact(1, "is_hyphened"))
        .then(pl.lit("0|1"))
        .when((count == 2) & has[1] & _fact(0, "is_hyphened"))
        .then(pl.lit("1|0"))
        .when((count == 2) & is_pair & (has[0] | has[1]))
        .then(pl.when(first * _CLEARLY >= last).then(pl.lit("0|1")).otherwise(pl.lit("1|0")))
        .when((count == 3) & upper[1] & ~upper[0] & ~upper[2] & has[1] & (_fact(2, "is_hyphened") | syllable[2]))
        .then(pl.lit("1|2"))
        .when((count == 3) & ~has[0] & has[1] & ~syllable[0] & _fact(2, "is_hyphened"))
        .then(pl.lit("1|2"))
        .when((count == 3) & upper[2] & ~upper[1] & ~upper[0] & has[2] & syllable[0] & syllable[1])
        .then(pl.lit("2|01"))
        .when((count == 3) & upper[0] & ~upper[1] & ~upper[2] & has[0])
        .then(pl.lit("0|12"))
        .when((count == 3) & syllable[0] & syllable[1] & syllable[2] & (has[0] | has[2]))
        .then(pl.when(three[0] * _CLEARLY >= three[1]).then(pl.lit("0|12")).otherwise(pl.lit("2|01")))
        .when((count == 4) & upper[1] & ~upper[0] & has[1] & ~syllable[0] & syllable[2] & syllable[3])
        .then(pl.lit("1|23"))
        .when((count == 4) & upper[0] & has[0] & ~upper[1] & syllable[1] & syllable[2] & ~syllable[3])
        .then(pl.lit("0|12+"))
    )


def _typical_length(lower: pl.Expr) -> pl.Expr:
    """How many letters of a word are a surname, behind which one or two syllables follow; 0 where that is not plain.

    Only for surnames that no name elsewhere begins with, and syllables with an initial: Linda and Lina are not split.
    """
    return lower.str.extract(_split_name(), 1).str.len_chars().fill_null(0)


@cache
def _split_name() -> str:
    """A surname that is plain, in group 1, with one or two syllables behind it."""
    names = pinyin.surname_shares()["spelling"].replace("", None).drop_nulls()
    heads = "|".join(sorted(names.filter(names.str.contains(_TYPICAL)), key=len, reverse=True))
    return rf"^({heads}){pinyin.INITIAL_SYLLABLE}{{1,2}}$"


def _pick(codes: dict[str, pl.Expr]) -> pl.Expr:
    chosen = pl.lit(None, dtype=pl.String())
    for code, value in codes.items():
        chosen = pl.when(pl.col("case") == code).then(value).otherwise(chosen)
    return chosen


def _join(*places: int) -> pl.Expr:
    return pl.concat_str([f"word_{at}" for at in places], separator=" ")


def _family() -> pl.Expr:
    length = _typical_length(pl.col("word_0").str.to_lowercase())
    places = {"0|1": 0, "1|0": 1, "1|2": 1, "2|01": 2, "0|12": 0, "1|23": 1, "0|12+": 0}
    codes = {code: pl.col(f"word_{at}") for code, at in places.items()}
    return _pick({**codes, "split": pl.col("word_0").str.slice(0, length)}).alias("family_name")


def _given() -> pl.Expr:
    length = _typical_length(pl.col("word_0").str.to_lowercase())
    places = {"0|1": (1,), "1|0": (0,), "1|2": (2,), "2|01": (0, 1), "0|12": (1, 2), "1|23": (2, 3), "0|12+": (1, 2)}
    codes = {code: _join(*at) for code, at in places.items()}
    tail = pl.col("word_0").str.slice(length)
    is_upper = pl.col("word_0").str.contains(r"^\p{Lu}+$")
    split = pl.when(is_upper).then(tail).otherwise(tail.str.to_titlecase())
    return _pick({**codes, "split": split}).alias("given_name")


def _nickname() -> pl.Expr:
    return _pick({"1|2": _join(0), "1|23": _join(0), "0|12+": _join(3)}).alias("nickname")


def _is_first() -> pl.Expr:
    return pl.col("case").is_in(["0|1", "0|12", "0|12+", "1|2", "1|23", "split"]).alias("is_first")
