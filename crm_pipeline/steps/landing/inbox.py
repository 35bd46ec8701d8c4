"""Inboxes: every complete file that waits is landed as a delivery of its own, once, and put away with a report.

Belongs here: which file is landed when, and what becomes of it. Does not belong here: places (`sources.inbox`), landing
(`steps.landing.land`).
"""

from __future__ import annotations

import glob
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Extract, FileRead, Project
from crm_pipeline.sources.inbox import Inbox, Waiting, open_inbox
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.state.delivery import Delivery, Origin
from crm_pipeline.steps.days import business_today
from crm_pipeline.steps.landing.land import Landed, asked, land_reading, tell_if_withdrawn
from crm_pipeline.steps.run import Run, utc_now

_LONGEST_NAME_BYTES = 255 - len("20260105-0000000001-again-20260105-000000-") - len(".report.json")
_LONGEST_SUFFIX_BYTES = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A complete file in the inbox of an extract."""

    source: str
    extract: str
    file: Waiting


@dataclass(frozen=True, slots=True)
class FromInbox:
    """What became of the files of one inbox: what was landed, and why others were not."""

    landed: tuple[Landed, ...]
    failed: tuple[DeliveryError, ...]


def has_inbox(extract: Extract) -> bool:
    """Whether an extract's files are taken from an inbox."""
    return isinstance(extract.read, FileRead) and extract.read.inbox


def waiting_of(project: Project, source: str, name: str) -> list[WaitingFile]:
    """The complete files in the inbox of an extract."""
    return [WaitingFile(source, name, file) for file in _inbox(project, source, name).waiting()]


def land_inbox(run: Run, source: str, name: str, days: Sequence[date], *, accept_loss: bool = False) -> FromInbox:
    """Every complete file landed for today, oldest first, and moved to `done`, or to `failed` when it can't be.

    A file with the bytes of the newest delivery is moved to `done` and not landed again. A crash between landing and
    moving leaves the file where it is; the next run finds that it was landed. Where today is none of the `days`,
    nothing is taken: an inbox has no past.
    """
    if business_today(run.project) not in days:
        return FromInbox((), ())
    inbox = _inbox(run.project, source, name)
    landed: list[Landed] = []
    failed: list[DeliveryError] = []
    for file in inbox.waiting():
        try:
            one = _land_file(run, source, name, file, accept_loss=accept_loss)
        except DeliveryError as error:
            _log.warning("%s.%s: a file of the inbox failed: %s", source, name, error)
            failed.append(error)
            put_away = f"{utc_now():%Y%m%d-%H%M%S}-{_short(file.name)}"
            inbox.put_away(file, "failed", put_away, _reports(put_away, _failure(file, error)))
            continue
        landed.append(one)
        assert one.delivery is not None  # noqa: S101 - an inbox's file is landed, known or refused
        put_away = name_when_done(one.delivery, file.name, is_new=one.is_new)
        inbox.put_away(file, "done", put_away, _reports(put_away, _success(file, one)))
    return FromInbox(tuple(landed), tuple(failed))


def name_when_done(delivery: Delivery, name: str, *, is_new: bool = True) -> str:
    """The name under which a file lies in `done`: business date and sequence before its own."""
    again = "" if is_new else f"-again-{utc_now():%Y%m%d-%H%M%S}"
    return f"{delivery.business_date:%Y%m%d}-{delivery.sequence:04d}{again}-{_short(name)}"


def _short(name: str) -> str:
    """The name, cut in its middle where a folder could not hold it with what is written before and behind it."""
    if len(name.encode()) <= _LONGEST_NAME_BYTES:
        return name
    suffix = PurePath(name).suffix if len(PurePath(name).suffix.encode()) <= _LONGEST_SUFFIX_BYTES else ""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    kept = name.encode()[: _LONGEST_NAME_BYTES - len(suffix.encode()) - len(digest) - 1].decode(errors="ignore")
    return f"{kept}-{digest}{suffix}"


def _inbox(project: Project, source: str, name: str) -> Inbox:
    read = project.config.sources[source].extracts[name].read
    if not isinstance(read, FileRead):
        raise TypeError(f"{source}.{name} has no inbox")
    return open_inbox(read, project.root, where=f"{source}.{name}")


def _land_file(run: Run, source: str, name: str, file: Waiting, *, accept_loss: bool) -> Landed:
    day = business_today(run.project)
    question = asked(run.project, source, name, day)
    deliveries = run.landing.deliveries(source, name)
    with open_delivery(read_of_waiting(run.project, source, name, file), question) as reading:
        origin = replace(reading.origin(), version=file.version)
        # Bytes that came before others may come again: what was changed is changed back.
        comparable = [d for d in deliveries if d is deliveries[-1] or _is_of(d.origin, file)]
        known = next((d for d in comparable if d.origin.reads_like(origin)), None)
        if known is not None:
            tell_if_withdrawn(run, known)
            return Landed(source, name, day, known, is_new=False)
        told = replace(reading, origin=lambda: origin)
        delivery = land_reading(run, told, question, source, name, accept_loss=accept_loss)
    return Landed(source, name, day, delivery, is_new=True)


def _is_of(origin: Origin, file: Waiting) -> bool:
    """Whether a delivery is this very file, landed by a run that died before it put it away."""
    return (origin.file_name, origin.version) == (file.name, file.version)


def read_of_waiting(project: Project, source: str, name: str, file: Waiting) -> FileRead:
    """The `read:` of just this file of an extract's inbox; its name may hold what means something in a pattern."""
    read = project.config.sources[source].extracts[name].read
    if not isinstance(read, FileRead):
        raise TypeError(f"{source}.{name} has no inbox")
    exact = glob.escape(file.path).replace("{", "{{").replace("}", "}}")
    return read.model_copy(update={"file": exact, "inbox": False})


def _reports(name: str, report: dict[str, Any]) -> dict[str, str]:
    return {f"{name}.report.json": json.dumps(report, ensure_ascii=False, indent=2, default=str) + "\n"}


def _success(file: Waiting, landed: Landed) -> dict[str, Any]:
    delivery = landed.delivery
    assert delivery is not None  # noqa: S101 - see the caller
    return {
        "file": file.name,
        "outcome": "landed" if landed.is_new else "landed before",
        "source": delivery.source,
        "extract": delivery.extract,
        "business_date": delivery.business_date,
        "sequence": delivery.sequence,
        "rows": delivery.row_count,
        "lines_held_back": delivery.unreadable_count,
        "read_as": delivery.origin.described,
        "schema_changes": list(delivery.schema_changes),
        "bytes": delivery.origin.file_bytes,
        "sha256": delivery.origin.file_sha256,
        "import_report": f"reports/loads/{delivery.source}.{delivery.extract}/"
        f"{delivery.business_date}-{delivery.sequence}.json",
        "landed_at": _utc(delivery.landed_at),
    }


def _failure(file: Waiting, error: DeliveryError) -> dict[str, Any]:
    return {
        "file": file.name,
        "outcome": "failed; nothing of it was loaded",
        "where": error.where,
        "expected": error.expected,
        "found": error.found,
        "what_to_do": error.cure + " Then drop the file into the inbox again.",
        "failed_at": _utc(utc_now()),
    }


def _utc(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='seconds')}Z"
