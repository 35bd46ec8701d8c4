"""The shape of `cursor:` of `read: {rest: …}`: by what a service is asked for changes only.

Belongs here: its keys, how values of the cursor compare and how one is written into a request. Does not belong here:
where the greatest one is kept (`state.delivery`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from crm_pipeline.settings.base import Frozen, Text
from crm_pipeline.settings.rest_text import JsonPath

_SPAN = r"^[0-9]+ (second|minute|hour|day)s?$"
_EPOCH = re.compile(r"\d{9,10}(\d{3})?")  # seconds or milliseconds since 1970, of 1973 and later
_EPOCH_MILLISECONDS_DIGITS = 12
_EPOCH_FORMATS = {"epoch_seconds": 1, "epoch_milliseconds": 1000}


class Cursor(Frozen):
    """What says how far the service has been read."""

    column: Text = Field(description="delivered column whose greatest value is where the next delivery goes on")
    param: Text | None = Field(None, description="query parameter that takes it")
    header: Text | None = Field(None, description="header that takes it")
    body: JsonPath | None = Field(None, description="dotted path in the body that takes it")
    type: Literal["time", "number", "text"] = Field("time", description="how values compare")
    format: Text | None = Field(
        None,
        description="how the request has a time: epoch_seconds, epoch_milliseconds, or %Y-%m-%dT%H:%M:%SZ and the like "
        "(UTC where the times have a zone); by default as the service wrote it",
    )
    initial: Annotated[
        Text | None,
        BeforeValidator(lambda v: str(v) if isinstance(v, int) else v),
        WithJsonSchema({"type": ["string", "integer"]}),
    ] = Field(None, description="what is sent the first time; without it nothing is, so that all is asked for")
    overlap: Annotated[str, Field(pattern=_SPAN, strict=True)] | None = Field(
        None, description="so much is asked for again, such as 10 minutes; with times only"
    )

    @model_validator(mode="after")
    def _fits(self) -> Cursor:
        if sum(place is not None for place in (self.param, self.header, self.body)) > 1:
            raise ValueError("expected at most one of param, header and body")
        if self.type != "time" and (self.format or self.overlap):
            raise ValueError("expected format and overlap with type: time only")
        if self.format and self.format not in _EPOCH_FORMATS and "%" not in self.format:
            raise ValueError("expected epoch_seconds, epoch_milliseconds or a form such as %Y-%m-%dT%H:%M:%SZ")
        if self.initial is not None:
            self.value_of(self.initial)
        return self

    def value_of(self, text: str) -> datetime | Decimal | str:
        """What a delivered value stands for: of a time a moment, without zone where none is written.

        Raises:
            ValueError: it is not of the cursor's type.
        """
        if self.type == "text":
            return text
        if self.type == "number":
            try:
                number = Decimal(text)
            except InvalidOperation:
                number = Decimal("nan")
            if not number.is_finite():
                raise ValueError("expected a number")
            return number
        if _EPOCH.fullmatch(text):
            scale = 1000 if len(text) >= _EPOCH_MILLISECONDS_DIGITS else 1
            return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(text) * 1_000_000 // scale)
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("expected a time as ISO 8601 has it, or seconds or milliseconds since 1970") from None

    def greatest(self, texts: Iterable[str]) -> str | None:
        """The text of the greatest value, blank ones apart; None where there is none.

        Raises:
            ValueError: one is not of the cursor's type, or only some times have a zone.
        """
        values = {text: self.value_of(text) for text in texts if text.strip()}
        if len({isinstance(value, datetime) and value.tzinfo is None for value in values.values()}) > 1:
            raise ValueError("expected times that all have a zone, or none")
        return max(values, key=values.__getitem__, default=None)

    def written(self, since: str) -> str:
        """How a request has a delivered value: earlier by the overlap, in the request's format."""
        if self.format is None and self.overlap is None:
            return since
        moment = self.value_of(since)
        if not isinstance(moment, datetime):
            return since
        moment -= self._overlap_time
        if self.format is None:
            if _EPOCH.fullmatch(since):
                scale = 1000 if len(since) >= _EPOCH_MILLISECONDS_DIGITS else 1
                return _epoch(moment, scale)
            return moment.isoformat()
        if self.format in _EPOCH_FORMATS:
            return _epoch(moment, _EPOCH_FORMATS[self.format])
        is_zoned = moment.tzinfo is not None and "%z" not in self.format
        return (moment.astimezone(UTC) if is_zoned else moment).strftime(self.format)

    @property
    def _overlap_time(self) -> timedelta:
        if self.overlap is None:
            return timedelta()
        amount, _, unit = self.overlap.partition(" ")
        return timedelta(**{f"{unit.rstrip('s')}s": int(amount)})


def _epoch(moment: datetime, scale: int) -> str:
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str((zoned - datetime.fromtimestamp(0, UTC)) // timedelta(seconds=1) if scale == 1 else _thousandths(zoned))


def _thousandths(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
