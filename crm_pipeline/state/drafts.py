"""Deliveries being written: batches of rows appended to temporary files, not yet part of the landing store.

Belongs here: writing larger than memory, columns that appear on the way, what no store of columns can take. Does not
belong here: what counts as landed (`landing`), the lines held back (`spool`).
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

from crm_pipeline.errors import DeliveryError
from crm_pipeline.state.delivery import LINE, Batch, Unreadable
from crm_pipeline.state.spool import Spool

MOST_COLUMNS = 5_000
"""More are no columns but data: keys of JSON that are ids or dates, a table that was turned on its side."""
_COMPRESSION: Literal["zstd"] = "zstd"
_ROWS_OF_A_GROUP = 122_880  # a row group of DuckDB's size, so that its threads share the reading
_MOST_CELLS = 12_000_000  # that are written at a time, those of columns that a batch lacks among them


class Draft:
    """One delivery being written into a temporary folder.

    Attributes:
        columns: delivered columns so far, in the order of their first appearance.
        row_count: rows so far.
        held_back: lines that can't be read so far.
    """

    def __init__(self, folder: Path, where: str) -> None:
        self._folder = folder
        self._where = where
        self._folded: dict[str, int] = {}
        self._files: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        # Rows are written while the next ones are read.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="landing")
        self._writing: Future[None] | None = None
        self.columns: tuple[str, ...] = ()
        self.row_count = 0
        self.held_back = Spool(folder)

    @classmethod
    @contextlib.contextmanager
    def open(cls, place: Path, where: str = "") -> Iterator[Self]:
        """A draft in a temporary folder inside `place`; the folder is gone at the end of the block.

        Args:
            place: a folder; made if it is not there.
            where: source and extract, for messages.
        """
        folder = place / ".tmp-draft"
        shutil.rmtree(folder, ignore_errors=True)  # what a crash left
        folder.mkdir(parents=True)
        draft = cls(folder, where)
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
        """Appends the rows of a batch, and what it holds back.

        Raises:
            DeliveryError: a column whose name differs from an earlier one's by letter case only, or too many columns.
        """
        self._wait()
        self.held_back.add(batch.unreadable)
        if batch.rows.is_empty() and self._writer is not None:
            return
        known = {LINE, *self.columns}
        new = tuple(name for name in batch.rows.columns if name not in known)
        self._require_fit(new)
        if new or self._writer is None:
            self._close()
            self.columns += new
            self._open_file()
        self.row_count += batch.rows.height
        self._writing = self._thread.submit(self._write, batch.rows)

    @property
    def unreadable(self) -> list[Unreadable]:
        """The lines held back so far, by line, all in memory."""
        return self.held_back.read()

    @property
    def files(self) -> tuple[Path, ...]:
        """The Parquet files with all rows so far, columns may differ; nothing can be added afterwards."""
        self._close()
        return tuple(self._files)

    def scan(self) -> pl.LazyFrame:
        """All rows so far, with all columns; nothing can be added afterwards."""
        self._close()
        frames = [pl.scan_parquet(file, glob=False) for file in self._files]
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
            with pq.ParquetWriter(path, self._schema, compression=_COMPRESSION) as writer:
                for file in self._files:
                    for rows in pq.ParquetFile(file).iter_batches(batch_size=min(_ROWS_OF_A_GROUP, self._most_rows)):
                        self._put(writer, pl.DataFrame(pl.from_arrow(rows)))

    def write_unreadable(self, path: Path) -> None:
        """Writes the lines held back, by line."""
        self.held_back.write(path)

    @property
    def _schema(self) -> pa.Schema:
        return pa.schema([*((name, pa.large_string()) for name in self.columns), (LINE, pa.int64())])

    def _require_fit(self, new: tuple[str, ...]) -> None:
        """Nothing, when these columns can stand beside the others: SQL tells names apart by more than letter case."""
        for number, name in enumerate(new, start=len(self.columns) + 1):
            other = self._folded.setdefault(name.casefold(), number)
            if other != number:
                raise DeliveryError(
                    where=self._where,
                    expected="one name for each column, written alike in all files of a delivery",
                    found=f"names that differ by letter case only: those of the columns {other} and {number}",
                    cure="Have the name written alike, or give each kind of file an extract of its own.",
                )
        if len(self.columns) + len(new) > MOST_COLUMNS:
            raise too_many_columns(self._where)

    def _open_file(self) -> None:
        file = self._folder / f"{len(self._files):04d}.parquet"
        self._files.append(file)
        self._writer = pq.ParquetWriter(file, self._schema, compression=_COMPRESSION)

    @property
    def _most_rows(self) -> int:
        """Rows that are written at a time."""
        return max(1, _MOST_CELLS // (len(self.columns) + 1))

    def _write(self, rows: pl.DataFrame) -> None:
        if self._writer is not None:
            for part in rows.iter_slices(self._most_rows):
                self._put(self._writer, part)

    def _put(self, writer: pq.ParquetWriter, rows: pl.DataFrame) -> None:
        """Writes rows with all columns so far, those that they lack empty."""
        present = set(rows.columns)
        missing = [pl.lit("").alias(name) for name in self.columns if name not in present]
        complete = rows.with_columns(missing).select(*self.columns, LINE)
        table = complete.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self._schema)
        writer.write_table(table, row_group_size=_ROWS_OF_A_GROUP)

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


def too_many_columns(where: str, prefix: str = "") -> DeliveryError:
    """What is said of a delivery whose keys are data; `prefix` is the object that most of them are in."""
    return DeliveryError(
        where=where,
        expected=f"at most {MOST_COLUMNS:,} columns",
        found=f"more, most of them keys of {prefix}, which look like data" if prefix else "more",
        cure=f"Add {prefix} to as_json under read: it is then one column of JSON text."
        if prefix
        else "Deliver what the columns stand for as rows; in JSON, name objects whose keys are data in as_json.",
    )
