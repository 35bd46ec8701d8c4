"""The words of Chinese organisations' names beside core and place: what they do, and what form they have.

Belongs here: the lists in `data/` and cutting such words off the end. Does not belong here: what a name is made of
(`chinese_organisations`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

import polars as pl

# A core (字号) has two characters at least: 企业名称登记管理规定.
CORE_CHARACTERS = 2
GROUP = "集团"
# Former ministries and bureaus by which state companies are still called: such a word is the core where no other is.
SECTORS = ("外经贸", "轻工", "水利", "热工", "民族", "农垦", "城投", "交投", "建投", "国投", "电信", "邮政", "烟草")
# Of one character, and a form only behind a trade word: 艺术行, 建材城.
_SHORT_FORMS = "行部城园屋站室场楼队所"
_FORMS_OF_TRADE = ("厂", "店")  # in 制衣厂有限公司 the works are part of the trade


def _read(name: str) -> str:
    return resources.files("crm_pipeline.standardise").joinpath("data", name).read_text("utf-8")


@cache
def forms() -> dict[str, str]:
    """Each legal or institutional form to its kind.

    `company`; `shop`, a sole trader's or works; `institution`; `public`: institutions called after their place.
    """
    rows = [line.split(",", 1) for line in _read("organisation_forms.csv").splitlines()[1:]]
    return dict(rows)


@cache
def trades() -> frozenset[str]:
    """What organisations do: the listed words, group words, and the forms that a company's name may hold inside."""
    listed = [
        word for line in _read("organisation_trades.txt").splitlines() if line[:1] != "#" for word in line.split()
    ]
    inner = [form for form, kind in forms().items() if kind != "company" and len(form) >= CORE_CHARACTERS]
    return frozenset([*listed, *inner, *_FORMS_OF_TRADE, *SECTORS, GROUP])


def any_of(words: Iterable[str]) -> str:
    """An alternation that takes the longest."""
    return "(?:" + "|".join(sorted(set(words), key=lambda word: (-len(word), word))) + ")"


@cache
def _trades_by_length() -> tuple[tuple[int, pl.Series], ...]:
    """The trade words of each length, the longest first."""
    words = pl.Series(sorted(trades()))
    lengths = words.str.len_chars()
    return tuple((length, words.filter(lengths == length)) for length in sorted(lengths.unique(), reverse=True))


@cache
def _form_pattern() -> str:
    return f"{any_of(forms())}$"


def cut_form(texts: pl.Series) -> pl.DataFrame:
    """Columns `rest` and `form` of each text: a form of any kind at the end, the longest; empty text without one."""
    cut = _cut(texts, _form_pattern(), CORE_CHARACTERS).rename({"part": "form"})
    might = (cut["form"] == "") & texts.str.contains(f"[{_SHORT_FORMS}]$")
    rest = pl.col("rest")
    shorter = cut.filter(might).select(rest.str.head(-1), rest.str.tail(1).alias("form"))
    is_form = is_after_trade(shorter["rest"]) & ~is_after_trade(cut.filter(might)["rest"])  # 银行 is a trade itself
    rows = might.arg_true().filter(is_form)
    found = shorter.filter(is_form)
    return cut.with_columns(cut["rest"].scatter(rows, found["rest"]), cut["form"].scatter(rows, found["form"]))


def is_after_trade(texts: pl.Series) -> pl.Series:
    """Whether a text ends with a trade word, behind at least the characters of a core."""
    return _last_length(texts) > 0


def is_trade(texts: pl.Series) -> pl.Series:
    """Whether the whole text is one trade word."""
    return texts.is_in(_trade_list())


@cache
def _trade_list() -> pl.Series:
    return pl.Series(sorted(trades())).implode()


def cut_trades(texts: pl.Series) -> pl.DataFrame:
    """Columns `rest` and `trade` of each text: its last trade words, the longest each time; empty text without one.

    The characters of a core stay. Words are looked up from the end, which takes a tenth of the time of one pattern.
    """
    rest, rows = texts.clone(), pl.int_range(len(texts), eager=True, dtype=pl.UInt32)
    while not rows.is_empty():
        left = rest.gather(rows)
        length = _last_length(left)
        is_cut = length > 0
        rows = rows.filter(is_cut)
        cut = pl.DataFrame({"text": left.filter(is_cut), "length": length.filter(is_cut)})
        kept = pl.col("text").str.head(pl.col("text").str.len_chars() - pl.col("length"))
        rest = rest.scatter(rows, cut.select(kept).to_series())
    frame = pl.DataFrame({"text": texts, "rest": rest})
    return frame.select("rest", pl.col("text").str.slice(pl.col("rest").str.len_chars()).alias("trade"))


def _last_length(texts: pl.Series) -> pl.Series:
    """How long the longest trade word at the end is that leaves a core's characters; 0 where there is none."""
    return texts.alias("text").to_frame().select(_last_trade()).to_series()


@cache
def _last_trade() -> pl.Expr:
    """The same of the column `text`."""
    text = pl.col("text")
    lengths = pl.coalesce(
        *(pl.when(text.str.tail(length).is_in(words.implode())).then(length) for length, words in _trades_by_length()),
        0,
    )
    is_longer = text.str.len_chars() >= lengths + CORE_CHARACTERS
    return pl.when(is_longer).then(lengths).otherwise(0).cast(pl.UInt32)


def _cut(texts: pl.Series, pattern: str, keep: int) -> pl.DataFrame:
    """`rest` and the `part` that matched at the end; the first `keep` characters are not looked at."""
    text, rest = pl.col("text"), pl.col("rest")
    frame = texts.alias("text").to_frame()
    frame = frame.with_columns((text.str.head(keep) + text.str.slice(keep).str.replace(pattern, "")).alias("rest"))
    return frame.select("rest", text.str.slice(rest.str.len_chars()).alias("part"))
