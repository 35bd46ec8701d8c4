"""Claims on the append-only store of runs."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.history import History

NOW = datetime(2026, 1, 1, 3)


def test_runs_oldest_first(tmp_path: Path) -> None:
    """Runs come back by start, whatever their ids; one that tells again replaces its own record."""
    history = History(tmp_path)
    assert history.runs() == []
    history.append_run("b", NOW, {"status": "done", "rows": {"客户": 1}})
    history.append_run("a", NOW + timedelta(hours=1), {"status": "failed"})
    history.append_run("a", NOW + timedelta(hours=1), {"status": "done"})
    assert [(run["run_id"], run["status"]) for run in history.runs()] == [("b", "done"), ("a", "done")]


@pytest.mark.parametrize("run_id", ["", "../a", "a/b", ".a", "x" * 129])
def test_run_id_must_be_a_file_name(tmp_path: Path, run_id: str) -> None:
    """A run id can't lead out of the store's folder."""
    with pytest.raises(PipelineError, match="run id"):
        History(tmp_path).append_run(run_id, NOW, {})
