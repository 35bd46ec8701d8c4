"""Names in alphabets: given name, middle names, surname, title and suffix apart, as the library nameparser reads them.

Belongs here: the library's reading, and the plain cases read as columns where it is certain what it gives. Does not
belong here: East Asian names in Latin letters (`romanised_names`), Chinese characters (`chinese_names`).

The library reads some two thousand names a second. It is certain what it makes of words that are none of its
vocabulary: the first is the given name, the last the surname, those between are middle names; with a comma behind the
first word, that is the surname. A title of the usual ones may stand before them, a suffix behind.
"""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache, lru_cache

import polars as pl
from nameparser import Lexicon, ParsedName, Parser, PatronymicRule, Policy, Role, parse

PARTS = ("family_name", "given_name", "middle_name", "title", "suffix", "nickname", "maiden_name")
_TEXTS = ("text", "value", *PARTS)
_LETTER = "A-Za-zÀ-ÖØ-öø-ž"
_WORD = rf"[{_LETTER}]{{2,}}(?:-[{_LETTER}]{{2,}})?"
_MIDDLE = rf"(?:{_WORD}|[A-Z]\.?)"
_TITLE = r"(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?"
_SUFFIX = r"(?:Jr|Sr|JR|SR)\.?|II|III|IV|PhD|Ph\.D\.|MD|M\.D\."
_GIVEN_FIRST = (
    rf"^(?:(?P<title>{_TITLE}) )?(?P<given>{_MIDDLE}) (?:(?P<middle>{_MIDDLE}(?: {_MIDDLE})?) )?(?P<family>{_WORD})"
    rf"(?:,? (?P<suffix>{_SUFFIX}))?$"
)
_FAMILY_FIRST = rf"^(?P<family>{_WORD}), (?P<given>{_WORD})(?: (?P<middle>{_MIDDLE}))?$"
_PAIR = rf"^{_WORD} {_WORD}$"
_PATTERNS = {"ordered": _GIVEN_FIRST, "turned": _FAMILY_FIRST}
_NAMED = {"ordered": ("title", "given", "middle", "family", "suffix"), "turned": ("given", "middle", "family")}
# Иванов Иван Иванович: an East Slavic name that ends with its patronymic begins with the surname.
_CYRILLIC = re.compile("[А-я]")
_KEPT = 50_000  # readings of the library that a process keeps: names come again in other deliveries
_NUMERAL = r"(?i)^[ivxlcdm]+\.?$"
_ROLES = {
    "family_name": Role.FAMILY,
    "given_name": Role.GIVEN,
    "middle_name": Role.MIDDLE,
    "title": Role.TITLE,
    "suffix": Role.SUFFIX,
    "nickname": Role.NICKNAME,
    "maiden_name": Role.MAIDEN,
}
_CORE = (Role.GIVEN, Role.MIDDLE, Role.FAMILY)


def read(texts: pl.Series) -> pl.DataFrame:
    """The parts of each name, row for row: `text`, `value` and PARTS; null where there is none.

    `value` has the given name, middle names and surname in the order in which they were written, without the comma that
    follows a surname set first: `is_turned` says that there it was turned to the given name first.
    """
    rows = pl.DataFrame({"text": texts})
    plain = _plain(rows)
    is_known = plain["family_name"].is_not_null()
    rest = rows.filter(~is_known & pl.Series(rows["text"].is_not_null())).unique()["text"].to_list()
    if not rest:
        return plain
    schema: list[tuple[str, pl.DataType]] = [*((name, pl.String()) for name in _TEXTS), ("is_turned", pl.Boolean())]
    by_library = pl.DataFrame([_by_library(text) for text in rest], schema=schema, orient="row")
    found = rows.join(by_library, on="text", how="left", maintain_order="left")
    columns = [name for name in plain.columns if name != "text"]
    return plain.with_columns(
        pl.when(is_known).then(pl.col(name)).otherwise(found[name]).alias(name) for name in columns
    )


def is_vocabulary(lower: pl.Expr) -> pl.Expr:
    """Whether a word in lower case means more to the library than a name: a title, suffix, particle or conjunction."""
    return lower.str.strip_chars(".").is_in(_words_of_vocabulary()) | lower.str.contains(_NUMERAL)


def is_title(lower: pl.Expr) -> pl.Expr:
    """Whether a word in lower case is a title, and no suffix, to the library."""
    return lower.str.strip_chars(".").is_in(_titles())


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """The same columns as `read` for names of words that mean nothing else, null for the others."""
    is_pair = rows.select(pl.col("text").str.contains(_PAIR).fill_null(value=False)).to_series()
    pairs = rows.filter(is_pair).with_columns(
        pl.col("text").str.split_exact(" ", 1).struct.rename_fields(["given", "family"]).alias("words")
    )
    longer = rows.filter(~is_pair)
    groups = [pl.col("text").str.extract_groups(pattern).alias(name) for name, pattern in _PATTERNS.items()]
    longer = longer.with_columns(groups).with_columns(
        pl.coalesce(*(_field(group, name) for group in _PATTERNS if name in _NAMED[group])).alias(name)
        for name in _NAMED["ordered"]
    )
    longer = longer.with_columns(_field("turned", "family").is_not_null().alias("is_turned"))
    found = pl.concat(
        [
            pairs.unnest("words").with_columns(pl.lit(value=False).alias("is_turned")),
            longer.drop(_PATTERNS),
        ],
        how="diagonal",
    )
    order = pl.concat([is_pair.arg_true(), (~is_pair).arg_true()])
    found = found.with_columns(order.alias("at")).sort("at") if found.height else found
    return _certain(found)


def _field(group: str, name: str) -> pl.Expr:
    return pl.col(group).struct.field(name)


def _certain(found: pl.DataFrame) -> pl.DataFrame:
    """The columns of `read`, null where a word may mean more than a name."""
    has_meaning = pl.any_horizontal(_means_more(pl.col(name)) for name in ("given", "family"))
    has_meaning |= pl.any_horizontal(_means_more(pl.col("middle").str.extract(at, 1)) for at in (r"^(\S+)", r" (\S+)$"))
    # A lone I or V behind the comma is a number; a letter beside another middle name may join the two (García y López).
    is_number = pl.col("middle").str.contains(r"(?i)^[IV]\.?$") & pl.col("is_turned")
    is_joined = pl.col("middle").str.contains(r"(?i)^[a-z] | [a-z]$")
    is_certain = pl.col("family").is_not_null() & ~has_meaning & ~(is_number | is_joined).fill_null(value=False)
    core = pl.concat_str(["given", "middle", "family"], separator=" ", ignore_nulls=True)
    columns = {"family_name": "family", "given_name": "given", "middle_name": "middle"}
    columns |= {"title": "title", "suffix": "suffix", "is_turned": "is_turned"}
    none = pl.lit(None, dtype=pl.String())
    return found.with_columns(is_certain.alias("is_certain"), core.alias("core")).select(
        "text",
        pl.when("is_certain").then("core").alias("value"),
        *(pl.when("is_certain").then(old).alias(new) for new, old in columns.items()),
        none.alias("nickname"),
        none.alias("maiden_name"),
    ).select(*_TEXTS, "is_turned")  # fmt: skip


@cache
def _words_of_vocabulary() -> pl.Series:
    return pl.Series(sorted(_vocabulary())).implode()


@cache
def _longer_words() -> pl.Series:
    return pl.Series(sorted(_vocabulary() - _INITIALS)).implode()


@cache
def _titles() -> pl.Series:
    lexicon = Lexicon.default()
    return pl.Series(sorted(lexicon.titles - lexicon.suffix_acronyms - lexicon.suffix_words)).implode()


# Initials mean nothing else between two names, although `y`, `e` and the numerals are in the vocabulary.
_INITIALS = frozenset("abcdefghijklmnopqrstuvwxyz")


def _means_more(word: pl.Expr) -> pl.Expr:
    """Whether the word, or one half of it with a hyphen, is of the vocabulary; false for an initial and null."""
    known = _longer_words()
    lower = word.str.to_lowercase()
    is_known = lower.is_in(known) | lower.str.contains(_NUMERAL) & (lower.str.len_chars() > 2)
    is_known |= (lower.str.len_chars() == 2) & lower.str.contains("^[ivxlcdm]{2}$")
    halves = [lower.str.extract(pattern, 1) for pattern in (r"^([^-]+)-", r"-([^-]+)$")]
    return (is_known | pl.any_horizontal(half.is_in(known) for half in halves)).fill_null(value=False)


@cache
def _vocabulary() -> frozenset[str]:
    """All words that the library's default lexicon knows."""
    lexicon = Lexicon.default()
    sets = [getattr(lexicon, field.name) for field in fields(lexicon)]
    return frozenset().union(*(words for words in sets if isinstance(words, frozenset)))


@lru_cache(maxsize=_KEPT)
def _by_library(text: str) -> tuple[str | bool | None, ...]:
    """The values of one row: text, value, PARTS, and whether the surname was set first, behind it a comma."""
    name = _with_patronymics().parse(text) if _CYRILLIC.search(text) else parse(text)
    written = [token for token in name.tokens if token.role in _CORE]
    spans = [token.span.start for token in written if token.span]
    is_ordered = spans == sorted(spans) and len(spans) == len(written)
    is_turned = "," in text and _starts_with_family(name)
    value = " ".join(part for part in (name.given, name.middle, name.family) if part)
    if not is_turned and is_ordered:
        value = _as_written(name)
    parts = (name.family, name.given, name.middle, name.title, name.suffix, name.nickname, name.maiden)
    return (text, value or None, *(part or None for part in parts), is_turned)


@cache
def _with_patronymics() -> Parser:
    return Parser(policy=Policy(patronymic_rules=frozenset({PatronymicRule.EAST_SLAVIC})))


def _starts_with_family(name: ParsedName) -> bool:
    written = [token.role for token in name.tokens if token.role in _CORE]
    return bool(written) and written[0] is Role.FAMILY and Role.GIVEN in written


def _as_written(name: ParsedName) -> str:
    """Given, middle and family names in the order of the text, joined where nothing stood between them."""
    text, end = "", -1
    for token in name.tokens:
        if token.role in _CORE and token.span:
            text += token.text if token.span.start == end else f" {token.text}"
            end = token.span.end
    return text.strip()
