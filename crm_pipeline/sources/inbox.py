"""Inboxes: places into which files are dropped, each to be loaded once and then put away.

A file is complete when nothing was written to it for `settle_seconds`, or, with `marker: true`, when a file of the same
name with `.done` behind it lies beside it. Objects of a bucket are complete as soon as they are listed.

Belongs here: which files wait, putting one away. Does not belong here: reading a file (`files`), what is landed
(`steps.landing.inbox`).
"""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files import naming
from crm_pipeline.storage import ObjectInfo, ObjectStore, open_store

MARKER = ".done"
Place = Literal["done", "failed"]
_HIDDEN = (".", "~$")  # names of temporary files, and of the locks that office programs leave
_UNKNOWN = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that waits in an inbox, complete.

    Attributes:
        name: of the file, without folders.
        path: as `read.file` names a file: absolute, or beginning with s3://.
        size_bytes: of the file.
        version: changes when the file is replaced.
    """

    name: str
    path: str
    size_bytes: int
    version: str


class Inbox(Protocol):
    """A place into which files are dropped."""

    def waiting(self) -> list[Waiting]:
        """The complete files, oldest first, of the same age by name."""

    def put_away(self, file: Waiting, place: Place, name: str, reports: Mapping[str, str]) -> None:
        """Moves the file into `done` or `failed`, under `name`, after the reports, by name, were written there.

        A file that was replaced since it was listed stays, to be taken by the next run.
        """


def open_inbox(read: FileRead, root: Path, *, where: str) -> Inbox:
    """The inbox that `read` describes.

    Args:
        read: with `inbox: true`; its `file` is a pattern such as `inbox/crm/*.csv` or `s3://bucket/crm/*.csv`.
        root: the project folder, for relative paths.
        where: source and extract, for messages.
    """
    if read.is_remote:
        prefix, _, pattern = read.file.rpartition("/")
        store = open_store(prefix, endpoint_url=read.endpoint_url, base=root)
        return _BucketInbox(store, prefix, pattern, read.marker, where)
    path = root / read.file
    return _FolderInbox(path.parent, path.name, read.settle_seconds, needs_marker=read.marker)


@dataclass(frozen=True, slots=True)
class _FolderInbox:
    folder: Path
    pattern: str
    settle_seconds: float
    needs_marker: bool

    def waiting(self) -> list[Waiting]:
        found = []
        for name in glob.glob(self.pattern, root_dir=self.folder):  # noqa: PTH207 - the folder's name is no pattern
            path = self.folder / name
            try:
                state = path.lstat()
            except FileNotFoundError:  # taken away just now
                continue
            # Not what a link leads to: whoever may drop files here would have any file read that we may read.
            if stat.S_ISREG(state.st_mode) and not name.startswith(_HIDDEN) and self._is_complete(path, state.st_mtime):
                found.append((state.st_mtime_ns, Waiting(name, str(path), state.st_size, _version(state))))
        return [file for _, file in sorted(found, key=lambda item: (item[0], item[1].name))]

    def _is_complete(self, path: Path, modified: float) -> bool:
        if path.name.endswith(MARKER):
            return False
        if self.needs_marker:
            return os.path.exists(f"{path}{MARKER}")  # noqa: PTH110 - false where the name is too long for a folder
        return time.time() - modified >= self.settle_seconds

    def put_away(self, file: Waiting, place: Place, name: str, reports: Mapping[str, str]) -> None:
        path = Path(file.path)
        try:
            if _version(path.lstat()) != file.version:
                return
        except FileNotFoundError:  # taken back by who dropped it
            return
        folder = self.folder / place
        folder.mkdir(exist_ok=True)
        for report, text in reports.items():
            (folder / report).write_text(text, encoding="utf-8")
        path.rename(folder / name)
        if self.needs_marker:
            path.with_name(path.name + MARKER).unlink(missing_ok=True)


def _version(state: os.stat_result) -> str:
    return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ino}"


@dataclass(frozen=True, slots=True)
class _BucketInbox:
    store: ObjectStore
    prefix: str
    pattern: str
    needs_marker: bool
    where: str

    def waiting(self) -> list[Waiting]:
        with naming(self.where):
            listed = {info.key: info for info in self.store.list()}
        complete = [info for info in listed.values() if self._is_complete(info.key, listed)]
        return [
            Waiting(info.key, f"{self.prefix}/{info.key}", info.size_bytes, _stored_version(info))
            for info in sorted(complete, key=lambda info: (info.modified_at or _UNKNOWN, info.key))
        ]

    def _is_complete(self, key: str, listed: Mapping[str, ObjectInfo]) -> bool:
        if "/" in key or key.endswith(MARKER) or key.startswith(_HIDDEN) or not fnmatch.fnmatchcase(key, self.pattern):
            return False
        return not self.needs_marker or key + MARKER in listed

    def put_away(self, file: Waiting, place: Place, name: str, reports: Mapping[str, str]) -> None:
        with naming(self.where):
            for report, text in reports.items():
                self.store.put(f"{place}/{report}", text.encode())
            etag = file.version.rpartition(" ")[0]
            is_moved = self.store.move(ObjectInfo(file.name, file.size_bytes, etag), f"{place}/{name}")
            if is_moved and self.needs_marker:
                self.store.delete(file.name + MARKER)


def _stored_version(info: ObjectInfo) -> str:
    """The ETag, which equal bytes share, and the time."""
    return f"{info.etag} {info.modified_at.isoformat() if info.modified_at else ''}"
