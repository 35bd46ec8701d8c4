"""The request for a page, as it is configured and filled in.

Belongs here: what placeholders stand for, where the cursor goes. Does not belong here: pages (`paging`), sending
(`session`), who asks (`credentials`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from pydantic import SecretStr

from crm_pipeline.settings.rest import Rest
from crm_pipeline.settings.rest_text import UUID, filled, keys_of
from crm_pipeline.sources.reading import Asked
from crm_pipeline.sources.rest.session import EACH_UUID

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for; texts are no longer hidden, so that it is never shown.

    Attributes:
        body: as JSON, None without one.
    """

    path: str
    params: dict[str, Any]
    headers: dict[str, str]
    body: dict[str, Any] | None


def until_of(asked: Asked, now: datetime) -> datetime:
    """The end of the business day in its zone, or now where that is earlier; without fractions of a second."""
    end = datetime.combine(asked.day + timedelta(days=1), time(), asked.zone)
    return min(end, now.astimezone(asked.zone)).replace(microsecond=0)


def question(rest: Rest, asked: Asked, until: datetime, login: Mapping[str, str]) -> Question:
    """The request for the first page.

    Args:
        rest: what is configured.
        asked: for which day, and since when.
        until: what `{until}` stands for.
        login: what the answer to the login gave.
    """
    since = _since(rest, asked)
    values: Values = {**login, UUID: EACH_UUID, "date": asked.day, "until": _Moment(until), "since": since or ""}
    params = {name: filled(text.get_secret_value(), values) for name, text in rest.params.items()}
    headers = {name: filled(text.get_secret_value(), values) for name, text in rest.headers.items()}
    body = None if rest.method == "GET" else _texts_changed(rest.body or {}, lambda text: filled(text, values))
    if rest.cursor is not None and since is not None:
        if rest.cursor.param:
            params[rest.cursor.param] = since
        if rest.cursor.header:
            headers[rest.cursor.header] = since
        if rest.cursor.body:
            put(body, rest.cursor.body, since)
    return Question(filled(rest.path, values), params, headers, body)


def put(body: Any, path: str, value: Any) -> None:
    """Puts a value into a body under a dotted path."""
    *outer, last = keys_of(path)
    for key in outer:
        body = body.setdefault(key, {})
    body[last] = value


def traced(texts: Mapping[str, SecretStr]) -> dict[str, str]:
    """The parameters or headers of a login."""
    return {name: filled(text.get_secret_value(), {UUID: EACH_UUID}) for name, text in texts.items()}


def unhidden(value: Any) -> Any:
    """A body or a form with its texts as they are."""
    return _texts_changed(value, lambda text: text)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment that a placeholder without a form writes as ISO 8601 has it."""

    moment: datetime

    def __format__(self, form: str) -> str:
        return self.moment.strftime(form) if form else self.moment.isoformat()


def _since(rest: Rest, asked: Asked) -> str | None:
    """What the cursor says, None where nothing is sent: the first time, without `initial`."""
    if rest.cursor is None:
        return None
    since = asked.since if asked.since is not None else rest.cursor.initial
    return None if since is None else rest.cursor.written(since)


def _texts_changed(value: Any, change: Callable[[str], str]) -> Any:
    """A value as JSON has it, with its texts no longer hidden and changed."""
    if isinstance(value, SecretStr):
        return change(value.get_secret_value())
    if isinstance(value, Mapping):
        return {key: _texts_changed(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts_changed(inner, change) for inner in value]
    return value
