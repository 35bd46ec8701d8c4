"""Claims on the stores of verdicts and profiles: the newest are found, and a damaged file stops nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from crm_pipeline.state.profiles import SCHEMA, ProfileStore
from crm_pipeline.state.verdicts import RunVerdicts, VerdictStore

START = datetime(2026, 1, 1, 2)  # noqa: DTZ001 - UTC without a zone, as everywhere


def test_the_newest_runs_oldest_first(tmp_path: Path) -> None:
    """Of many runs the newest are read, in the order of their starts; a run that tells again replaces its own."""
    store = VerdictStore(tmp_path)
    for number in (3, 1, 2, 0, 2):
        store.keep(RunVerdicts(f"run{9 - number}", START + timedelta(hours=number), {"std.orders a": (10, number)}))
    assert [run.counts["std.orders a"] for run in store.newest(3)] == [(10, 1), (10, 2), (10, 3)]
    assert len(store.newest(99)) == 4
    assert VerdictStore(tmp_path / "none").newest(3) == []


def test_damaged_verdicts_are_left_out(tmp_path: Path) -> None:
    """A file that is no run is left out, and the others are read."""
    store = VerdictStore(tmp_path)
    store.keep(RunVerdicts("run", START, {"std.orders a": (1, 0)}))
    (tmp_path / "20260102T000000000000Z-bad.json").write_text("{")
    assert [run.run_id for run in store.newest(5)] == ["run"]


def profile(column: str, rows: int) -> pl.DataFrame:
    """A profile of one column of one delivery."""
    told = {"source": "erp", "extract": "orders", "business_date": START.date(), "sequence": 1, "column_name": column}
    row = dict.fromkeys(SCHEMA) | told | {"row_count": rows}
    return pl.DataFrame([row], schema=SCHEMA).drop("profiled_at")


def test_a_delivery_is_as_it_was_profiled_last(tmp_path: Path) -> None:
    """Of a delivery profiled twice the second profile counts, whole; a damaged file is left out."""
    store = ProfileStore(tmp_path)
    store.keep(pl.concat([profile("a", 1), profile("b", 1)]), run_id="one", now=START)
    kept = store.keep(profile("a", 2), run_id="two", now=START + timedelta(days=1))
    assert kept["profiled_at"].to_list() == [START + timedelta(days=1)]
    assert store.profiles().equals(kept)
    (tmp_path / "20270101T000000000000Z-bad.parquet").write_bytes(b"PAR1")
    assert store.profiles().equals(kept)
    assert ProfileStore(tmp_path / "none").profiles().is_empty()
