"""The file objects of a snapshot, one at a time.

Belongs here: one file into the store and out of it, verified. Does not belong here: which files (`full`), and what is
done with the plain text (`verification`, `restoration`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crm_pipeline.backup.cipher import Encryption, changed, decrypt
from crm_pipeline.backup.header import ObjectKind, Place, Source, read_header
from crm_pipeline.backup.manifest import FileEntry, file_key, folder_key
from crm_pipeline.backup.snapshots import OpenSnapshot, require_place
from crm_pipeline.errors import IntegrityError
from crm_pipeline.state.files import sha256_of
from crm_pipeline.storage import ObjectStore

Progress = Callable[[int, int], None]
"""Called with the plain bytes that are done and the plain bytes in all, after each chunk."""


class Meter:
    """Counts bytes for a progress display.

    Args:
        total_bytes: of plain text, in all.
        progress: null for none.
    """

    def __init__(self, total_bytes: int, progress: Progress | None) -> None:
        self._done_bytes = 0
        self._total_bytes = total_bytes
        self._progress = progress

    def add(self, count: int) -> None:
        """`count` more bytes are done."""
        self._done_bytes += count
        if self._progress is not None:
            self._progress(self._done_bytes, self._total_bytes)


@dataclass(frozen=True)
class FileWriter:
    """Stores the files of one new snapshot, one at a time.

    Args:
        store: where to.
        snapshot_id: of the snapshot.
        data_key: of the snapshot.
        work: a folder for the encrypted bytes until they are stored.
        meter: told about each chunk that was read back.
    """

    store: ObjectStore
    snapshot_id: str
    data_key: bytes = field(repr=False)
    work: Path
    meter: Meter

    def store_file(self, file: Path, *, path: str, number: int, rows: int | None) -> FileEntry:
        """The manifest's entry of a file that is in the store, was read back from there and equals the file on disk.

        Args:
            file: to be read, once for encryption and once for the comparison.
            path: its name in the manifest.
            number: of its object, from 1.
            rows: known number of rows; null if unknown.

        Raises:
            BackupError: the file changed meanwhile.
            IntegrityError: the store gave back something else.
            StoreError: the store refused.
            OSError: the file can't be read, or there is no room for the encrypted bytes.
        """
        staged = self.work / "object"
        entry = self._encrypted(file, staged, path=path, number=number, rows=rows)
        self.store.put(entry.object_key, staged)
        staged.unlink()
        for chunk in verified_chunks(self.store, entry, self.snapshot_id, self.data_key):
            self.meter.add(len(chunk))
        if sha256_of(file) != entry.sha256_plain:
            raise changed(path)
        return entry

    def _encrypted(self, file: Path, staged: Path, *, path: str, number: int, rows: int | None) -> FileEntry:
        place = Place(self.snapshot_id, ObjectKind.FILE, number)
        with file.open("rb") as plain, staged.open("wb") as target:
            plain_bytes = os.fstat(plain.fileno()).st_size
            encryption = Encryption(plain, plain_bytes, place=place, data_key=self.data_key, where=path)
            target.writelines(encryption)
        return FileEntry(
            path=path,
            object_key=file_key(self.snapshot_id, number),
            rows=rows,
            plain_bytes=plain_bytes,
            sha256_plain=encryption.plain_sha256(),
            bytes_cipher=encryption.stored_bytes,
            sha256_cipher=encryption.stored_sha256(),
        )


def verified_chunks(store: ObjectStore, entry: FileEntry, snapshot_id: str, data_key: bytes) -> Iterator[bytes]:
    """The plain text of a stored file in chunks; the file is what the manifest says once the iteration has ended.

    Raises:
        IntegrityError: at the first chunk that is not what was stored, or at the end for the whole.
        StoreError: the object can't be read.
    """
    where = f"{store.describe()}/{entry.object_key} ({entry.path})"
    source = Source(store.get(entry.object_key), where)
    header, raw = read_header(source)
    require_place(header, Place(snapshot_id, ObjectKind.FILE, entry.number), where)
    digest = hashlib.sha256()
    count = 0
    for chunk in decrypt(source, header, raw, data_key):
        digest.update(chunk)
        count += len(chunk)
        yield chunk
    found = (count, digest.hexdigest(), source.count, source.sha256())
    if found != (entry.plain_bytes, entry.sha256_plain, entry.bytes_cipher, entry.sha256_cipher):
        raise IntegrityError(
            where=where,
            expected="the sizes and hashes of the manifest",
            found="another object, encrypted with the same data key",
            cure="Restore from another snapshot, and find out who holds the key and writes to the store.",
        )


def missing_objects(store: ObjectStore, opened: OpenSnapshot) -> dict[str, IntegrityError]:
    """An error for each path of the snapshot whose object is not in the store, by path."""
    there = {each.key for each in store.list(folder_key(opened.snapshot.snapshot_id))}
    return {
        entry.path: IntegrityError(
            where=f"{store.describe()}/{entry.object_key} ({entry.path})",
            expected="an object of the snapshot",
            found="none: it was deleted",
            cure="Restore from another snapshot, and find out who deletes from the store.",
        )
        for entry in opened.snapshot.files
        if entry.object_key not in there
    }
