"""Opening what a service gives as a delivery.

Belongs here: pages as batches of rows, the cursor, what stays when a reading ends early. Does not belong here: asking
(`pages`), records as rows (`records`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from crm_pipeline.errors import PipelineError
from crm_pipeline.settings import RestRead
from crm_pipeline.sources.files.json_values import Names
from crm_pipeline.sources.reading import Asked, Reading
from crm_pipeline.sources.rest.failures import ServiceError, unfit
from crm_pipeline.sources.rest.records import batches_of, complete
from crm_pipeline.state.delivery import LINE, Batch, Origin

if TYPE_CHECKING:
    from crm_pipeline.sources.rest.pages import Pages


@contextmanager
def open_records(read: RestRead, asked: Asked) -> Iterator[Reading]:
    """The records of a service, opened: the first page is asked for, the others as batches are taken.

    Pages stay in `asked.temporary` until all were taken, so that a run that ends in the middle goes on there when it is
    asked the same again within a day. They are taken away when the block ends without error, and when what they amount
    to was refused.

    Args:
        read: the extract's `read:`.
        asked: for which day, since when, and of which project.

    Raises:
        ServiceError: a page can't be had, or they don't fit together; while batches are taken too.
    """
    from crm_pipeline.sources.rest.pages import Pages  # noqa: PLC0415 - dlt takes a second to import

    with Pages.open(read.rest, asked) as pages:
        rows = _Rows(read, asked, pages)
        try:
            batches = rows.batches()
            first = next(batches)
            columns = tuple(name for name in first.rows.columns if name != LINE)
            yield Reading(columns, itertools.chain([first], batches), rows.origin, rows.until)
        except ServiceError as error:
            if not error.is_passing:
                pages.forget()
            raise
        except PipelineError:  # what was read was not accepted: it is to be asked for again
            if pages.is_complete:
                pages.forget()
            raise
        if pages.is_complete:
            pages.forget()


class _Rows:
    """Pages as batches, and what is known of them at the end."""

    def __init__(self, read: RestRead, asked: Asked, pages: Pages) -> None:
        self._read, self._asked, self._pages = read, asked, pages
        self._until = asked.since
        self._byte_count = 0
        self._has_value = False

    def batches(self) -> Iterator[Batch]:
        """The rows of each page, one batch at least."""
        rest, names, line = self._read.rest, Names(self._asked.where), 1
        for answer in self._pages.take():
            self._byte_count += answer.size
            for batch in batches_of(answer, rest.records, line, names, frozenset(rest.as_json)):
                frame = complete(batch.rows, rest.fields)
                self._advance(frame)
                yield Batch(frame, batch.unreadable)
            line += len(answer.records)
        self._require_value()

    def origin(self) -> Origin:
        """The path, a hash over the records, and the bytes that came."""
        name = self._read.place
        details = {"as_json": ", ".join(self._read.rest.as_json)} if self._read.rest.as_json else {}
        return Origin(name, self._pages.progress.sha256, self._byte_count, format="rest", details=details)

    def until(self) -> str | None:
        """The greatest value of the cursor, that of the delivery before where there is none."""
        return self._until if self._read.rest.cursor else None

    def _advance(self, frame: pl.DataFrame) -> None:
        cursor = self._read.rest.cursor
        if cursor is None or cursor.column not in frame.columns:
            return
        values = frame[cursor.column].unique().to_list()
        try:
            newest = cursor.greatest(values)
            self._has_value |= newest is not None
            self._until = cursor.greatest([newest or "", self._until or ""])
        except ValueError as error:
            found = f"others; {str(error).removeprefix('expected ')} is what {cursor.type} means"
            raise self._unfit(f"values of type {cursor.type} in {cursor.column}", found) from None

    def _require_value(self) -> None:
        """Nothing, when the cursor had a value in some record: without it, the next delivery would begin here again."""
        cursor = self._read.rest.cursor
        if cursor is not None and self._pages.progress.record_count and not self._has_value:
            raise self._unfit(f"values in the column {cursor.column}", "none in any record")

    def _unfit(self, expected: str, found: str) -> ServiceError:
        return unfit(self._asked.where, f"{expected} (cursor)", found, "Correct cursor.")
