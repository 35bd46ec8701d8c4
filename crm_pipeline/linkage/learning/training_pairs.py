"""The pairs that a model learns from: random ones, those that share a blocking key, those known to be of one customer.

Belongs here: drawing them, alike for the same records and seed. Does not belong here: what is learnt (`training`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from crm_pipeline.linkage.candidates.blocking import CANDIDATES, candidate_count
from crm_pipeline.warehouse import Warehouse

MOST_PAIRS = 1_000_000  # candidates to learn from: seconds on two cores
RANDOM_PAIRS = 300_000  # for u: a share of 1e-5 rests on three pairs and what is believed
KNOWN_PAIRS = 100_000  # that share an identifier

RANDOM, CANDIDATE, KNOWN = "random", "candidate", "known"


def training_pairs(
    scratch: Warehouse, keys: pl.Series, identified: pl.DataFrame, name_rule: int | None, seed: int
) -> pl.DataFrame:
    """join_key_l, join_key_r, match_key, weight and is_by_name; a pair may come twice.

    weight is the number of pairs that each stands for; is_by_name says that equal names alone found it.

    Args:
        scratch: where the candidates are.
        keys: of all records, sorted.
        identified: record_key_l and record_key_r of pairs that surely are of one customer.
        name_rule: number of the blocking rule of equal names; None where there is none.
        seed: for the random pairs.
    """
    found = candidate_count(scratch)
    share = -(-found // MOST_PAIRS) or 1
    candidates = scratch.frame(f"""
        SELECT join_key_l, join_key_r, '{CANDIDATE}' AS match_key, CAST({share} AS DOUBLE) AS weight,
               match_key = '{-1 if name_rule is None else name_rule}' AS is_by_name
        FROM {CANDIDATES} WHERE hash(join_key_l, join_key_r) % {share} = 0 ORDER BY ALL
    """)
    known = identified.filter(
        pl.col("record_key_l").is_in(keys.implode()) & pl.col("record_key_r").is_in(keys.implode())
    )
    known = known.sort("record_key_l", "record_key_r").gather_every(-(-known.height // KNOWN_PAIRS) or 1)
    named = known.select(
        pl.col("record_key_l").alias("join_key_l"),
        pl.col("record_key_r").alias("join_key_r"),
        pl.lit(KNOWN).alias("match_key"),
        pl.lit(1.0).alias("weight"),
        pl.lit(value=False).alias("is_by_name"),
    )
    return pl.concat([candidates, named, _random_pairs(keys, seed)])


def _random_pairs(keys: pl.Series, seed: int) -> pl.DataFrame:
    """Random pairs of records, all pairs where there are few."""
    count = len(keys)
    if count * (count - 1) // 2 <= RANDOM_PAIRS:
        left, right = np.triu_indices(count, k=1)
    else:
        drawn = np.random.default_rng(seed).integers(0, count, size=(2, RANDOM_PAIRS))
        drawn = np.unique(np.sort(drawn[:, drawn[0] != drawn[1]], axis=0), axis=1)
        left, right = drawn
    return pl.DataFrame({"join_key_l": keys.gather(left), "join_key_r": keys.gather(right)}).with_columns(
        pl.lit(RANDOM).alias("match_key"), pl.lit(1.0).alias("weight"), pl.lit(value=False).alias("is_by_name")
    )
