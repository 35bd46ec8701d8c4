"""Geometry of the charts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.report import charts
from crm_pipeline.report.figures import ClusterSize, Figures, Source, WeightBin
from crm_pipeline.state.measures import Outcome
from crm_pipeline_tests.report import building

counts = st.integers(0, 10**8)


def with_sources(records: list[tuple[int, int]], customers: int) -> Figures:
    sources = tuple(Source(str(n), r, held, 0, 0) for n, (r, held) in enumerate(records))
    return replace(building.empty_figures(), sources=sources, cluster_sizes=(ClusterSize(1, customers),))


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=9), counts)
def test_flow_fits(records: list[tuple[int, int]], customers: int) -> None:
    """No system overlaps the next, and everything lies within the picture."""
    flow = charts.flow(with_sources(records, customers))
    ends = [node for node in (flow.customers, flow.held_back) if node]
    for node in (*flow.nodes, *ends):
        assert node.top >= 0
        assert node.top + node.height <= flow.height + 200 * (node is flow.held_back)
    for above, below in zip(flow.nodes, flow.nodes[1:], strict=False):
        assert above.top + above.height < below.top
        assert below.middle - above.middle >= 36
    assert (flow.held_back is not None) == any(held for _, held in records)
    assert len(flow.bands) == (len(records) if customers else 0)


@given(st.dictionaries(st.integers(-60, 900), st.tuples(counts, counts), min_size=1), st.floats(-70, 900))
def test_histogram_loses_no_pair(bins: dict[int, tuple[int, int]], threshold: float) -> None:
    """Joined bins hold all pairs, few enough to be seen, and a threshold lies in the bar of its weight."""
    bins = {low: pairs for low, pairs in bins.items() if sum(pairs)} or {0: (1, 0)}
    drawn = charts.histogram([WeightBin(low, *bins[low]) for low in sorted(bins)], threshold, None)
    assert drawn is not None
    assert len(drawn.bars) <= 46
    assert sum(bar.links for bar in drawn.bars) == sum(links for links, _ in bins.values())
    assert sum(bar.reviews for bar in drawn.bars) == sum(reviews for _, reviews in bins.values())
    assert max(bar.link_height + bar.review_height for bar in drawn.bars) <= 1 + 1e-9
    if drawn.match is not None:
        bar = drawn.bars[min(int(drawn.match.place * len(drawn.bars)), len(drawn.bars) - 1)]
        assert bar.low - 1e-6 <= threshold <= bar.high + 1e-6
    assert 1 <= len(drawn.ticks) <= 9
    highest = max(bar.links + bar.reviews for bar in drawn.bars)
    assert 1 <= len(drawn.counts) <= 4
    assert all(abs(place * highest - pairs) < 1e-6 and place <= 1 for place, pairs in drawn.counts)


@given(st.floats(0, 50), st.floats(0, 50))
def test_labels_of_thresholds_are_crossed_by_no_line(one: float, other: float) -> None:
    """A label of two fifths of the plot meets neither the other label nor a line, and stays in the figure."""
    review, match = sorted((one, other))
    drawn = charts.histogram([WeightBin(0, 1, 0), WeightBin(49, 1, 0)], match, review)
    assert drawn is not None
    assert drawn.match is not None
    assert drawn.review is not None
    assert drawn.match.row != drawn.review.row
    for mark, else_ in ((drawn.match, drawn.review), (drawn.review, drawn.match)):
        left, right = (mark.place - 0.4, mark.place) if mark.is_left else (mark.place, mark.place + 0.4)
        assert left >= -0.2 - 1e-9
        assert right <= 1 + 1e-9
        assert else_.row < mark.row or not left < else_.place < right


@given(st.dictionaries(st.integers(1, 500), st.integers(1, 10**6)))
def test_size_groups_lose_no_customer(sizes: dict[int, int]) -> None:
    """Groups hold all customers, and the largest has the longest bar."""
    groups = charts.size_groups([ClusterSize(*each) for each in sizes.items()])
    assert sum(group.customers for group in groups) == sum(sizes.values())
    assert max((group.share for group in groups), default=1) == 1


def test_trend_leaves_out_what_a_run_does_not_know() -> None:
    """A stopped run without a count of customers is a gap, not a zero."""
    silent = replace(building.measures(1, Outcome.STOPPED), counts={})
    runs = (building.measures(0), silent, building.measures(2))
    customers = next(series for series in charts.trend(runs) if series.name == "customers")
    assert [round(x) for x, *_ in customers.points] == [0, 100]
    assert charts.trend(runs[:1]) == ()


def test_trend_of_rows_held_back() -> None:
    """Each run tells what its report said; one that did not count that tells its rows with these outcomes."""
    outcomes = {"quarantined": 3, "duplicate": 20, "erased": 100}
    told = [outcomes, outcomes | {"held_back": 7}, {"held_back": 0}]
    runs = [replace(building.measures(number), counts=counts) for number, counts in enumerate(told)]
    held_back = next(series for series in charts.trend(runs) if series.name == "held_back")
    assert [value for _, _, value, _ in held_back.points] == [123, 7, 0]


def test_timeline_is_the_whole_run() -> None:
    """Steps follow each other without gaps to the end, short ones of many apart."""
    line = charts.timeline(building.measures())
    pieces = sorted((piece.start, piece.length) for _, piece in (*line.long, *line.short))
    assert pieces[0][0] == 0
    assert all(round(a + b - c, 6) == 0 for (a, b), (c, _) in zip(pieces, [*pieces[1:], (100.0, 0.0)], strict=True))
    assert {step.step for step, _ in line.short} >= {"mart.orphans", "publish.quarantine"}
