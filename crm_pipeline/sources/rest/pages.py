"""Asking a service for one page after the other, through dlt's REST client.

Belongs here: the order of things: kept pages, the next one, a new token, the end. Does not belong here: each of them.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import zlib
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from typing import Any, Self

from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.sources.helpers.rest_client.client import RESTClient
from requests import Response, Session
from requests.auth import AuthBase
from requests.exceptions import RequestException

from crm_pipeline.settings.rest import Rest
from crm_pipeline.sources.reading import Asked
from crm_pipeline.sources.rest.answers import Answer, answer_of, is_passing, read_answer
from crm_pipeline.sources.rest.asking import question, until_of
from crm_pipeline.sources.rest.credentials import Credentials
from crm_pipeline.sources.rest.failures import ServiceError, unfit
from crm_pipeline.sources.rest.keeping import Kept, State
from crm_pipeline.sources.rest.paging import Place, next_place, paginator_of
from crm_pipeline.sources.rest.progress import Progress
from crm_pipeline.sources.rest.session import Manners, open_session, require_same_host

_log = logging.getLogger(__name__)
_FORGOTTEN = frozenset({400, 404, 410, 422})  # how services answer to a token or a link that is no longer valid
_NO_ANSWER = Answer("", [], 0)
_Page = tuple[Answer, Place | None]


class Pages:
    """The pages of one question.

    Attributes:
        progress: what they amount to so far.
        is_complete: whether the last one was taken.
    """

    def __init__(self, rest: Rest, asked: Asked, session: Session) -> None:
        self._rest, self._asked = rest, asked
        self._credentials = Credentials(rest, session, asked.where)
        self._client = _Client(rest.base_url, session, self._credentials.auth, self._read)
        self._kept = Kept(rest, asked)
        self._until = until_of(asked, datetime.now(UTC))
        self._newest = _NO_ANSWER
        self._walks: list[Generator[_Page]] = []
        self.progress = Progress(rest, asked.where)
        self.is_complete = False

    @classmethod
    @contextlib.contextmanager
    def open(cls, rest: Rest, asked: Asked) -> Iterator[Self]:
        """The pages of a question, none asked for yet."""
        manners = Manners.of(rest, asked.where, lambda answer: is_passing(rest, answer))
        with open_session(manners) as session:
            pages = cls(rest, asked, session)
            try:
                yield pages
            finally:
                pages._close()

    def take(self) -> Iterator[Answer]:
        """Each page, those kept by an earlier run first; one is kept when the page behind it is asked for.

        Raises:
            ServiceError: a page can't be had, or they don't fit together.
        """
        try:
            yield from self._taken()
        except ServiceError as error:
            if error.is_passing and self._kept.page_count:
                error.tell_kept()
            raise

    def _taken(self) -> Iterator[Answer]:
        self._kept.sweep()
        state = self._resumable()
        walk = self._begun(state.place if state else None)
        if state is not None:
            ahead = [] if state.place is None else self._ahead(walk)
            if ahead is None:
                _log.warning("%s: asking from the start, the next page is no longer known", self._asked.where)
                self._begin_anew()
                walk = self._begun(None)
            else:
                _log.info("%s: going on behind %d pages", self._asked.where, state.page_count)
                yield from map(self._answer_kept, self._kept.pages(state.page_count))
                walk = iter(()) if state.place is None else itertools.chain(ahead, walk)
        for answer, place in walk:
            number = self.progress.page_count
            yield answer
            secrets = self._credentials.secrets()
            self._kept.keep(answer.text.encode(), State(number, place, self._until), secrets)
        self.is_complete = True

    def forget(self) -> None:
        """Takes away what was kept."""
        self._kept.forget()

    def _begun(self, place: Place | None) -> Iterator[_Page]:
        self._walks.append(self._walk(place))
        return self._walks[-1]

    def _close(self) -> None:
        """Ends what was begun: left to the interpreter's end, it would find nothing there any more."""
        for walk in self._walks:
            walk.close()

    def _resumable(self) -> State | None:
        """Where an earlier run ended, its pages counted; None to begin at the start."""
        state = self._kept.state()
        if state is None:
            return None
        try:
            for content in self._kept.pages(state.page_count):
                self.progress.add(self._answer_kept(content))
        except (OSError, EOFError, ValueError, zlib.error, ServiceError):  # damaged, or of another version
            self._begin_anew()
            return None
        self._until = state.until
        return state

    def _begin_anew(self) -> None:
        self.progress = Progress(self._rest, self._asked.where)
        self._until = until_of(self._asked, datetime.now(UTC))
        self._kept = Kept(self._rest, self._asked)

    def _answer_kept(self, content: bytes) -> Answer:
        return read_answer(self._rest, content, self._asked.where)

    def _ahead(self, walk: Iterator[_Page]) -> list[_Page] | None:
        """The page to go on with; None when the service no longer knows it, so that all must be asked anew."""
        try:
            return [next(walk)]
        except ServiceError as error:
            if error.status not in _FORGOTTEN:
                raise
        return None

    def _walk(self, place: Place | None) -> Generator[_Page]:
        """Each page from a place on, with the place of the next; with a new token where the old one expired."""
        is_token_new = False
        while True:
            problem = ""
            try:
                for answer, following in self._asked_for(place):
                    yield answer, following
                    place, is_token_new = following, False
            except ServiceError as error:
                if is_token_new or not (error.is_expired and self._credentials.is_renewable):
                    raise
            except (RequestException, UnicodeError) as error:
                problem = f"a request that can't be sent ({type(error).__name__})"
            else:
                return
            if problem:  # raised here, so that what the library said, with the address, is not behind it
                raise unfit(self._asked.where, "an answer", problem, "Check base_url, path and headers.")
            _log.info("%s: asking for a new token", self._asked.where)
            self._credentials.renew()
            is_token_new = True

    def _asked_for(self, place: Place | None) -> Iterator[_Page]:
        rest, where = self._rest, self._asked.where
        hosts = frozenset(host.lower() for host in rest.allowed_hosts)
        asks = question(rest, self._asked, self._until, self._credentials.values())
        paginator = paginator_of(
            rest,
            place,
            self.progress.is_over,
            lambda target: require_same_host(where, rest.base_url, target, hosts),
        )
        pages = self._client.paginate(
            asks.path,
            rest.method,
            asks.params,
            asks.body,
            paginator=paginator,
            data_selector="$",
            hooks={"response": []},
            headers=asks.headers,
        )
        for _ in pages:
            following = next_place(paginator)
            self.progress.go_on(following)
            yield self._newest, following

    def _read(self, response: Response) -> Answer:
        self._newest = answer_of(self._rest, response, self._asked.where)
        self.progress.add(self._newest)
        return self._newest


class _Client(RESTClient):
    """dlt's client, with answers read by us: numbers stay as they are written, and no error shows an answer."""

    def __init__(self, base_url: str, session: Session, auth: AuthBase, read: Callable[[Response], Answer]) -> None:
        # Given, so that no file or variable of dlt's own is looked for.
        super().__init__(base_url, auth=auth, session=session, config=RuntimeConfiguration())
        self._read = read

    def extract_response(self, response: Response, data_selector: Any) -> list[Any]:  # noqa: ARG002 - named by dlt
        """The records of an answer."""
        return self._read(response).records
