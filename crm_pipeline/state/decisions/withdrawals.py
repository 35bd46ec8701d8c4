"""The append-only store of runs that people took back, and of those they let count again.

Belongs here: appending events, reading them back, which deliveries are withdrawn. Does not belong here: what a run
brought and what becomes of it (`steps.undoing`), or leaving deliveries out (`state.landing`).

    state/decisions/withdrawals/000001.json    one run taken back, or let count again

Events are never changed, except by an erasure. The newest event of a run says whether its deliveries count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.delivery import DeliveryKey
from crm_pipeline.state.files import read_json, write_json

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One event.

    Attributes:
        number: position in the store, from 1.
        run_id: the run.
        is_redo: it counts again; else it was taken back.
        deliveries: all that the run landed, in order.
        decided_by: who said so.
        decided_at: UTC without a zone.
        why: the reason in the person's own words; never blank.
    """

    number: int
    run_id: str
    is_redo: bool
    deliveries: tuple[DeliveryKey, ...]
    decided_by: str
    decided_at: datetime
    why: str


class WithdrawalStore:
    """The store in one folder, normally `state/decisions`. One process writes at a time; its caller sees to that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "withdrawals"

    def events(self) -> list[Withdrawal]:
        """All events in the order entered.

        Raises:
            PipelineError: an event is missing or damaged, or of a version that this code does not know.
        """
        numbers = sorted(int(path.stem) for path in self.folder.glob("[0-9]*.json"))
        if numbers != list(range(1, len(numbers) + 1)):
            raise self._damaged(f"{len(numbers)} events, the last of them {numbers[-1]}")
        return [self._event(number) for number in numbers]

    def append(
        self,
        run_id: str,
        deliveries: Sequence[DeliveryKey],
        *,
        is_redo: bool,
        decided_by: str,
        now: datetime,
        why: str,
    ) -> Withdrawal:
        """The new newest event, on disk as a whole."""
        number = len(self.events()) + 1
        event = Withdrawal(number, run_id, is_redo, tuple(deliveries), decided_by, now, why)
        told: dict[str, Any] = {"format_version": FORMAT_VERSION, **asdict(event)}
        told["decided_at"] = now.isoformat(timespec="microseconds")
        told["deliveries"] = [{**asdict(key), "business_date": key.business_date.isoformat()} for key in deliveries]
        write_json(self._file(number), told | {"sha256": _digest(told)})
        return event

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"

    def _event(self, number: int) -> Withdrawal:
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
        told["deliveries"] = tuple(
            DeliveryKey(**{**key, "business_date": date.fromisoformat(key["business_date"])})
            for key in told["deliveries"]
        )
        return Withdrawal(number, **told)

    def _damaged(self, found: str) -> PipelineError:
        return PipelineError(
            where=str(self.folder),
            expected=f"events numbered from 1 without a gap, as they were written, of format version {FORMAT_VERSION}",
            found=found,
            cure="Restore state/decisions from the newest backup; decisions can't be derived from anything else.",
        )


def taken_back(events: Iterable[Withdrawal]) -> dict[str, Withdrawal]:
    """Of each run that is taken back the event that says so, in the order of those events."""
    newest = {event.run_id: event for event in events}
    return {run_id: event for run_id, event in sorted(newest.items(), key=lambda e: e[1].number) if not event.is_redo}


def withdrawn(events: Iterable[Withdrawal]) -> frozenset[DeliveryKey]:
    """The deliveries that don't count."""
    return frozenset(key for event in taken_back(events).values() for key in event.deliveries)


def _digest(told: dict[str, Any]) -> str:
    """Hex SHA-256 over an event, its own digest apart, whatever the order of keys."""
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
