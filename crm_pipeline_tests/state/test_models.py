"""The store of linkage models as files."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from crm_pipeline.state.models import ModelStore

FREQUENCIES = {"city": pl.DataFrame({"value": ["上海", "北京"], "share": [0.6, 0.4]})}
LEFT_OUT = pl.DataFrame({"rule": ["phone"], "key": ["+8610000"], "record_count": [99]})


def append(store: ModelStore, number: int) -> int:
    """The version that a small model got."""
    return store.append({"number": number}, {"reason": "test"}, term_frequencies=FREQUENCIES, left_out=LEFT_OUT).version


def test_model_comes_back_as_it_was(tmp_path: Path) -> None:
    """Model, card, frequencies and left-out keys are read as they were written; versions count from 1."""
    store = ModelStore(tmp_path)
    assert store.latest() is None
    assert [append(store, 7), append(store, 8)] == [1, 2]
    latest = ModelStore(tmp_path).latest()
    assert latest is not None
    assert (latest.model, latest.card) == ({"number": 8}, {"version": 2, "reason": "test"})
    assert latest.term_frequencies()["city"].equals(FREQUENCIES["city"])
    assert latest.left_out().equals(LEFT_OUT)
    assert store.read(1).model == {"number": 7}


def test_version_cut_short_is_ignored_and_overwritten(tmp_path: Path) -> None:
    """Without its card a version does not exist, and the next one takes its number without its remains."""
    store = ModelStore(tmp_path)
    append(store, 1)
    shutil.copytree(tmp_path / "0001", tmp_path / "0002")
    (tmp_path / "0002" / "model_card.json").unlink()
    (tmp_path / "0002" / "term_frequencies" / "old.parquet").touch()
    assert store.versions() == [1]
    assert append(store, 2) == 2
    assert list(store.read(2).term_frequencies()) == ["city"]
