"""The append-only store of golden values that stewards gave, and took back.

Belongs here: appending events, reading them back, which of them were not withdrawn. Does not belong here: what may be
given (`steps.overriding`), which of several holds (`golden.overriding`). Values are personal: they stay in this store
and in the golden tables, out of logs and audit.

    state/decisions/overrides/000001.json    one event

Events are numbered from 1; the twelfth is O000012. They are never changed, except by an erasure. An override is tied to
a source record and not to a customer, so that it outlives merges, splits, a rebuild and retraining.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import read_json, write_json

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class OverrideEvent:
    """One event, as it was entered.

    Attributes:
        number: position in the store, from 1.
        record_key: a record of the customer, `source/extract/source_id`.
        values: golden column to value as text, standardised; None where linked columns have none; empty of a
            withdrawal.
        decided_at: UTC without a zone.
        why: the reason in the person's own words; never blank.
        review_on: business date from which on it no longer holds; None: until it is withdrawn.
        withdraws: the override that is taken back; None of an override.
    """

    number: int
    record_key: str
    decided_by: str
    decided_at: datetime
    why: str
    values: Mapping[str, str | None] = field(default_factory=dict)
    review_on: date | None = None
    withdraws: str | None = None

    @property
    def override_id(self) -> str:
        """O and the number."""
        return f"O{self.number:06d}"

    def is_due(self, today: date | None) -> bool:
        """Whether it waits for a review on the business date `today`; None for before any delivery."""
        return self.review_on is not None and today is not None and self.review_on <= today


class OverrideStore:
    """The store in one folder, normally `state/decisions`. One process writes at a time; its caller sees to that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "overrides"

    def events(self) -> list[OverrideEvent]:
        """All events, oldest first.

        Raises:
            PipelineError: an event is missing or damaged, or of a version that this code does not know.
        """
        numbers = sorted(int(path.stem) for path in self.folder.glob("[0-9]*.json"))
        if numbers != list(range(1, len(numbers) + 1)):
            raise self._damaged(f"{len(numbers)} events, the last of them {numbers[-1]}")
        return [self._event(number) for number in numbers]

    def append(
        self,
        *,
        record_key: str,
        values: Mapping[str, str | None],
        decided_by: str,
        now: datetime,
        why: str,
        review_on: date | None = None,
        withdraws: str | None = None,
    ) -> OverrideEvent:
        """The new newest event, on disk as a whole."""
        number = len(self.events()) + 1
        event = OverrideEvent(number, record_key, decided_by, now, why, dict(values), review_on, withdraws)
        told: dict[str, Any] = {"format_version": FORMAT_VERSION, **asdict(event)}
        told["decided_at"] = now.isoformat(timespec="microseconds")
        told["review_on"] = review_on.isoformat() if review_on else None
        write_json(self._file(number), told | {"sha256": _digest(told)})
        return event

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"

    def _event(self, number: int) -> OverrideEvent:
        try:
            told: dict[str, Any] = read_json(self._file(number))
            digest = told.pop("sha256")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._damaged(f"event {number} that can't be read") from None
        if told.get("format_version") != FORMAT_VERSION:
            raise self._damaged(f"event {number} of another format version")
        if digest != _digest(told) or told.pop("number") != number:
            raise self._damaged(f"event {number} that is not as it was written")
        del told["format_version"]
        told["decided_at"] = datetime.fromisoformat(told["decided_at"])
        told["review_on"] = date.fromisoformat(told["review_on"]) if told["review_on"] else None
        return OverrideEvent(number, **told)

    def _damaged(self, found: str) -> PipelineError:
        return PipelineError(
            where=str(self.folder),
            expected=f"events numbered from 1 without a gap, as they were written, of format version {FORMAT_VERSION}",
            found=found,
            cure="Restore state/decisions from the newest backup; decisions can't be derived from anything else.",
        )


def not_withdrawn(events: Iterable[OverrideEvent]) -> list[OverrideEvent]:
    """The overrides that were not taken back, in the order entered; those due for review are among them."""
    every = list(events)
    withdrawn = {event.withdraws for event in every}
    return [event for event in every if event.withdraws is None and event.override_id not in withdrawn]


def _digest(told: dict[str, Any]) -> str:
    """Hex SHA-256 over an event, its own digest apart, whatever the order of keys."""
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
