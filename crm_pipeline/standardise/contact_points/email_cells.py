"""What a cell with e-mail addresses holds: the addresses in it one by one, without names, labels and brackets.

Belongs here: the ways people write addresses into one cell. Does not belong here: what an address is (`emails`).
"""

from __future__ import annotations

import polars as pl

_NEXT = "\n"  # between two addresses of a cell
# Full-width signs, letters and digits to plain ones; the at-sign apart, which is also a letter of a local part.
_WIDTHS = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) != "＠"}
_SIGNS = {"。": ".", "｡": ".", "﹫": "@", "\u3000": " ", "\xa0": " "} | dict.fromkeys(
    "\u200b\u200c\u200d\u2060\ufeff", ""
)
_WIDE_AT = r"([a-z0-9_.+-])＠([\p{L}0-9])"
_LABEL = r"(?:^|[\s,;<(])[\p{L}-]+\s*:\s*"
_QUERY = r"\?(?:subject|cc|bcc|body)=\S*"
_LINK = r"\bhttps?://([^\s/@]+@)"
# A blank around the @ and a Chinese label right before a plain local part are part of nobody's address.
_AROUND_AT = r"([a-z0-9]) *@ *([a-z0-9])"
_GLUED = r"(^|[\s,;、，；|/])\p{Han}+([a-z0-9][a-z0-9._+-]*@)"
_BREAK = r"\s*[,;、，；|\r\n\t]+\s*"
_AFTER_DOMAIN = r"(@[a-z0-9.-]+)(?:\s*[/|&或和及与]+\s*|\s+(?:and|or|und|oder|et|ou)\s+)"
# What stands in brackets behind an address, or an address in brackets behind a name.
_NOTE = r"(@[a-z0-9.-]+)\s*[(（][^()（）@]*[)）]"
_BRACKETS = r"(@[a-z0-9.-]+)\s*[(（]|[(（]\s*([^\s()（）@]+@[^\s()（）@]+)\s*[)）]"
# What may stand beside an address: a name, perhaps with an initial, a title or brackets.
_NAME = r"^[\p{L}\p{M}\p{N}\s.,'’\"()（）·_+-]*$"
_HAN_WORDS = r"^(?:\S*@\S*|[\p{Han}·]+)(?: (?:\S*@\S*|[\p{Han}·]+))+$"


def plain(cells: pl.Expr) -> pl.Expr:
    """The text in lower case, in plain width, without invisible signs and outer blanks."""
    text = cells.str.to_lowercase().str.replace_many(_WIDTHS | _SIGNS).str.strip_chars()
    return text.str.replace_all(_WIDE_AT, "${1}@${2}")


def split(cells: pl.Series) -> pl.DataFrame:
    """The addresses of each cell in order: `row` (index of the cell) and `piece` (text that should be an address).

    A name beside an address is left out; a cell without any address is one piece; an empty or null one is none.

    Args:
        cells: text, as `plain` gives it.
    """
    frame = pl.DataFrame({"text": cells}).with_row_index("row").drop_nulls("text").filter(pl.col("text") != "")
    pieces = (
        frame.select("row", "text", _separated(pl.col("text")).str.split(_NEXT).alias("piece"))
        .explode("piece")
        .with_columns(pl.col("piece").str.strip_chars())
    )
    # Blanks end an address only where every word is one, or a Chinese name: elsewhere they are a slip within it.
    words = pl.when(pl.col("piece").str.contains(_HAN_WORDS)).then(pl.col("piece").str.split(" "))
    whole = pl.concat_list("piece")
    pieces = pieces.with_columns(words.otherwise(whole).alias("piece")).explode("piece")
    pieces = pieces.with_columns(_bare(pl.col("piece"))).filter(pl.col("piece") != "")
    has_at, has_any = pl.col("piece").str.contains("@"), pl.col("piece").str.contains("@").any().over("row")
    kept = pieces.filter(has_at | (has_any & ~pl.col("piece").str.contains(_NAME))).select("row", "piece")
    without = frame.join(kept, on="row", how="anti").select("row", pl.col("text").alias("piece"))
    return pl.concat([kept, without]).sort("row", maintain_order=True)


def _separated(text: pl.Expr) -> pl.Expr:
    """Labels taken away; brackets and whatever else separates addresses made a line break."""
    text = text.str.replace_all(_LINK, "$1").str.replace_all(_QUERY, "").str.replace_all(_LABEL, " ")
    text = text.str.replace_all(_AROUND_AT, "${1}@$2").str.replace_all(_NOTE, "$1" + _NEXT)
    text = text.str.replace_all(_BRACKETS, f"$1{_NEXT}$2{_NEXT}").str.replace_all(_GLUED, "$1$2")
    text = text.str.replace(r"^<([^<>]+)$|^([^<>]+)>$", "$1$2").str.replace_all(r"<([^<>]+)>", f"{_NEXT}$1{_NEXT}")
    return text.str.replace_all(_AFTER_DOMAIN, "$1" + _NEXT).str.replace_all(_BREAK, _NEXT)


def _bare(piece: pl.Expr) -> pl.Expr:
    """The piece without brackets and quotes around it and punctuation behind it."""
    text = piece.str.strip_chars_start(" ([{“‘").str.strip_chars_end(" )]}”’.,;:")
    return text.str.replace(r"^'([^']+)'$", "$1").str.replace(r'^"([^"]+)"$', "$1")
