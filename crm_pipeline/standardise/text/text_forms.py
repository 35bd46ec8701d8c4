"""Unicode's forms of texts, asked only of the texts that may have another: those with signs beyond ASCII.

Most cells of most columns are ASCII, and normalising costs more than any other step. Belongs here: forms of whole
texts. Does not belong here: which form a value or a key should have (`texts`, `text_keys`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import polars as pl


def beyond_ascii(texts: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, those with signs beyond ASCII as `change` gives them."""
    rows = (texts.str.len_bytes() != texts.str.len_chars()).fill_null(value=False).arg_true()
    if rows.is_empty():
        return texts
    return change(texts) if rows.len() == texts.len() else texts.clone().scatter(rows, change(texts.gather(rows)))


def matching(texts: pl.Series, pattern: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, those that hold the pattern as `change` gives them."""
    rows = texts.str.contains(pattern).fill_null(value=False).arg_true()
    return texts.clone().scatter(rows, change(texts.gather(rows))) if rows.len() else texts


def normalised(value: pl.Expr, form: Literal["NFC", "NFKC"]) -> pl.Expr:
    """The texts in a form of Unicode."""
    return value.map_batches(
        lambda batch: beyond_ascii(batch, lambda texts: texts.str.normalize(form)),
        return_dtype=pl.String(),
        is_elementwise=True,
    )
