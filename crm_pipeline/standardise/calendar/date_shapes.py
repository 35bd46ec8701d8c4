"""Days as text, in whatever way they are written, brought to figures between hyphens: 2025年3月5日 is 2025-3-5.

Belongs here: ways of writing, whether or not there is such a day. Does not belong here: the day itself and its reasons
(`dates`), months in letters (`date_words`), the time of day (`clocks`).
"""

from __future__ import annotations

import unicodedata

import polars as pl

from crm_pipeline.standardise.calendar import clocks, date_words
from crm_pipeline.standardise.text import texts

INCOMPLETE = date_words.INCOMPLETE
# The year before the first of an era, by the sign that stands for it here: the Republic of China, Japan's emperors.
ERAS = {"民": 1911, "令": 2018, "平": 1988, "昭": 1925, "大": 1911, "明": 1867}
# figures: 2025-3-5, 05-03-2025 and 25-03-05 (which need an order), '25-3-5 (year first for certain), 民114-3-5.
DAY = r"^(?P<era>[民令平昭大明'])?(?P<a>[0-9]{1,4})-(?P<b>[0-9]{1,2})-(?P<c>[0-9]{4}|[0-9]{1,2})$"
ISO_WEEK, ORDINAL = r"^[0-9]{4}-w[0-9]{2}-[0-9]$", r"^[0-9]{4}-[0-9]{3}$"

_WEEKDAY = (
    r"\s*[(\[]?(?:(?:星期|週|周|礼拜|禮拜)[一二三四五六日天]|[월화수목금토일]요일|[月火水木金土日]曜日?)[)\]]?"
    r"|\s*[(\[][月火水木金土日월화수목금토일一二三四五六][)\]]"
)
_ERA_NAMES = (
    (r"^(?:中华|中華)?民[国國]\s*(?:元|([0-9]{1,3}))年", "民$1年"),
    # R7.3.5 and the like, as Japanese forms have it.
    *(
        (rf"^{letter}\.?([0-9]{{1,2}})[-/.年]([0-9]{{1,2}})[-/.月]([0-9]{{1,2}})日?$", f"{sign}$1-$2-$3")
        for letter, sign in (("r", "令"), ("h", "平"), ("s", "昭"), ("t", "大"), ("m", "明"))
    ),
    *((rf"^{name}\s*(?:元|([0-9]{{1,2}}))年", f"{name[0]}$1年") for name in ("令和", "平成", "昭和", "大正", "明治")),
    (r"^([民令平昭大明])年", "${1}1年"),
    (r"^(?:公元|西元|西暦)\s*", ""),
)
_DAY_OF_MONTH = r"([0-9]{1,2})[日号號일]?\.?$"
_FIGURES = (
    (r"^([0-9]{1,4})/([0-9]{1,2})/([0-9]{1,4})\.?$", "$1-$2-$3"),
    (r"^([0-9]{1,4})\.([0-9]{1,2})\.([0-9]{1,4})\.?$", "$1-$2-$3"),
    (r"^([0-9]{1,4}) ([0-9]{1,2}) ([0-9]{1,4})$", "$1-$2-$3"),
    (r"^([0-9]{4})\s?[_\\,、·~]\s?([0-9]{1,2})\s?[_\\,、·~]\s?([0-9]{1,2})$", "$1-$2-$3"),
    (
        r"^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[日号號]|z|[+-][0-9]{2}:?[0-9]{2})$",
        "$1-$2-$3",
    ),  # a day with its zone: XML
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0+)?$", "$1-$2-$3"),  # .0: a spreadsheet took the figures for a number
    (r"^([民令平昭大明]?[0-9]{1,4})[年년]([0-9]{1,2})[月월]" + _DAY_OF_MONTH, "$1-$2-$3"),
    (r"^([0-9]{4})-?w([0-9]{2})-?([0-9])$", "$1-w$2-$3"),
    (r"^((?:19|20)[0-9]{2})[- ]?([0-9]{3})$", "$1-$2"),  # year and day of the year, as ISO 8601 and mainframes have it
)
_SHORT_CJK = (r"^([0-9]{2})-([0-9]{1,2})-([0-9]{1,2})$", "'$1-$2-$3")
_INCOMPLETE = (
    r"^(?:(?:1[89]|20)[0-9]{2}年?|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])|[0-9]{4}[-/.年년][0-9]{1,2}[月월]?份?|[0-9]{1,2}[月월](?:[0-9]{1,2}[日号號일]?)?"
    r"|[0-9]{1,2}[-/.](?:1[89]|20)[0-9]{2}|[0-9]{1,2}[/-][0-9]{1,2})$"
)
_SIMPLE = (
    "^(?:190[1-9]|19[1-9][0-9]|2[01][0-9]{2})(?:-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2}"
    r"|\.[0-9]{1,2}\.[0-9]{1,2}|年[0-9]{1,2}月[0-9]{1,2}日)"
)
_READABLE = rf"{DAY}|{ISO_WEEK}|{ORDINAL}|^{INCOMPLETE}$"

_UNITS = ("一", "二", "三", "四", "五", "六", "七", "八", "九")
_TENS = {"十": 10, "一十": 10, "二十": 20, "廿": 20, "三十": 30, "卅": 30}


def _numerals() -> dict[str, str]:
    """Chinese numerals to figures: months and days with their sign, and the single figures of a year."""
    numbers = {unit: n for n, unit in enumerate(_UNITS, 1)}
    numbers |= {zero + unit: n for zero in ("零", "〇", "○") for unit, n in list(numbers.items())[:9]}
    numbers |= {ten + unit: tens + n for ten, tens in _TENS.items() for n, unit in enumerate(("", *_UNITS))}
    signed = {f"{name}{sign}": f"{n}{sign}" for name, n in numbers.items() for sign in ("月", "日", "号", "號")}
    longest_first = sorted(signed.items(), key=lambda pair: -len(pair[0]))
    figures = {unit: str(n) for n, unit in enumerate(_UNITS, 1)} | dict.fromkeys(("零", "〇", "○"), "0")
    return dict(longest_first) | figures


def _counted(number: int) -> tuple[str, ...]:
    """A number from 10 to 199 in Chinese numerals, as people write it."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    unit = _UNITS[ones - 1] if ones else ""
    if hundreds and not tens:
        return tuple(f"一百{zero}{unit}" for zero in "零〇") if ones else ("一百",)
    ten = ("十", "一十") if tens == 1 else (f"{_UNITS[tens - 1]}十",)
    return tuple(f"{'一百' if hundreds else ''}{each}{unit}" for each in ten)


_NUMERALS = _numerals()
# Cheques have 贰零贰伍年叁月伍日, keyboards the letter O for 〇.
_FINANCIAL = dict(zip("零壹贰貳叁參肆伍陆陸柒捌玖拾", "零一二二三三四五六六七八九十", strict=True))
_LETTER_O = r"([一二三四五六七八九〇零])[oο]([一二三四五六七八九〇零])"
# Years of the Republic and of emperors count: 民國七十四年, 一百零五年; the longest first.
_REPUBLICAN = {
    f"{sign}{text}年": f"{sign}{number}年"
    for number in range(199, 9, -1)
    for text in _counted(number)
    for sign in ("国", "國", "和", "成")
}
_JSON = r"^/date\(([0-9]{13})(?:[+-][0-9]{4})?\)/$"  # .NET
_DASHES = "‐‑‒–—―−﹣"
_BORN = r"^(?:出?生于|生日|出生日期)[:\s]*|(?:出?生)$"
# The decimal digits of all other scripts; NFKC has made those of the planes behind plain already.
_DIGITS = {sign: str(unicodedata.decimal(sign)) for sign in map(chr, range(0x80, 0x10000)) if sign.isdecimal()}


def plain(values: pl.Expr) -> pl.Expr:
    """The cell's text in NFKC and lower case with digits of ASCII, without outer and repeated blanks; blank is null."""
    lower = texts.trim(values.str.normalize("NFKC").str.to_lowercase()).str.replace_all(f"[{_DASHES}]", "-")
    lower = lower.str.replace(_JSON, "$1")
    return lower.str.replace_many(list(_DIGITS), list(_DIGITS.values()))


def simple(cells: pl.Expr, behind: str = "") -> pl.Expr:
    """Days of the years 1901 to 2199 in figures, with the year first, as 2025-3-5; null for all other cells.

    The ways most systems write, in one step. The years before and after have the placeholders of systems.

    Args:
        cells: text as delivered.
        behind: a pattern of what may stand behind the day.
    """
    day = pl.when(cells.str.contains(_SIMPLE + behind + "$")).then(cells.str.extract(r"^([0-9年月./-]+)", 1))
    return day.str.replace_many(["年", "月", "/", "."], ["-"] * 4)


def day_texts(values: pl.Series) -> pl.Series:
    """The text of each cell's day, without its clock, row for row."""
    cells = values.alias("cell").to_frame().select(plain(pl.col("cell"))).to_series()
    return clocks.split(cells)["day"]


def in_figures(days: pl.Series, *, year_first: bool) -> pl.Series:
    """Each day in figures as `DAY`, `ISO_WEEK` or `ORDINAL` has them, `incomplete`, or null for what is no day.

    Args:
        days: texts in NFKC and lower case, without a clock.
        year_first: whether a year of two figures stands before a month in letters.
    """
    frame = days.alias("day").to_frame()
    seen = frame.unique(maintain_order=True)
    read = seen.with_columns(_shaped(pl.col("day")).alias("figures"))
    is_read = read["figures"].str.contains(_READABLE).fill_null(value=False)
    rest = read.filter(~is_read).drop_nulls("day")
    spelt = date_words.in_figures(rest["day"], year_first=year_first)
    figures = pl.concat([read.filter(is_read), rest.with_columns(spelt.alias("figures"))])
    return frame.join(figures, on="day", how="left", maintain_order="left")["figures"]


def _shaped(day: pl.Expr) -> pl.Expr:
    close = day.str.replace(_WEEKDAY, " ").str.strip_chars(" ,").str.replace(_BORN, "")
    close = close.str.replace_all(r"\s*([-/.年月日号號년월일])\s*", "$1")
    is_chinese = close.str.contains("[年月].*[月日号號]")
    plain = close.str.replace_many(list(_FINANCIAL), list(_FINANCIAL.values())).str.replace_all(_LETTER_O, "${1}〇$2")
    plain = plain.str.replace_many(list(_REPUBLICAN), list(_REPUBLICAN.values()), leftmost=True)
    numerals = plain.str.replace_many(list(_NUMERALS), list(_NUMERALS.values()), leftmost=True)
    figures = pl.when(is_chinese).then(numerals).otherwise(close)
    for pattern, replacement in (*_ERA_NAMES, *_FIGURES):
        figures = figures.str.replace(pattern, replacement)
    is_short = close.str.contains(r"[年년]") & figures.str.contains(_SHORT_CJK[0])
    return (
        pl.when(figures.str.contains(_INCOMPLETE)).then(pl.lit(INCOMPLETE))
        .when(is_short).then(figures.str.replace(*_SHORT_CJK))
        .otherwise(figures)
    )  # fmt: skip
