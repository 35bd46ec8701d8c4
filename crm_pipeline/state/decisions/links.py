"""The append-only store of what people said of two source records: that they are one customer, or two.

Belongs here: appending events, reading them back, which of them are in force. Does not belong here: which decisions
contradict each other (`linkage`), who may decide and on which records (`steps.reviewing`).

    state/decisions/links/000001.json    the events of one call: one decision, one undo, or all lines of a file

An entry is one file that appears whole, so that a file of decisions is taken over as a whole or not at all. Entries are
never changed, except by an erasure. Events are numbered through all entries: the twelfth decision is D000012 wherever
it was entered. Undoing is an event that names the decision; the decision itself stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import read_json, write_json

FORMAT_VERSION = 1


class LinkKind(StrEnum):
    """What an event says of its two records."""

    SAME = "same"
    DIFFERENT = "different"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody wants to enter: an event without number, person and time.

    Attributes:
        record_key_l: one record, `source/extract/source_id`.
        record_key_r: the other, not the same.
        why: the reason in the person's own words; never blank.
        withdraws: the decision that is taken back; only where `kind` is withdrawn.
    """

    kind: LinkKind
    record_key_l: str
    record_key_r: str
    why: str
    withdraws: str | None = None


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """One event, as it was entered.

    Attributes:
        decision_id: D and the event's number, from D000001.
        record_key_l: the smaller record key.
        record_key_r: the larger one.
        decided_at: UTC without a zone.
        withdraws: the decision that it takes back; None where `kind` is not withdrawn.
    """

    decision_id: str
    kind: LinkKind
    record_key_l: str
    record_key_r: str
    decided_by: str
    decided_at: datetime
    why: str
    withdraws: str | None = None


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """What was entered at once.

    Attributes:
        number: position in the store, from 1.
        file_name: the file it came with; empty where it was typed.
        events: one or more, in order.
    """

    number: int
    file_name: str
    events: tuple[LinkEvent, ...]


class LinkDecisions:
    """The store in one folder, normally `state/decisions`. One process writes at a time; its caller sees to that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "links"

    def entries(self) -> list[LinkEntry]:
        """All entries, oldest first.

        Raises:
            PipelineError: an entry is missing or damaged, or of a version that this code does not know.
        """
        numbers = sorted(int(path.stem) for path in self.folder.glob("[0-9]*.json"))
        if numbers != list(range(1, len(numbers) + 1)):
            raise self._damaged(f"{len(numbers)} entries, the last of them {numbers[-1]}")
        entries = [self._entry(number) for number in numbers]
        found = [event.decision_id for entry in entries for event in entry.events]
        if found != [_decision_id(number) for number in range(1, len(found) + 1)]:
            raise self._damaged("decisions that are not numbered one after the other")
        return entries

    def events(self) -> list[LinkEvent]:
        """All events in the order entered; raises as `entries` does."""
        return [event for entry in self.entries() for event in entry.events]

    def append(self, said: Sequence[Said], *, decided_by: str, now: datetime, file_name: str = "") -> LinkEntry:
        """The new newest entry, on disk as a whole.

        Args:
            said: what is entered, one or more; the caller has seen to it that none contradicts what is in force.
            decided_by: who says so.
            now: UTC without a zone.
            file_name: the file it came with, if any.
        """
        entries = self.entries()
        number, last = len(entries) + 1, sum(len(entry.events) for entry in entries)
        events = tuple(
            LinkEvent(
                _decision_id(position),
                each.kind,
                min(each.record_key_l, each.record_key_r),
                max(each.record_key_l, each.record_key_r),
                decided_by,
                now,
                each.why,
                each.withdraws,
            )
            for position, each in enumerate(said, start=last + 1)
        )
        told = {
            "format_version": FORMAT_VERSION,
            "number": number,
            "file_name": file_name,
            "events": [
                asdict(event) | {"decided_at": event.decided_at.isoformat(timespec="microseconds")} for event in events
            ],
        }
        write_json(self._file(number), told | {"sha256": _digest(told)})
        return LinkEntry(number, file_name, events)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"

    def _entry(self, number: int) -> LinkEntry:
        try:
            told: dict[str, Any] = read_json(self._file(number))
            digest = told.pop("sha256")
        except (ValueError, KeyError, TypeError):
            raise self._damaged(f"entry {number} that can't be read") from None
        if told.get("format_version") != FORMAT_VERSION:
            raise self._damaged(f"entry {number} of another format version")
        if digest != _digest(told) or told["number"] != number:
            raise self._damaged(f"entry {number} that is not as it was written")
        return LinkEntry(number, told["file_name"], tuple(_event(each) for each in told["events"]))

    def _damaged(self, found: str) -> PipelineError:
        return PipelineError(
            where=str(self.folder),
            expected=f"entries numbered from 1 without a gap, as they were written, of format version {FORMAT_VERSION}",
            found=found,
            cure="Restore state/decisions from the newest backup; decisions can't be derived from anything else.",
        )


def in_force(events: Iterable[LinkEvent]) -> list[LinkEvent]:
    """The decisions that were not taken back, in the order entered."""
    every = list(events)
    withdrawn = {event.withdraws for event in every}
    return [event for event in every if event.kind is not LinkKind.WITHDRAWN and event.decision_id not in withdrawn]


def _decision_id(number: int) -> str:
    return f"D{number:06d}"


def _event(told: dict[str, Any]) -> LinkEvent:
    given = {"kind": LinkKind(told["kind"]), "decided_at": datetime.fromisoformat(told["decided_at"])}
    return LinkEvent(**told | given)


def _digest(told: dict[str, Any]) -> str:
    """Hex SHA-256 over an entry, its own digest apart, whatever the order of keys."""
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
