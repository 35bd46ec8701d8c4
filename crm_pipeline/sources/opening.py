"""Opening a delivery, whatever kind of source it comes from.

Belongs here: which module serves which `read:`. Does not belong here: any of them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from crm_pipeline.settings import FileRead, Read, RestRead
from crm_pipeline.sources import databases, files, rest
from crm_pipeline.sources.reading import Asked, Reading


def open_delivery(read: Read, asked: Asked) -> AbstractContextManager[Reading]:
    """The delivery that a source gives for a business date.

    Raises:
        DeliveryError: it is missing or can't be read; while its batches are taken too.
    """
    if isinstance(read, FileRead):
        return files.open_file(read, asked)
    if isinstance(read, RestRead):
        return rest.open_records(read, asked)
    return databases.open_rows(read, asked)


def is_delivered(read: Read, root: Path, day: date) -> bool:
    """Whether the source has a delivery for a business date, as far as that can be told without reading it."""
    return files.is_delivered(read, root, day) if isinstance(read, FileRead) else True
