"""dlt's paginators as the configuration wants them: started anywhere, stopped by what answers say, and told apart.

Belongs here: which of dlt's classes serves which `paginator:`, and what is corrected in them. Does not belong here:
whether pages fit together (`progress`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

from dlt.sources.helpers.rest_client.paginators import (
    BasePaginator,
    BaseReferencePaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    RangePaginator,
    SinglePagePaginator,
)
from requests import Request, Response

from crm_pipeline.settings.rest import Rest
from crm_pipeline.settings.rest_paging import CursorPaging, HeaderLink, LastRecord, NextLink, Offset, PageNumber
from crm_pipeline.settings.rest_text import keys_of
from crm_pipeline.sources.files.json_values import Number
from crm_pipeline.sources.rest.answers import value_at

# What tells a page from others: its number, the number of records before it, a token, an address.
Place = int | str
IsOver = Callable[[], bool]
IsAllowed = Callable[[str], None]


def paginator_of(rest: Rest, start: Place | None, is_over: IsOver, require_allowed: IsAllowed) -> BasePaginator:
    """The paginator that is configured.

    Args:
        rest: what is configured.
        start: place of the page to begin with, None for the first.
        is_over: whether the answer just read says that it is the last one.
        require_allowed: raises when an address must not be asked.
    """
    kind = _KINDS.get(type(rest.paginator))
    return kind(rest.paginator, start, is_over, require_allowed) if kind else SinglePagePaginator()


def next_place(paginator: BasePaginator) -> Place | None:
    """The place of the page that would be asked next, None behind the last."""
    if not paginator.has_next_page:
        return None
    if isinstance(paginator, RangePaginator):
        return int(paginator.current_value)
    if isinstance(paginator, _Referring):
        return paginator.place
    return None


class _Numbers(PageNumberPaginator):
    """Pages by number."""

    def __init__(self, asked: PageNumber, start: Place | None, is_over: IsOver, _: IsAllowed) -> None:
        super().__init__(
            base_page=asked.first_page,
            page=asked.first_page if start is None else int(start),
            page_param=asked.page_param,
            page_body_path=asked.page_body,
            total_path=None,
        )
        self._is_over = is_over

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Goes on to the next page, unless the answer is empty or says that it is the last one."""
        super().update_state(response, data)
        self._has_next_page = self._has_next_page and not self._is_over()


class _Offsets(OffsetPaginator):
    """Pages by records before them: as many as came, since a service may give fewer than it was asked for."""

    def __init__(self, asked: Offset, start: Place | None, is_over: IsOver, _: IsAllowed) -> None:
        super().__init__(
            limit=asked.limit,
            offset=0 if start is None else int(start),
            offset_param=asked.offset_param,
            offset_body_path=asked.offset_body,
            limit_param=asked.limit_param,
            limit_body_path=asked.limit_body,
            total_path=None,
        )
        self._is_over = is_over

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Goes on behind the records that came, unless there are none or the answer says that it is the last one."""
        self.value_step = len(data or ())
        super().update_state(response, data)
        self._has_next_page = self._has_next_page and not self._is_over()


class _Referring(BaseReferencePaginator):
    """Pages that an answer refers to; started at one that was referred to before."""

    start: Place | None
    is_over: IsOver

    @property
    def place(self) -> Place | None:
        """Where it goes on."""
        found: Place | None = self._next_reference
        return found

    def begin(self, start: Place | None, is_over: IsOver) -> None:
        """Takes in where to start, and what says that an answer is the last one."""
        self.start, self.is_over = start, is_over

    def init_request(self, request: Request) -> None:
        """Changes the first request into one for the page to start with."""
        self._has_next_page = True
        if self.start is not None:
            self._next_reference = self.start  # type: ignore[assignment]  # numbers too are tokens
            self.update_request(request)

    def settle(self, found: Any) -> None:
        """Goes on at what was found, unless there is nothing or the answer says that it is the last one."""
        is_place = isinstance(found, str | int) and not isinstance(found, bool) and found != ""
        self._next_reference = found if is_place and not self.is_over() else None


class _Tokens(_Referring, JSONResponseCursorPaginator):
    """A token in the answer."""

    def __init__(self, asked: CursorPaging, start: Place | None, is_over: IsOver, _: IsAllowed) -> None:
        super().__init__(_as_jsonpath(asked.next), asked.param, asked.body)
        self.begin(start, is_over)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Goes on at the token."""
        if not response.content:
            self.settle(None)
            return
        super().update_state(response, data)
        self.settle(self._next_reference)


class _LastRecords(_Referring, JSONResponseCursorPaginator):
    """A value of the last record."""

    def __init__(self, asked: LastRecord, start: Place | None, is_over: IsOver, _: IsAllowed) -> None:
        super().__init__(cursor_param=asked.param, cursor_body_path=asked.body)
        self._key = asked.key
        self.begin(start, is_over)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:  # noqa: ARG002 - named by dlt
        """Goes on behind the last record."""
        found = value_at(data[-1], self._key, None) if data else None
        self.settle(int(found) if isinstance(found, Number) and found.isdecimal() else found)


class _Links(_Referring, JSONLinkPaginator):
    """An address in the answer."""

    def __init__(self, asked: NextLink, start: Place | None, is_over: IsOver, require_allowed: IsAllowed) -> None:
        super().__init__(_as_jsonpath(asked.next))
        self._require_allowed = require_allowed
        self.begin(start, is_over)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Goes on at the address, if it may be asked."""
        if not response.content:
            self.settle(None)
            return
        super().update_state(response, data)
        self.settle(_absolute(response, self._next_reference, self._require_allowed))


class _HeaderLinks(_Referring, HeaderLinkPaginator):
    """An address in the header Link."""

    def __init__(self, asked: HeaderLink, start: Place | None, is_over: IsOver, require_allowed: IsAllowed) -> None:
        super().__init__(asked.rel)
        self._require_allowed = require_allowed
        self.begin(start, is_over)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Goes on at the address, if it may be asked."""
        super().update_state(response, data)
        self.settle(_absolute(response, self._next_reference, self._require_allowed))


_KINDS: dict[type[Any], Callable[..., BasePaginator]] = {
    PageNumber: _Numbers,
    Offset: _Offsets,
    CursorPaging: _Tokens,
    LastRecord: _LastRecords,
    NextLink: _Links,
    HeaderLink: _HeaderLinks,
}


def _absolute(response: Response, link: Any, require_allowed: IsAllowed) -> str | None:
    if not isinstance(link, str) or not link.strip():
        return None
    target = urljoin(response.url, link.strip())
    require_allowed(target)
    return target


def _as_jsonpath(path: str) -> str:
    return ".".join(f'"{key}"' for key in keys_of(path))
