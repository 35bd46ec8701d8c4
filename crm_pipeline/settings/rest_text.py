"""What texts of `read: {rest: …}` may say: placeholders in braces, dotted paths into JSON, texts that are never shown.

Belongs here: their forms and how they are read. Does not belong here: which key has which (`rest`), what placeholders
stand for (`sources.rest`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema

TIMES = ("date", "since", "until")
UUID = "uuid"  # another one for each request, which some services want for tracing; in params and headers
PLACEHOLDERS = (*TIMES, UUID)
_WITH_FORM = ("date", "until")
_KEY = r'(?:"[^"]+"|[^."\s]+)'
_PATH = rf"^{_KEY}(\.{_KEY})*$"

# A dotted path to a value of a JSON document, such as data.items; a key that holds a dot in quotes.
JsonPath = Annotated[str, Field(pattern=_PATH, strict=True)]


def keys_of(path: str) -> tuple[str, ...]:
    """The keys of a dotted path: `data."a.b"` gives data and a.b."""
    return tuple(key.strip('"') for key in re.findall(_KEY, path))


def placeholders(text: str) -> frozenset[str]:
    """The names in braces, `since` of `{since}` and of `{since:%Y}`; doubled braces are braces.

    Raises:
        ValueError: a brace is not closed, or what stands in it is no name.
    """
    try:
        parts = [(name, form, end) for _, name, form, end in Formatter().parse(text) if name is not None]
    except ValueError:
        parts = [("", "", None)]
    if not all(name.isidentifier() and "{" not in (form or "") and end is None for name, form, end in parts):
        raise ValueError("expected {date}, {since} or {until} in braces, and {{ or }} for a brace itself,")
    if any(form and name not in _WITH_FORM for name, form, _ in parts):
        raise ValueError("expected a form such as {date:%Y%m%d} with date and until only")
    return frozenset(name for name, _, _ in parts)


def filled(text: str, values: Mapping[str, object]) -> str:
    """The text with what each placeholder stands for; a form behind a colon is that of a date."""
    return Formatter().vformat(text, (), values)


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a value as JSON has it, hidden or not; keys apart."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_of(inner)


def require_known(names: frozenset[str], known: tuple[str, ...]) -> None:
    """Nothing, when each placeholder is known.

    Raises:
        ValueError: one is not; the message names the nearest.
    """
    for name in sorted(names.difference(known)):
        near = difflib.get_close_matches(name, known, n=1)
        meant = f"{{{near[0]}}}" if near else ", ".join(f"{{{each}}}" for each in known) or "plain text"
        raise ValueError(f"expected {meant} instead of {{{name}}}, which is no placeholder,")


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _hidden(value: Any) -> Any:
    """The value with its texts hidden: a body may hold secrets anywhere."""
    if isinstance(value, str):
        return SecretStr(value)
    if isinstance(value, Mapping):
        return {str(key): _hidden(inner) for key, inner in value.items()}
    return [_hidden(inner) for inner in value] if isinstance(value, list) else value


def _checked_body(value: dict[str, Any]) -> dict[str, Any]:
    for text in texts_of(value):
        placeholders(text)
    return value


def _checked(value: SecretStr) -> SecretStr:
    placeholders(value.get_secret_value())
    return value


def _checked_text(value: str) -> str:
    placeholders(value)
    return value


_SCALAR_SCHEMA = {"type": ["string", "number", "boolean"]}
# Texts that are never shown, since they may hold a secret: with placeholders, and as they are.
HiddenTemplate = Annotated[
    SecretStr, BeforeValidator(_as_text), AfterValidator(_checked), WithJsonSchema(_SCALAR_SCHEMA)
]
HiddenText = Annotated[SecretStr, BeforeValidator(_as_text), WithJsonSchema(_SCALAR_SCHEMA)]
HiddenBody = Annotated[dict[str, Any], BeforeValidator(_hidden), WithJsonSchema({"type": "object"})]
HiddenBodyTemplate = Annotated[HiddenBody, AfterValidator(_checked_body)]
# A text with placeholders that is shown.
TemplateText = Annotated[str, Field(strict=True), AfterValidator(_checked_text)]
