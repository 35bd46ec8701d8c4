"""What linking came to, in figures, and how they compare with those of the last runs.

Belongs here: measuring, medians, bands. Does not belong here: what becomes of a figure out of its band (`link_guards`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from crm_pipeline.settings import Guards, Linkage
from crm_pipeline.state.link_figures import Judged, LinkFigures
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS

MATCH_RATE, EDGES, GROWTH, WEIGHTS = "match_rate", "edges_per_record", "cluster_growth", "match_weights"
GUARDS = (MATCH_RATE, EDGES, GROWTH, WEIGHTS)
POPULATION_OF = {"match_rate.people": "records.people", "match_rate.organisations": "records.organisations"}
LAST_RUNS, FEWEST_RUNS = 7, 3
# What is not worth stopping for, however large its share: a few records of a small project.
FEWEST_RECORDS, FEWEST_EDGES, SMALLEST_GIANT, FEWEST_PAIRS = 100, 200, 20, 1_000
_BINS = 10

_SIZES = f"""
    WITH sized AS (
        SELECT coalesce(kind = 'organisation', false) AS is_organisation,
            count(*) OVER (PARTITION BY cluster_key) AS size
        FROM {CLUSTERS.qualified} JOIN std.customers USING (record_key) WHERE valid_to IS NULL
    )
    SELECT is_organisation, count(*), count(*) FILTER (size > 1), coalesce(sum(1 / size), 0), coalesce(max(size), 0)
    FROM sized GROUP BY ALL
"""
_EDGES = f"""
    SELECT (SELECT count(*) FROM {PAIRS.qualified} WHERE verdict = 'link')
        - (SELECT count(*) FROM {CONFLICTS.qualified})
"""
_WEIGHTS = f"""
    SELECT CAST(floor(match_weight) AS INTEGER) AS low, count(*) FROM {PAIRS.qualified}
    WHERE matched_by = 'model' AND isfinite(match_weight) GROUP BY low ORDER BY low
"""
_EXTRACTS = "SELECT DISTINCT source || '.' || extract FROM std.customers WHERE valid_to IS NULL ORDER BY ALL"


def measure(run: Run) -> LinkFigures:
    """The figures of `link.pairs`, `link.clusters` and `link.conflicts` as they are, judged by nobody yet."""
    for table in (PAIRS, CONFLICTS):
        run.warehouse.ensure(table)
    by_kind = {bool(row[0]): row[1:] for row in run.warehouse.execute(_SIZES)}
    people, organisations = (by_kind.get(kind, (0, 0, 0.0, 0)) for kind in (False, True))
    records = people[0] + organisations[0]
    edges = max(int(run.warehouse.value(_EDGES)), 0)
    weights = {int(low): int(count) for low, count in run.warehouse.execute(_WEIGHTS)}
    latest = run.models.versions()
    figures = {
        "match_rate": _share(people[1] + organisations[1], records),
        "match_rate.people": _share(people[1], people[0]),
        "match_rate.organisations": _share(organisations[1], organisations[0]),
        "customers_per_record": _share(people[2] + organisations[2], records),
        "edges_per_record": _share(edges, records),
        "largest_cluster": float(max(people[3], organisations[3])),
    }
    counts = {
        "records": records,
        "records.people": people[0],
        "records.organisations": organisations[0],
        "edges": edges,
        "weighed_pairs": sum(weights.values()),
    }
    version = latest[-1] if latest else None
    return LinkFigures(run.run_id, run.started_at, _basis(run), version, counts, figures, weights)


def _basis(run: Run) -> dict[str, Any]:
    config = run.project.config
    return {
        "extracts": [str(name) for (name,) in run.warehouse.execute(_EXTRACTS) if name is not None],
        "match_threshold": config.linkage.match_threshold,
        "review_threshold": config.linkage.review_threshold,
        "duplicate_free": sorted(config.duplicate_free),
    }


def _share(part: float, whole: float) -> float:
    return round(part / whole, 9) if whole else 0.0


def runs_before(
    guard: str, now: LinkFigures, earlier: Sequence[LinkFigures], accepted: Collection[tuple[str, str]]
) -> list[LinkFigures]:
    """The runs that a guard judges `now` against, oldest first; empty while there are too few.

    Those on an equal basis that were published. One that the guard stopped and people accepted is where counting
    begins anew.

    Args:
        guard: its name.
        now: the run that is judged.
        earlier: runs before it, oldest first.
        accepted: guards and runs that people accepted.
    """
    found: list[LinkFigures] = []
    is_accepted = False
    for run in earlier:
        if run.run_id == now.run_id or run.basis != now.basis:
            continue
        if guard == WEIGHTS and run.model_version != now.model_version:
            continue  # another model weighs otherwise, which is no sign of anything
        if guard in run.broken and (guard, run.run_id) in accepted:
            found, is_accepted = [run], True
        elif run.is_published:
            found.append(run)
    return found[-LAST_RUNS:] if is_accepted or len(found) >= FEWEST_RUNS else []


def judge(
    now: LinkFigures, earlier: Sequence[LinkFigures], accepted: Collection[tuple[str, str]], limits: Linkage
) -> list[Judged]:
    """Each figure that can be judged, with its band.

    Args:
        now: the run.
        earlier: runs before it, oldest first.
        accepted: guards and runs that people accepted.
        limits: of pipeline.yaml.
    """
    guards = limits.guards
    found: list[Judged] = []
    for guard in GUARDS:
        if getattr(guards, guard) is not None and (before := runs_before(guard, now, earlier, accepted)):
            found += _JUDGES[guard](now, before, guards)
    return found


def _rates(now: LinkFigures, before: Sequence[LinkFigures], guards: Guards) -> Iterator[Judged]:
    """Shares of records, of all and of each population, that may rise and fall by so many points.

    A population that is gone has no share; its share is broken where it had records enough.
    """
    points = guards.match_rate or 0.0
    for figure in ("match_rate", *POPULATION_OF, "customers_per_record"):
        of = POPULATION_OF.get(figure, "records")
        is_gone = now.counts[of] == 0 and median(run.counts[of] for run in before) >= FEWEST_RECORDS
        usual = median(run.figures[figure] for run in before)
        if is_gone or min(run.counts[of] for run in (now, *before)):
            apart = abs(now.figures[figure] - usual)
            is_broken = is_gone or (apart > points and apart * now.counts[of] >= FEWEST_RECORDS)
            low, high = max(usual - points, 0.0), min(usual + points, 1.0)
            yield Judged(MATCH_RATE, figure, now.figures[figure], usual, low, high, len(before), is_broken)


def _edges(now: LinkFigures, before: Sequence[LinkFigures], guards: Guards) -> Iterator[Judged]:
    """Links per record, which may be so many times more or less."""
    times = guards.edges_per_record or 1.0
    found, usual = now.figures["edges_per_record"], median(run.figures["edges_per_record"] for run in before)
    low, high = usual / times, usual * times
    is_many = abs(found - usual) * now.counts["records"] >= FEWEST_EDGES
    yield Judged(EDGES, "edges_per_record", found, usual, low, high, len(before), is_many and not low <= found <= high)


def _growth(now: LinkFigures, before: Sequence[LinkFigures], guards: Guards) -> Iterator[Judged]:
    """Records of the largest cluster, which may be so many times more; none is too small."""
    found, usual = now.figures["largest_cluster"], median(run.figures["largest_cluster"] for run in before)
    high = max(usual * (guards.cluster_growth or 1.0), float(SMALLEST_GIANT))
    yield Judged(GROWTH, "largest_cluster", found, usual, None, high, len(before), found > high)


def _weights(now: LinkFigures, before: Sequence[LinkFigures], guards: Guards) -> Iterator[Judged]:
    """How far the distribution of weights is from that of the last runs together."""
    limit = guards.match_weights or 0.0
    expected: dict[int, int] = {}
    for run in before:
        for low, count in run.weights.items():
            expected[low] = expected.get(low, 0) + count
    if min(now.counts["weighed_pairs"], sum(expected.values())) >= FEWEST_PAIRS:
        found = stability_index(expected, now.weights)
        yield Judged(WEIGHTS, "stability_index", found, 0.0, None, limit, len(before), found > limit)


_JUDGES = {MATCH_RATE: _rates, EDGES: _edges, GROWTH: _growth, WEIGHTS: _weights}


def stability_index(expected: Mapping[int, int], found: Mapping[int, int]) -> float:
    """The population stability index of two histograms: the sum of (found - expected) ln(found / expected) over bins.

    Bins are joined to ten with about equal parts of `expected`. Half a pair is added to each, lest an empty one count
    for infinity. 0 for equal shares; from 0.25 on a distribution is by convention another one.

    Args:
        expected: lower ends of bins to counts, at least one count.
        found: the same bins.
    """
    total = sum(expected.values())
    joined: list[tuple[float, float]] = []
    one = other = 0.0
    for low in sorted({*expected, *found}):
        one, other = one + expected.get(low, 0), other + found.get(low, 0)
        if one >= total / _BINS:
            joined.append((one, other))
            one = other = 0.0
    if one or other:  # beyond the last full bin
        last = joined.pop() if joined else (0.0, 0.0)
        joined.append((last[0] + one, last[1] + other))
    totals = [sum(column) + 0.5 * len(joined) for column in zip(*joined, strict=True)]
    shares = [((a + 0.5) / totals[0], (b + 0.5) / totals[1]) for a, b in joined]
    return round(math.fsum((b - a) * math.log(b / a) for a, b in shares), 6)
