"""Restoring a snapshot into a folder.

Belongs here: the way from verified chunks to a folder that is there whole or not at all. Does not belong here:
what to do with a restored project.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crm_pipeline.backup.keys import parse_key
from crm_pipeline.backup.objects import Meter, Progress, missing_objects, verified_chunks
from crm_pipeline.backup.snapshots import OpenSnapshot, find
from crm_pipeline.errors import BackupError, ConfigurationError
from crm_pipeline.state.files import appearing
from crm_pipeline.storage import ObjectStore


@dataclass(frozen=True)
class RestoreReport:
    """What was restored, and how long it took (recovery time without the time to notice)."""

    snapshot_id: str
    into: Path
    file_count: int
    plain_bytes: int
    duration_seconds: float


def restore(
    store: ObjectStore,
    key: str,
    snapshot_id: str | None,
    into: Path,
    progress: Progress | None = None,
) -> RestoreReport:
    """The files of a snapshot under `into`, byte for byte; on any failure `into` is as it was.

    Args:
        store: where the snapshot is.
        key: the project key as text.
        snapshot_id: null for the newest complete one.
        into: absent, or an empty folder. It and its files are readable by their owner only.
        progress: told about plain bytes done and in all.

    Raises:
        ConfigurationError, KeyMismatchError: the target is not empty, the key is malformed or another one, or there is
            no such snapshot.
        BackupError, IntegrityError: the snapshot is incomplete or damaged, or the disk refused.
        StoreError: the store can't be read.
    """
    started = time.monotonic()
    project_key = parse_key(key)
    _require_empty(into)
    target = into.resolve()
    opened = find(store, project_key, snapshot_id)
    for problem in missing_objects(store, opened).values():
        raise problem
    with _folder_appearing(target) as temporary:
        _write_files(store, opened, temporary, Meter(opened.snapshot.totals.plain_bytes, progress))
    totals = opened.snapshot.totals
    duration_seconds = time.monotonic() - started
    return RestoreReport(opened.snapshot.snapshot_id, target, totals.files, totals.plain_bytes, duration_seconds)


def _require_empty(target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()) or (target.is_dir() and any(target.iterdir())):
        raise ConfigurationError(
            where=str(target),
            expected="a folder that is absent or empty",
            found="something there",
            cure="Name another folder; a restore never overwrites.",
        )


def _write_files(store: ObjectStore, opened: OpenSnapshot, folder: Path, meter: Meter) -> None:
    for entry in opened.snapshot.files:
        with appearing(folder / entry.path) as temporary, temporary.open("xb") as plain:
            temporary.chmod(0o600)
            for chunk in verified_chunks(store, entry, opened.snapshot.snapshot_id, opened.data_key):
                plain.write(chunk)
                meter.add(len(chunk))


@contextlib.contextmanager
def _folder_appearing(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that takes its place when the block ends without error, else is removed."""
    temporary = target.parent / f".tmp-{target.name}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if temporary.exists():
            shutil.rmtree(temporary)  # plain text that a killed restore left behind
        temporary.mkdir(mode=0o700)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise BackupError(
            where=str(target),
            expected="a folder that can be written, with room for the snapshot",
            found=error.strerror or type(error).__name__,
            cure="Check permissions and free space, then restore again.",
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
