"""Partitions by their definition, for the tests of this folder.

Belongs here: what is obviously right. Does not belong here: any claim.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import polars as pl

Pair = tuple[str, str]


def pairs_within(groups: dict[str, str]) -> set[Pair]:
    """The pairs of keys with one group, by their definition."""
    members: dict[str, list[str]] = defaultdict(list)
    for key, group in groups.items():
        members[group].append(key)
    return {pair for keys in members.values() for pair in combinations(sorted(keys), 2)}


def labels_of(frame: pl.DataFrame) -> dict[str, str]:
    return dict(frame.select("record_key", "label").rows())
