"""Legal forms of organisations outside China: Ltd, GmbH & Co. KG, S.p.A., Oy, 株式会社.

Belongs here: the table in `data/legal_forms.csv` as patterns, and the standard writing of a form. Does not belong here:
Chinese forms (`organisation_words`), taking names apart (`international_organisations`).

A form is a form by its place. `place` in the table: `end`; `start`; `both`; `joined`, at either end, without a
blank (株式会社); `dots`, at the end and with its dots alone, since it is a word or initials otherwise (p.a.); `case`,
the same or in its own case (SpA is a form, Spa is a spa).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import resources

import polars as pl

# Forms that are no word of any language, and so are one in the middle of a name too: Hello Oy World.
_IN_THE_MIDDLE = ("oy", "oyj", "gmbh", "ltd", "llc", "pty ltd", "pte ltd", "pvt ltd", "s p a", "ооо", "оао", "зао")
_AND = r"(?:&|\+|\band\b|\bund\b|\bet\b|\by\b)"
_LONGEST_ABBREVIATION = 5


@cache
def _table() -> pl.DataFrame:
    source = resources.files("crm_pipeline.standardise").joinpath("data", "legal_forms.csv")
    return pl.read_csv(source.read_bytes(), infer_schema=False)


def _word(word: str, *, dotted: bool) -> str:
    """One word of a form: an abbreviation may have dots, or must have them."""
    if word == "&":
        return _AND
    if len(word) > _LONGEST_ABBREVIATION or not word.isalpha():
        return re.escape(word) + r"\.?"
    dot = r"\." if dotted else r"\.?"
    return dot.join(word) + (dot if dotted and len(word) > 1 else r"\.?")


def _pattern(form: str, place: str) -> str:
    if form == "sarl":
        return r"S\.?\s?[aà]\.?\s?r\.?\s?l\.?"  # à responsabilité limitée
    words = form.split()
    is_initials = all(len(word) == 1 and word.isalpha() for word in words)
    if place == "case":
        return r"(?-i:S\.\s?p\.\s?A\.?|S\.\s?P\.\s?A\.?|SpA|SPA|s\.p\.a\.)"
    if is_initials:
        between = r"\.\s?" if place == "dots" else r"\.?\s?"
        return between.join(words) + (r"\." if place == "dots" else r"\.?")
    return r"[\s.,()]*".join(_word(word, dotted=place == "dots") for word in words)


def _any_of(places: Iterable[str]) -> str:
    chosen = _table().filter(pl.col("place").is_in(list(places)))
    patterns = [_pattern(form, place) for form, _, place in chosen.iter_rows()]
    return "(?:" + "|".join(sorted(patterns, key=lambda pattern: (-len(pattern), pattern))) + ")"


def _joined() -> str:
    forms = _table().filter(pl.col("place") == "joined")["form"].to_list()
    return "(?:" + "|".join(re.escape(form) for form in forms) + ")"


@cache
def at_end() -> str:
    """A form at the end, with what parts it from the name."""
    words = _any_of(("end", "both", "dots", "case"))
    return rf"(?i)(?:(?:[\s,;(/-]+{words}|\s*[&+]\s*co\b)[\s.,;)]*|\s*{_joined()}\s*)$"


@cache
def at_start() -> str:
    """A form at the start, with the blank after it."""
    return rf"(?i)^(?:{_any_of(('start', 'both'))}[\s,]+|\s*{_joined()}\s*)"


@cache
def in_the_middle() -> str:
    """A form between other words."""
    patterns = [_pattern(form, "end") for form in _IN_THE_MIDDLE]
    return rf"(?i)[\s,]+(?:{'|'.join(sorted(patterns, key=len, reverse=True))})[\s,]+"


@cache
def _standards() -> dict[str, str]:
    """Each form without case, blanks and signs to its standard writing."""
    return {_bare(form): standard for form, standard, _ in _table().iter_rows()}


def _bare(form: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", form).replace("&", "and"))


def standard(found: pl.Series) -> pl.Series:
    """The standard writing of forms cut off a name; null for null and for the empty text."""
    bare = (
        found.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"&|\+|\bund\b|\bet\b|\by\b", "and")
        .str.replace_all("à", "a", literal=True)
        .str.replace_all(r"[\W_]", "")
    )
    return bare.replace_strict(_standards(), default=None, return_dtype=pl.String)
