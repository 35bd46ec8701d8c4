"""Pairs of records drawn from known shares, to be learnt again: one customer, a family, strangers."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from crm_pipeline.linkage.learning.expectation import Outcomes
from crm_pipeline.linkage.model.comparison import ELSE, Comparison, Level, Region

Shares = tuple[float, ...]
SHIPPED: tuple[Shares, ...] = ((0.6, 0.2, 0.2), (0.6, 0.2, 0.2), (0.7, 0.15, 0.15), (0.75, 0.25), (0.5, 0.2, 0.3))
TRUE_M: tuple[Shares, ...] = ((0.85, 0.08, 0.07), (0.8, 0.1, 0.1), (0.9, 0.05, 0.05), (0.55, 0.45), (0.7, 0.1, 0.2))
TRUE_U: tuple[Shares, ...] = (
    (0.002, 0.01, 0.988),
    (0.005, 0.02, 0.975),
    (0.0001, 0.003, 0.9969),
    (0.00001, 0.99999),
    (0.0002, 0.01, 0.9898),
)
# A family: one surname and one address, other given names and other birth dates.
RELATED: tuple[Shares, ...] = (
    (0.9, 0.02, 0.08),
    (0.02, 0.03, 0.95),
    (0.005, 0.01, 0.985),
    (0.4, 0.6),
    (0.8, 0.05, 0.15),
)
# Strangers of one name: many live in one region.
NAMESAKES: tuple[Shares, ...] = (*TRUE_U[:4], (0.006, 0.3, 0.694))
NAMES = ("family_name", "given_name", "birth_date", "phone", "address")
MISSING = 0.1  # share of pairs that can't be compared, the same for each comparison and kind


def comparison(name: str, m: Shares, u: Shares, related: Shares, most_different: float = 1.0) -> Comparison:
    """A comparison with these shares; what its levels compare is of no account here."""
    labels = [*(f"{name} {n}" for n in range(len(m) - 1)), ELSE]
    regions = (Region.IMPLIES, Region.SHOWS, None) if name == "address" else (None,) * len(m)
    levels = tuple(
        Level(label, label, *told, region=region)
        for label, told, region in zip(labels, zip(m, u, related, strict=True), regions, strict=True)
    )
    evidence = "name" if name in NAMES[:2] else name
    return Comparison(name, evidence, "", (name,), "", levels, most_different)


COMPARISONS = tuple(comparison(*told) for told in zip(NAMES, SHIPPED, TRUE_U, RELATED, strict=True))
LOOKS = list(product(*([*range(len(m)), -1] for m in SHIPPED)))  # all that a pair can look like


def share_of(look: tuple[int, ...], shares: tuple[Shares, ...]) -> float:
    """Share of pairs of a kind that look like that, where all comparisons could be made."""
    return prod(share[level] for level, share in zip(look, shares, strict=True) if level >= 0)


def has_one_name(look: tuple[int, ...]) -> bool:
    """Whether both names are equal."""
    return look[:2] == (0, 0)


def outcomes(counts: dict[tuple[int, ...], float], *, is_known: bool = False, is_thin: bool = False) -> Outcomes:
    """Outcomes with strangers' shares as in `TRUE_U`."""
    return Outcomes(
        levels=np.array(list(counts), dtype=np.int64).reshape(len(counts), len(NAMES)),
        stranger_bits=np.array([np.log2(share_of(look, TRUE_U)) for look in counts]),
        counts=np.array(list(counts.values()), dtype=float),
        is_known=np.full(len(counts), is_known),
        is_thin=np.full(len(counts), is_thin),
        have_one_name=np.array([has_one_name(look) for look in counts], dtype=bool),
        teach_namesakes=np.array([has_one_name(look) for look in counts], dtype=bool),
    )


def drawn(pairs: int, shares: tuple[Shares, ...], seed: int) -> dict[tuple[int, ...], float]:
    """How many of so many pairs of a kind look like what."""
    is_there = [MISSING ** look.count(-1) * (1 - MISSING) ** (len(look) - look.count(-1)) for look in LOOKS]
    chances = np.array([share_of(look, shares) * there for look, there in zip(LOOKS, is_there, strict=True)])
    counts = np.random.default_rng(seed).multinomial(pairs, chances / chances.sum())
    return dict(zip(LOOKS, counts.astype(float), strict=True))


def simulated(records: int, same: int, related: int, seed: int, *, namesakes: tuple[Shares, ...] = TRUE_U) -> Outcomes:
    """All pairs of so many records; looked at are those that are equal in something."""
    strangers = records * (records - 1) // 2 - same - related
    apart, alike = drawn(strangers, TRUE_U, seed + 2), drawn(strangers, namesakes, seed + 3)
    apart = {look: (alike if has_one_name(look) else apart)[look] for look in LOOKS}
    kinds = (drawn(same, TRUE_M, seed), drawn(related, RELATED, seed + 1), apart)
    return outcomes({look: sum(kind[look] for kind in kinds) for look in LOOKS if 0 in look})


def share_looked_at(shares: tuple[Shares, ...]) -> float:
    """Share of the pairs of a kind that are equal in something."""
    return 1 - prod(1 - (1 - MISSING) * share[0] for share in shares)
