"""Objects as files of one folder.

Belongs here: the mapping of keys to files and of OS errors to `StoreError`. Does not belong here: how a file appears
whole (`state.files`).
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from crm_pipeline.errors import StoreError
from crm_pipeline.state.files import appearing
from crm_pipeline.storage.interface import CHUNK_BYTES, TEMPORARY_PREFIX, ObjectInfo, check_key, missing, present

_TRANSIENT = {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.ESTALE, errno.ETIMEDOUT}
"""What a network mount gives while its server is away."""

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What a file system without hard links (FAT, some network mounts) answers to `link`."""


class FolderStore:
    """A store in a local or mounted folder, which is made by the first put. Files have mode 0600."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, key: str, content: Path | bytes, *, if_absent: bool = False) -> None:
        """The object under `key`, on disk when the call returns. See `ObjectStore.put`."""
        target = self._file(key)
        with self._translated(key, writing=True):
            if not if_absent:
                with appearing(target) as temporary:
                    _copy(content, temporary)
                return
            if target.exists():
                raise present(self.describe(), key)
            self._put_if_absent(key, content, target)

    def get(self, key: str) -> Iterator[bytes]:
        """The object's bytes in pieces. See `ObjectStore.get`."""
        file = self._file(key)
        with self._translated(key), file.open("rb") as source:
            while piece := source.read(CHUNK_BYTES):
                yield piece

    def read_bytes(self, key: str) -> bytes:
        """The whole object, in memory."""
        return b"".join(self.get(key))

    def list(self, prefix: str = "") -> builtins.list[ObjectInfo]:
        """All objects under `prefix`, ordered by key. See `ObjectStore.list`."""
        folder = prefix.rpartition("/")[0]
        start = self._file(folder) if folder else self._root
        found = []
        with self._translated(prefix):
            for parent, _, names in os.walk(start, onerror=_reraise_unless_absent):
                for name in names:
                    file = Path(parent, name)
                    key = file.relative_to(self._root).as_posix()
                    if key.startswith(prefix) and not name.startswith(TEMPORARY_PREFIX):
                        found.append(_info(key, file.stat()))
        return sorted(found, key=lambda info: info.key)

    def delete(self, key: str) -> None:
        """No object under `key`; its folder stays."""
        file = self._file(key)
        with self._translated(key):
            file.unlink(missing_ok=True)

    def move(self, listed: ObjectInfo, to: str) -> bool:
        """Whether the file as listed was renamed. See `ObjectStore.move`."""
        file, target = self._file(listed.key), self._file(to)
        with self._translated(listed.key, writing=True):
            if not file.is_file() or _info(listed.key, file.stat()).etag != listed.etag:
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
            _sync_folder(target.parent)
        return True

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        file = self._file(key)
        with self._translated(key):
            return file.is_file()

    def describe(self) -> str:
        """The folder's absolute path."""
        return str(self._root)

    def _file(self, key: str) -> Path:
        """The file of a key. Raises `StoreError` if it lies outside the folder, by its text or by a symbolic link."""
        check_key(self.describe(), key)
        file = self._root / key
        if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(self._root)):  # bears loops of links
            raise StoreError(
                where=self.describe(),
                expected="objects inside the folder",
                found=f"a symbolic link out of it at {key}",
                cure="Remove the link.",
                transient=False,
            )
        return file

    def _put_if_absent(self, key: str, content: Path | bytes, target: Path) -> None:
        # A name of its own: two writers of one key must not share a temporary file.
        staged = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}-{target.name}")
        with appearing(staged) as temporary:
            _copy(content, temporary)
        try:
            os.link(staged, target)
        except FileExistsError:
            raise present(self.describe(), key) from None
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            staged.replace(target)  # atomic in content; the check before it is all this file system can do
        finally:
            staged.unlink(missing_ok=True)
        _sync_folder(target.parent)

    @contextlib.contextmanager
    def _translated(self, key: str, *, writing: bool = False) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not writing:
                raise missing(self.describe(), key) from None
            raise StoreError(
                where=f"{self.describe()}/{key}",
                expected="a folder that can be read and written",
                found=os.strerror(error.errno) if error.errno else type(error).__name__,
                cure="Check the disk's space, the mount and the permissions.",
                transient=error.errno in _TRANSIENT,
            ) from None


def _info(key: str, state: os.stat_result) -> ObjectInfo:
    version = f"{state.st_size}-{state.st_mtime_ns}-{state.st_ino}"
    return ObjectInfo(key, state.st_size, version, datetime.fromtimestamp(state.st_mtime, UTC))


def _copy(content: Path | bytes, to: Path) -> None:
    with to.open("xb") as target:
        to.chmod(0o600)
        if isinstance(content, bytes):
            target.write(content)
            return
        with content.open("rb") as source:
            shutil.copyfileobj(source, target, CHUNK_BYTES)


def _reraise_unless_absent(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
