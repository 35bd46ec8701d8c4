"""The place at either end of a Chinese organisation's name: 广州市天河区, 上海, 江苏常州, 襄樊.

Belongs here: cutting places off names, which mostly write them short. Does not belong here: the table of divisions
(`divisions`), addresses (`chinese_addresses`).

Under the 企业名称登记管理规定 a name begins with the division of its registration, whose 省, 市 or 县 may be left out.
Short names of counties are words like others (兴隆, 平安): one is a place where the name says what it lies in, or where
it opens the name and is not listed in `data/organisation_place_words.txt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources

import polars as pl

from crm_pipeline.standardise.places import divisions

# Countries that names begin with; they are no divisions and have no code.
_COUNTRIES = ("中国", "中华人民共和国", "美国", "英国", "德国", "法国", "日本", "韩国", "意大利", "新加坡", "加拿大")
_ZONE = (
    "(?:(?:国家|省级)?(?:经济技术|经济|高新技术产业|高新技术|高新|高技术|工业|综合|出口加工|循环经济|自由贸易|自贸|旅游|台商投资|现代|空港|临港|滨海|保税)?"
    "(?:开发区|保税区|保税港区|保税物流园区|试验区|示范区|加工区|投资区|合作区|工业园区|工业园|高新区|经开区|新区|自贸区|度假区|风景区)"
    r"(?:\p{Han}{2,4}(?:产业园区?|工业园区?|科技园区?))?)"
)
_TOWN = r"(?:\p{Han}{2,4}?(?:街道|镇|乡)(?:\p{Han}{2}村)?|\p{Han}{2}街)"
_LEVELS = 3
_SHORT = 4  # characters of most ways of writing


@cache
def _words_too() -> pl.Series:
    """Places whose short name companies take for its meaning."""
    text = (
        resources.files("crm_pipeline.standardise").joinpath("data", "organisation_place_words.txt").read_text("utf-8")
    )
    return pl.Series([word for line in text.splitlines() if line[:1] != "#" for word in line.split()]).implode()


def _any_of(words: Iterable[str]) -> str:
    """An alternation that takes the longest."""
    return "(?:" + "|".join(sorted(set(words), key=lambda word: (-len(word), word))) + ")"


@cache
def _names() -> pl.DataFrame:
    """Ways of writing a division that count: short ones of two characters and more."""
    return divisions.names().filter(pl.col("written").str.len_chars() >= 2)


@cache
def _written() -> tuple[tuple[int, pl.Series], ...]:
    """The ways of writing a place by their length, the longest first."""
    words = pl.concat([_names()["written"], pl.Series(_COUNTRIES)]).unique()
    lengths = words.str.len_chars()
    return tuple((length, words.filter(lengths == length)) for length in sorted(lengths.unique(), reverse=True))


@cache
def _beginnings() -> pl.Series:
    """The first characters of the longer ways of writing."""
    return pl.concat([words.str.head(_SHORT) for length, words in _written() if length > _SHORT]).unique().implode()


@cache
def _closing() -> str:
    """A province or city at the end of a text; counties there are mostly something else."""
    upper = _names().filter((pl.col("level") < divisions.DISTRICT) & ~pl.col("written").is_in(_words_too()))
    return f"{_any_of([*upper['written'].to_list(), '中国'])}$"


@cache
def anywhere() -> str:
    """A place of any level, as a pattern that takes the longest."""
    return _any_of(_names()["written"].to_list())


@cache
def _codes() -> dict[str, str]:
    """`level|code of what it lies in|written` to the current code, where only one division answers."""
    names = _names().with_columns(pl.coalesce("current", "code").alias("current"))
    current, level = pl.col("current"), pl.col("level").cast(pl.String)
    keyed = pl.concat(
        [
            names.select(
                pl.concat_str(level, pl.lit("|"), current.str.head(digits), pl.lit("|"), "written").alias("key"),
                "current",
            )
            for digits in (0, 2, 4)
        ]
    )
    # A former place's successor may lie elsewhere: it answers under its own former province too, by its own code.
    single = keyed.group_by("key").agg(current.unique()).filter(current.list.len() == 1)
    return dict(zip(single["key"].to_list(), single["current"].list.first().to_list(), strict=True))


@cache
def _short() -> dict[str, str]:
    """Each code in force to its short name."""
    table = divisions.table().filter(pl.col("is_in_force") & (pl.col("level") > 0))
    return dict(zip(table["code"].to_list(), table["short"].to_list(), strict=True))


@cache
def _writings() -> pl.DataFrame:
    """One row a way of writing: whether it is one of each level, and whether it is never written in full."""
    grouped = _names().group_by("written").agg(pl.col("level").unique(), pl.col("is_short").all())
    levels = (pl.col("level").list.contains(level).alias(f"is_{level}") for level in range(1, _LEVELS + 1))
    return grouped.select(pl.col("written").alias("head"), *levels, "is_short")


def cut_start(texts: pl.Series) -> pl.DataFrame:
    """The places that a text begins with, and what follows them.

    Columns: `region`, the short current names joined (广州天河; 襄阳 for 襄樊), null without any; `region_code`, six
    digits of GB/T 2260, of the lowest one that only one division can be; `rest`, the text after them.
    A county written short is no place if less than two characters are left: 栖霞山.
    """
    frame = texts.alias("rest").to_frame().with_row_index("row")
    frame = frame.with_columns(
        pl.lit("").alias("region"), pl.lit(None, pl.String).alias("region_code"), pl.lit(0, pl.Int32).alias("level")
    )
    done: list[pl.DataFrame] = []
    for _ in range(_LEVELS + 1):
        if frame.is_empty():
            break
        stepped = _step(frame)
        done.append(stepped.filter(~pl.col("is_cut")).drop("is_cut"))
        frame = stepped.filter("is_cut").drop("is_cut")
    cut = pl.concat([*done, frame]).sort("row")
    return cut.select(pl.col("region").replace("", None), "region_code", "rest")


def _step(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with one more place cut off, `is_cut` telling where."""
    length = pl.col("length")
    frame = frame.with_columns(_length(frame["rest"]).alias("length"))
    found = frame.filter(length > 0).with_columns(pl.col("rest").str.slice(length).alias("after"))
    others = frame.filter(length == 0).drop("length").with_columns(pl.lit(value=False).alias("is_cut"))
    return pl.concat([_zoned(_judged(found)), others], how="vertical_relaxed")


def _length(texts: pl.Series) -> pl.Series:
    """How long the longest place is that a text begins with; 0 without one."""
    frame = texts.alias("text").to_frame().with_columns(_longest(1, _SHORT).alias("length"))
    rows = texts.str.head(_SHORT).is_in(_beginnings()).arg_true()
    longer = frame[rows].select(pl.max_horizontal(_longest(_SHORT + 1, 99), "length")).to_series()
    return frame["length"].scatter(rows, longer)


@cache
def _longest(least: int, most: int) -> pl.Expr:
    """The length of the longest place of so many characters at the start of `text`; 0 without one."""
    text = pl.col("text")
    found = (
        pl.when(text.str.head(length).is_in(words.implode())).then(length)
        for length, words in _written()
        if least <= length <= most
    )
    return pl.coalesce(*found, 0)


def _judged(found: pl.DataFrame) -> pl.DataFrame:
    """The rows with the place cut off where it is one, by its level and by what it lies in."""
    found = found.with_columns(pl.col("rest").str.head(pl.col("length")).alias("head"))
    known = ["level", "region", "region_code", "head"]
    meant = _meaning(found.select(known).unique())  # names have few beginnings
    found = found.join(meant, on=known, how="left", maintain_order="left", nulls_equal=True)
    is_place = pl.col("is_likely") & (pl.col("after").str.len_chars() >= pl.col("least"))
    return found.select(
        "row",
        pl.when(is_place).then("after").otherwise("rest").alias("rest"),
        pl.when(is_place).then(pl.col("region") + pl.col("standard")).otherwise("region").alias("region"),
        pl.when(is_place).then(pl.coalesce("code", "region_code")).otherwise("region_code").alias("region_code"),
        pl.when(is_place).then("next").otherwise("level").alias("level"),
        is_place.alias("is_cut"),
        "is_full",
    )


def _meaning(heads: pl.DataFrame) -> pl.DataFrame:
    """What each `head` is after the places before it.

    Columns beside those given: `next`, its level; `code`; `standard`, its short current name; `is_full`; `is_likely`,
    whether it is meant as a place: all full names are, short ones by what they follow; `least`, how many characters
    must follow.
    """
    heads = heads.join(_writings(), on="head", how="left", maintain_order="left")
    level = pl.coalesce(*(pl.when(pl.col(f"is_{at}") & (pl.col("level") < at)).then(at) for at in (1, 2, 3)))
    heads = heads.with_columns(level.alias("next"), pl.col("head").is_in(_COUNTRIES).alias("is_country"))
    parent = pl.col("region_code").fill_null("")
    exact, wide, anywhere = (
        _found(pl.concat_str(pl.col("next").cast(pl.String), pl.lit("|"), parent.str.head(digits), pl.lit("|"), "head"))
        for digits in (4, 2, 0)
    )
    is_city = pl.col("next") == divisions.CITY
    below = pl.when(pl.col("level") == divisions.PROVINCE).then(pl.coalesce(wide, pl.when(is_city).then(anywhere)))
    code = (
        pl.when(parent == "")
        .then(anywhere)
        .otherwise(below.otherwise(pl.coalesce(exact, pl.when(parent.str.slice(2) == "0000").then(wide))))
    )
    heads = heads.with_columns(code.alias("code"))
    is_inside = pl.col("code").str.head(2) == parent.str.head(2)
    is_word, is_first = pl.col("head").is_in(_words_too()), pl.col("level") == 0
    is_county = pl.col("next") == divisions.DISTRICT
    is_known = pl.col("code").is_not_null()
    short = pl.when(is_first).then(~is_word).when(is_county).then(is_known).otherwise(is_known & (is_inside | ~is_word))
    is_named = pl.col("next").is_not_null() & (~pl.col("is_short") | short)
    standard = _found(pl.col("code"), _short)
    return heads.select(
        *("level", "region", "region_code", "head", "code"),
        pl.coalesce("next", "level").cast(pl.Int32).alias("next"),
        pl.coalesce(standard, "head").alias("standard"),
        (~pl.col("is_short")).fill_null(value=False).alias("is_full"),
        (is_named | (pl.col("is_country") & (pl.col("region") == ""))).fill_null(value=False).alias("is_likely"),
        pl.when(pl.col("is_short") & is_county).then(2).otherwise(0).alias("least"),
    )


def _found(keys: pl.Expr, table: Callable[[], dict[str, str]] = _codes) -> pl.Expr:
    """What the table has for each key, else null: looked up by Python, as the keys are few and the table is large."""
    return keys.map_batches(
        lambda batch: pl.Series([table().get(key) for key in batch], dtype=pl.String),
        return_dtype=pl.String(),
        is_elementwise=True,
    )


def _zoned(frame: pl.DataFrame) -> pl.DataFrame:
    """Development zones after any place, and towns after a county or city in full; they stay out of `region`."""
    rest = frame["rest"]
    rows = (frame["is_cut"] & rest.str.contains(f"^{_ZONE}")).arg_true()
    shorter = rest.gather(rows).str.replace(f"^{_ZONE}", "")
    is_left = shorter.str.len_chars() != 1
    rest = rest.scatter(rows.filter(is_left), shorter.filter(is_left))
    rows = (frame["is_cut"] & frame["is_full"] & (frame["level"] >= divisions.CITY)).arg_true()
    shorter = rest.gather(rows).str.replace(f"^{_TOWN}", "")
    is_left = shorter.str.len_chars() >= 2
    rest = rest.scatter(rows.filter(is_left), shorter.filter(is_left))
    return frame.with_columns(rest).drop("is_full")


def cut_end(texts: pl.Series) -> pl.Series:
    """The text without a province or city at its end; at least two characters stay."""
    start = texts.str.head(2)
    return start + texts.str.slice(2).str.replace(_closing(), "")
