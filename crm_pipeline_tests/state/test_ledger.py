"""The ledger of identities as files."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
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


FORMAT_1_ENTRY = """{
  "format": 1,
  "number": %d,
  "run_id": "%s",
  "created_at": "2026-01-01T12:00:00",
  "ids": %d,
  "members": %d,
  "events": %d,
  "last_event_number": %d
}
"""


def write_format_1(folder: Path) -> None:
    """Two entries as the first version of this package wrote them: 3 ids, then the merge of two of them."""
    ids = pa.schema(
        [("sequence", pa.int64()), ("customer_id", pa.large_string()), ("founder_record_key", pa.large_string()),
         ("status", pa.large_string()), ("merged_into", pa.int64()), ("since", pa.timestamp("us"))]
    )  # fmt: skip
    members = pa.schema(
        [("record_key", pa.large_string()), ("sequence", pa.int64()), ("matched_by", pa.large_string())]
    )
    keys = pa.large_list(pa.large_string())
    events = pa.schema(
        [("event_number", pa.int64()), ("occurred_at", pa.timestamp("us")), ("run_id", pa.large_string()),
         ("kind", pa.large_string()), ("customer_ids", keys), ("record_keys", keys), ("cause", pa.large_string())]
    )  # fmt: skip
    first: dict[str, tuple[pa.Schema, list[tuple[Any, ...]]]] = {
        "ids": (ids, [(n, f"C{n}", f"crm/客户/{n}", "current", None, NOW) for n in (1, 2, 3)]),
        "members": (members, [(f"crm/客户/{n}", n, "single") for n in (1, 2, 3)]),
        "events": (
            events,
            [(n, NOW, "first", "created", [f"C{n}"], [f"crm/客户/{n}"], "new record") for n in (1, 2, 3)],
        ),
    }
    second: dict[str, tuple[pa.Schema, list[tuple[Any, ...]]]] = {
        "ids": (ids, [(2, "C2", "crm/客户/2", "merged", 1, NOW)]),
        "members": (members, [("crm/客户/1", 1, "model"), ("crm/客户/2", 1, "model")]),
        "events": (events, [(4, NOW, "second", "merged", ["C1", "C2"], ["crm/客户/1", "crm/客户/2"], "model")]),
    }
    for number, (run_id, entry, last) in enumerate([("first", first, 3), ("second", second, 4)], start=1):
        place = folder / f"{number:06d}"
        place.mkdir(parents=True)
        for name, (schema, rows) in entry.items():
            columns = [
                pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
            ]
            pq.write_table(pa.table(columns, schema=schema), place / f"{name}.parquet")
        counts = [len(entry[name][1]) for name in ("ids", "members", "events")]
        (place / "entry.json").write_text(FORMAT_1_ENTRY % (number, run_id, *counts, last), encoding="utf-8")


def test_format_1_is_read_and_continued(tmp_path: Path) -> None:
    """A ledger in format 1 adds up: its records count as living, what is behind its events is not known.

    The next entry goes on with its numbers in today's format and leaves its bytes alone.
    """
    write_format_1(tmp_path)
    before = {file: file.read_bytes() for file in sorted(tmp_path.rglob("*")) if file.is_file()}
    old = Ledger(tmp_path)
    assert old.ids.schema == pl.Schema(IDS_SCHEMA)
    assert old.ids.select("sequence", "status", "merged_into").rows() == [
        (1, "current", None),
        (2, "merged", 1),
        (3, "current", None),
    ]
    assert old.members.rows() == [
        ("crm/客户/1", 1, "model", True),
        ("crm/客户/2", 1, "model", True),
        ("crm/客户/3", 3, "single", True),
    ]
    told = {"event_number", "occurred_at", "run_id", "kind", "customer_ids", "record_keys", "cause"}
    assert old.events.schema == pl.Schema(EVENTS_SCHEMA)
    assert old.events["kind"].to_list() == ["created"] * 3 + ["merged"]
    assert old.events["record_keys"].to_list()[3] == ["crm/客户/1", "crm/客户/2"]
    assert all(old.events[name].is_null().all() for name in EVENTS_SCHEMA if name not in told)
    assert old.circumstances is None
    assert old.append(entry(3, 4, status="retired"), run_id="third", now=NOW) == 3
    for ledger in (old, Ledger(tmp_path)):
        assert ledger.ids["status"].to_list() == ["current", "merged", "retired", "retired"]
        assert ledger.events["event_number"].to_list() == [1, 2, 3, 4, 5, 6]
    assert {file: file.read_bytes() for file in before} == before
