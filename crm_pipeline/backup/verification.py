"""Verification of a snapshot in the store.

Belongs here: reading everything and reporting all that is wrong. Does not belong here: repair; there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_pipeline.backup.keys import parse_key
from crm_pipeline.backup.manifest import FileEntry
from crm_pipeline.backup.objects import Meter, Progress, missing_objects, verified_chunks
from crm_pipeline.backup.snapshots import OpenSnapshot, find
from crm_pipeline.errors import BackupError
from crm_pipeline.storage import ObjectStore


@dataclass(frozen=True)
class VerifyReport:
    """What a verification found. `file_count` and `plain_bytes` are the snapshot's, good or not."""

    snapshot_id: str
    file_count: int
    plain_bytes: int
    problems: tuple[BackupError, ...]

    @property
    def is_good(self) -> bool:
        """Whether the whole snapshot can be restored."""
        return not self.problems


def verify(
    store: ObjectStore, key: str, snapshot_id: str | None = None, progress: Progress | None = None
) -> VerifyReport:
    """Every file of a snapshot read from the store, decrypted and compared with the manifest; one problem per bad file.

    Args:
        store: where the snapshot is.
        key: the project key as text.
        snapshot_id: null for the newest complete one.
        progress: told about plain bytes done and in all.

    Raises:
        ConfigurationError, KeyMismatchError: the key is malformed or another one, or there is no such snapshot.
        BackupError, IntegrityError: the manifest itself is absent, of an unknown version or damaged.
        StoreError: the store can't be read.
    """
    opened = find(store, parse_key(key), snapshot_id)
    snapshot = opened.snapshot
    missing = missing_objects(store, opened)
    meter = Meter(snapshot.totals.plain_bytes, progress)
    problems: list[BackupError] = []
    for entry in snapshot.files:
        problem = missing.get(entry.path) or _problem(store, opened, entry, meter)
        if problem is not None:
            problems.append(problem)
    return VerifyReport(snapshot.snapshot_id, snapshot.totals.files, snapshot.totals.plain_bytes, tuple(problems))


def _problem(store: ObjectStore, opened: OpenSnapshot, entry: FileEntry, meter: Meter) -> BackupError | None:
    try:
        for chunk in verified_chunks(store, entry, opened.snapshot.snapshot_id, opened.data_key):
            meter.add(len(chunk))
    except BackupError as error:
        return error
    return None
