"""Which columns of several files hold the same identifiers, told by their values.

Belongs here: comparing values between files. Does not belong here: what one column holds (`steps.starting.suggest`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.sources.entity_suggestions import EntitySuggestion

Place = tuple[str, str]  # source and extract

_OVERLAP = 0.3  # share of the values of the smaller column that the other has too
_FEWEST = 5  # equal values; fewer are chance
_TELLING = r"\D|^.{9,}$"  # numbers of a few digits are in every system, and mean somebody else in each
_SPECIFIC = 3  # characters of an identifier that says something: 1, 2, 3 are in every file


@dataclass(frozen=True, slots=True)
class Keyed:
    """One file: its place in pipeline.yaml, what it seems to hold, its rows, and what its columns hold."""

    source: str
    extract: str
    found: EntitySuggestion
    rows: pl.DataFrame
    shares: Mapping[str, Mapping[str, float]]

    @property
    def place(self) -> Place:
        """Source and extract."""
        return self.source, self.extract


def shared(files: Sequence[Keyed]) -> dict[Place, dict[str, str]]:
    """Of each extract of customers the columns that hold keys of another one: delivered column to namespace.

    The namespace is named after the source whose key it is; that key is in it too.
    """
    customers = [each for each in files if each.found.entity == "customers"]
    found: dict[Place, dict[str, str]] = {}
    for owner in customers:
        keys = _key_values(owner)
        if not len(keys) or not _is_telling(keys):
            continue
        namespace = f"{owner.source}_number"
        holders = [
            (other, column)
            for other in customers
            if other is not owner
            for column in _candidates(other)
            if _overlap(_values(other.rows[column]), keys)
        ]
        if holders:
            found.setdefault(owner.place, {})[owner.found.primary_key[0]] = namespace
        for other, column in holders:
            found.setdefault(other.place, {}).setdefault(column, namespace)
    return found


def referred(files: Sequence[Keyed]) -> dict[tuple[str, str, str], str]:
    """Source, extract and column of each reference to customers, to the extract whose keys it holds.

    Where several have its values the own source's comes first, then the one that has most of them.
    """
    customers = [each for each in files if each.found.entity == "customers"]
    found = {}
    for each in files:
        for column in each.found.delivered("customer"):
            values = _values(each.rows[column])
            shares = {
                (other.source == each.source, _share(values, _key_values(other)), other.place)
                for other in customers
                if other is not each
            }
            fitting = sorted((own, share, place) for own, share, place in shares if share >= _OVERLAP)
            if fitting:
                found[each.source, each.extract, column] = ".".join(fitting[-1][2])
    return found


def _candidates(file: Keyed) -> list[str]:
    """Columns that may hold somebody else's keys."""
    other = {each.delivered for each in file.found.columns if each.standard != "external_ids"}
    keys = set(file.found.primary_key)
    free = [name for name, told in file.shares.items() if (name in keys or name not in other) and told["values"] > 1]
    return [name for name in free if _is_telling(file.rows[name])]


def _is_telling(cells: pl.Series) -> bool:
    """Whether equal values in two systems are no accident."""
    return bool(_values(cells).str.contains(_TELLING).all())


def _key_values(file: Keyed) -> pl.Series:
    key = file.found.primary_key
    return _values(file.rows[key[0]]) if len(key) == 1 else pl.Series([], dtype=pl.String)


def _values(cells: pl.Series) -> pl.Series:
    """Distinct values as identifiers are cleaned, without those too short to tell anything."""
    plain = cells.str.strip_chars().str.to_uppercase().unique()
    return plain.filter(plain.str.len_chars() >= _SPECIFIC)


def _overlap(values: pl.Series, keys: pl.Series) -> bool:
    """Whether the values are keys, or most keys of a small file are among them."""
    equal = values.is_in(keys.implode()).sum()
    return equal >= _FEWEST and equal >= _OVERLAP * min(values.len(), keys.len())


def _share(values: pl.Series, keys: pl.Series) -> float:
    return float(values.is_in(keys.implode()).sum()) / max(values.len(), 1)
