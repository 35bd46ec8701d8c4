"""The ledger of identities: which customer ids were given, what became of them, and which record belongs to which.

Belongs here: appending entries, reading them back, folding them into the present state. Does not belong here: the rule
by which ids are given, that is `linkage.identity`.

    state/ledger/000001/ids.parquet       ids that are new or changed
                        members.parquet   records that are new or belong to another customer than before
                        events.parquet    what happened, in words of `gold.identity_events`
                        entry.json        number, run, time, counts, circumstances; written last: the commit point

An entry holds only what changed: a file without rows is not written. A folder without entry.json was cut short; it is
ignored, and overwritten by the next entry. Entries are never changed, except by an erasure.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.errors import LinkageError
from crm_pipeline.state.files import appearing, read_json, write_json
from crm_pipeline.tables import IDENTITY_EVENTS

FORMAT = 2
# Format 1 had members without `is_living`, and events without what is behind them.
_READABLE = (1, 2)

# One id. `sequence` counts ids from 1 in the order given; `merged_into` is the sequence of the id that stands for it,
# null unless status is merged; status is current, merged, retired or erased; `since` is when this row became so, UTC.
IDS_SCHEMA: dict[str, pl.DataType] = {
    "sequence": pl.Int64(),
    "customer_id": pl.String(),
    "founder_record_key": pl.String(),
    "status": pl.String(),
    "merged_into": pl.Int64(),
    "since": pl.Datetime("us"),
}
# One record, living or deleted, and the id it last belonged to; `matched_by` says what brought it there.
MEMBERS_SCHEMA: dict[str, pl.DataType] = {
    "record_key": pl.String(),
    "sequence": pl.Int64(),
    "matched_by": pl.String(),
    "is_living": pl.Boolean(),
}
EVENTS_SCHEMA = IDENTITY_EVENTS.polars_schema

_ENTRY = "entry.json"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What customers are made under, beside the records themselves.

    Attributes:
        model_version: of the linkage model; None when there is none.
        settings: those that shape customers, such as the match threshold; what JSON has, lists sorted.
        code_version: of this package.
    """

    model_version: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    code_version: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one run changed. Frames have the schemas above; events lack number, time and run, which `append` gives."""

    ids: pl.DataFrame
    members: pl.DataFrame
    events: pl.DataFrame
    circumstances: Circumstances = field(default_factory=Circumstances)

    @property
    def is_empty(self) -> bool:
        """Whether no id and no record changed."""
        return self.ids.is_empty() and self.members.is_empty() and self.events.is_empty()


class Ledger:
    """The entries below one folder, and what they add up to; one process writes at a time, under the writer's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def numbers(self) -> list[int]:
        """Numbers of the committed entries, 1 to n.

        Raises:
            LinkageError: an entry is missing between two others.
        """
        if not self.folder.exists():
            return []
        numbers = sorted(int(path.parent.name) for path in self.folder.glob(f"[0-9]*/{_ENTRY}"))
        missing = sorted(set(range(1, len(numbers) + 1)) - set(numbers))
        if missing:
            raise LinkageError(
                where=str(self.folder),
                expected=f"entries 1 to {numbers[-1]}",
                found=f"no committed entry {missing[0]}",
                cure="Restore state/ledger from the backup; ids can't be derived from anything else.",
            )
        return numbers

    @cached_property
    def ids(self) -> pl.DataFrame:
        """One row per id ever given, in order of sequence, as it stands now; schema IDS_SCHEMA."""
        return _folded(self._read("ids", IDS_SCHEMA), "sequence")

    @cached_property
    def members(self) -> pl.DataFrame:
        """One row per record ever seen, in order of record key, with the id it last belonged to; MEMBERS_SCHEMA."""
        return _folded(self._read("members", MEMBERS_SCHEMA), "record_key")

    @property
    def events(self) -> pl.DataFrame:
        """Every event, in order of event number; the columns of `gold.identity_events`."""
        return pl.concat(self._read("events", EVENTS_SCHEMA))

    @property
    def circumstances(self) -> Circumstances | None:
        """Those of the newest entry; None when there is none, or an older version of this package wrote it."""
        told = self._header(self.numbers[-1]).get("circumstances") if self.numbers else None
        return Circumstances(**told) if told else None

    def append(self, entry: Entry, *, run_id: str, now: datetime) -> int | None:
        """Number of the new entry, on disk as a whole; None, and nothing written, when nothing changed.

        Other circumstances than those of the newest entry are a change too, once there is an entry: so the next one
        can tell what is new since.

        Args:
            entry: what changed.
            run_id: the run that changed it.
            now: UTC without a zone.
        """
        if entry.is_empty and (not self.numbers or self.circumstances == entry.circumstances):
            return None
        number = len(self.numbers) + 1
        folder = self._folder_of(number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        last_event = self._header(number - 1)["last_event_number"] if number > 1 else 0
        events = _numbered(entry.events, last_event, run_id, now)
        ids, members = self.ids, self.members
        for name, frame in (("ids", entry.ids), ("members", entry.members), ("events", events)):
            if frame.height:
                _write_parquet(folder / f"{name}.parquet", frame)
        header = {
            "format": FORMAT,
            "number": number,
            "run_id": run_id,
            "created_at": now.isoformat(),
            "ids": entry.ids.height,
            "members": entry.members.height,
            "events": entry.events.height,
            "last_event_number": last_event + entry.events.height,
            "circumstances": asdict(entry.circumstances),
        }
        write_json(folder / _ENTRY, header)
        self.numbers = [*self.numbers, number]
        self.ids = _folded([ids, entry.ids.select(list(IDS_SCHEMA))], "sequence")
        self.members = _folded([members, entry.members.select(list(MEMBERS_SCHEMA))], "record_key")
        return number

    def _folder_of(self, number: int) -> Path:
        return self.folder / f"{number:06d}"

    def _header(self, number: int) -> dict[str, Any]:
        header: dict[str, Any] = read_json(self._folder_of(number) / _ENTRY)
        if header["format"] not in _READABLE:
            raise LinkageError(
                where=str(self._folder_of(number) / _ENTRY),
                expected=f"ledger format {FORMAT}",
                found=f"format {header['format']}",
                cure="Use the version of crm_pipeline that wrote it, or a newer one.",
            )
        return header

    def _read(self, name: str, schema: dict[str, pl.DataType]) -> list[pl.DataFrame]:
        """The rows of each entry that has some, oldest first; before them none."""
        frames = [pl.DataFrame(schema=schema)]
        for number in self.numbers:
            if self._header(number)[name]:
                rows = pl.read_parquet(self._folder_of(number) / f"{name}.parquet", glob=False)
                frames.append(_completed(rows, schema))
        return frames


def _completed(rows: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The rows with all columns: what an older format lacks is null, and a record of unknown state counts as living."""
    missing = [
        pl.lit(True if name == "is_living" else None, dtype=kind).alias(name)
        for name, kind in schema.items()
        if name not in rows.columns
    ]
    return rows.with_columns(missing).select(list(schema))


def _folded(parts: list[pl.DataFrame], key: str) -> pl.DataFrame:
    """The last row of each key, in order of keys; the parts are one after the other, keys once in each."""
    filled = [part for part in parts if part.height]
    if len(filled) < 2:  # nothing to fold
        return filled[0].sort(key) if filled else parts[0]
    largest = max(range(len(filled)), key=lambda at: filled[at].height)
    if largest:
        return pl.concat(filled).unique(subset=key, keep="last", maintain_order=True).sort(key)
    news = pl.concat(filled[1:]).unique(subset=key, keep="last", maintain_order=True).sort(key)
    kept = filled[0].join(news.select(key), on=key, how="anti", maintain_order="left")
    return kept.sort(key).merge_sorted(news, key)


def _numbered(events: pl.DataFrame, last_number: int, run_id: str, now: datetime) -> pl.DataFrame:
    return events.select(
        (pl.int_range(pl.len(), dtype=pl.Int64) + last_number + 1).alias("event_number"),
        pl.lit(now, dtype=pl.Datetime("us")).alias("occurred_at"),
        pl.lit(run_id).alias("run_id"),
        *(name for name in EVENTS_SCHEMA if name not in ("event_number", "occurred_at", "run_id")),
    )


def _write_parquet(path: Path, frame: pl.DataFrame) -> None:
    with appearing(path) as temporary:
        frame.write_parquet(temporary)
