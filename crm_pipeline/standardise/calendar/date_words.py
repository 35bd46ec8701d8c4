"""Days with the month in letters, in the languages that customers' systems are set to.

Belongs here: names of months and weekdays (CLDR, by babel), the little words between them, the orders of the parts.
Does not belong here: days in figures (`date_shapes`). Nothing relative is read: day, month and year must be there, and
nothing else. A short form counts when it begins the names of one month only.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache

import polars as pl
from babel import Locale

# fmt: off
_LANGUAGES = (
    *("en", "af", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "es", "et", "eu", "fa", "fi"),
    *("fil", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ka", "kk", "km", "kn", "ky"),
    *("lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "mt", "my", "nb", "ne", "nl", "nn", "pa", "pl", "pt", "ro", "ru"),
    *("sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi"),
)
_LITTLE = frozenset((
    *("a", "ad", "al", "am", "anno", "año", "ano", "at", "á", "à", "às", "d", "da", "dag", "de", "del", "den", "der"),
    *("di", "dia", "día", "do", "du", "e", "em", "en", "er", "et", "g", "god", "godz", "i", "ième", "jahr"),
    *("y", "kl", "klo", "las", "le", "na", "nd", "o", "of", "on", "os", "rd", "s", "st", "the", "th", "to"),
    *("u", "um", "v", "year"),
    *("ª", "º", "år", "ème", "eme", "ère", "ngày", "в", "года", "году", "год", "г", "го", "й", "на", "о", "р"),
    *("року", "рік", "ого", "е", "ที่", "พศ", "คศ", "วัน", "को", "सन्", "के", "ই", "লা", "রা", "ঠা", "শে", "წ"),
    *("წელი", "წლის"),
))
# fmt: on
_VIETNAMESE = ("một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai")
_ENGLISH = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_MONTHS_OF_WORDS = {  # the longest first
    f"{sign} {name}": f" {month} "
    for number, month in sorted(enumerate(_ENGLISH), reverse=True)
    for sign in ("tháng", "thg", "thang")
    for name in (str(number + 1), f"{number + 1:02}", _VIETNAMESE[number])
}
_SEPARATOR = r"^[,./'’‘`_\-–—()]$"
_PIECE = r"[\p{L}\p{M}]+|[0-9]+|[^\s\p{L}\p{M}0-9]"
_LETTERS = r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0e7f])*"  # with the vowel signs of India and Thailand
_LETTER_FORMS = {"ی": "ي", "ک": "ك"}  # one letter each, in the forms of Persian and Arabic keyboards
_STEM = 6  # letters; what a longer word begins with tells its month in spite of its ending: studenom, septembri
_LETTER = r"[\p{L}&&[^\p{Han}]]"
_LONGEST = 80  # characters; a text that long is no date
_DAY, _YEAR, _SHORT, _MONTH = r"([0-9]{1,2})", r"([0-9]{4})", r"([0-9]{2})", r"m([0-9]{2})"
_ORDERS = (
    (rf"^{_DAY} {_MONTH} {_YEAR}$", "$3-$2-$1"), (rf"^{_MONTH} {_DAY} {_YEAR}$", "$3-$1-$2"),
    (rf"^{_YEAR} {_MONTH} {_DAY}$", "$1-$2-$3"), (rf"^{_YEAR} {_DAY} {_MONTH}$", "$1-$3-$2"),
    (rf"^(00|3[2-9]|[4-9][0-9]) {_MONTH} {_DAY}$", "'$1-$2-$3"),
)  # fmt: skip
# A year of two figures: 05-MAR-25, Mar 5, 25; where the column has the year first: 25-Mar-05.
_SHORT_LAST = ((rf"^{_DAY} {_MONTH} {_SHORT}$", "'$3-$2-$1"), (rf"^{_MONTH} {_DAY} {_SHORT}$", "'$3-$1-$2"))
_SHORT_FIRST = ((rf"^{_SHORT} {_MONTH} {_DAY}$", "'$1-$2-$3"),)
_FIGURES = ((r"^([0-9]{1,4}) ([0-9]{1,2}) ([0-9]{1,4})$", "$1-$2-$3"),)
_INCOMPLETE = rf"^(?:{_MONTH}|[0-9]+ {_MONTH}|{_MONTH} [0-9]+)$"
INCOMPLETE = "incomplete"  # what `in_figures` gives for a month without its day or its year


def in_figures(days: pl.Series, *, year_first: bool) -> pl.Series:
    """Each day in figures (`2025-03-5`, `'25-03-05` for a year of two), `incomplete`, or null for what is no day.

    Args:
        days: distinct texts in NFKC and lower case.
        year_first: whether a year of two figures stands first.
    """
    may_be = days.str.contains(_LETTER) & (days.str.len_chars() <= _LONGEST)
    rows = pl.DataFrame({"text": days, "may_be": may_be}).with_row_index("row")
    if not may_be.any():
        return pl.Series("spelt", [None] * days.len(), dtype=pl.String)
    tokens = (
        rows.filter("may_be")
        .with_columns(_one_word(pl.col("text")).str.extract_all(_PIECE).alias("token"))
        .explode("token", keep_nulls=False, empty_as_null=False)
        .select("row", "token")
        .with_columns(pl.int_range(pl.len()).alias("place"))
    )
    stems = tokens["token"].str.head(_STEM)
    known = tokens.join(_words(), on="token", how="left", maintain_order="left")
    by_stem = stems.to_frame().join(_stems(), on="token", how="left", maintain_order="left")["stem_month"]
    is_unknown = known["is_little"].is_null() & (known["token"].str.len_chars() > _STEM)
    spelt = _spelt(known.with_columns(pl.when(is_unknown).then(by_stem).otherwise("month").alias("month")))
    rows = rows.join(spelt, on="row", how="left", maintain_order="left")
    return rows.select(_ordered(pl.col("spelt"), year_first=year_first)).to_series()


def _spelt(tokens: pl.DataFrame) -> pl.DataFrame:
    """By row: numbers and months (`m03`) in their order; a sign that no date has stays and spoils the text."""
    last = pl.col("place").filter(pl.col("month").is_not_null()).max().over("row")
    is_weekday = pl.col("is_weekday") & (pl.col("month").is_null() | (pl.col("place") != last))
    is_dropped = is_weekday | pl.col("is_little") | pl.col("token").str.contains(_SEPARATOR)
    kept = tokens.filter(~is_dropped.fill_null(value=False))
    written = pl.coalesce(pl.format("m{}", pl.col("month").cast(pl.String).str.zfill(2)), "token")
    return kept.group_by("row", maintain_order=True).agg(written.str.join(" ").alias("spelt"))


def _ordered(spelt: pl.Expr, *, year_first: bool) -> pl.Expr:
    figures = spelt
    for pattern, replacement in (*_ORDERS, *(_SHORT_FIRST if year_first else _SHORT_LAST), *_FIGURES):
        figures = figures.str.replace(pattern, replacement)
    return (
        pl.when(spelt.str.contains(_INCOMPLETE)).then(pl.lit(INCOMPLETE))
        .when(figures.str.contains(r"^'?[0-9]+-[0-9]+-[0-9]+$")).then(figures)
    )  # fmt: skip


def _one_word(text: pl.Expr) -> pl.Expr:
    """Names of months that are several words, or a word and a number, as one word that is known."""
    alike = text.str.replace_many(list(_LETTER_FORMS), list(_LETTER_FORMS.values()))
    return alike.str.replace_many(list(_MONTHS_OF_WORDS), list(_MONTHS_OF_WORDS.values()), leftmost=True)


@cache
def _words() -> pl.DataFrame:
    """What each word is: `month` (1 to 12 or null), `is_weekday`, `is_little`. One row per word."""
    months, weekdays = _months(), _weekdays()
    words = sorted({*months, *weekdays, *_LITTLE})
    return pl.DataFrame(
        {
            "token": words,
            "month": [None if word in _LITTLE else months.get(word) for word in words],
            "is_weekday": [word in weekdays for word in words],
            "is_little": [word in _LITTLE for word in words],
        },
        schema={"token": pl.String, "month": pl.Int32, "is_weekday": pl.Boolean, "is_little": pl.Boolean},
    )


@cache
def _stems() -> pl.DataFrame:
    """Beginnings of `_STEM` letters and the one month whose names begin so: `token`, `stem_month`."""
    stems = {word: month for word, month in _months().items() if len(word) == _STEM}
    return pl.DataFrame(
        {"token": list(stems), "stem_month": list(stems.values())},
        schema={"token": pl.String, "stem_month": pl.Int32},
    )


@cache
def _months() -> dict[str, int]:
    """Words that name one month in all of the languages; names go before short forms, English before the rest."""
    names: defaultdict[str, set[int]] = defaultdict(set)
    starts: defaultdict[str, set[int]] = defaultdict(set)
    for language in _LANGUAGES:
        for context, width in (("format", "wide"), ("stand-alone", "wide"), ("format", "abbreviated")):
            for number, name in Locale.parse(language).months[context][width].items():
                for word in _spellings(name):
                    names[word].add(number)
                    for length in range(3, len(word)):
                        starts[word[:length]].add(number)
    english = {word: number for number, name in enumerate(_ENGLISH, 1) for word in (name, name[:3])}
    short = {word: min(numbers) for word, numbers in starts.items() if len(numbers) == 1}
    known = {word: min(numbers) for word, numbers in names.items() if len(numbers) == 1}
    several = {word for word, numbers in names.items() if len(numbers) > 1}
    return {word: number for word, number in short.items() if word not in several} | known | english


def _weekdays() -> set[str]:
    widths = (("format", "wide"), ("format", "abbreviated"), ("stand-alone", "wide"))
    names = {
        name
        for language in _LANGUAGES
        for context, width in widths
        for name in Locale.parse(language).days[context][width].values()
    }
    return {"tues", "wednes", "thur", "thurs", "вск"} | {word for name in names for word in _spellings(name)}


def _spellings(name: str) -> set[str]:
    """The word of a name in lower case, with and without its accents; nothing for a name of several words."""
    plain = unicodedata.normalize("NFKC", name).lower().replace("\u0307", "")
    words = [word for word in re.findall(_LETTERS, plain) if word not in _LITTLE]
    if len(words) != 1 or re.search(r"[0-9]", plain):
        return set()
    word = words[0].translate(str.maketrans(_LETTER_FORMS))
    bare = "".join(sign for sign in unicodedata.normalize("NFD", word) if not "\u0300" <= sign <= "\u036f")
    return {word, bare.replace("ı", "i"), word.replace("\u0902ब", "म्ब")}  # Hindi writes both दिसंबर and दिसम्बर
