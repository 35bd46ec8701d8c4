"""Several files that are one delivery: one after the other, each row with a line of its own in the delivery.

Belongs here: numbering lines over files, what they have in common. Does not belong here: finding or reading them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import polars as pl

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.files.places import Found
from crm_pipeline.sources.rows import Rows
from crm_pipeline.state.delivery import LINE, Batch, Origin, Part, Unreadable

_DIFFERS = "differs from file to file"
_COLUMNS_MAY_DIFFER = frozenset({"json", "json_lines"})  # which have no header


class _Opened(Protocol):
    @property
    def rows(self) -> Rows: ...
    @property
    def origin(self) -> Origin: ...


class Several:
    """Files that are one delivery, in their order.

    Args:
        files: at least two.
        open_file: opens one of them; the one before was read to its end.
        where: source and extract, for messages.
    """

    def __init__(self, files: Sequence[Found], open_file: Callable[[Found], _Opened], where: str) -> None:
        self._files = files
        self._open = open_file
        self._where = where
        self._first = open_file(files[0])
        self._origins: list[Origin] = []
        self._before: list[int] = []
        self.columns = self._first.rows.columns

    def batches(self) -> Iterator[Batch]:
        """The rows of all files; line n of a file is line `Part.before` + n of the delivery."""
        before = 0
        for file in self._files:
            opened = self._open(file) if self._origins else self._first
            self._require_columns(opened, file)
            self._origins.append(opened.origin)
            self._before.append(before)
            last = 0
            for batch in opened.rows.batches:
                last = max(last, _last_line(batch))
                yield _moved(batch, before)
            before += last + 1  # so that a file without rows has a place of its own too

    def origin(self) -> Origin:
        """Where the delivery came from; known once all batches were taken."""
        first = self._origins[0]
        parts = tuple(
            Part(each.file_name, each.file_sha256, each.file_bytes, before)
            for each, before in zip(self._origins, self._before, strict=True)
        )
        return Origin(
            f"{first.file_name} and {len(parts) - 1} more",
            hashlib.sha256("".join(part.file_sha256 for part in parts).encode()).hexdigest(),
            sum(part.file_bytes for part in parts),
            _common([each.encoding for each in self._origins]),
            _common([each.delimiter for each in self._origins]),
            first.format,
            {"files": str(len(parts)), **_shared([each.details for each in self._origins])},
            _shared([each.types for each in self._origins]),
            parts,
        )

    def _require_columns(self, opened: _Opened, file: Found) -> None:
        names, first = set(opened.rows.columns), set(self.columns)
        if names != first and opened.origin.format not in _COLUMNS_MAY_DIFFER:
            differing = (
                f"{len(first - names)} missing" * bool(first - names),
                f"{len(names - first)} more" * bool(names - first),
            )
            raise DeliveryError(
                where=f"{self._where}, {file.shown}",
                expected=f"the columns of {self._files[0].name}, since these files are one delivery",
                found=" and ".join(filter(None, differing)),
                cure="Deliver files alike, or give each kind an extract of its own.",
            )


def _last_line(batch: Batch) -> int:
    last = batch.rows[LINE].max() if batch.rows.height else 0
    return max([int(str(last)), *(each.line for each in batch.unreadable)])


def _moved(batch: Batch, before: int) -> Batch:
    held_back = (Unreadable(each.line + before, each.content, each.reason) for each in batch.unreadable)
    return Batch(batch.rows.with_columns(pl.col(LINE) + before), tuple(held_back))


def _common(values: Sequence[str | None]) -> str | None:
    return values[0] if len(set(values)) == 1 else None


def _shared(maps: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Each name with the value it has in all maps, or with the word that it differs."""
    names = dict.fromkeys(name for each in maps for name in each)
    values = {name: {each.get(name) for each in maps} for name in names}
    return {name: next(iter(found)) or "" if len(found) == 1 else _DIFFERS for name, found in values.items()}
