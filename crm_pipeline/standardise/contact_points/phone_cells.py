"""What a cell with telephone numbers holds: the numbers in it one by one, each apart from its extension.

Belongs here: the ways people write numbers into one cell, with labels, names, extensions and separators. Does not
belong here: what a number is (`phone_patterns`, `phones`).
"""

from __future__ import annotations

import polars as pl

_NEXT = "\n"  # between two numbers of a cell
_HYPHENS = r"[‐‑‒–—―−﹣·]"
# 转8001, ext. 12, x12, #8001, *8001, (分机12), ;ext=12: marked as #8001. An x counts behind a digit alone.
_EXTENSION = (
    r"([0-9)])[\s,;(（]*(?:转接|转|轉|(?:内线|內線|分机|分機)号?码?|ext(?:ension|n)?|x|#|\*)[\s:.=]*"
    r"(?:(?:内线|內線|分机|分機)号?码?)?[\s:]*([0-9]{1,7})(?-u:\b)[\s)]*"
)
# Digits that were taken for a number and are all still there: 13812345678.0, 1.3812345678E+10.
_DECIMAL, _EXPONENT = r"^\s*(\+?[0-9]{7,15})\.0+\s*$", r"^\s*([0-9])\.([0-9]{10})e\+?10\s*$"
_TIME_OF_DAY = r"(?-u:\b)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?-u:\b)"
_LABEL = (
    r"\b(?:tel(?:ephone)?s?|phones?|mobiles?|mob|cell(?:phone)?|fax|office|home|work|direct|contact|wechat|whatsapp|no|"
    r"[tmphowfcd])\b[.:\s]*([+(]*[0-9])"
)
_BREAK = r"[、;,|_~\n\p{Han}：:]+|\s(?:or|and|oder|und|ou|et)\s|\s*&\s*|\([\p{L} .]+\)"
# A run of digits, hyphens among them, that is long enough for a number of its own.
_RUN = r"[0-9](?:-?[0-9]){6,}"
_MOBILE = r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"  # of mainland China, grouped as people do
# What stands in cells of Chinese systems: the calling code twice or as 086; numbers of a switchboard that differ in
# their last digits (0755-26012345/46, /6/7); an extension behind a pause; whatever stands behind a mobile number.
_LANDLINE = r"\(?0[1-9][0-9]{1,2}\)?[ -]?[2-8]"
_MAINLAND_SLIPS = (
    (r"(^|[^0-9+])(?:\(?(?:\+|00?)?86[ )-]*){2,}(1[3-9][0-9])", "${1}+86$2"),
    (r"(^|[^0-9+])\(?086[ )-]*(1[3-9][0-9])", "${1}+86$2"),
    *(
        (
            rf"({_LANDLINE}[0-9 -]{{{5 - n},{8 - n}}}[0-9])([0-9]{{{n}}})[/、] ?([0-9]{{{n}}})(?-u:\b)",
            f"$1$2{_NEXT}$1$3",
        )
        for n in (1, 2, 3, 1, 2)
    ),
    (rf"^({_LANDLINE}[0-9 -]{{5,8}}[0-9])(?:-|转)([0-9]{{3,5}})[/、]([0-9]{{3,5}})$", f"$1#$2{_NEXT}$1#$3"),
    (r"(^|[^0-9])([48]00)[ -]([0-9]{4})[ -]([0-9]{3})(?-u:\b)", "$1$2$3$4"),
    (rf"(^|[^0-9+])[1-9](?:[.、):] ?| )({_MOBILE})(?-u:\b)", f"$1{_NEXT}$2"),
    (rf"^({_LANDLINE}[0-9 -]{{5,8}}[0-9]) ?,{{1,3}} ?([0-9]{{3,4}})$", "$1#$2"),
    (rf"(^|[^0-9+-])((?:\+?86[ -]*)?{_MOBILE})(?: |\(|\+)[ (]*(\+?[0-9])", f"$1$2{_NEXT}$3"),
    (rf"^({_MOBILE})({_MOBILE})$", f"$1{_NEXT}$2"),
)
_EDGES = " .,:;*'\"<>[]{}-_=~!?\\"
_LEAST_WHOLE, _LEAST_NEXT = 7, 5  # digits of a number before a slash, and of another behind it
# In China, digits behind a hyphen or in brackets after a whole landline or a 400 number are an extension. One digit is
# none behind a landline: it may be the last of eight.
_MAINLAND_TAILS = (
    r"^((?:(?:\+|00)?86[ -]*)?(?:\(?0?[1-9][0-9]{1,2}\)?[ -]*)?[2-8][0-9]{2,3}[ -]?[0-9]{4})"
    r"(?: ?- ?| ?\()([0-9]{2,6})\)?$",
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
    text = pl.col("text")
    for step in (_whole(text), _mended(text, country), _marked(text), _slashes(text), _blanks(text, country)):
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


def _whole(text: pl.Expr) -> pl.Expr:
    """Digits that were taken for a number as digits again, times of day left out."""
    digits = text.str.to_lowercase().str.replace(_DECIMAL, "$1").str.replace(_EXPONENT, "$1$2")
    return digits.str.replace_all(_TIME_OF_DAY, " ")


def _mended(text: pl.Expr, country: str) -> pl.Expr:
    """The text without the slips of Chinese systems."""
    text = text.str.replace_all(_HYPHENS, "-")
    for slip, instead in _MAINLAND_SLIPS if country == "CN" else ():
        text = text.str.replace_all(slip, instead)
    return text


def _marked(text: pl.Expr) -> pl.Expr:
    """Extensions marked, labels taken away, whatever separates numbers made a line break."""
    plain = text.str.replace_all(r"[\r\n\x{2028}]+", _NEXT)
    marked = plain.str.replace_all(_EXTENSION, "$1#$2 ").str.replace_all(_LABEL, " $1")
    marked = marked.str.replace_all(r"([0-9]{7}) *\+", "$1" + _NEXT + "+")
    marked = marked.str.replace_all(r"([0-9]{7}) *# *([0-9]{8})", "$1" + _NEXT + "$2")
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
