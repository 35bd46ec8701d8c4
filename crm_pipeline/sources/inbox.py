"""Inboxes: places into which files are dropped, each to be loaded once and then put away.

A file is complete when nothing was written to it for `settle_seconds`, or, with `marker: true`, when a file of the same
name with `.done` behind it lies beside it. Objects of a bucket are complete as soon as they are listed.

Belongs here: which files wait, bringing one here, putting it away. Does not belong here: reading a file (`files`), what
is landed (`steps.inbox`).
"""

from __future__ import annotations

import fnmatch
import glob
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from crm_pipeline.errors import DeliveryError, StoreError
from crm_pipeline.settings import FileRead
from crm_pipeline.storage import ObjectStore, open_store

MARKER = ".done"
Place = Literal["done", "failed"]
_HIDDEN = (".", "~$")  # names of temporary files, and of the locks that office programs leave


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that waits in an inbox, complete.

    Attributes:
        name: of the file, without folders.
        size_bytes: of the file.
        version: changes when the file is replaced.
    """

    name: str
    size_bytes: int
    version: str


class Inbox(Protocol):
    """A place into which files are dropped."""

    def waiting(self) -> list[Waiting]:
        """The complete files, oldest first where that can be told, else by name."""

    def fetch(self, file: Waiting, folder: Path) -> Path:
        """The file on the local disk, in `folder` if it has to be brought there."""

    def put_away(self, file: Waiting, fetched: Path, place: Place, name: str, reports: Mapping[str, str]) -> None:
        """Moves the file into `done` or `failed`, under `name`, after the reports, by name, were written there.

        In a folder, a file that was replaced since it was listed stays, to be taken by the next run.
        """


def open_inbox(read: FileRead, root: Path, *, where: str) -> Inbox:
    """The inbox that `read` describes.

    Args:
        read: with `inbox: true`; its `file` is a pattern such as `inbox/crm/*.csv` or `s3://bucket/crm/*.csv`.
        root: the project folder, for relative paths.
        where: source and extract, for messages.
    """
    if read.file.startswith("s3://"):
        prefix, _, pattern = read.file.rpartition("/")
        return _BucketInbox(open_store(prefix, endpoint_url=read.endpoint_url, base=root), pattern, where)
    return _FolderInbox(root / read.file, read.settle_seconds, needs_marker=read.marker)


@dataclass(frozen=True, slots=True)
class _FolderInbox:
    pattern: Path
    settle_seconds: float
    needs_marker: bool

    def waiting(self) -> list[Waiting]:
        found = []
        for text in glob.iglob(str(self.pattern)):  # noqa: PTH207 - the pattern may be absolute
            path = Path(text)
            try:
                state = path.stat()
            except FileNotFoundError:  # taken away just now
                continue
            if path.is_file() and not path.name.startswith(_HIDDEN) and self._is_complete(path, state.st_mtime):
                found.append((state.st_mtime_ns, Waiting(path.name, state.st_size, _version(state))))
        return [file for _, file in sorted(found, key=lambda item: (item[0], item[1].name))]

    def _is_complete(self, path: Path, modified: float) -> bool:
        if path.name.endswith(MARKER):
            return False
        if self.needs_marker:
            return path.with_name(path.name + MARKER).exists()
        return time.time() - modified >= self.settle_seconds

    def fetch(self, file: Waiting, folder: Path) -> Path:
        del folder
        return self.pattern.parent / file.name

    def put_away(self, file: Waiting, fetched: Path, place: Place, name: str, reports: Mapping[str, str]) -> None:
        if _version(fetched.stat()) != file.version:
            return
        folder = self.pattern.parent / place
        folder.mkdir(exist_ok=True)
        for report, text in reports.items():
            (folder / report).write_text(text, encoding="utf-8")
        fetched.rename(folder / name)
        fetched.with_name(fetched.name + MARKER).unlink(missing_ok=True)


def _version(state: os.stat_result) -> str:
    return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ino}"


@dataclass(frozen=True, slots=True)
class _BucketInbox:
    store: ObjectStore
    pattern: str
    where: str

    def waiting(self) -> list[Waiting]:
        try:
            listed = self.store.list()
        except StoreError as error:
            raise DeliveryError(where=self.where, expected=error.expected, found=error.found, cure=error.cure) from None
        return [
            Waiting(info.key, info.size_bytes, info.etag or str(info.size_bytes))
            for info in listed
            if "/" not in info.key and fnmatch.fnmatch(info.key, self.pattern) and not info.key.endswith(MARKER)
        ]

    def fetch(self, file: Waiting, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / file.name
        with path.open("wb") as opened:
            for piece in self.store.get(file.name):
                opened.write(piece)
        return path

    def put_away(self, file: Waiting, fetched: Path, place: Place, name: str, reports: Mapping[str, str]) -> None:
        for report, text in reports.items():
            self.store.put(f"{place}/{report}", text.encode())
        self.store.put(f"{place}/{name}", fetched)
        self.store.delete(file.name)
