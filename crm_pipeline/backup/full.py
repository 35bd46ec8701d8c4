"""Full backups.

Belongs here: which files, in which order, and the guard that they stay as they are. Does not belong here: one object
(`objects`), the commit (`snapshots`), the choice of folders, which is the caller's.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from crm_pipeline.backup.cipher import changed
from crm_pipeline.backup.keys import KEY_BYTES, parse_key
from crm_pipeline.backup.manifest import FORMAT_VERSION, Snapshot, folder_key, is_safe_path, totals_of
from crm_pipeline.backup.objects import FileWriter, Meter, Progress
from crm_pipeline.backup.snapshots import OpenSnapshot, commit, new_snapshot_id, newest
from crm_pipeline.errors import BackupError, IntegrityError
from crm_pipeline.state.files import sha256_of
from crm_pipeline.storage import ObjectStore

_UNFINISHED = ".tmp-"
"""Names that `state.files` gives to files that are not there yet."""


def full_backup(
    store: ObjectStore,
    key: str,
    root: Path,
    paths: Iterable[Path],
    *,
    code_version: str,
    configuration_sha256: str,
    rows: Mapping[str, int] | None = None,
    progress: Progress | None = None,
    work: Path | None = None,
) -> Snapshot:
    """A new complete snapshot of the files, each read back from the store and equal to the file on disk.

    Call it while nothing writes to the files. A crash leaves at most an incomplete snapshot; earlier ones stay as they
    were.

    Args:
        store: where to.
        key: the project key as text.
        root: the project folder.
        paths: files and folders below it, relative to it or absolute; a folder stands for all files beneath it except
            unfinished ones. Files that occur twice count once.
        code_version: of this program, for the manifest.
        configuration_sha256: of the configuration, for the manifest.
        rows: number of rows by relative path, where known.
        progress: told about plain bytes done and in all.
        work: a folder with room for the largest file's encrypted bytes; null for the system's temporary one.

    Raises:
        ConfigurationError: the key is malformed.
        BackupError: nothing to back up, a path that is absent, a link or outside `root`, a file that changed.
        IntegrityError: the store gave back something else than was stored.
        StoreError: the store refused.
    """
    project_key = parse_key(key)
    created_at = datetime.now(UTC)
    data_key = secrets.token_bytes(KEY_BYTES)
    snapshot_id = _free_id(store, created_at)
    try:
        files = files_below(root, paths)
        before = {path: _state(file) for path, file in files.items()}
        meter = Meter(sum(size for _, size, _ in before.values()), progress)
        with tempfile.TemporaryDirectory(prefix=".tmp-backup-", dir=work) as folder:
            writer = FileWriter(store, snapshot_id, data_key, Path(folder), meter)
            entries = tuple(
                writer.store_file(file, path=path, number=number, rows=(rows or {}).get(path))
                for number, (path, file) in enumerate(files.items(), start=1)
            )
        for path, file in files.items():
            if _state(file) != before[path]:
                raise changed(path)
    except OSError as error:
        raise _unreadable(error, root) from None
    snapshot = Snapshot(
        format_version=FORMAT_VERSION,
        snapshot_id=snapshot_id,
        kind="full",
        parent=None,
        created_at=created_at,
        code_version=code_version,
        configuration_sha256=configuration_sha256,
        files=entries,
        totals=totals_of(entries),
    )
    commit(store, project_key, OpenSnapshot(snapshot, data_key))
    return snapshot


def unchanged_since(
    store: ObjectStore, key: str, root: Path, paths: Iterable[Path], *, apart_from: tuple[str, ...] = ()
) -> Snapshot | None:
    """The newest complete snapshot if it holds exactly these files with these contents and its objects are there.

    Files below the folders `apart_from` (relative to `root`, with a slash at their end) are left out of the comparison.
    Null otherwise, also when there is no snapshot or the newest is damaged: then a backup is due. Contents in the store
    are not read; that is what `verify` is for.

    Raises:
        ConfigurationError, KeyMismatchError: the key is malformed, or not the newest snapshot's.
        BackupError: as `full_backup` for the paths.
        StoreError: the store can't be read.
    """
    project_key = parse_key(key)
    try:
        opened = newest(store, project_key)
    except IntegrityError:
        return None
    if opened is None:
        return None
    snapshot = opened.snapshot
    try:
        files = {path: file for path, file in files_below(root, paths).items() if not _is_below(path, apart_from)}
        entries = [entry for entry in snapshot.files if not _is_below(entry.path, apart_from)]
        if {path: _state(file)[1] for path, file in files.items()} != {e.path: e.plain_bytes for e in entries}:
            return None
        if any(sha256_of(files[entry.path]) != entry.sha256_plain for entry in entries):
            return None
    except OSError as error:
        raise _unreadable(error, root) from None
    there = {each.key: each.size_bytes for each in store.list(folder_key(snapshot.snapshot_id))}
    is_stored = all(there.get(entry.object_key) == entry.bytes_cipher for entry in snapshot.files)
    return snapshot if is_stored else None


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return path.startswith(folders)


def files_below(root: Path, paths: Iterable[Path]) -> dict[str, Path]:
    """The files that `paths` stand for, by path relative to `root` with `/`, in order of that path.

    `root` itself may be reached through a link, nothing below it.
    """
    base, given = root.resolve(), root.absolute()
    found = {}
    relative = (path.relative_to(given) if path.is_relative_to(given) else path for path in paths)
    for file in (file for path in relative for file in _expanded(base / path)):
        name = file.relative_to(base).as_posix() if file.is_relative_to(base) else ""
        if os.path.realpath(file) != str(file) or not is_safe_path(name):
            raise _refused(name or str(file), "a link, a name that is not portable, or outside", root)
        if not file.is_file():
            raise _refused(name, "absent or no file", root)
        found[name] = file
    if not found:
        raise BackupError(where=str(root), expected="files to back up", found="none", cure="Run the pipeline first.")
    return dict(sorted(found.items()))


def _expanded(path: Path) -> Iterator[Path]:
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for child in sorted(path.iterdir()):
        if not child.name.startswith(_UNFINISHED):
            yield from _expanded(child)


def _state(file: Path) -> tuple[int, int, int]:
    """What changes when a file is written to or replaced: identity, size, time of change."""
    status = file.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _free_id(store: ObjectStore, moment: datetime) -> str:
    while store.list(folder_key(snapshot_id := new_snapshot_id(moment))):
        pass
    return snapshot_id


def _refused(name: str, found: str, root: Path) -> BackupError:
    return BackupError(
        where=str(root),
        expected="files below the project folder",
        found=f"{name!a}: {found}",
        cure="Correct the paths, or replace the link by what it points to.",
    )


def _unreadable(error: OSError, root: Path) -> BackupError:
    return BackupError(
        where=str(error.filename or root),
        expected="files that can be read, and room for temporary ones",
        found=error.strerror or type(error).__name__,
        cure="Check permissions and free space.",
    )
