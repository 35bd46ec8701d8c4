"""The ledger of identities as files."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import LinkageError
from crm_pipeline.state.ledger import EVENTS_SCHEMA, FORMAT, IDS_SCHEMA, MEMBERS_SCHEMA, Entry, Ledger

NOW = datetime(2026, 1, 1, 12)  # noqa: DTZ001  # UTC without a zone is the contract


def entry(*sequences: int, status: str = "current") -> Entry:
    """An entry with one id, one record and one event per sequence."""
    ids = [{"sequence": n, "customer_id": f"C{n}", "founder_record_key": f"r{n}", "status": status} for n in sequences]
    members = [{"record_key": f"r{n}", "sequence": n, "matched_by": "single"} for n in sequences]
    events = [
        {"kind": "created", "customer_ids": [f"C{n}"], "record_keys": [f"r{n}"], "cause": "new record"}
        for n in sequences
    ]
    return Entry(
        pl.DataFrame(ids, schema=IDS_SCHEMA),
        pl.DataFrame(members, schema=MEMBERS_SCHEMA),
        pl.DataFrame(events, schema=EVENTS_SCHEMA),
    )


def test_entries_add_up(tmp_path: Path) -> None:
    """The latest row of an id and of a record counts; events are numbered through, with their run and time."""
    ledger = Ledger(tmp_path)
    assert ledger.append(entry(1, 2), run_id="first", now=NOW) == 1
    assert ledger.append(entry(2, 3, status="retired"), run_id="second", now=NOW) == 2
    for each in (ledger, Ledger(tmp_path)):
        assert each.ids["sequence"].to_list() == [1, 2, 3]
        assert each.ids["status"].to_list() == ["current", "retired", "retired"]
        assert each.members["record_key"].to_list() == ["r1", "r2", "r3"]
        assert each.events["event_number"].to_list() == [1, 2, 3, 4]
        assert each.events["run_id"].to_list() == ["first"] * 2 + ["second"] * 2


def test_nothing_changed_nothing_written(tmp_path: Path) -> None:
    """An empty entry leaves no trace."""
    assert Ledger(tmp_path / "ledger").append(entry(), run_id="run", now=NOW) is None
    assert not (tmp_path / "ledger").exists()


def test_entry_cut_short_is_ignored_and_overwritten(tmp_path: Path) -> None:
    """A folder without entry.json counts for nothing, and the next entry takes its number and its place."""
    ledger = Ledger(tmp_path)
    ledger.append(entry(1), run_id="run", now=NOW)
    shutil.copytree(tmp_path / "000001", tmp_path / "000002")
    (tmp_path / "000002" / "entry.json").unlink()
    (tmp_path / "000002" / "left.behind").touch()
    again = Ledger(tmp_path)
    assert again.ids.height == 1
    assert again.append(entry(2), run_id="run", now=NOW) == 2
    assert again.ids.height == 2
    assert not (tmp_path / "000002" / "left.behind").exists()


def test_entries_are_never_changed(tmp_path: Path) -> None:
    """Appending leaves every byte of earlier entries as it was."""
    ledger = Ledger(tmp_path)
    ledger.append(entry(1), run_id="run", now=NOW)
    before = {file.name: file.read_bytes() for file in (tmp_path / "000001").iterdir()}
    ledger.append(entry(1, 2, status="retired"), run_id="run", now=NOW)
    assert {file.name: file.read_bytes() for file in (tmp_path / "000001").iterdir()} == before


def test_missing_entry_stops(tmp_path: Path) -> None:
    """A gap between committed entries is an error that names it."""
    ledger = Ledger(tmp_path)
    for sequence in (1, 2, 3):
        ledger.append(entry(sequence), run_id="run", now=NOW)
    shutil.rmtree(tmp_path / "000002")
    with pytest.raises(LinkageError, match="entry 2"):
        _ = Ledger(tmp_path).ids


def test_unknown_format_stops(tmp_path: Path) -> None:
    """An entry of a format we do not know is refused instead of misread."""
    Ledger(tmp_path).append(entry(1), run_id="run", now=NOW)
    header = tmp_path / "000001" / "entry.json"
    header.write_text(header.read_text().replace(f'"format": {FORMAT}', '"format": 99'))
    with pytest.raises(LinkageError, match="format 99"):
        _ = Ledger(tmp_path).ids
