"""Small projects, and stores that fail on purpose.

Belongs here: what several tests of backups need. Does not belong here: claims.
"""

from __future__ import annotations

import builtins
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from crm_pipeline.backup import Snapshot, full_backup
from crm_pipeline.backup.header import CHUNK_BYTES
from crm_pipeline.storage import ObjectInfo, ObjectStore

MARKER = b"MARKERqzx81"
SHA = "c" * 64
LARGE = "state/landing/crm/2026-01-01T00.parquet"
"""The file of two chunks."""


def make_project(root: Path, seed: int = 0) -> Path:
    """A project folder with files of awkward sizes and names, each beginning with the marker unless empty."""
    sizes = {
        "state/landing/客户 一　.parquet": CHUNK_BYTES,
        LARGE: CHUNK_BYTES + 1,
        "state/decisions/0001.json": 200,
        "state/ledger/empty": 0,
        "pipeline.yaml": 50,
    }
    for name, size in sizes.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((MARKER + random.Random(f"{seed} {name}").randbytes(size))[:size])
    return root


PATHS = [Path("pipeline.yaml"), Path("state")]


def back_up(store: ObjectStore, key: str, root: Path, **others: object) -> Snapshot:
    """A full backup of such a project."""
    return full_backup(store, key, root, PATHS, code_version="0.1.0", configuration_sha256=SHA, **others)  # type: ignore[arg-type]


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder, by relative path."""
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


class Meddling:
    """A store around another one, for overriding one method; `on_put` is called before each put with its number."""

    def __init__(self, inner: ObjectStore, on_put: Callable[[int, str], None] | None = None) -> None:
        self.inner = inner
        self.puts = 0
        self._on_put = on_put

    def put(self, key: str, content: Path | bytes, *, if_absent: bool = False) -> None:
        """As the inner store."""
        self.puts += 1
        if self._on_put:
            self._on_put(self.puts, key)
        self.inner.put(key, content, if_absent=if_absent)

    def get(self, key: str) -> Iterator[bytes]:
        """As the inner store."""
        return self.inner.get(key)

    def read_bytes(self, key: str) -> bytes:
        """As the inner store."""
        return b"".join(self.get(key))

    def list(self, prefix: str = "") -> builtins.list[ObjectInfo]:
        """As the inner store."""
        return self.inner.list(prefix)

    def delete(self, key: str) -> None:
        """As the inner store."""
        self.inner.delete(key)

    def move(self, listed: ObjectInfo, to: str) -> bool:
        """As the inner store."""
        return self.inner.move(listed, to)

    def exists(self, key: str) -> bool:
        """As the inner store."""
        return self.inner.exists(key)

    def describe(self) -> str:
        """As the inner store."""
        return self.inner.describe()
