"""Lines that can't be read, on their way into the landing store, however many there are.

Belongs here: keeping them outside of memory, counting them. Does not belong here: rows (`drafts`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import polars as pl

from crm_pipeline.state.delivery import Unreadable, unreadable_frame

_COMPRESSION: Literal["zstd"] = "zstd"
_MOST_BYTES = 16_000_000  # kept in memory, the lines alone
_LINE_BYTES = 400  # that a line takes there besides its content


class Spool:
    """Lines held back, in the files of a temporary folder.

    Attributes:
        count: lines so far.
        first: the one that comes first in the delivery, of those so far.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: list[Unreadable] = []
        self._bytes = 0
        self._files: list[Path] = []
        self.count = 0
        self.first: Unreadable | None = None

    def add(self, lines: Iterable[Unreadable]) -> None:
        """Takes in lines, in any order."""
        for line in lines:
            self._kept.append(line)
            self._bytes += len(line.content) + _LINE_BYTES
            self.count += 1
            if self.first is None or line.line < self.first.line:
                self.first = line
        if self._bytes > _MOST_BYTES:
            self._put_away()

    def read(self) -> list[Unreadable]:
        """All lines, by line."""
        return [Unreadable(*row) for row in self._scan().collect().iter_rows()]

    def write(self, path: Path) -> None:
        """Writes all lines, by line: `line`, `content`, `reason`."""
        self._scan().sink_parquet(path, compression=_COMPRESSION)

    def _scan(self) -> pl.LazyFrame:
        frames = [pl.scan_parquet(file, glob=False) for file in self._files]
        return pl.concat([*frames, unreadable_frame(self._kept).lazy()]).sort("line")

    def _put_away(self) -> None:
        file = self._folder / f"unreadable-{len(self._files):04d}.parquet"
        unreadable_frame(self._kept).write_parquet(file, compression=_COMPRESSION)
        self._files.append(file)
        self._kept, self._bytes = [], 0
