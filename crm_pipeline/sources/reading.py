"""What every kind of source gives when it is asked for a delivery.

Belongs here: the question and the answer. Does not belong here: a kind of source (one module each).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from crm_pipeline.state.delivery import Batch, Origin

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a source is asked for.

    Attributes:
        where: source and extract, for messages.
        day: the business date.
        root: the project folder, for relative paths.
        temporary: a folder for what has to be kept while it is read.
        since: up to when the source answered last, as `Reading.until` said; None the first time.
        cursor: the column by which changes are told where the source names none: `updated_at` of an extract that is
            loaded incrementally; None elsewhere.
        zone: of business days, and of times without a zone.
    """

    where: str
    day: date
    root: Path
    temporary: Path
    since: str | None = None
    cursor: str | None = None
    zone: ZoneInfo = _UTC


@dataclass(frozen=True, slots=True)
class Reading:
    """A delivery, opened and not yet read.

    Attributes:
        columns: column names known before any row is read; later batches may bring more.
        batches: all rows in the order delivered; to be taken once.
        origin: where it came from and how it was read; known for good once all batches were taken.
        until: up to when the source has answered, where the next delivery goes on; None where it always gives all.
            Known for good once all batches were taken.
        is_origin_known: whether `origin` is known for good before any batch is taken.
        shown: the path of a file for messages, relative to the project where it lies inside; empty elsewhere.
    """

    columns: tuple[str, ...]
    batches: Iterator[Batch]
    origin: Callable[[], Origin]
    until: Callable[[], str | None] = lambda: None
    is_origin_known: bool = False
    shown: str = ""
