"""Deliveries read to their end, for the tests of this folder.

Belongs here: taking all batches. Does not belong here: any claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from crm_pipeline.settings import FileRead
from crm_pipeline.sources.files import open_file
from crm_pipeline.sources.reading import Asked
from crm_pipeline.state.delivery import Origin, Unreadable
from crm_pipeline.state.drafts import Draft

DAY = date(2026, 1, 5)


@dataclass(frozen=True)
class Read:
    """A delivery as read: the columns known at first, all rows, what was held back, and where it came from."""

    columns: tuple[str, ...]
    frame: pl.DataFrame
    unreadable: list[Unreadable]
    origin: Origin


def read_all(folder: Path, read: FileRead, *, where: str = "crm.customers", day: date = DAY) -> Read:
    """The delivery of a day of the project in `folder`."""
    asked = Asked(where, day, folder, folder / "temporary")
    with open_file(read, asked) as reading, Draft.open(folder / "draft") as draft:
        for batch in reading.batches:
            draft.add(batch)
        return Read(reading.columns, draft.scan().collect(), draft.unreadable, reading.origin())


def read_bytes(folder: Path, content: bytes, name: str = "x.csv", **options: object) -> Read:
    """The delivery whose file has this content."""
    (folder / name).write_bytes(content)
    return read_all(folder, FileRead.model_validate({"file": name, **options}))


def held_back(read: Read) -> Mapping[int, bytes]:
    """Line to bytes of what was held back."""
    return {each.line: each.content for each in read.unreadable}
