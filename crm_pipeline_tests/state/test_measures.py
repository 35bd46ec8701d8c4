"""Claims on the store of what runs took."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crm_pipeline.state.measures import MeasureStore, Outcome, RunMeasures, StepMeasure

NOW = datetime(2026, 3, 5, 14, 30)  # noqa: DTZ001 - UTC without a zone, as tables store it
MEASURES = RunMeasures(
    "b", NOW, 12.5, Outcome.PUBLISHED, (StepMeasure("std.customers", 1.25, 3), StepMeasure("golden", 2, 7)), {"数": 1}
)


def test_measures_come_back(tmp_path: Path) -> None:
    """What was kept of a run is read as it was, and its memory is that of its hungriest step."""
    store = MeasureStore(tmp_path)
    assert store.runs() == []
    store.keep(MEASURES)
    assert store.runs() == [MEASURES]
    assert MEASURES.peak_memory_bytes == 7


def test_runs_in_order(tmp_path: Path) -> None:
    """Runs come oldest start first, a run that tells again replaces its own record, half-written files do not count."""
    store = MeasureStore(tmp_path)
    later = RunMeasures("a", NOW + timedelta(seconds=1), 1, Outcome.STOPPED)
    for measures in (later, MEASURES, later):
        store.keep(measures)
    (tmp_path / ".tmp-c.json").write_text("{")
    assert [run.run_id for run in store.runs()] == ["b", "a"]
    assert later.peak_memory_bytes == 0


def test_unreadable_measures_stop_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged file, or one of a later version, is left out and named, not raised in every later run."""
    store = MeasureStore(tmp_path)
    store.keep(MEASURES)
    (tmp_path / "garbage.json").write_text("garbage")
    later = (tmp_path / "b.json").read_text().replace('"published"', '"dreamt"')
    (tmp_path / "later.json").write_text(later)
    (tmp_path / "poor.json").write_text("{}")
    assert store.runs() == [MEASURES]
    assert sorted(record.args[0] for record in caplog.records if isinstance(record.args, tuple)) == [
        "garbage.json", "later.json", "poor.json",
    ]  # fmt: skip
