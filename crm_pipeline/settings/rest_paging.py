"""The shapes of `paginator:` of `read: {rest: …}`: how a service is asked for the page behind a page.

Belongs here: one class per kind. Does not belong here: asking (`sources.rest`).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from crm_pipeline.settings.base import Frozen, Text
from crm_pipeline.settings.rest_text import JsonPath


class Single(Frozen):
    """All records in one answer."""

    kind: ClassVar[str] = "single"
    type: Literal["single"]


class _Paged(Frozen):
    """What says that an answer is the last one, where the service says it by a word of its own."""

    has_more: JsonPath | None = Field(None, description="path to what is true, but on the last page")
    done: JsonPath | None = Field(None, description="path to what is true on the last page only")

    @model_validator(mode="after")
    def _one_word(self) -> _Paged:
        if self.has_more and self.done:
            raise ValueError("expected one of has_more and done")
        return self


class PageNumber(_Paged):
    """Pages by number; the last is told by `pages`, `has_more`, `done` or `total`, else by an empty one behind it."""

    kind: ClassVar[str] = "page_number"
    type: Literal["page_number"]
    page_param: Text | None = Field(None, description="query parameter; by default page, without page_body")
    page_body: JsonPath | None = Field(None, description="path in the body instead")
    first_page: int = Field(1, ge=0, strict=True)
    pages: JsonPath | None = Field(None, description="path to the number of pages")

    @model_validator(mode="after")
    def _one_place(self) -> PageNumber:
        if self.page_param and self.page_body:
            raise ValueError("expected one of page_param and page_body")
        return self


class Offset(_Paged):
    """Pages by the number of records before them; the last one is told as those by number are."""

    kind: ClassVar[str] = "offset"
    type: Literal["offset"]
    limit: int = Field(ge=1, strict=True, description="records that are asked for at a time")
    offset_param: Text | None = Field(None, description="query parameter; by default offset, without offset_body")
    offset_body: JsonPath | None = Field(None, description="path in the body instead")
    limit_param: Text | None = Field(None, description="query parameter; by default limit, without limit_body")
    limit_body: JsonPath | None = Field(None, description="path in the body instead")

    @model_validator(mode="after")
    def _one_place_each(self) -> Offset:
        if (self.offset_param and self.offset_body) or (self.limit_param and self.limit_body):
            raise ValueError("expected one of offset_param and offset_body, and one of limit_param and limit_body")
        return self


class _Referred(_Paged):
    may_be_empty: bool = Field(False, description="pages without records before the last one are no error")


class _Placed(_Referred):
    param: Text | None = Field(None, description="query parameter that takes it")
    body: JsonPath | None = Field(None, description="path in the body instead")

    @model_validator(mode="after")
    def _one_place(self) -> _Placed:
        if bool(self.param) == bool(self.body):
            raise ValueError("expected exactly one of param and body")
        return self


class CursorPaging(_Placed):
    """Each answer holds a token for the page behind it; none on the last one."""

    kind: ClassVar[str] = "cursor"
    type: Literal["cursor"]
    next: JsonPath = Field(description="path to the token in the answer")


class LastRecord(_Placed):
    """The page behind a record, named by a value of the last record before it; the last page is empty."""

    kind: ClassVar[str] = "last_record"
    type: Literal["last_record"]
    key: JsonPath = Field(description="path to that value in a record")


class NextLink(_Referred):
    """Each answer holds the address of the page behind it; none on the last one."""

    kind: ClassVar[str] = "next_link"
    type: Literal["next_link"]
    next: JsonPath = Field(description="path to the address in the answer")


class HeaderLink(_Referred):
    """The header Link of each answer (RFC 8288) holds the address of the page behind it; none on the last one."""

    kind: ClassVar[str] = "header_link"
    type: Literal["header_link"]
    rel: Text = "next"


PAGINATORS: dict[str, type[Frozen]] = {
    kind.kind: kind for kind in (Single, PageNumber, Offset, CursorPaging, LastRecord, NextLink, HeaderLink)
}


def of_known_type(value: Any, known: dict[str, type[Frozen]]) -> Any:
    """The value, a kind that is written as a word alone as a mapping.

    Raises:
        ValueError: its type is not known.
    """
    mapping = {"type": value} if isinstance(value, str) else value
    if not isinstance(mapping, Frozen) and (not isinstance(mapping, dict) or mapping.get("type") not in known):
        raise ValueError(f"expected a type that is one of {', '.join(known)}")
    return mapping


def tag_of(value: Any) -> str:
    """The kind as the union's tag; brackets tell it from a key."""
    return f"[{value.get('type') if isinstance(value, dict) else getattr(value, 'type', '')}]"


Paginator = Annotated[
    Annotated[Single, Tag("[single]")]
    | Annotated[PageNumber, Tag("[page_number]")]
    | Annotated[Offset, Tag("[offset]")]
    | Annotated[CursorPaging, Tag("[cursor]")]
    | Annotated[LastRecord, Tag("[last_record]")]
    | Annotated[NextLink, Tag("[next_link]")]
    | Annotated[HeaderLink, Tag("[header_link]")],
    Discriminator(tag_of),
    BeforeValidator(lambda value: of_known_type(value, PAGINATORS)),
]
