"""What a delivery is: rows on their way into landing, where they came from, and what was landed.

Belongs here: the values that sources hand to the landing store and steps read from it. Does not belong here: files and
folders (`landing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl

LINE = "_line"  # column of a landed file: line of the row's start in the delivery; a header above it is line 1


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line, or a row over several lines, that can't be read: held back with its bytes.

    Attributes:
        line: where it starts, counted as `LINE` is.
        content: its bytes as delivered.
        reason: what was expected and found; no content.
    """

    line: int
    content: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a delivery, in the order delivered.

    Attributes:
        rows: all columns text, an empty or absent cell the empty text, and `LINE`, each once in a delivery. A later
            batch may have columns that earlier ones lack.
        unreadable: lines among or after these rows that can't be read.
    """

    rows: pl.DataFrame
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One of several files that are one delivery; its line n is line `before` + n of the delivery."""

    file_name: str
    file_sha256: str
    file_bytes: int
    before: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a delivery came from, and how it was read.

    Attributes:
        file_name: name of the file; of a database the table or `query`, of a REST service its path; of several files
            the first, and how many there are.
        file_sha256: over the bytes delivered; of a database or a service over the rows.
        file_bytes: size of what was delivered.
        encoding: of text; None where there is none to choose.
        delimiter: of CSV; None elsewhere.
        format: csv, json, json_lines, parquet, excel, database or rest.
        details: what else was found or used, such as quote, sheet, member of an archive, sureness of the dialect.
        types: delivered column to the type that the source gives it; empty where all is text.
        parts: the files, where there are several.
        version: of a file of an inbox, by which it is known from another one with the same bytes; empty elsewhere.
    """

    file_name: str
    file_sha256: str
    file_bytes: int
    encoding: str | None = None
    delimiter: str | None = None
    format: str = "csv"
    details: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    version: str = ""

    def reads_like(self, other: Origin) -> bool:
        """Whether both give the same rows: the same bytes, read in the same way."""
        return self._reading == other._reading

    def place_of(self, line: int) -> tuple[str, int]:
        """The file in which a line of the delivery lies, and its number there."""
        part = next((part for part in reversed(self.parts) if part.before < line), None)
        return (part.file_name, line - part.before) if part else (self.file_name, line)

    @property
    def described(self) -> str:
        """How it was read, in short: `csv, gb18030` or `excel, sheet 客户`."""
        sheet = f"sheet {self.details['sheet']}" if "sheet" in self.details else None
        return ", ".join(filter(None, (self.format.replace("_", " "), self.encoding, sheet)))

    @property
    def _reading(self) -> tuple[object, ...]:
        return self.file_sha256, self.format, self.encoding, self.delimiter, dict(self.details)


@dataclass(frozen=True, slots=True, order=True)
class DeliveryKey:
    """What tells a delivery from all others: its extract, its business date, and its place among that date's."""

    source: str
    extract: str
    business_date: date
    sequence: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One arrival of one extract, landed.

    Attributes:
        row_count: rows landed; those held back as unreadable are not among them.
        columns: delivered columns in their order.
        since: from when on the source was asked for changes, as it was written into the query; None where it was not.
        until: up to when it answered, from where the next delivery goes on.
        unreadable_count: lines held back.
        schema_changes: what differs from the delivery before, such as `removed 手机`; names of columns only.
        schema_warnings: those of them that a person is to be warned of.
        seconds: that reading and landing took.
        accepted_loss: what a person accepted as gone, such as `30 of 100 records missing (30.0%)`; empty where the loss
            was within the limit.
    """

    source: str
    extract: str
    business_date: date
    sequence: int
    row_count: int
    columns: tuple[str, ...]
    origin: Origin
    landed_at: datetime
    run_id: str
    since: str | None
    until: str | None
    file: Path
    unreadable_count: int = 0
    schema_changes: tuple[str, ...] = ()
    seconds: float = 0.0
    accepted_loss: str = ""
    schema_warnings: tuple[str, ...] = ()

    @property
    def key(self) -> DeliveryKey:
        """What tells it from all others."""
        return DeliveryKey(self.source, self.extract, self.business_date, self.sequence)

    @property
    def unreadable_file(self) -> Path:
        """The lines held back: `line`, `content`, `reason`; there is none where `unreadable_count` is 0."""
        return self.file.with_suffix(".unreadable.parquet")

    def scan(self) -> pl.LazyFrame:
        """The delivered rows, all text, in the order delivered, with `LINE`; nothing is read yet."""
        return pl.scan_parquet(self.file, glob=False)

    def read(self) -> pl.DataFrame:
        """The delivered rows, all text, in the order delivered, with `LINE`."""
        return pl.read_parquet(self.file, glob=False)

    def unreadable(self) -> pl.DataFrame:
        """The lines held back, by line: `line`, `content`, `reason`."""
        if not self.unreadable_count:
            return unreadable_frame(())
        return pl.read_parquet(self.unreadable_file, glob=False)


def unreadable_frame(held_back: tuple[Unreadable, ...] | list[Unreadable]) -> pl.DataFrame:
    """Lines held back as rows: `line`, `content`, `reason`."""
    return pl.DataFrame(
        {
            "line": [each.line for each in held_back],
            "content": [each.content for each in held_back],
            "reason": [each.reason for each in held_back],
        },
        schema={"line": pl.Int64, "content": pl.Binary, "reason": pl.String},
    )
