"""Expectation maximisation: pairs drawn from known shares teach these shares, and little teaches little."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.linkage.learning.expectation import (
    BELIEVED_PAIRS,
    FEWEST_PER_RECORD,
    FEWEST_RELATED_PER_RECORD,
    LARGEST_SHARE,
    MOST_PER_RECORD,
    MOST_RELATED_PER_RECORD,
    MOST_ROUNDS,
    SMALLEST_M,
    SMALLEST_M_DIFFERENT,
    Learnt,
    Outcomes,
    maximise,
)
from crm_pipeline.linkage.model.comparison import Comparison

from .expectation_oracle import (
    COMPARISONS,
    NAMESAKES,
    RELATED,
    SHIPPED,
    TRUE_M,
    TRUE_U,
    Shares,
    comparison,
    drawn,
    has_one_name,
    outcomes,
    share_looked_at,
    share_of,
    simulated,
)

U = tuple(np.array(shares) for shares in TRUE_U)


def together(*parts: Outcomes) -> Outcomes:
    """All outcomes of the parts."""
    return Outcomes(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in (field.name for field in fields(Outcomes))
        )
    )


def apart(learnt: Learnt, shares: tuple[Shares, ...]) -> float:
    """The largest difference between a learnt m and these."""
    return max(float(np.abs(m - share).max()) for m, share in zip(learnt.m, shares, strict=True))


@pytest.mark.parametrize(
    ("records", "same", "related"), [(20_000, 10_000, 8_000), (20_000, 4_000, 20_000), (2_000, 2_000, 0)]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_known_shares_are_learnt(records: int, same: int, related: int, seed: int) -> None:
    """Pairs drawn from known shares teach m and the numbers of pairs of each kind, however many families there are."""
    learnt = maximise(COMPARISONS, U, simulated(records, same, related, seed), records=records)
    pairs = records * (records - 1) / 2
    assert apart(learnt, TRUE_M) < 0.03
    assert learnt.same * pairs == pytest.approx(same * share_looked_at(TRUE_M), rel=0.05)
    assert learnt.related * pairs == pytest.approx(
        related * share_looked_at(RELATED), rel=0.05, abs=FEWEST_PER_RECORD * records
    )


def test_families_are_not_learnt_as_customers() -> None:
    """Where all who agree are families, no more than the fewest pairs of one customer are believed in."""
    learnt = maximise(COMPARISONS, U, simulated(20_000, 0, 8_000, 1), records=20_000)
    assert learnt.same * 20_000 * 19_999 / 2 == pytest.approx(FEWEST_PER_RECORD * 20_000, rel=0.1)
    assert learnt.related * 20_000 * 19_999 / 2 == pytest.approx(8_000 * share_looked_at(RELATED), rel=0.05)


@pytest.mark.parametrize("seed", [1, 2])
def test_namesakes_of_one_region_are_not_learnt_as_customers(seed: int) -> None:
    """What strangers of one name agree in is learnt, and so they do not spoil what is learnt of customers."""
    seen = simulated(100_000, 10_000, 4_000, seed, namesakes=NAMESAKES)
    learnt = maximise(COMPARISONS, U, seen, records=100_000)
    assert apart(learnt, TRUE_M) < 0.03
    assert float(np.abs(learnt.namesakes[4] - NAMESAKES[4]).max()) < 0.03
    assert all(np.array_equal(learnt.namesakes[n], U[n]) for n in range(4))
    nothing = np.zeros_like(seen.have_one_name)
    blind = maximise(COMPARISONS, U, replace(seen, have_one_name=nothing, teach_namesakes=nothing), records=100_000)
    assert apart(blind, TRUE_M) > 0.2


def test_probability_is_bayes() -> None:
    """A group's probability is what Bayes' rule gives of the learnt shares."""
    seen = simulated(20_000, 10_000, 8_000, 1)
    learnt = maximise(COMPARISONS, U, seen, records=20_000)
    assert learnt.rounds < MOST_ROUNDS
    m = tuple(tuple(float(share) for share in shares) for shares in learnt.m)
    namesakes = tuple(tuple(float(share) for share in shares) for shares in learnt.namesakes)
    for levels, probability in zip(seen.levels.tolist(), learnt.probability, strict=True):
        look = tuple(levels)
        one, two = learnt.same * share_of(look, m), learnt.related * share_of(look, RELATED)
        strangers = (1 - learnt.same) * share_of(look, namesakes if has_one_name(look) else TRUE_U)
        assert probability == pytest.approx(one / (one + two + strangers), abs=0.001)


def test_how_pairs_are_grouped_does_not_matter() -> None:
    """Groups in another order, or one group in two, teach the same."""
    seen = simulated(20_000, 10_000, 8_000, 1)
    halves = together(*[replace(seen, counts=seen.counts / 2)] * 2)
    order = np.random.default_rng(1).permutation(len(halves.counts))
    halves = Outcomes(*(getattr(halves, field.name)[order] for field in fields(Outcomes)))
    whole, parts = (maximise(COMPARISONS, U, outcome, records=20_000) for outcome in (seen, halves))
    assert apart(parts, tuple(tuple(m) for m in whole.m)) < 1e-6
    assert parts.same == pytest.approx(whole.same, rel=1e-6)


@pytest.mark.parametrize("pairs", [0, 1, 5])
def test_few_pairs_stay_near_shipped_numbers(pairs: int) -> None:
    """A few pairs move m by no more than their share beside the believed ones."""
    learnt = maximise(COMPARISONS, U, outcomes({(0, 0, 0, 1, 2): pairs}), records=200)
    assert apart(learnt, SHIPPED) <= pairs / (pairs + BELIEVED_PAIRS) + 1e-9


def test_nothing_looked_at() -> None:
    """Without any pair the shipped numbers stay, and the fewest pairs of either kind are believed in."""
    learnt = maximise(COMPARISONS, U, outcomes({}), records=200)
    assert apart(learnt, SHIPPED) < 1e-9
    assert learnt.same * 199 / 2 == pytest.approx(FEWEST_PER_RECORD)
    assert learnt.related * 199 / 2 == pytest.approx(FEWEST_RELATED_PER_RECORD)
    assert len(learnt.probability) == 0


@pytest.mark.parametrize("is_thin", [False, True])
def test_known_pairs_count(is_thin: bool) -> None:
    """Pairs known to be of one customer teach m by their counts, thin or not, but not how many pairs there are."""
    counts = drawn(5_000, TRUE_M, 1)
    learnt = maximise(COMPARISONS, U, outcomes(counts, is_known=True, is_thin=is_thin), records=20_000)
    for column, (m, shipped) in enumerate(zip(learnt.m, SHIPPED, strict=True)):
        of_level = [sum(n for look, n in counts.items() if look[column] == level) for level in range(len(shipped))]
        expected = [
            (n + BELIEVED_PAIRS * share) / (sum(of_level) + BELIEVED_PAIRS)
            for n, share in zip(of_level, shipped, strict=True)
        ]
        assert m == pytest.approx(expected)
    assert learnt.same * 19_999 / 2 == pytest.approx(FEWEST_PER_RECORD)
    assert (learnt.probability == 1).all()


def test_thin_pairs_teach_nothing() -> None:
    """Pairs that agree in too little move neither m nor the number of pairs of one customer, but have a probability."""
    thin = outcomes(drawn(5_000, TRUE_M, 1), is_thin=True)
    learnt = maximise(COMPARISONS, U, thin, records=20_000)
    assert apart(learnt, SHIPPED) < 1e-9
    assert learnt.same * 19_999 / 2 == pytest.approx(FEWEST_PER_RECORD)
    assert learnt.probability.max() > 0.99


def test_fewest_related() -> None:
    """For each pair of one customer, at least so many pairs belong together as asked for, whatever the pairs say."""
    seen = simulated(20_000, 10_000, 0, 1)
    free, bound = (maximise(COMPARISONS, U, seen, records=20_000, fewest_related=fewest) for fewest in (0.0, 0.1))
    assert free.related < free.same * 0.1
    assert bound.related == pytest.approx(bound.same * 0.1)


@pytest.mark.parametrize(("level", "expected"), [(0, SMALLEST_M_DIFFERENT), (2, 0.15)])
def test_bounds_of_different(level: int, expected: float) -> None:
    """However many known pairs say so, neither none nor more than the most are believed to differ."""
    chosen = tuple(replace(c, most_different=0.15) for c in COMPARISONS)
    look = (level, 0, 0, 0, 0)
    learnt = maximise(chosen, U, outcomes({look: 1e6}, is_known=True), records=20_000)
    assert learnt.m[0][-1] == pytest.approx(expected)
    assert learnt.m[0].sum() == pytest.approx(1)


@st.composite
def shares(draw: st.DrawFn, levels: int) -> Shares:
    """Shares of so many levels, sum 1."""
    weights = draw(st.lists(st.integers(1, 1000), min_size=levels, max_size=levels))
    return tuple(weight / sum(weights) for weight in weights)


@st.composite
def anything(draw: st.DrawFn) -> tuple[tuple[Comparison, ...], Outcomes]:
    """Any comparisons, with any outcomes, likely or not."""
    chosen = []
    for number in range(draw(st.integers(1, 4))):
        own = shares(draw(st.integers(2, 5)))
        m, related = draw(own), draw(own)
        most = draw(st.sampled_from([0.05, 0.2, 1.0]))
        chosen.append(comparison(f"c{number}", m, m[::-1], related if len(related) == len(m) else m, most))
    look = st.tuples(*(st.integers(-1, len(c.levels) - 1) for c in chosen))
    count = st.one_of(st.just(0.0), st.floats(0, 1e12), st.floats(0.5, 100))
    flags = (st.booleans() for _ in range(4))
    groups = draw(st.lists(st.tuples(look, st.floats(-500, 0), count, *flags), max_size=12))
    looks, bits, counts, *told = zip(*groups, strict=True) if groups else ((), (), (), (), (), (), ())
    seen = Outcomes(
        np.array(looks, dtype=np.int64).reshape(len(groups), len(chosen)),
        np.array(bits, dtype=float),
        np.array(counts, dtype=float),
        *(np.array(flag, dtype=bool) for flag in told),
    )
    return tuple(chosen), seen


@settings(max_examples=150, deadline=None, derandomize=True)
@given(anything(), st.integers(2, 5_000_000), st.sampled_from([0.0, 0.1, 1.0]))
def test_whatever_was_counted(told: tuple[tuple[Comparison, ...], Outcomes], records: int, fewest: float) -> None:
    """Any counts give shares within their bounds: m sums to 1, no outcome is impossible, nothing is not a number."""
    chosen, seen = told
    slack = 1 + 1e-9
    u = tuple(np.array([level.u for level in made.levels]) for made in chosen)
    learnt = maximise(chosen, u, seen, records=records, fewest_related=fewest)
    for shares_of, strangers in zip(learnt.namesakes, u, strict=True):
        assert shares_of.sum() == pytest.approx(1)
        assert (shares_of > 0).all()
        assert np.array_equal(shares_of, strangers)  # none of these comparisons shows a region
    for made, m in zip(chosen, learnt.m, strict=True):
        assert len(m) == len(made.levels)
        assert m.sum() == pytest.approx(1)
        assert (m >= 0.9 * SMALLEST_M).all()
        assert SMALLEST_M_DIFFERENT - 1e-9 <= m[-1] <= made.most_different + 1e-9
    assert ((learnt.probability >= 0) & (learnt.probability <= 1)).all()
    per_record = (records - 1) / 2
    assert min(FEWEST_PER_RECORD / per_record, LARGEST_SHARE) <= learnt.same * slack
    assert learnt.same <= min(MOST_PER_RECORD / per_record, LARGEST_SHARE) * slack
    assert min(FEWEST_RELATED_PER_RECORD / per_record, LARGEST_SHARE) <= learnt.related * slack
    assert learnt.related <= min(MOST_RELATED_PER_RECORD / per_record, LARGEST_SHARE) * slack
    assert learnt.same * fewest <= learnt.related * slack
    assert 1 <= learnt.rounds <= MOST_ROUNDS
