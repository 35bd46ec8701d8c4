"""Traditional characters as simplified ones, sign by sign, so that texts keep their length.

Belongs here: folding for comparison. Does not belong here: rewriting texts (a phrase may need another character).
"""

from __future__ import annotations

from functools import cache

import opencc
import polars as pl

# CJK unified ideographs and extension A: what names are written in.
_BLOCKS = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF))


@cache
def table() -> dict[str, str]:
    """Each character that OpenCC writes otherwise in simplified Chinese."""
    signs = [chr(code) for first, last in _BLOCKS for code in range(first, last + 1)]
    written = opencc.OpenCC("t2s").convert("\n".join(signs)).split("\n")
    return {sign: other for sign, other in zip(signs, written, strict=True) if sign != other and len(other) == 1}


@cache
def _pattern() -> str:
    return "[" + "".join(table()) + "]"


def simplify(texts: pl.Series) -> pl.Series:
    """The texts in simplified characters, each as long as before; null stays null."""
    is_other = texts.str.contains(_pattern()).fill_null(value=False)
    rows = is_other.arg_true()
    if rows.is_empty():
        return texts
    found = texts.gather(rows).str.replace_many(table())
    return texts.clone().scatter(rows, found)
