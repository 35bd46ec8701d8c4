"""Other names of organisations, from a user's list of two columns: 阿里 is 阿里巴巴.

Belongs here: the list as a mapping, and finding names in it. Does not belong here: reading files, taking names apart.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.standardise.text import chinese_characters

COLUMNS = ("alias", "name")


def from_table(table: pl.DataFrame) -> dict[str, str]:
    """Alias to name, in the order of the rows; rows without one of the two are left out.

    Args:
        table: text columns `alias` and `name`; others are not looked at.

    Raises:
        ConfigurationError: a column is missing, or one alias (without case, width and signs) has two names.
    """
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise ConfigurationError(
            where="the aliases of organisations",
            expected="a list of aliases with the columns `alias` and `name`",
            found=f"one without {' and '.join(missing)}",
            cure="name its columns so",
        )
    if table.is_empty():
        return {}
    rows = table.select(pl.col(COLUMNS).cast(pl.String).str.strip_chars().replace("", None)).drop_nulls()
    keyed = rows.with_columns(fold(rows["alias"]).alias("key")).unique(["key", "name"], maintain_order=True)
    doubled = keyed.filter(pl.col("key").is_duplicated())["key"].n_unique()
    if doubled:
        raise ConfigurationError(
            where="the aliases of organisations",
            expected="one name for each alias, whatever its case, width and signs",
            found=f"{doubled} with more than one",
            cure="leave one row of each",
        )
    return dict(keyed.select(COLUMNS).iter_rows())


def fold(texts: pl.Series) -> pl.Series:
    """Letters and digits in lower case and simplified characters, of any width: what an alias is found by."""
    folded = chinese_characters.simplify(texts.str.normalize("NFKC")).str.to_lowercase()
    return folded.str.replace_all(r"[^\p{L}\p{N}]+", "").replace("", None)


def find(texts: pl.Series, aliases: Mapping[str, str]) -> pl.Series:
    """The name that each text is an alias of; null where it is none. Of two aliases alike, the first counts."""
    if not aliases:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(texts))
    keys = fold(pl.Series(list(aliases), dtype=pl.String)).to_list()
    names: dict[str, str] = {}
    for key, name in zip(keys, aliases.values(), strict=True):
        if key is not None:
            names.setdefault(key, name)
    return fold(texts).replace_strict(names, default=None, return_dtype=pl.String)
