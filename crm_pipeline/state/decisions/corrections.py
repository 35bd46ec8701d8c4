"""The append-only store of the delivered rows that people corrected.

Belongs here: appending replays, reading them back. Does not belong here: the corrected cells, which are a delivery of
their own in the landing store, or what a decision does to a row (`steps.applying`).

    state/decisions/corrections/000001/corrections.parquet   the rows of one replayed file
                                       entry.json            who, when, which file; written last: the commit point

An entry without entry.json was cut short; it is ignored, and overwritten by the next one. Entries are never changed,
except by an erasure.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import appearing, read_json, sha256_of, write_json

FORMAT_VERSION = 1
_ENTRY, _ROWS = "entry.json", "corrections.parquet"

CORRECTIONS_SCHEMA: dict[str, pl.DataType] = {
    "source": pl.String(),
    "extract": pl.String(),
    "row_hash": pl.String(),
    "source_id": pl.String(),
    "business_date": pl.Date(),
    "sequence": pl.Int32(),
    "line": pl.Int64(),
    "changed_columns": pl.List(pl.String()),
    "landed_sequence": pl.Int32(),
    "landed_line": pl.Int64(),
}
"""One corrected row: its extract as landed, its hash and key as delivered (null where it has none), the delivery and
line it was corrected in, the delivered columns that were changed, and where in the landing store its cells are."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One file of corrections.

    Attributes:
        number: position in the store, from 1.
        decided_at: UTC without a zone.
        decided_by: who replayed it.
        row_count: rows that it corrects.
    """

    number: int
    decided_at: datetime
    decided_by: str
    file_name: str
    file_sha256: str
    file_bytes: int
    row_count: int


class Decisions:
    """The store in one folder, normally `state/decisions`. One process writes at a time; its caller sees to that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "corrections"

    def replays(self) -> list[Replay]:
        """All committed files of corrections, oldest first.

        Raises:
            PipelineError: an entry or its rows are missing, or it is of a version that this code does not know.
        """
        numbers = sorted(int(path.parent.name) for path in self.folder.glob(f"[0-9]*/{_ENTRY}"))
        if numbers != list(range(1, len(numbers) + 1)):
            raise self._damaged(f"{len(numbers)} entries, the last of them {numbers[-1]}")
        return [self._entry(number) for number in numbers]

    def corrections(self) -> pl.DataFrame:
        """The corrected rows of all replays, with `number`, in the order decided."""
        frames = [pl.DataFrame(schema={**CORRECTIONS_SCHEMA, "number": pl.Int64()})]
        for replay in self.replays():
            rows = pl.read_parquet(self._folder_of(replay.number) / _ROWS, glob=False).select(list(CORRECTIONS_SCHEMA))
            frames.append(rows.with_columns(pl.lit(replay.number, dtype=pl.Int64).alias("number")))
        return pl.concat(frames)

    def append(
        self,
        corrections: pl.DataFrame,
        *,
        decided_by: str,
        now: datetime,
        file_name: str,
        file_sha256: str,
        file_bytes: int,
    ) -> Replay:
        """The new newest entry, on disk as a whole.

        Args:
            corrections: CORRECTIONS_SCHEMA; one row for each (source, extract, row_hash).
            decided_by: who replays the file.
            now: UTC without a zone.
            file_name: name of the file.
            file_sha256: over its bytes.
            file_bytes: its size.
        """
        number = len(self.replays()) + 1
        folder = self._folder_of(number)
        shutil.rmtree(folder, ignore_errors=True)
        rows = folder / _ROWS
        with appearing(rows) as temporary:
            corrections.select(list(CORRECTIONS_SCHEMA)).write_parquet(temporary)
        replay = Replay(number, now, decided_by, file_name, file_sha256, file_bytes, corrections.height)
        told = asdict(replay) | {"decided_at": now.isoformat(timespec="microseconds"), "sha256": sha256_of(rows)}
        write_json(folder / _ENTRY, {"format_version": FORMAT_VERSION, **told})
        return replay

    def _folder_of(self, number: int) -> Path:
        return self.folder / f"{number:06d}"

    def _entry(self, number: int) -> Replay:
        told: dict[str, Any] = read_json(self._folder_of(number) / _ENTRY)
        if told.pop("format_version") != FORMAT_VERSION:
            raise self._damaged(f"entry {number} of another format version")
        rows = self._folder_of(number) / _ROWS
        if not rows.exists() or sha256_of(rows) != told.pop("sha256"):
            raise self._damaged(f"entry {number} without its rows")
        return Replay(**told | {"decided_at": datetime.fromisoformat(told["decided_at"])})

    def _damaged(self, found: str) -> PipelineError:
        return PipelineError(
            where=str(self.folder),
            expected=f"entries numbered from 1 without a gap, each with its rows, of format version {FORMAT_VERSION}",
            found=found,
            cure="Restore state/decisions from the newest backup; decisions can't be derived from anything else.",
        )
