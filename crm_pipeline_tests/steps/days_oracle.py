"""What std must hold after deliveries of several days: replayed one by one in date order, in plain Python.

Belongs here: the deliveries as values, and the oracle. Does not belong here: landing and applying them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

MARKS = {"1", "y"}


class Row(NamedTuple):
    """One row; blank key or code: held back. `changed` decides between rows of one key. A mark deletes the record."""

    key: str
    code: str
    changed: str
    gone: str


@dataclass(frozen=True)
class Day:
    """One delivery on its way, with the keys of its lines that can't be read, and whether std is updated after it."""

    day: int
    rows: tuple[Row, ...]
    broken: tuple[str, ...] = ()
    is_applied: bool = False

    @property
    def content(self) -> tuple[tuple[Row, ...], tuple[str, ...]]:
        """What makes two deliveries the same."""
        return self.rows, self.broken

    @property
    def lines(self) -> dict[int, Row]:
        """Line to row; the broken lines come last."""
        return dict(enumerate(self.rows, start=2))


class Version(NamedTuple):
    """One version of one record, its delivery's sequence apart."""

    key: str
    valid_from: int
    valid_to: int | None
    code: str
    line: int


class Counts(NamedTuple):
    """What became of the rows of one delivery."""

    day: int
    delivered: int
    loaded: int
    unchanged: int
    quarantined: int
    duplicate: int
    deleted: int


def counting(days: Sequence[Day], load: Literal["full", "incremental"]) -> list[Day]:
    """The deliveries that count, in date order: the same content landed again at once is one."""
    landed: dict[int, list[Day]] = {}
    for each in days:
        of_day = landed.setdefault(each.day, [])
        if not of_day or of_day[-1].content != each.content:
            of_day.append(each)
    kept = {day: all_of_it if load == "incremental" else all_of_it[-1:] for day, all_of_it in landed.items()}
    return [each for day in sorted(kept) for each in kept[day]]


def replay(days: Sequence[Day], load: Literal["full", "incremental"]) -> tuple[list[Version], list[Counts]]:
    """Versions by key and date, and the counts of each delivery in order."""
    living: dict[str, tuple[Row, Version]] = {}
    past: list[Version] = []
    counts: list[Counts] = []
    for delivery in counting(days, load):
        tally = dict.fromkeys(("loaded", "unchanged", "quarantined", "duplicate", "deleted"), 0)
        tally["quarantined"] = len(delivery.broken)
        for line, row in delivery.lines.items():
            tally[_meet(living, past, delivery, line, row)] += 1
            tally["deleted"] += row.key in living and _is_marked(row) and _is_winner(delivery, line, row)
            if _is_marked(row) and _is_winner(delivery, line, row):
                _end(living, past, row.key, delivery.day)
        if load == "full":
            for key in [key for key in living if key not in {row.key for row in delivery.rows}]:
                if key not in delivery.broken:
                    _end(living, past, key, delivery.day)
                    tally["deleted"] += 1
        delivered = len(delivery.rows) + len(delivery.broken)
        counts.append(Counts(delivery.day, delivered, **tally))
    versions = [*past, *(version for _, version in living.values())]
    return sorted(versions, key=lambda version: (version.key, version.valid_from)), counts


def _meet(living: dict[str, tuple[Row, Version]], past: list[Version], delivery: Day, line: int, row: Row) -> str:
    """The outcome of one row, which becomes a version if it is loaded."""
    if row.key and not _is_winner(delivery, line, row):
        return "duplicate"
    if _is_marked(row):
        return "loaded" if row.key in living else "unchanged"
    if row.key in living and living[row.key][0] == row:
        return "unchanged"
    if not row.key or not row.code:
        return "quarantined"
    _end(living, past, row.key, delivery.day)
    living[row.key] = row, Version(row.key, delivery.day, None, row.code, line)
    return "loaded"


def _is_marked(row: Row) -> bool:
    return bool(row.key) and row.gone.strip().lower() in MARKS


def _is_winner(delivery: Day, line: int, row: Row) -> bool:
    """Whether no row of its key is newer, or as new and further down."""
    rivals = [(other.changed, number) for number, other in delivery.lines.items() if other.key == row.key]
    return max(rivals) == (row.changed, line)


def _end(living: dict[str, tuple[Row, Version]], past: list[Version], key: str, day: int) -> None:
    """The record's version ends that day; one of the same day never was."""
    if key in living:
        version = living.pop(key)[1]
        if version.valid_from < day:
            past.append(version._replace(valid_to=day))
