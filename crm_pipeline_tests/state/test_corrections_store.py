"""Claims on the store of decisions: whole or not at all, in order, and never read when it is damaged."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.decisions.corrections import CORRECTIONS_SCHEMA, Decisions, Replay

NOW = datetime(2026, 1, 5, 12, 30, tzinfo=UTC).replace(tzinfo=None)


def rows(*hashes: str) -> pl.DataFrame:
    told = [("crm", "customers", each, None, date(2026, 1, 1), 1, 3, ["手机"], 1, 2) for each in hashes]
    return pl.DataFrame(told, CORRECTIONS_SCHEMA, orient="row")


def append(store: Decisions, *hashes: str) -> Replay:
    return store.append(
        rows(*hashes), decided_by="李雷", now=NOW, file_name="q.csv", file_sha256="0" * 64, file_bytes=9
    )


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    """Replays come back in order with who, when and which file; their rows with the number of the replay."""
    store = Decisions(tmp_path)
    assert (store.replays(), store.corrections().height) == ([], 0)
    assert append(store, "a", "b") == Replay(1, NOW, "李雷", "q.csv", "0" * 64, 9, 2)
    append(store, "b")
    again = Decisions(tmp_path)
    assert [each.number for each in again.replays()] == [1, 2]
    assert again.corrections().select("row_hash", "number").rows() == [("a", 1), ("b", 1), ("b", 2)]
    assert again.corrections().drop("number").head(2).equals(rows("a", "b"))


def test_what_was_cut_short_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash before the entry is written leaves no decision, and the next one takes its number."""
    store = Decisions(tmp_path)
    append(store, "a")
    with monkeypatch.context() as patch:
        patch.setattr("crm_pipeline.state.decisions.corrections.write_json", _die)
        with pytest.raises(KeyboardInterrupt):
            append(store, "b", "c")
    assert store.corrections()["row_hash"].to_list() == ["a"]
    assert append(store, "d").number == 2
    assert store.corrections()["row_hash"].to_list() == ["a", "d"]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("damage", ["gap", "rows", "bytes", "version"])
def test_damage_is_an_error(tmp_path: Path, damage: str) -> None:
    """A missing entry, missing or changed rows and an unknown version are errors that name the store."""
    store = Decisions(tmp_path)
    append(store, "a")
    append(store, "b")
    first = tmp_path / "corrections" / "000001"
    match damage:
        case "gap":
            (first / "entry.json").unlink()
        case "rows":
            (first / "corrections.parquet").unlink()
        case "bytes":
            (first / "corrections.parquet").write_bytes(b"PAR1")
        case _:
            entry = json.loads((first / "entry.json").read_text())
            (first / "entry.json").write_text(json.dumps(entry | {"format_version": 2}))
    with pytest.raises(PipelineError, match="state/decisions"):
        store.corrections()
