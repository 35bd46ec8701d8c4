"""The shape of `read: {rest: …}`: records of a service that answers with JSON over HTTP.

Belongs here: its keys, defaults and rules. Does not belong here: kinds of paginators (`rest_paging`), of auth
(`rest_auth`), the cursor (`rest_cursor`), asking a service (`sources.rest`).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from crm_pipeline.settings.base import Frozen, SourceRead, Text
from crm_pipeline.settings.rest_auth import AUTHS, Auth, HttpUrl, Login
from crm_pipeline.settings.rest_cursor import Cursor
from crm_pipeline.settings.rest_paging import PAGINATORS, Paginator
from crm_pipeline.settings.rest_text import (
    PLACEHOLDERS,
    TIMES,
    UUID,
    HiddenBodyTemplate,
    HiddenTemplate,
    JsonPath,
    TemplateText,
    placeholders,
    require_known,
    texts_of,
)

# By the word behind `type:`, for refusals.
REST_KINDS: dict[str, type[Frozen]] = {**PAGINATORS, **AUTHS}


def _as_texts(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    return [str(each) if isinstance(each, int) else each for each in values]


_CODE = {"type": ["string", "integer"]}
Codes = Annotated[
    tuple[Text, ...], BeforeValidator(_as_texts), WithJsonSchema({"anyOf": [_CODE, {"type": "array", "items": _CODE}]})
]


class Failure(Frozen):
    """How an answer with status 200 says that it is none."""

    code: JsonPath = Field(description="path to the code of the outcome in every answer")
    ok: Codes = Field(("0",), description="codes of success")
    retry: Codes = Field((), description="codes of passing trouble, such as too many requests: asked again")
    expired: Codes = Field((), description="codes of a token that is no longer valid: a new one is asked for, once")


class Rest(Frozen):
    """What is asked of a service, and how its answers are read."""

    base_url: HttpUrl = Field(description="no secret in it: messages show it")
    path: TemplateText = Field("", description="behind base_url; no secret in it: messages show it")
    method: Literal["GET", "POST"] = "GET"
    params: dict[Text, HiddenTemplate] = Field(default_factory=dict, description="of the query")
    headers: dict[Text, HiddenTemplate] = Field(default_factory=dict)
    body: HiddenBodyTemplate | None = Field(None, description="sent as JSON, with method: POST")
    records: JsonPath | None = Field(
        None, description="dotted path to the array of records; by default the answer is the array"
    )
    fields: tuple[Text, ...] = Field(
        (), description="columns that are there even if no record has them, for services that leave out empty ones"
    )
    as_json: tuple[Text, ...] = Field(
        (),
        description="dotted paths of objects that are one column of JSON text instead of a column for each key, such "
        "as those whose keys are data",
    )
    paginator: Paginator
    auth: Auth | None = None
    cursor: Cursor | None = None
    total: JsonPath | None = Field(None, description="path to the number of all records; fewer are refused")
    failure: Failure | None = None
    allowed_hosts: tuple[Text, ...] = Field(
        (), description="other hosts to which links and redirects may lead, and credentials follow"
    )
    requests_per_minute: float | None = Field(None, gt=0)
    timeout_seconds: float = Field(30, gt=0, le=3600, description="without a byte")
    retries: int = Field(5, ge=0, le=20, description="of a request that failed in passing")
    longest_wait_seconds: float = Field(
        300, ge=0, le=86_400, description="between two tries; where the service asks for more, the run ends"
    )

    @model_validator(mode="after")
    def _fits(self) -> Rest:
        if self.method == "GET" and (self.body is not None or self._is_body_needed):
            raise ValueError("expected method: POST with a body, and with what goes into it,")
        if "://" in self.path:
            raise ValueError("expected the host in base_url and the rest in path")
        values = tuple(self.auth.values) if isinstance(self.auth, Login) else ()
        if clash := sorted(set(values) & set(PLACEHOLDERS)):
            raise ValueError(f"expected another name than {clash[0]} for a value of the login")
        require_known(_in(self.path, self.body), (*TIMES, *values))
        require_known(_in(self.params, self.headers), (*PLACEHOLDERS, *values))
        if isinstance(self.auth, Login):
            require_known(_in(self.auth.params, self.auth.headers), (UUID,))
        return self

    @model_validator(mode="after")
    def _cursor_is_used(self) -> Rest:
        is_placed = self.cursor is not None and any((self.cursor.param, self.cursor.header, self.cursor.body))
        is_written = "since" in self.placeholders
        if is_written and (self.cursor is None or self.cursor.initial is None):
            raise ValueError("expected cursor with initial, what {since} stands for the first time,")
        if self.cursor is not None and is_placed == is_written:
            raise ValueError("expected either param, header or body of cursor, or {since} in the request")
        return self

    @property
    def placeholders(self) -> frozenset[str]:
        """Those that stand in the request."""
        return _in(self.path, self.params, self.headers, self.body)

    @property
    def _is_body_needed(self) -> bool:
        places = [getattr(self.paginator, name, None) for name in ("body", "page_body", "offset_body", "limit_body")]
        return any(places) or bool(self.cursor and self.cursor.body)


class RestRead(SourceRead):
    """Deliveries that are the records of a service."""

    kind: ClassVar[str] = "rest"

    rest: Rest

    @property
    def is_dated(self) -> bool:
        """Whether the service can answer for a past date."""
        return bool(self.rest.placeholders & {"date", "until"})

    @property
    def changes_asked_by(self) -> str:
        """The key that says that only what changed since the last delivery is asked for; empty when all is."""
        return "read.rest.cursor" if self.rest.cursor is not None else ""

    @property
    def described(self) -> str:
        """What is read, in short."""
        return f"rest, {self.rest.paginator.type}"

    @property
    def place(self) -> str:
        """The path as it is written, or the address where there is none."""
        return self.rest.path or self.rest.base_url


def _in(*parts: Any) -> frozenset[str]:
    return frozenset(name for part in parts for text in texts_of(part) for name in placeholders(text))
