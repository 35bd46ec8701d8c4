"""The append-only store of what was published when, and of the runs that did it.

Belongs here: how versions of customers and records of runs lie on disk. Does not belong here: what a version is
compared with (`golden.history`) or what a run consists of (its caller).

    versions/000001/versions.parquet    new, changed and gone customers of one publication
    versions/000001/entry.json          its commit point, written last; a folder without it does not count
    runs/<run_id>.json                  one run
    audit/<time>-<run_id>-<n>.json      one thing that a person allowed
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import appearing, read_json, sha256_of, write_json

FORMAT_VERSION = 1
_NUMBER = re.compile(r"\d{6}")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")  # a file name on every system
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One publication that changed customers.

    Attributes:
        number: position in the store, from 1.
        published_at: UTC without a zone; later than that of every earlier entry.
        row_count: customers that are new, changed or gone.
        path: the Parquet file with their versions.
    """

    number: int
    published_at: datetime
    run_id: str
    row_count: int
    path: Path


@dataclass(slots=True)
class Draft:
    """An entry that is being written: its place in the store, and where its rows go."""

    number: int
    published_at: datetime
    path: Path


class History:
    """The store in one folder, normally `state/history`. One process writes at a time, under the writer's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[HistoryEntry]:
        """All committed entries, oldest first.

        Raises:
            PipelineError: an entry or its rows are missing, or it is of a version that this code does not know.
        """
        committed = sorted(
            path.parent
            for path in (self.folder / "versions").glob("*/entry.json")
            if _NUMBER.fullmatch(path.parent.name)
        )
        for position, folder in enumerate(committed, start=1):
            if int(folder.name) != position or not (folder / "versions.parquet").exists():
                raise _damaged(self.folder / "versions", f"entry {position:06} incomplete")
        return [_entry(folder) for folder in committed]

    @contextlib.contextmanager
    def appending(self, *, run_id: str, now: datetime) -> Iterator[Draft]:
        """A draft whose rows the block writes to `draft.path` as Parquet; committed when the block ends without error.

        What an interrupted run left behind under the same number is removed first.

        Args:
            run_id: the run that publishes.
            now: UTC without a zone; moved on where the clock went back, so that time runs one way.
        """
        entries = self.entries()
        number = len(entries) + 1
        published_at = max(now, entries[-1].published_at + _MICROSECOND) if entries else now
        folder = self.folder / "versions" / f"{number:06}"
        shutil.rmtree(folder, ignore_errors=True)
        rows = folder / "versions.parquet"
        with appearing(rows) as temporary:
            yield Draft(number, published_at, temporary)
        row_count = pl.scan_parquet(rows, glob=False).select(pl.len()).collect().item()
        entry = {
            "format_version": FORMAT_VERSION,
            "number": number,
            "published_at": published_at.isoformat(timespec="microseconds"),
            "run_id": run_id,
            "row_count": row_count,
            "sha256": sha256_of(rows),
        }
        write_json(folder / "entry.json", entry)

    def append_run(self, run_id: str, started_at: datetime, run: Mapping[str, Any]) -> None:
        """Keeps what the caller tells of one run; a run that tells again, after a retry, replaces its own record only.

        Raises:
            PipelineError: `run_id` can't be a file name.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise PipelineError(
                where=str(self.folder / "runs"),
                expected="a run id of letters, digits, dots, dashes and underscores, 128 at most",
                found=repr(run_id),
                cure="This is a defect; please report it.",
            )
        told = {**run, "run_id": run_id, "started_at": started_at.isoformat(timespec="microseconds")}
        write_json(self.folder / "runs" / f"{run_id}.json", told)

    def append_audit(self, run_id: str, now: datetime, told: Mapping[str, Any]) -> None:
        """Keeps what a person allowed or did by hand: counts and names, no personal values."""
        folder = self.folder / "audit"
        stem = f"{now:%Y%m%dT%H%M%S%f}Z-{run_id}"
        number = 1 + sum(1 for _ in folder.glob(f"{stem}-*.json"))
        write_json(
            folder / f"{stem}-{number}.json",
            {"at": now.isoformat(timespec="microseconds"), "run_id": run_id, **told},
        )

    def audit(self) -> list[dict[str, Any]]:
        """All that was allowed or done by hand, oldest first."""
        return [read_json(path) for path in sorted((self.folder / "audit").glob("[!.]*.json"))]

    def runs(self) -> list[dict[str, Any]]:
        """What was told of all runs, oldest start first."""
        told = [read_json(path) for path in (self.folder / "runs").glob("[!.]*.json")]
        return sorted(told, key=lambda run: (run["started_at"], run["run_id"]))


def _entry(folder: Path) -> HistoryEntry:
    entry = read_json(folder / "entry.json")
    if entry["format_version"] != FORMAT_VERSION:
        raise _damaged(folder, f"format version {entry['format_version']}")
    return HistoryEntry(
        number=entry["number"],
        published_at=datetime.fromisoformat(entry["published_at"]),
        run_id=entry["run_id"],
        row_count=entry["row_count"],
        path=folder / "versions.parquet",
    )


def _damaged(where: Path, found: str) -> PipelineError:
    return PipelineError(
        where=str(where),
        expected=f"entries numbered from 1 without a gap, of format version {FORMAT_VERSION}",
        found=found,
        cure="Restore state/ from the newest backup.",
    )
