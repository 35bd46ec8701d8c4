"""Claims on the append-only store of versions and runs."""

# ruff: noqa: DTZ001 - the contract has times in UTC without a zone

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import read_json, write_json
from crm_pipeline.state.history import History

NOW = datetime(2026, 1, 1, 3)


def append(history: History, value: str, now: datetime = NOW) -> None:
    with history.appending(run_id="run", now=now) as draft:
        pl.DataFrame({"customer_id": [value]}).write_parquet(draft.path)


def stored(history: History) -> list[str]:
    return [pl.read_parquet(entry.path)["customer_id"].item() for entry in history.entries()]


def test_entries_in_order(tmp_path: Path) -> None:
    """Entries come back in the order in which they were appended, numbered from 1, with their rows counted."""
    history = History(tmp_path)
    assert history.entries() == []
    for hour, value in enumerate("ab"):
        append(history, value, NOW + timedelta(hours=hour))
    assert stored(history) == ["a", "b"]
    assert [(e.number, e.row_count, e.published_at) for e in history.entries()] == [
        (1, 1, NOW),
        (2, 1, NOW + timedelta(hours=1)),
    ]


def test_uncommitted_entry_does_not_count(tmp_path: Path) -> None:
    """Rows without entry.json, as a crash leaves them, are not read and are overwritten by the next append."""
    history = History(tmp_path)
    append(history, "a")
    left_over = tmp_path / "versions" / "000002"
    left_over.mkdir()
    (left_over / "versions.parquet").write_bytes(b"half")
    (left_over / ".tmp-entry.json").write_text("{")
    assert stored(history) == ["a"]
    append(history, "b")
    assert stored(history) == ["a", "b"]
    assert sorted(path.name for path in left_over.iterdir()) == ["entry.json", "versions.parquet"]


def test_failed_block_commits_nothing(tmp_path: Path) -> None:
    """An error while the rows are written leaves the store as it was."""
    history = History(tmp_path)
    append(history, "a")
    with pytest.raises(ZeroDivisionError), history.appending(run_id="run", now=NOW) as draft:
        draft.path.write_bytes(b"half")
        raise ZeroDivisionError
    assert stored(history) == ["a"]


def test_time_runs_one_way(tmp_path: Path) -> None:
    """An entry is later than the one before it also when the clock went back."""
    history = History(tmp_path)
    append(history, "a")
    append(history, "b", NOW - timedelta(days=1))
    first, second = history.entries()
    assert second.published_at == first.published_at + timedelta(microseconds=1)


@pytest.mark.parametrize("lost", ["000001/entry.json", "000001/versions.parquet"])
def test_lost_entry_is_noticed(tmp_path: Path, lost: str) -> None:
    """An earlier entry that is incomplete is damage, not an interrupted append."""
    history = History(tmp_path)
    append(history, "a")
    append(history, "b")
    (tmp_path / "versions" / lost).unlink()
    with pytest.raises(PipelineError, match="000001"):
        history.entries()


def test_unknown_format_is_refused(tmp_path: Path) -> None:
    """An entry of a later format is not read by guess."""
    history = History(tmp_path)
    append(history, "a")
    file = tmp_path / "versions" / "000001" / "entry.json"
    write_json(file, {**read_json(file), "format_version": 2})
    with pytest.raises(PipelineError, match="format version 2"):
        history.entries()


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
