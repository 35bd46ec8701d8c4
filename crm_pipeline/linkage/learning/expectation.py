"""Expectation maximisation over three kinds of pairs: one customer, two who belong together, strangers.

Belongs here: the arithmetic, on outcomes that were counted. Does not belong here: which pairs are looked at, and what
becomes of the numbers (`training`).

All pairs of records are thought of, though only those that share a blocking key are looked at: the others are
strangers. Strangers' shares (u) are known from random pairs and stay, and so do those of pairs who belong together;
learnt are m and how many pairs there are of the first two kinds. What was believed before counts as `BELIEVED_PAIRS`
pairs, so that hundreds of records start from shipped numbers and millions leave them behind.

Two strangers of one name agree in gender and region more often than random ones, because names have both. How much
oftener is learnt too. Without it a million records have so many namesakes that they are learnt as customers who move
and change their birthday.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_pipeline.linkage.model.comparison import Comparison, Region

BELIEVED_PAIRS = 50
# Strangers of one name that are believed to agree as others do: only large projects have more, and trouble with them.
BELIEVED_NAMESAKES = 1000
LARGEST_SHARE_OF_REGION = 0.95
MOST_ROUNDS, SMALLEST_CHANGE = 60, 1e-4

# Pairs of one customer per record: one record in a hundred has a double where nothing is found, three pairs at most,
# and never more than one pair in ten.
FEWEST_PER_RECORD, MOST_PER_RECORD, LARGEST_SHARE = 0.01, 3.0, 0.1
# Pairs who belong together per record.
FEWEST_RELATED_PER_RECORD, MOST_RELATED_PER_RECORD = 0.001, 3.0

# No field is free of errors: at least one true pair in a hundred differs in it, and no outcome is impossible.
SMALLEST_M, SMALLEST_M_DIFFERENT = 0.001, 0.01

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Groups of pairs that look alike.

    Attributes:
        levels: per group (row) and comparison (column) the level, 0 the first; -1 where it can't be compared.
        stranger_bits: per group log2 of the share of strangers who look like that, rare values taken into account.
        counts: pairs per group.
        is_known: whether the group's pairs are known to be of one customer.
        is_thin: whether too few kinds of evidence agree: such pairs teach nothing about customers.
        have_one_name: whether the names agree.
        teach_namesakes: whether the pairs were found by their name alone, so that strangers among them show what
            namesakes agree in.
    """

    levels: NDArray[np.int64]
    stranger_bits: Floats
    counts: Floats
    is_known: NDArray[np.bool_]
    is_thin: NDArray[np.bool_]
    have_one_name: NDArray[np.bool_]
    teach_namesakes: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What expectation maximisation came to.

    Attributes:
        m: per comparison the shares of its levels among pairs of one customer.
        namesakes: the same among strangers of one name; u but for comparisons that show a region.
        same: share of all pairs of records that are of one customer.
        related: share of all pairs that belong together.
        probability: per group of outcomes that its pairs are of one customer.
        rounds: how many it took.
    """

    m: tuple[Floats, ...]
    namesakes: tuple[Floats, ...]
    same: float
    related: float
    probability: Floats
    rounds: int


def maximise(
    chosen: Sequence[Comparison],
    u: Sequence[Floats],
    seen: Outcomes,
    *,
    records: int,
    fewest_related: float = 0.0,
) -> Learnt:
    """M and the shares of the kinds of pairs that explain the outcomes best.

    Args:
        chosen: the comparisons, in the order of the columns of `seen.levels`.
        u: per comparison the shares of its levels among strangers.
        seen: the outcomes of pairs that share a blocking key, and of pairs known to be of one customer.
        records: number of records, of which all pairs are thought of.
        fewest_related: pairs who belong together for each pair of one customer, at least.
    """
    pairs = max(records * (records - 1) / 2, 1.0)
    believed = tuple(np.array([level.m for level in comparison.levels]) for comparison in chosen)
    together = _bits(seen.levels, tuple(np.array([level.related for level in c.levels]) for c in chosen))
    m, same, related = believed, _within(0.2, records, pairs), _within_related(0.2, records, pairs)
    namesakes = tuple(u)
    probability, is_together = _expected(seen, u, m, namesakes, together, same, related)
    rounds = 0
    while rounds < MOST_ROUNDS:
        rounds += 1
        taught = np.where(seen.is_thin & ~seen.is_known, 0.0, probability) * seen.counts
        before = (*m, *namesakes, np.array([np.log(same), np.log(related)]))
        m = tuple(
            _shares(seen.levels[:, n], taught, prior, chosen[n].most_different) for n, prior in enumerate(believed)
        )
        unknown = ~seen.is_known
        shown = np.where(seen.teach_namesakes & unknown, 1 - probability - is_together, 0.0) * seen.counts
        namesakes = tuple(
            _of_namesakes(comparison, seen.levels[:, n], shown, shares)
            for n, (comparison, shares) in enumerate(zip(chosen, u, strict=True))
        )
        same = _within(float(taught[unknown].sum()) / records, records, pairs)
        related = _within_related(float((is_together * seen.counts)[unknown].sum()) / records, records, pairs)
        related = max(related, same * fewest_related)
        probability, is_together = _expected(seen, u, m, namesakes, together, same, related)
        now = (*m, *namesakes, np.array([np.log(same), np.log(related)]))
        if max(float(np.abs(a - b).max()) for a, b in zip(before, now, strict=True)) < SMALLEST_CHANGE:
            break
    return Learnt(m, namesakes, same, related, probability, rounds)


def _within(per_record: float, records: int, pairs: float) -> float:
    return min(min(max(per_record, FEWEST_PER_RECORD), MOST_PER_RECORD) * records / pairs, LARGEST_SHARE)


def _within_related(per_record: float, records: int, pairs: float) -> float:
    bounded = min(max(per_record, FEWEST_RELATED_PER_RECORD), MOST_RELATED_PER_RECORD)
    return min(bounded * records / pairs, LARGEST_SHARE)


def _bits(levels: NDArray[np.int64], shares: Sequence[Floats]) -> Floats:
    """Per group log2 of the share of pairs that look like that; what can't be compared says nothing."""
    total = np.zeros(levels.shape[0])
    for column, share in enumerate(shares):
        total += np.append(np.log2(share), 0.0)[levels[:, column]]  # -1 takes the last
    return total


def _expected(
    seen: Outcomes,
    u: Sequence[Floats],
    m: Sequence[Floats],
    namesakes: Sequence[Floats],
    together: Floats,
    same: float,
    related: float,
) -> tuple[Floats, Floats]:
    """Per group the probabilities of one customer and of two who belong together."""
    ratios = tuple(own / other for own, other in zip(namesakes, u, strict=True))
    apart = seen.stranger_bits + np.where(seen.have_one_name, _bits(seen.levels, ratios), 0.0)
    own = _bits(seen.levels, m)
    bits = np.stack([own + np.log2(same), together + np.log2(related), apart + np.log2(1 - same)])
    weights = np.exp2(bits - bits.max(axis=0))
    weights /= weights.sum(axis=0)
    return np.where(seen.is_known, 1.0, weights[0]), np.where(seen.is_known, 0.0, weights[1])


def _of_namesakes(comparison: Comparison, levels: NDArray[np.int64], shown: Floats, u: Floats) -> Floats:
    """The shares of one comparison among namesakes; sum 1.

    How much oftener namesakes are of one region than strangers is counted in the levels that show it, and holds for all
    levels that imply it. Strangers of one street are not counted: among them are customers who differ in the rest.
    """
    shows = np.array([level.region is Region.SHOWS for level in comparison.levels])
    if not shows.any():
        return u
    implies = np.array([level.region is not None for level in comparison.levels])
    is_there = levels >= 0
    counted = np.bincount(levels[is_there], weights=shown[is_there], minlength=len(u))
    share = (counted[shows].sum() + BELIEVED_NAMESAKES * u[shows].sum()) / (counted.sum() + BELIEVED_NAMESAKES)
    oftener = min(max(share / u[shows].sum(), 1.0), LARGEST_SHARE_OF_REGION / u[implies].sum())
    if oftener <= 1:
        return u
    rest = (1 - oftener * u[implies].sum()) / u[~implies].sum()
    found: Floats = u * np.where(implies, oftener, rest)
    return found


def _shares(levels: NDArray[np.int64], taught: Floats, believed: Floats, most_different: float) -> Floats:
    """M of one comparison: what was counted and what was believed, within bounds, sum 1."""
    is_there = levels >= 0
    counted = np.bincount(levels[is_there], weights=taught[is_there], minlength=len(believed))
    shares = (counted + BELIEVED_PAIRS * believed) / (counted.sum() + BELIEVED_PAIRS)
    shares = np.maximum(shares, SMALLEST_M)
    different = min(max(shares[-1] / shares.sum(), SMALLEST_M_DIFFERENT), most_different)
    agreeing = shares[:-1] / shares[:-1].sum() * (1 - different)
    return np.append(agreeing, different)
