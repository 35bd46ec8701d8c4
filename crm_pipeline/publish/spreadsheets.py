"""Text made harmless for spreadsheets, which take a cell that begins like a formula for one, also in a CSV file.

Belongs here: which cells are escaped and how, and back. Does not belong here: writing files (`reader`). The rule is
that of OWASP, CSV Injection.
"""

from __future__ import annotations

import polars as pl

# What a formula begins with, in its full-width form too; blanks and apostrophes before it don't count. An apostrophe
# counts so that taking one away gives back exactly what was there.
_FORMULA = r"^'*[\s\p{Cc}]*[=+\-@＝＋－＠\t\r\n]"
_HIDDEN = r"^'('*[\s\p{Cc}]*[=+\-@＝＋－＠\t\r\n])"
_NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?$"  # E.164 too: a number is shown, nothing is computed


def escaped(text: pl.Expr) -> pl.Expr:
    """The text with an apostrophe before it where it begins like a formula and is no plain number; null stays null.

    Taking one apostrophe away from each text that has one or more before such a beginning gives the text back.
    """
    is_formula = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(is_formula).then(text.str.replace("^", "'")).otherwise(text)


def unescaped(text: pl.Expr) -> pl.Expr:
    """The text as it was before `escaped`; null stays null."""
    return text.str.replace(_HIDDEN, "$1")
