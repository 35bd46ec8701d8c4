"""Deliveries being written: batches of rows appended to temporary files, not yet part of the landing store.

Belongs here: writing larger than memory, and columns that appear on the way. Does not belong here: what counts as
landed (`landing`).
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from crm_pipeline.state.delivery import LINE, Batch, Unreadable, unreadable_frame

_COMPRESSION: Literal["zstd"] = "zstd"
_ROWS_OF_A_GROUP = 122_880  # a row group of DuckDB's size, so that its threads share the reading


class Draft:
    """One delivery being written into a temporary folder.

    Attributes:
        columns: delivered columns so far, in the order of their first appearance.
        row_count: rows so far.
        unreadable: lines held back so far.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        # Rows are written while the next ones are read.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="landing")
        self._writing: Future[None] | None = None
        self.columns: tuple[str, ...] = ()
        self.row_count = 0
        self.unreadable: list[Unreadable] = []

    @classmethod
    @contextlib.contextmanager
    def open(cls, place: Path) -> Iterator[Self]:
        """A draft in a temporary folder inside `place`; the folder is gone at the end of the block."""
        folder = place / ".tmp-draft"
        shutil.rmtree(folder, ignore_errors=True)  # what a crash left
        folder.mkdir(parents=True)
        draft = cls(folder)
        try:
            yield draft
        finally:
            draft._thread.shutdown(wait=True)
            draft._writing = None  # what went wrong there was raised, or something else was
            draft._close()
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # nothing was landed: no empty folder stays
                place.rmdir()

    def add(self, batch: Batch) -> None:
        """Appends the rows of a batch, and what it holds back."""
        self._wait()
        self.unreadable += batch.unreadable
        if batch.rows.is_empty() and self._writer is not None:
            return
        new = tuple(name for name in batch.rows.columns if name != LINE and name not in self.columns)
        if new or self._writer is None:
            self._close()
            self.columns += new
            self._open_file()
        self.row_count += batch.rows.height
        self._writing = self._thread.submit(self._write, batch.rows)

    @property
    def files(self) -> tuple[Path, ...]:
        """The Parquet files with all rows so far, columns may differ; nothing can be added afterwards."""
        self._close()
        return tuple(self._files)

    def scan(self) -> pl.LazyFrame:
        """All rows so far, with all columns; nothing can be added afterwards."""
        self._close()
        frames = [pl.scan_parquet(file) for file in self._files]
        if len(frames) == 1:
            return frames[0]
        texts = [pl.col(name).fill_null("") for name in self.columns]
        return pl.concat(frames, how="diagonal").select(*texts, LINE)

    def move_rows(self, path: Path) -> None:
        """Puts the rows into one Parquet file under `path`."""
        self._close()
        if len(self._files) == 1:
            self._files[0].replace(path)
        else:
            self.scan().sink_parquet(path, compression=_COMPRESSION, row_group_size=_ROWS_OF_A_GROUP)

    def write_unreadable(self, path: Path) -> None:
        """Writes the lines held back, by line."""
        unreadable_frame(self.unreadable).sort("line").write_parquet(path, compression=_COMPRESSION)

    @property
    def _schema(self) -> pa.Schema:
        return pa.schema([*((name, pa.large_string()) for name in self.columns), (LINE, pa.int64())])

    def _open_file(self) -> None:
        file = self._folder / f"{len(self._files):04d}.parquet"
        self._files.append(file)
        self._writer = pq.ParquetWriter(file, self._schema, compression=_COMPRESSION)

    def _write(self, rows: pl.DataFrame) -> None:
        missing = [pl.lit("").alias(name) for name in self.columns if name not in rows.columns]
        complete = rows.with_columns(missing).select(*self.columns, LINE)
        table = complete.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self._schema)
        if self._writer is not None:
            self._writer.write_table(table, row_group_size=_ROWS_OF_A_GROUP)

    def _wait(self) -> None:
        """Nothing, once the rows added last are written; raises what kept them from it."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _close(self) -> None:
        self._wait()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
