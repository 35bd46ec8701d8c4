"""Where files lie: a folder of this machine, or a bucket of an S3-compatible service.

Belongs here: which files are there, in what state, and bringing one here. Does not belong here: what a path stands for
(`paths`), what is in a file.
"""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crm_pipeline.errors import DeliveryError, StoreError
from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files.paths import PathPattern
from crm_pipeline.storage import ObjectInfo, ObjectStore, open_store


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there.

    Attributes:
        path: as the pattern that found it has it: relative or absolute, or beginning with s3://.
        shown: the path for people.
        name: the file's name, without folders.
        size_bytes: its size.
        version: changes when the file does.
    """

    path: str
    shown: str
    name: str
    size_bytes: int
    version: str


class Place(Protocol):
    """A folder or a bucket."""

    def matching(self, pattern: PathPattern) -> list[Found]:
        """The files that the pattern stands for, by path."""

    def fetch(self, found: Found, folder: Path, where: str) -> Path:
        """The file on this machine, in `folder` if it has to be brought here."""

    def require_same(self, found: Found, where: str) -> None:
        """Nothing, when the file is in the state in which it was found.

        Raises:
            DeliveryError: it is not.
        """

    def neighbours(self, pattern: PathPattern) -> tuple[str, list[str]]:
        """The nearest folder above that is there, and the last five names in it."""


def place_of(read: FileRead, root: Path) -> Place:
    """The place that `read.file` names; nothing is asked of it yet."""
    if read.is_remote:
        bucket = read.file.removeprefix("s3://").split("/", 1)[0]
        return _Bucket(open_store(f"s3://{bucket}", endpoint_url=read.endpoint_url, base=root), f"s3://{bucket}/")
    return _Folder(root)


@contextlib.contextmanager
def naming(where: str) -> Iterator[None]:
    """What a store says is said of this source and extract."""
    try:
        yield
    except StoreError as error:
        raise StoreError(
            where=f"{where}, {error.where}",
            expected=error.expected,
            found=error.found,
            cure=error.cure.replace("`to`", "read.file"),
            transient=error.transient,
        ) from None


def refuse_change(where: str) -> DeliveryError:
    """The error for a file that did not stay as it was."""
    return DeliveryError(
        where=where,
        expected="a file that stays as it is while it is read",
        found="one that was changed, replaced or removed",
        cure="Deliver under a temporary name and rename when complete; then run again. Nothing was loaded.",
    )


@dataclass(frozen=True, slots=True)
class _Folder:
    root: Path

    def matching(self, pattern: PathPattern) -> list[Found]:
        if pattern.is_exact:
            paths = [pattern.start]
        else:
            base = None if Path(pattern.start).is_absolute() else self.root
            paths = glob.glob(pattern.wild, root_dir=base)  # noqa: PTH207 - the path may be absolute
        return [self._found(path) for path in sorted(paths) if (self.root / path).is_file()]

    def _found(self, path: str) -> Found:
        file = self.root / path
        shown = str(file.relative_to(self.root)) if file.is_relative_to(self.root) else str(file)
        return Found(path, shown, file.name, file.stat().st_size, _version(file))

    def fetch(self, found: Found, folder: Path, where: str) -> Path:
        del folder, where
        return self.root / found.path

    def require_same(self, found: Found, where: str) -> None:
        try:
            is_same = _version(self.root / found.path) == found.version
        except OSError:
            is_same = False
        if not is_same:
            raise refuse_change(where)

    def neighbours(self, pattern: PathPattern) -> tuple[str, list[str]]:
        folder = (self.root / (pattern.start + "-")).parent
        while not folder.is_dir():
            folder = folder.parent
        return folder.name, sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))[-5:]


def _version(file: Path) -> str:
    state = file.stat()
    # Who writes into a file may set back its time of change (mtime), but not that of its state (ctime).
    return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ctime_ns}-{state.st_ino}"


@dataclass(frozen=True, slots=True)
class _Bucket:
    store: ObjectStore
    base: str

    def matching(self, pattern: PathPattern) -> list[Found]:
        listed = self.store.list(pattern.start.removeprefix(self.base))
        return [self._found(info) for info in listed if pattern.matches(self.base + info.key)]

    def _found(self, info: ObjectInfo) -> Found:
        path = self.base + info.key
        return Found(path, path, info.key.rpartition("/")[2], info.size_bytes, f"{info.size_bytes}-{info.etag}")

    def fetch(self, found: Found, folder: Path, where: str) -> Path:
        file = folder / found.name
        key = found.path.removeprefix(self.base)
        size = 0
        with naming(where):
            with file.open("wb") as opened:
                for piece in self.store.get(key):
                    size += opened.write(piece)
            versions = [self._found(info).version for info in self.store.list(key) if info.key == key]
        if versions != [found.version] or size != found.size_bytes:
            raise refuse_change(where)
        return file

    def require_same(self, found: Found, where: str) -> None:
        """Nothing: a copy is read, which was compared when it was made."""

    def neighbours(self, pattern: PathPattern) -> tuple[str, list[str]]:
        folder = pattern.start.rpartition("/")[0]
        prefix = f"{folder}/".removeprefix(self.base)
        return folder.rpartition("/")[2], [info.key.removeprefix(prefix) for info in self.store.list(prefix)][-5:]
