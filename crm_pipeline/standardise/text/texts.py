"""Plain text: outer and repeated white space removed, blanks and placeholders null, signs of width in plain form.

Belongs here: values as they are shown. Does not belong here: keys for comparison (`text_keys`), words that stand for
nothing (`placeholders`). Each step names its input once: an expression that names it twice doubles with every step
built upon it.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import polars as pl

from crm_pipeline.standardise.text import placeholders, text_forms

PLACEHOLDERS = placeholders.WORDS
# A cell without a value, for SQL: RE2's classes of blanks are those of ASCII alone.
BLANK = rf"(?is)[\s\p{{Z}}\p{{Cc}}]*{placeholders.WORD}?[\s\p{{Z}}\p{{Cc}}]*"


# Where NFKC changes the form of a sign and nothing that it says: radicals that PDF files have in place of characters
# (Kangxi, CJK), ligatures of Latin letters, full and half width. Not ½, ², ™, ①, ㎡, ℃.
_SAFE = ((0x2E80, 0x2FD5), (0xFB00, 0xFB06), (0xFF01, 0xFFEE))
_SAFE_SIGN = "[" + "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in _SAFE) + "]"


def trim(value: pl.Expr) -> pl.Expr:
    """Text without outer white space (the ideographic space included), inner runs as one space; blank is null.

    Control characters count as white space: no name has one, and PostgreSQL refuses text with a NUL.
    """
    return _filled(value.str.replace_all(r"[\s\p{Cc}]+", " ").str.strip_chars())


def exact(value: pl.Expr) -> pl.Expr:
    """The text as delivered but for outer white space (and NUL, which PostgreSQL refuses); blank is null."""
    return _filled(value.str.replace_all("\x00", "", literal=True).str.strip_chars())


def exact_or_null(value: pl.Expr) -> pl.Expr:
    """The same, null when it is a placeholder: for text whose lines and spaces mean something, such as an address."""
    return placeholders.without(exact(value))


def clean(value: pl.Expr) -> pl.Expr:
    """Trimmed text; null when it is blank or a placeholder."""
    return placeholders.without(trim(value))


def tidy(value: pl.Expr) -> pl.Expr:
    """Trimmed text, composed (NFC), in plain width; blank is null.

    NFKC is applied to the signs alone whose form it changes and not their meaning: （Ａ１） becomes (A1), ｱ ア; 〇, ½
    and ㎡ stay.
    """
    return text_forms.normalised(
        trim(value.map_batches(_plain_forms, return_dtype=pl.String(), is_elementwise=True)), "NFC"
    )


def _plain_forms(texts: pl.Series) -> pl.Series:
    """The texts with the safe signs in plain form; few texts have any."""
    return text_forms.matching(texts, _SAFE_SIGN, lambda found: found.str.replace_many(_plain()))


@cache
def _plain() -> dict[str, str]:
    signs = (chr(code) for first, last in _SAFE for code in range(first, last + 1))
    forms = {sign: unicodedata.normalize("NFKC", sign) for sign in signs}
    return {sign: form for sign, form in forms.items() if form != sign}


def _filled(text: pl.Expr) -> pl.Expr:
    """The text, null when it is empty."""
    return text.replace("", None)
