"""The append-only store of what was published when: of each publication the rows that were new, changed or gone.

Belongs here: how publications lie on disk. Does not belong here: finding what changed or putting an earlier state
together again (`publish`), or runs and audit (`history`).

    publications/000001/<table>.parquet    rows of the table that are new or changed, keys of those gone, or all rows
    publications/000001/entry.json         its commit point, written last; a folder without it does not count

A Parquet file has the table's columns, and IS_GONE before them: where that is true, only the key is filled.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import read_json, sha256_of, write_json

FORMAT_VERSION = 1
IS_GONE = "_is_gone"
_NUMBER = re.compile(r"\d{6}")
_MICROSECOND = timedelta(microseconds=1)


class Change(StrEnum):
    """What an entry holds of a table."""

    NONE = "none"  # it is as the entry before left it
    ROWS = "rows"  # what changed by key
    WHOLE = "whole"  # all rows; what was before does not matter


@dataclass(frozen=True, slots=True)
class StoredTable:
    """One table in one publication.

    Attributes:
        name: in the published schema.
        key: columns that tell rows apart; nulls count as equal.
        columns: column name to DuckDB type, in order.
        structure: hash of all that is told of the table besides its rows.
        content: hash of the stable columns of all rows.
        row_count: rows of the table.
        change: what the entry holds of it.
        changed_count: rows that are new or changed; all rows where it is whole.
        gone_count: rows that are there no more.
        sha256: of the Parquet file; empty without one.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    structure: str
    content: str
    row_count: int
    change: Change
    changed_count: int = 0
    gone_count: int = 0
    sha256: str = ""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The table that `entry.json` tells of."""
        return cls(**{**told, "key": tuple(told["key"]), "change": Change(told["change"])})


@dataclass(frozen=True, slots=True)
class Entry:
    """One publication.

    Attributes:
        number: position in the store, from 1.
        published_at: UTC without a zone; later than that of every earlier entry.
        run_id: the run that published.
        code_version: of crm_pipeline.
        fingerprint: over all tables.
        tables: all that were published, also those without a change.
        folder: where the Parquet files are.
    """

    number: int
    published_at: datetime
    run_id: str
    code_version: str
    fingerprint: str
    tables: tuple[StoredTable, ...]
    folder: Path

    def table(self, name: str) -> StoredTable | None:
        """The table of that name; None when it was not published."""
        return next((table for table in self.tables if table.name == name), None)

    def file(self, name: str) -> Path:
        """The Parquet file of a table with a change."""
        return self.folder / f"{name}.parquet"


@dataclass(slots=True)
class PublicationDraft:
    """An entry that is being written: the rows of a table go to `file(name)`, what is told of it to `tables`."""

    number: int
    published_at: datetime
    folder: Path
    tables: Sequence[StoredTable] = ()

    def file(self, name: str) -> Path:
        """Where the Parquet file of a table goes."""
        return self.folder / f"{name}.parquet"


class Publications:
    """The store, normally in `state/history/publications`. One process writes at a time, under the writer's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Entry]:
        """All committed entries, oldest first.

        Raises:
            PipelineError: an entry or its rows are missing, or it is of a version that this code does not know.
        """
        committed = sorted(
            path.parent for path in self.folder.glob("*/entry.json") if _NUMBER.fullmatch(path.parent.name)
        )
        entries = []
        for position, folder in enumerate(committed, start=1):
            if int(folder.name) != position:
                raise _damaged(self.folder, f"no entry {position:06}")
            entries.append(_entry(folder))
        return entries

    def last(self) -> Entry | None:
        """The newest committed entry."""
        entries = self.entries()
        return entries[-1] if entries else None

    @contextlib.contextmanager
    def appending(
        self, *, run_id: str, now: datetime, code_version: str, fingerprint: str
    ) -> Iterator[PublicationDraft]:
        """A draft whose block writes the Parquet files; committed when the block ends without error.

        What an interrupted run left behind under the same number is removed first.

        Args:
            run_id: the run that publishes.
            now: UTC without a zone, as `time_of_next` gave it.
            code_version: of crm_pipeline.
            fingerprint: over all tables.
        """
        last = self.last()
        number = last.number + 1 if last else 1
        folder = self.folder / f"{number:06}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        draft = PublicationDraft(number, now, folder)
        yield draft
        entry = {
            "format_version": FORMAT_VERSION,
            "number": number,
            "published_at": now.isoformat(timespec="microseconds"),
            "run_id": run_id,
            "code_version": code_version,
            "fingerprint": fingerprint,
            "tables": [_told(table, draft.file(table.name)) for table in draft.tables],
        }
        write_json(folder / "entry.json", entry)

    def time_of_next(self, now: datetime) -> datetime:
        """The time of the next entry: `now`, moved on where the clock went back, so that time runs one way."""
        last = self.last()
        return max(now, last.published_at + _MICROSECOND) if last else now


def _told(table: StoredTable, file: Path) -> dict[str, Any]:
    told = asdict(table)
    if table.change is not Change.NONE:
        told["sha256"] = sha256_of(file)
    return told


def _entry(folder: Path) -> Entry:
    told = read_json(folder / "entry.json")
    if told["format_version"] != FORMAT_VERSION:
        raise _damaged(folder, f"format version {told['format_version']}")
    entry = Entry(
        number=told["number"],
        published_at=datetime.fromisoformat(told["published_at"]),
        run_id=told["run_id"],
        code_version=told["code_version"],
        fingerprint=told["fingerprint"],
        tables=tuple(StoredTable.of(table) for table in told["tables"]),
        folder=folder,
    )
    missing = [
        table.name for table in entry.tables if table.change is not Change.NONE and not entry.file(table.name).exists()
    ]
    if missing:
        raise _damaged(folder, f"no rows of {', '.join(missing)}")
    return entry


def _damaged(where: Path, found: str) -> PipelineError:
    return PipelineError(
        where=str(where),
        expected=f"entries numbered from 1 without a gap, whole, of format version {FORMAT_VERSION}",
        found=found,
        cure="Restore state/ from the newest backup.",
    )
