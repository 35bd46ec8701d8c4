"""Where a database is asked on: the greatest value of the cursor column, or its clock, less the overlap.

Belongs here: comparing, taking back and writing such values. Does not belong here: SQL around them (`opening`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import DatabaseRead
from crm_pipeline.sources.databases.server import Column, Kind, Server

# Long enough for a transaction that began before others were read; what is read twice is an unchanged row.
DEFAULT_OVERLAP = timedelta(minutes=10)
TIMES = frozenset({Kind.DATE, Kind.LOCAL_TIME, Kind.TIME})
NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT})
COMPARABLE = TIMES | NUMBERS | {Kind.TEXT}
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DATED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_NUMBER_TYPES: dict[Kind, Any] = {Kind.INTEGER: pl.Int128, Kind.DECIMAL: pl.Decimal(38, 10), Kind.FLOAT: pl.Float64}


@dataclass
class Watermark:
    """What the next delivery goes on from, known once all rows were seen.

    Attributes:
        read: the extract's `read:`.
        column: the cursor; None: the clock.
        since: what this delivery was asked from; None: from the beginning.
        bound: no later time than this was answered for; a row of the future does not stop all that come before it.
        zone: of times without one.
    """

    read: DatabaseRead
    column: Column | None
    since: str | None
    bound: datetime
    zone: ZoneInfo
    _greatest: str | datetime | None = field(default=None, init=False)

    def see(self, values: pl.Series) -> None:
        """Takes the texts of the cursor column into account; empty ones are none."""
        if self.column is None:
            return
        found = self._greatest_of(values)
        if found is not None:
            self._greatest = found if self._greatest is None else max(found, self._greatest, key=self._order)

    def until(self) -> str | None:
        """The next `:since`; this one where no row came, and never one before it."""
        if self.column is None:
            return self._later(_written(self.bound - self._overlap()))
        if self._greatest is None:
            return self.since
        if isinstance(self._greatest, datetime):
            bound = self.bound if self._greatest.tzinfo else self.bound.astimezone(self.zone).replace(tzinfo=None)
            return self._later(self._taken_back(min(self._greatest, bound)))
        return self._later(self._less_number(self._greatest))

    def _greatest_of(self, values: pl.Series) -> str | datetime | None:
        kind = self.column.kind if self.column else Kind.OTHER
        if kind in _NUMBER_TYPES:
            place = values.cast(_NUMBER_TYPES[kind], strict=False).arg_max()
            return None if place is None else str(values[place])
        if kind is Kind.TEXT:
            last = (self.bound.astimezone(self.zone) + timedelta(days=1)).date().isoformat()
            future = values.str.contains(_DATED) & (values.str.slice(0, 10) > last)
            greatest = values.filter(~future & (values != "")).max()
            return None if greatest is None else str(greatest)
        found = _times(values, self.bound.astimezone(self.zone).replace(tzinfo=None)).max()
        return found if isinstance(found, datetime) else None

    def _order(self, value: str | datetime) -> Any:
        is_number = self.column is not None and self.column.kind in NUMBERS
        return Decimal(value) if is_number and isinstance(value, str) else value

    def _overlap(self) -> timedelta:
        given = self.read.overlap_time
        return DEFAULT_OVERLAP if given is None else given

    def _taken_back(self, moment: datetime) -> str:
        back = moment - self._overlap()
        is_date = self.column is not None and self.column.kind is Kind.DATE
        return back.date().isoformat() if is_date else _written(back)

    def _less_number(self, number: str) -> str:
        return str(Decimal(number) - self.read.overlap_number) if self.read.overlap_number else number

    def _later(self, until: str) -> str:
        """`until`, or `since` where that is later: a delivery without the newest row takes nothing back."""
        if self.since is None:
            return until
        kind = self.column.kind if self.column else Kind.TIME
        if kind in NUMBERS:
            return max(until, self.since, key=Decimal)
        if kind in TIMES:
            return max(until, self.since, key=lambda text: _moment(text, self.zone))
        return max(until, self.since)


def is_number(text: str) -> bool:
    """Whether a text is a number as SQL writes it."""
    return _NUMBER.fullmatch(text) is not None


def since_literal(server: Server, since: str, column: Column | None, zone: ZoneInfo, where: str) -> str:
    """A `:since` as SQL: a number as it is, a time as the session takes it.

    Raises:
        ConfigurationError: the cursor column is a number, and this is none.
    """
    kind = column.kind if column else Kind.OTHER
    if kind in NUMBERS:
        if not is_number(since):
            raise ConfigurationError(
                where=where,
                expected="a number to go on from, as the cursor column holds numbers",
                found="something else, in read.initial or from deliveries by another cursor",
                cure="Correct read.initial, or give the extract another name, which starts it anew.",
            )
        return since
    return server.literal(_local(since, server, kind, zone))


def time_literal(server: Server, moment: datetime, zone: ZoneInfo) -> str:
    """A time with a zone as SQL, in the zone in which times without one are taken."""
    return server.literal(_plain(moment.astimezone(zone)))


def require_overlap(read: DatabaseRead, column: Column | None, where: str) -> None:
    """Nothing, when `overlap` is of the kind of the cursor.

    Raises:
        ConfigurationError: it is not.
    """
    kind = column.kind if column else Kind.TIME
    is_wrong = (read.overlap_time is not None and kind not in TIMES) or (
        read.overlap_number is not None and kind not in NUMBERS
    )
    if is_wrong:
        raise ConfigurationError(
            where=where,
            expected="an overlap such as 10 minutes for times, a number for numbers, none for text",
            found=f"another one for a cursor that is {kind.value}",
            cure="Correct read.overlap.",
        )


def _times(values: pl.Series, latest: datetime) -> pl.Series:
    """The texts as times, null for what is none; UTC for those with an offset, else as they are, dates at midnight.

    A time without a zone of more than a day after `latest` is none: it would hide all rows that come before it.
    """
    text = values.str.replace("T", " ", literal=True)
    zoned = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", strict=False, time_unit="us")
    if zoned.null_count() < zoned.len():
        return zoned
    local = (text.str.slice(0, 10) + " " + text.str.slice(11).replace("", "00:00:00")).str.to_datetime(
        "%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us"
    )
    return local.filter(local <= latest + timedelta(days=1))


def _local(text: str, server: Server, kind: Kind, zone: ZoneInfo) -> str:
    """A time with an offset as one without; any other text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if kind is Kind.DATE:
        return text[:10]
    if moment.tzinfo is None:
        return text
    as_point, as_wall = _plain(moment.astimezone(server.zone)), _plain(moment.astimezone(zone))
    if kind is Kind.TIME:
        return as_point
    return as_wall if kind is Kind.LOCAL_TIME else min(as_point, as_wall)  # rather rows twice than none


def _plain(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ")


def _written(moment: datetime) -> str:
    return moment.isoformat(" ")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
