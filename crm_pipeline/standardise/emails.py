"""E-mail addresses in lower case."""

from __future__ import annotations

import polars as pl

from crm_pipeline.standardise import texts

# RFC 5321 without quoted local parts and address literals, which no customer types; up to 64 and 253 characters.
_ADDRESS = r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"


def clean(value: pl.Expr) -> pl.Expr:
    """The address; `mailto:` and angle brackets removed; null when it is none by its form."""
    text = texts.clean(value).str.normalize("NFKC").str.to_lowercase()
    bare = text.str.replace(r"^mailto:", "").str.replace(r"^<(.*)>$", "$1")
    return bare.map_batches(_sound, return_dtype=pl.String())


def _sound(batch: pl.Series) -> pl.Series:
    """The addresses, null where one is none by its form."""
    is_sound = batch.str.contains(_ADDRESS) & ~batch.str.contains(r"\.\.|^\.|\.@")
    return batch.set(~is_sound, None)
