"""Tables and queries read to their end, for the tests of this folder.

Belongs here: taking all batches. Does not belong here: any claim.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases import open_rows
from crm_pipeline.sources.reading import Asked
from crm_pipeline.state.delivery import LINE, Origin, Unreadable
from crm_pipeline_tests.sources.databases.servers import Database

TODAY = date(2200, 1, 1)  # a business date that does not end before the test does
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Answer:
    """A delivery as read: columns, all rows, what was held back, where it came from, where it goes on."""

    columns: tuple[str, ...]
    frame: pl.DataFrame
    unreadable: list[Unreadable]
    origin: Origin
    until: str | None
    batch_sizes: list[int]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The texts."""
        return self.frame.drop(LINE).rows()

    @property
    def values(self) -> list[str]:
        """The texts of the first column."""
        return [row[0] for row in self.rows]


def answer(
    database: Database | str,
    *,
    since: str | None = None,
    day: date = TODAY,
    updated_at: str | None = None,
    zone: ZoneInfo = SHANGHAI,
    **keys: object,
) -> Answer:
    """What a database answers for the keys of `read:`."""
    url = database if isinstance(database, str) else database.url()
    read = DatabaseRead.model_validate({"database": url, **keys})
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked("erp.users", day, Path(folder), Path(folder) / "temporary", since, updated_at, zone)
        with open_rows(read, asked) as reading:
            batches = list(reading.batches)
            frame = pl.concat([batch.rows for batch in batches])
            unreadable = [each for batch in batches for each in batch.unreadable]
            sizes = [batch.rows.height for batch in batches]
            return Answer(reading.columns, frame, unreadable, reading.origin(), reading.until(), sizes)
