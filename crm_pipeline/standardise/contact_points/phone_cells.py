"""What a cell with telephone numbers holds: the numbers in it one by one, each apart from its extension.

Belongs here: the ways people write numbers into one cell, with labels, names, extensions and separators. Does not
belong here: what a number is (`phone_patterns`, `phones`).
"""

from __future__ import annotations

import polars as pl

_NEXT = "\n"  # between two numbers of a cell
_HYPHENS = r"[‐‑‒–—―−﹣]"
# 转8001, ext. 12, x12, #8001, (分机12), ;ext=12: marked as #8001. An x counts behind a digit alone.
_EXTENSION = (
    r"([0-9)])[\s,;(（]*(?:转接|转|轉|(?:内线|內線|分机|分機)号?码?|ext(?:ension|n)?|x|#)[\s:.=]*"
    r"(?:(?:内线|內線|分机|分機)号?码?)?[\s:]*([0-9]{1,7})[\s)]*"
)
_LABEL = (
    r"\b(?:tel(?:ephone)?s?|phones?|mobiles?|mob|cell(?:phone)?|fax|office|home|work|direct|contact|wechat|whatsapp|no|"
    r"[tmphowfcd])\b[.:\s]*([+(]*[0-9])"
)
_BREAK = r"[、;,|\n\p{Han}：:]+|\s(?:or|and)\s|\s*&\s*"
# A run of digits, hyphens among them, that is long enough for a number of its own.
_RUN = r"[0-9](?:-?[0-9]){6,}"
_MOBILE = r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"  # of mainland China, grouped as people do
_EDGES = " .,:;*'\"<>[]{}-_=~!?\\"
_LEAST_WHOLE, _LEAST_NEXT = 7, 5  # digits of a number before a slash, and of another behind it
# In China, digits behind a hyphen or in brackets after a whole landline or a 400 number are an extension. One digit is
# none behind a landline: it may be the last of eight.
_MAINLAND_TAILS = (
    r"^((?:(?:\+|00)?86[ -]*)?(?:\(?0?[1-9][0-9]{1,2}\)?[ -]*)?[2-8][0-9]{2,3}[ -]?[0-9]{4})(?:-| ?\()([0-9]{2,6})\)?$",
    r"^([48]00[ -]?(?:[0-9]{3}[ -]?[0-9]{4}|[0-9]{4}[ -]?[0-9]{3}))(?:-| ?\()([0-9]{1,6})\)?$",
)


def split(cells: pl.Series, country: str) -> pl.DataFrame:
    """The numbers of each cell in order: `row` (index of the cell), `piece` (a number as text), `extension`.

    A cell without any digit is one piece; an empty or null one is none.

    Args:
        cells: text, in NFKC.
        country: ISO 3166-1 alpha-2; some ways of writing are those of China alone.
    """
    frame = pl.DataFrame({"text": cells}).with_row_index("row").drop_nulls("text")
    for step in (_marked(pl.col("text")), _slashes(pl.col("text")), _blanks(pl.col("text"), country)):
        frame = frame.with_columns(step.alias("text"))
    pieces = (
        frame.select("row", pl.col("text").str.split(_NEXT).alias("piece"))
        .explode("piece")
        .with_columns(pl.col("piece").str.strip_chars(_EDGES).str.strip_chars_end(_EDGES + "("))
        .filter(pl.col("piece").str.contains("[0-9]"))
    )
    wordless = pl.DataFrame({"piece": cells}).with_row_index("row").join(pieces, on="row", how="anti")
    wordless = wordless.filter(pl.col("piece").str.contains(r"[^\s\p{Z}\p{Cc}]"))
    return _with_extensions(pl.concat([pieces, wordless]).sort("row", maintain_order=True), country)


def dialled(piece: pl.Expr) -> pl.Expr:
    """The digits of a piece with the plus before them, as far as it holds nothing but these, blanks and signs."""
    is_plain = piece.str.contains(r"^[(]?\+?[0-9(][0-9 ().-]*$")
    return pl.when(is_plain).then(piece.str.replace_all(r"[ ().-]", ""))


def _marked(text: pl.Expr) -> pl.Expr:
    """Extensions marked, labels taken away, whatever separates numbers made a line break."""
    plain = text.str.to_lowercase().str.replace_all(_HYPHENS, "-").str.replace_all(r"[\r\n\x{2028}]+", _NEXT)
    marked = plain.str.replace_all(_EXTENSION, "$1#$2 ").str.replace_all(_LABEL, " $1")
    return marked.str.replace_all(_BREAK, _NEXT).str.replace_all(r"[^\S\n]+", " ")


def _slashes(text: pl.Expr) -> pl.Expr:
    """A slash behind a whole number ends it; another is a sign within a number, as in 030/123456."""
    parts = text.str.split("/")
    digits = parts.list.eval(pl.element().str.replace("#.*", "").str.count_matches("[0-9]"))
    is_end = (digits.list.first() >= _LEAST_WHOLE) & (digits.list.slice(1).list.min() >= _LEAST_NEXT)
    separate = pl.when(is_end).then(text.str.replace_all("/", _NEXT, literal=True))
    return separate.otherwise(text.str.replace_all("/", " ", literal=True))


def _blanks(text: pl.Expr, country: str) -> pl.Expr:
    """A blank between two whole numbers is a line break; so is one behind an extension."""
    text = text.str.replace_all(r"(#[0-9]+) +", "$1" + _NEXT)
    for _ in range(2):  # a match takes the second number away from the next
        text = text.str.replace_all(rf"({_RUN}) +(\+?\(?{_RUN}|\(?0[0-9]{{2,3}}\)[0-9]{{7,8}})", "$1" + _NEXT + "$2")
        if country == "CN":
            text = text.str.replace_all(rf"({_MOBILE})[ -]+({_MOBILE})", "$1" + _NEXT + "$2")
    return text


def _with_extensions(pieces: pl.DataFrame, country: str) -> pl.DataFrame:
    """`row`, `piece` and the `extension` behind it, null where there is none."""
    piece = pl.col("piece")
    pieces = pieces.with_columns(piece.str.extract(r"#([0-9]{1,7})$").alias("extension"))
    pieces = pieces.with_columns(piece.str.replace(r"[ (-]*#[0-9]{1,7}$", ""))
    for tail in _MAINLAND_TAILS if country == "CN" else ():
        pieces = pieces.with_columns(
            piece.str.replace(tail, "$1"), pl.coalesce("extension", piece.str.extract(tail, 2)).alias("extension")
        )
    return pieces
