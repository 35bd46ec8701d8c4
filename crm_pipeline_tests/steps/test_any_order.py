"""The claim that the order of landing and applying days is of no matter, against an oracle that replays them by date.

Deliveries are full or incremental; they bring deletions, marks, duplicates, held-back rows and unreadable lines; they
come late, correct a day, are the same file twice, or several of a day.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from crm_pipeline.state.delivery import LINE, Batch, Origin, Unreadable
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LOADS, REJECTIONS, std
from crm_pipeline_tests.steps.building import PRODUCTS, content, day, project_of, running
from crm_pipeline_tests.steps.days_oracle import Counts, Day, Row, Version, counting, replay

TEXT = PRODUCTS.replace(
    "primary_key: id", 'primary_key: id\n        updated_at: changed\n        deleted: {column: gone, values: ["1", Y]}'
).replace("          cost: cost\n", "")
TIMES = ("2026-01-01", "2026-01-02 10:00:00", "2026-01-02 10:00:01")
Load = Literal["full", "incremental"]

rows = st.builds(
    Row,
    st.sampled_from(["k1", "k2", "k3", "k4", ""]),
    st.sampled_from(["A", "B", ""]),
    st.sampled_from(TIMES),
    st.sampled_from(["", "", "0", "1", " y "]),
)
deliveries = st.builds(
    Day,
    st.integers(1, 4),
    st.lists(rows, min_size=1, max_size=5).map(tuple),
    st.lists(st.sampled_from(["k1", "k2", "k9"]), max_size=1).map(tuple),
    st.booleans(),
)
weeks = st.lists(deliveries, min_size=1, max_size=6)


def land(run: Run, delivery: Day) -> None:
    """The delivery landed as a source would give it."""
    names = ("id", "code", "changed", "gone")
    cells = {name: [row[i] for row in delivery.rows] for i, name in enumerate(names)}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String())).with_columns(
        pl.Series(LINE, list(delivery.lines), dtype=pl.Int64)
    )
    first = len(delivery.rows) + 2
    broken = tuple(Unreadable(first + i, f"{key},".encode(), "too few") for i, key in enumerate(delivery.broken))
    sha256 = hashlib.sha256(repr(delivery.content).encode()).hexdigest()
    with run.landing.drafting("erp", "products", day(delivery.day)) as draft:
        draft.add(Batch(frame, broken))
        run.landing.commit(
            draft,
            Origin("x.csv", sha256, 1, "utf-8"),
            source="erp",
            extract="products",
            business_date=day(delivery.day),
            run_id=run.run_id,
            now=datetime.now(UTC).replace(tzinfo=None),
        )


def outcome(load: Load, days: Sequence[Day]) -> dict[str, list[tuple[object, ...]]]:
    """std, loads and rejections of a new project after the days were landed in this order; sequence apart."""
    with tempfile.TemporaryDirectory() as folder, running(project_of(Path(folder), TEXT.replace("LOAD", load))) as run:
        for delivery in days:
            land(run, delivery)
            if delivery.is_applied:
                apply_entity(run, "products")
        apply_entity(run, "products")
        return {t.name: content(run, t).drop("sequence").rows() for t in (std("products"), LOADS, REJECTIONS)}


def versions_of(rows_of_std: list[tuple[object, ...]]) -> list[Version]:
    columns = [name for name in std("products").stable_columns if name != "sequence"]
    places = [columns.index(name) for name in ("source_id", "valid_from", "valid_to", "product_code", "line")]
    return [Version(*(x.day if isinstance(x := row[i], date) else x for i in places)) for row in rows_of_std]  # type: ignore[arg-type]


def counts_of(rows_of_loads: list[tuple[object, ...]]) -> list[Counts]:
    columns = [name for name in LOADS.stable_columns if name != "sequence"]
    names = [f"{name}_count" for name in Counts._fields[1:]]
    day_at, places = columns.index("business_date"), [columns.index(name) for name in names]
    return [Counts(row[day_at].day, *(row[i] for i in places)) for row in rows_of_loads]  # type: ignore[attr-defined,arg-type]


def has_keys(load: Load, days: list[Day]) -> bool:
    """Whether no full delivery is without any key, which is refused: test_gates.py."""
    return load == "incremental" or all(any(row.key for row in each.rows) for each in days)


def check(load: Load, days: list[Day]) -> None:
    """Asserts that as landed, by date in one go, and from the last day back lead to what the oracle has."""
    found = outcome(load, days)
    versions, counts = replay(days, load)
    assert versions_of(found["products"]) == versions
    assert counts_of(found["loads"]) == counts
    kept = counting(days, load)  # of each date the deliveries that count, in their order
    backwards = [each for number in sorted({k.day for k in kept}, reverse=True) for each in kept if each.day == number]
    assert found == outcome(load, [Day(e.day, e.rows, e.broken, is_applied=True) for e in backwards])
    assert found == outcome(load, [Day(e.day, e.rows, e.broken) for e in kept])


A, B = Row("k1", "A", TIMES[0], ""), Row("k1", "B", TIMES[0], "")
GONE, OTHER = Row("k1", "", TIMES[1], "1"), Row("k2", "A", TIMES[0], "")
REVIVED = [Day(1, (A,)), Day(2, (GONE, OTHER), is_applied=True), Day(3, (GONE, OTHER)), Day(4, (A, OTHER))]
SAME_DAY = [Day(1, (A,)), Day(3, (B, OTHER), is_applied=True), Day(3, (GONE, OTHER)), Day(3, (B,)), Day(2, (OTHER, A))]
BEATEN = [Day(1, (A, GONE), is_applied=True), Day(2, (GONE._replace(changed=TIMES[0]), B._replace(changed=TIMES[2])))]
ENDS = [Day(1, (A,)), Day(3, (B, OTHER)), Day(3, (GONE,)), Day(4, (OTHER,))]
UNREADABLE = [Day(1, (A, OTHER)), Day(2, (OTHER,), ("k1",), is_applied=True), Day(3, (OTHER,))]
TWICE = [Day(2, (A,)), Day(2, (A,), is_applied=True), Day(1, (B, OTHER)), Day(2, (B,)), Day(2, (A,), is_applied=True)]


@pytest.mark.parametrize("load", ["full", "incremental"])
@pytest.mark.parametrize("days", [REVIVED, SAME_DAY, ENDS, BEATEN, UNREADABLE, TWICE])
def test_hard_cases(load: Load, days: list[Day]) -> None:
    """Revival, a record that lives for no day, a mark beaten by a newer row, unreadable keys, the same file twice."""
    check(load, days)


@pytest.mark.parametrize("load", ["full", "incremental"])
@given(days=weeks)
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_any_order_of_some_days(load: Load, days: list[Day]) -> None:
    """A few random histories end in the oracle's tables, in whatever order they are landed and applied."""
    assume(has_keys(load, days))
    check(load, days)


@pytest.mark.slow
@pytest.mark.parametrize("load", ["full", "incremental"])
@given(days=weeks)
@example(days=REVIVED)
@example(days=SAME_DAY)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_of_many_days(load: Load, days: list[Day]) -> None:
    """Many random histories do."""
    assume(has_keys(load, days))
    check(load, days)
