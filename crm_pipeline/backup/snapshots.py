"""Snapshots in a store: which there are, which is the newest, what their manifests say.

Belongs here: listing, opening and committing manifests. Does not belong here: the files of a snapshot (`objects`).
"""

from __future__ import annotations

import contextlib
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crm_pipeline.backup.cipher import Encryption, decrypt
from crm_pipeline.backup.header import Header, ObjectKind, Place, Source, damaged_header, read_header
from crm_pipeline.backup.keys import ProjectKey, parse_key, unwrap, wrap
from crm_pipeline.backup.manifest import SNAPSHOT_ID, Snapshot, folder_key, from_json, manifest_key, to_json
from crm_pipeline.errors import BackupError, ConfigurationError, IntegrityError, KeyMismatchError, StoreError
from crm_pipeline.storage import ObjectInfo, ObjectStore

_SECOND = slice(0, 16)
"""The part of a snapshot id that is its time."""


@dataclass(frozen=True)
class Incomplete:
    """A snapshot that can't be restored with this key: no manifest, or one that does not open.

    `problem` is null where the manifest was never written (a backup that was interrupted), else it says why.
    """

    snapshot_id: str
    object_count: int
    stored_bytes: int
    problem: BackupError | None


@dataclass(frozen=True)
class OpenSnapshot:
    """A snapshot and the data key to its files."""

    snapshot: Snapshot
    data_key: bytes = field(repr=False)


def new_snapshot_id(now: datetime) -> str:
    """An id for a snapshot taken at `now` (UTC), unique by 24 random bits within its second."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def list_snapshots(store: ObjectStore, key: str) -> list[Snapshot | Incomplete]:
    """All snapshots of a store, oldest first, newest last.

    Raises:
        ConfigurationError: the key is malformed.
        KeyMismatchError: there are complete snapshots, and none was written for this key.
        StoreError: the store can't be read.
    """
    project_key = parse_key(key)
    found: list[Snapshot | Incomplete] = []
    for snapshot_id, objects in _objects_by_snapshot(store).items():
        problem = None
        if _has_manifest(snapshot_id, objects):
            try:
                found.append(open_snapshot(store, project_key, snapshot_id).snapshot)
                continue
            except BackupError as error:
                problem = error
        found.append(Incomplete(snapshot_id, len(objects), sum(each.size_bytes for each in objects), problem))
    problems = [each.problem for each in found if isinstance(each, Incomplete)]
    mismatches = [problem for problem in problems if isinstance(problem, KeyMismatchError)]
    if mismatches and not any(isinstance(each, Snapshot) for each in found):
        raise mismatches[-1]
    return sorted(found, key=_moment)


def complete_ids(store: ObjectStore) -> list[str]:
    """Ids of the snapshots that have a manifest, in order; no key is needed, and no manifest is read."""
    return [each for each, objects in _objects_by_snapshot(store).items() if _has_manifest(each, objects)]


def require_key(store: ObjectStore, key: str) -> None:
    """Nothing, when the newest snapshot is under this key, is damaged, or there is none.

    Raises:
        ConfigurationError, KeyMismatchError: the key is malformed, or not the newest snapshot's.
        StoreError: the store can't be read.
    """
    with contextlib.suppress(IntegrityError):
        newest(store, parse_key(key))


def newest(store: ObjectStore, key: ProjectKey) -> OpenSnapshot | None:
    """The last snapshot that has a manifest; null if there is none.

    An error of its manifest is raised, never covered up by an older snapshot.
    """
    complete = complete_ids(store)
    if not complete:
        return None
    last_second = max(snapshot_id[_SECOND] for snapshot_id in complete)
    candidates = [
        open_snapshot(store, key, snapshot_id) for snapshot_id in complete if snapshot_id[_SECOND] == last_second
    ]
    return max(candidates, key=lambda each: (each.snapshot.created_at, each.snapshot.snapshot_id))


def find(store: ObjectStore, key: ProjectKey, snapshot_id: str | None) -> OpenSnapshot:
    """The complete snapshot with this id, or the newest one for null.

    Raises:
        ConfigurationError: not an id of a snapshot in this store.
        BackupError: the store has no complete snapshot, or the one named is incomplete.
    """
    if snapshot_id is None:
        opened = newest(store, key)
        if opened is None:
            raise BackupError(
                where=store.describe(), expected="a complete snapshot", found="none", cure="Take a full backup."
            )
        return opened
    objects = store.list(folder_key(snapshot_id)) if SNAPSHOT_ID.fullmatch(snapshot_id) else []
    if not objects:
        raise ConfigurationError(
            where=store.describe(),
            expected="the id of a snapshot in this store",
            found=ascii(snapshot_id[:40]),
            cure="See `crm-pipeline backup list`.",
        )
    if not _has_manifest(snapshot_id, objects):
        raise BackupError(
            where=f"{store.describe()}/{folder_key(snapshot_id)}",
            expected="a complete snapshot",
            found=f"no manifest beside {len(objects)} objects: the backup was interrupted or its manifest deleted",
            cure="Choose a complete snapshot from `crm-pipeline backup list`.",
        )
    return open_snapshot(store, key, snapshot_id)


def open_snapshot(store: ObjectStore, key: ProjectKey, snapshot_id: str) -> OpenSnapshot:
    """The snapshot as its manifest says, verified.

    Raises:
        KeyMismatchError: written for another key.
        IntegrityError: damaged, cut short, altered, or the manifest of another snapshot.
        BackupError: a version this program does not know.
        StoreError: the manifest can't be read.
    """
    stored_key = manifest_key(snapshot_id)
    where = f"{store.describe()}/{stored_key}"
    source = Source(store.get(stored_key), where)
    header, raw = read_header(source)
    require_place(header, Place(snapshot_id, ObjectKind.MANIFEST, 0), where)
    data_key = unwrap(key, header.recipients, snapshot_id, where=where)
    snapshot = from_json(b"".join(decrypt(source, header, raw, data_key)), where=where)
    if snapshot.snapshot_id != snapshot_id:
        raise damaged_header(where, f"a manifest that names snapshot {snapshot.snapshot_id}")
    return OpenSnapshot(snapshot, data_key)


def commit(store: ObjectStore, key: ProjectKey, opened: OpenSnapshot) -> None:
    """The manifest is stored and reads back as it was meant; from here on the snapshot exists.

    Raises:
        IntegrityError: the store gave back something else.
        StoreError: the store refused, or another manifest is there already.
    """
    snapshot = opened.snapshot
    stored_key = manifest_key(snapshot.snapshot_id)
    where = f"{store.describe()}/{stored_key}"
    text = to_json(snapshot)
    content = b"".join(
        Encryption(
            io.BytesIO(text),
            len(text),
            place=Place(snapshot.snapshot_id, ObjectKind.MANIFEST, 0),
            data_key=opened.data_key,
            recipients=(wrap(key, opened.data_key, snapshot.snapshot_id),),
            where=where,
        )
    )
    try:
        store.put(stored_key, content, if_absent=True)
    except StoreError:
        # A repeated request whose first answer was lost is refused although our manifest is there.
        if not store.exists(stored_key) or store.read_bytes(stored_key) != content:
            raise
    if open_snapshot(store, key, snapshot.snapshot_id).snapshot != snapshot:
        raise IntegrityError(
            where=where,
            expected="the manifest that was stored",
            found="another one",
            cure="Check the store; then back up again.",
        )


def require_place(header: Header, place: Place, where: str) -> None:
    """Raise `IntegrityError` unless the object was written for the place it was found in."""
    if header.place != place:
        actual = header.place
        raise IntegrityError(
            where=where,
            expected=f"{place.kind.name.lower()} {place.number} of snapshot {place.snapshot_id}",
            found=f"{actual.kind.name.lower()} {actual.number} of snapshot {actual.snapshot_id}, moved here",
            cure="Restore from another snapshot, and find out who writes to the store.",
        )


def _objects_by_snapshot(store: ObjectStore) -> dict[str, list[ObjectInfo]]:
    """The objects below each snapshot id, ids in order; what does not look like ours is passed over."""
    found: dict[str, list[ObjectInfo]] = {}
    for each in _under_snapshots(store):
        found.setdefault(each.key.split("/")[1], []).append(each)
    return dict(sorted(found.items()))


def _under_snapshots(store: ObjectStore) -> Iterator[ObjectInfo]:
    for each in store.list("snapshots/"):
        parts = each.key.split("/")
        if len(parts) > 2 and SNAPSHOT_ID.fullmatch(parts[1]):
            yield each


def _has_manifest(snapshot_id: str, objects: list[ObjectInfo]) -> bool:
    return any(each.key == manifest_key(snapshot_id) for each in objects)


def _moment(each: Snapshot | Incomplete) -> tuple[str, str, str]:
    created_at = each.created_at.isoformat() if isinstance(each, Snapshot) else ""
    return each.snapshot_id[_SECOND], created_at, each.snapshot_id
