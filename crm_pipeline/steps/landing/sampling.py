"""The first rows of a delivery, in memory, whatever its size.

Belongs here: reading as much as is wanted and no more. Does not belong here: landing (`steps.landing.land`), what is
made of the rows (`steps.looking.preview`, `steps.starting.suggest`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

import polars as pl

from crm_pipeline.settings import Read
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.sources.reading import Asked
from crm_pipeline.state.delivery import LINE, Batch, Origin, Unreadable

MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a delivery.

    Attributes:
        rows: all columns text, and `LINE`; a cell that was not delivered is the empty text.
        unreadable: lines among them that can't be read.
        origin: where they came from, and how they were read.
        is_whole: whether these are all rows.
        where: the path of a file for messages, or what else they came from.
    """

    rows: pl.DataFrame
    unreadable: tuple[Unreadable, ...]
    origin: Origin
    is_whole: bool
    where: str

    @property
    def columns(self) -> list[str]:
        """The delivered columns."""
        return [name for name in self.rows.columns if name != LINE]


def sample_of(read: Read, asked: Asked, most: int = MOST_ROWS) -> Sample:
    """The first `most` rows of a delivery; nothing is kept.

    Raises:
        DeliveryError: it is missing or can't be read.
    """
    frames: list[pl.DataFrame] = []
    unreadable: list[Unreadable] = []
    height, is_whole = 0, True
    with open_delivery(read, asked) as reading:
        names = dict.fromkeys(reading.columns)
        # Not taken to the end, the batches are closed before the file is.
        with closing(_closable(reading.batches)) as batches:
            for batch in batches:
                frames.append(batch.rows)
                unreadable += batch.unreadable
                names |= dict.fromkeys(name for name in batch.rows.columns if name != LINE)
                height += batch.rows.height
                if height + len(unreadable) >= most:  # a file of which nothing can be read must end, too
                    is_whole = height <= most and next(batches, None) is None
                    break
        origin = reading.origin()
    empty = pl.DataFrame(schema=dict.fromkeys(names, pl.String()) | {LINE: pl.Int64()})
    rows = pl.concat([empty, *frames], how="diagonal").with_columns(pl.col(pl.String).fill_null("")).head(most)
    last = int(rows[LINE].max() or 0) if height > most else None  # type: ignore[arg-type]  # lines are numbers
    kept = tuple(each for each in unreadable if last is None or each.line <= last)
    return Sample(rows, kept, origin, is_whole, reading.shown or origin.file_name)


def _closable(batches: Iterator[Batch]) -> Generator[Batch]:
    """The batches; closing it closes them, where they are a generator of their own."""
    yield from batches
