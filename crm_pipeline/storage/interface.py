"""What every object store can do.

Belongs here: the interface, its value type and the rule for keys. Does not belong here: how one kind of store does it
(`folder`, `s3`), and what the objects mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from crm_pipeline.errors import StoreError

TEMPORARY_PREFIX = ".tmp-"
"""Names of unfinished files start so; no key may, so that no reader meets one."""

CHUNK_BYTES = 1 << 20
"""Most that a store holds in memory of one object while it reads: 1 MiB."""

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
"""Never in a key: control characters, the backslash (a separator elsewhere), what is not text (lone surrogates)."""


@dataclass(frozen=True)
class ObjectInfo:
    """One stored object as it was listed.

    Attributes:
        key: relative to the store.
        size_bytes: its size.
        etag: changes when it is replaced.
        modified_at: when it was written; None where the store does not tell.
    """

    key: str
    size_bytes: int
    etag: str = field(default="", compare=False)
    modified_at: datetime | None = field(default=None, compare=False)


class ObjectStore(Protocol):
    """Named, immutable-by-convention objects in one place. Every method raises `StoreError` and nothing else.

    Keys are relative paths with `/` between parts. An object is visible whole or not at all.
    """

    def put(self, key: str, content: Path | bytes, *, if_absent: bool = False) -> None:
        """The object under `key` is the content of the file or the bytes given.

        Args:
            key: where.
            content: a local file, of any size, or bytes.
            if_absent: refuse if there is an object under that key, atomically where the store can (files up to 5 GiB).
        """

    def get(self, key: str) -> Iterator[bytes]:
        """The object's bytes in order, in pieces of at most 1 MiB; nothing is asked of the store before the first."""

    def read_bytes(self, key: str) -> bytes:
        """The whole object, in memory."""

    def list(self, prefix: str = "") -> list[ObjectInfo]:
        """All objects whose key starts with the text `prefix`, ordered by key."""

    def delete(self, key: str) -> None:
        """There is no object under `key` any more; it need not have been there."""

    def move(self, listed: ObjectInfo, to: str) -> bool:
        """Whether the object as it was listed is under `to` now, and under its key no more.

        One that was replaced since stays under its key; a copy of what was listed may then be under `to`.
        """

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""

    def describe(self) -> str:
        """The store's place for people, without secrets."""


def check_key(where: str, key: str) -> None:
    """Raise `StoreError` unless `key` is a plain relative path that can't leave the store and is no temporary name."""
    parts = key.split("/")
    unsafe = any(part in {"", ".", ".."} or part.startswith(TEMPORARY_PREFIX) for part in parts)
    if unsafe or _FORBIDDEN.search(key):
        raise StoreError(
            where=where,
            expected="a relative key without empty, `.`, `..` or temporary parts",
            found=ascii(key[:80]),
            cure="Correct the key.",
            transient=False,
        )


def missing(where: str, key: str) -> StoreError:
    """The error for an object that is not there."""
    return StoreError(
        where=f"{where}/{key}",
        expected="a stored object",
        found="none under this key",
        cure="List the store; the object was deleted or never written.",
        transient=False,
    )


def present(where: str, key: str) -> StoreError:
    """The error for a conditional put that found an object."""
    return StoreError(
        where=f"{where}/{key}",
        expected="no object under this key yet",
        found="one",
        cure="Another writer was faster: look at what is there before writing again.",
        transient=False,
    )
