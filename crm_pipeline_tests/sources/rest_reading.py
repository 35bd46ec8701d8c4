"""What a service gives, read to its end, for the tests of REST.

Belongs here: definitions in short, taking all batches. Does not belong here: any claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from crm_pipeline.settings import RestRead
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.sources.reading import Asked
from crm_pipeline.state.delivery import LINE, Origin, Unreadable
from crm_pipeline.state.drafts import Draft

DAY = date(2026, 1, 5)
WHERE = "desk.tickets"


@dataclass(frozen=True)
class Read:
    """A delivery as read."""

    columns: tuple[str, ...]
    frame: pl.DataFrame
    unreadable: list[Unreadable]
    origin: Origin
    until: str | None

    def ids(self, name: str = "id") -> list[str]:
        """The values of a column, in the order delivered."""
        return self.frame[name].to_list()


def definition(url: str, **keys: Any) -> RestRead:
    """A `read:` that asks for /items page by page and is not patient."""
    usual = {"base_url": url, "path": "/items", "records": "items", "paginator": "page_number", "retries": 0}
    return RestRead.model_validate({"rest": {**usual, **keys}})


def asked(folder: Path, *, since: str | None = None, day: date = DAY) -> Asked:
    return Asked(WHERE, day, folder, folder / "temporary", since, zone=ZoneInfo("Asia/Shanghai"))


def read_all(folder: Path, read: RestRead, *, since: str | None = None, day: date = DAY) -> Read:
    """Everything that the service gives."""
    question = asked(folder, since=since, day=day)
    with open_delivery(read, question) as reading, Draft.open(folder / "draft") as draft:
        for batch in reading.batches:
            draft.add(batch)
        return Read(reading.columns, draft.scan().collect(), draft.unreadable, reading.origin(), reading.until())


def rows_of(records: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The oracle: records as rows of text, nested keys dotted, for records of texts and whole numbers."""
    found = []
    for record in records:
        row: dict[str, str] = {}
        for key, value in record.items():
            inner = value.items() if isinstance(value, dict) else [(None, value)]
            row |= {f"{key}.{name}" if name else key: str(cell) for name, cell in inner}
        found.append(row)
    return found


def require_rows(read: Read, records: Sequence[Mapping[str, Any]]) -> None:
    """The rows are these records, each with its number."""
    assert read.frame.drop(LINE).to_dicts() == rows_of(records)
    assert read.frame[LINE].to_list() == list(range(1, len(records) + 1))
    assert not read.unreadable


def kept_files(folder: Path) -> list[Path]:
    """What lies about of earlier readings."""
    return sorted(path for path in (folder / "temporary").rglob("*") if path.is_file())
