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
    is_sound = bare.str.contains(_ADDRESS) & ~bare.str.contains(r"\.\.|^\.|\.@")
    return pl.when(is_sound).then(bare)
