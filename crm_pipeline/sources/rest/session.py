"""Sending a request until it is answered: at most so many a minute, again after passing trouble, never to strangers.

Belongs here: pace, repetition, redirects and time limits, the same for records and for tokens. Does not belong here:
what is asked (`requests`) and what answers mean (`answers`).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit
from uuid import uuid4

from requests import PreparedRequest, Request, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import (
    ChunkedEncodingError,
    ContentDecodingError,
    RequestException,
    SSLError,
    Timeout,
)
from requests.exceptions import ConnectionError as BrokenConnectionError

from crm_pipeline.settings.rest import Rest
from crm_pipeline.sources.rest.bodies import read_body
from crm_pipeline.sources.rest.failures import ServiceError, refused, shown, unfit, unreachable

_log = logging.getLogger(__name__)
# It logs whole addresses, queries with their secrets among them, where somebody logs everything.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

PASSING = frozenset({429, 500, 502, 503, 504})
_FIRST_WAIT_SECONDS = 1.0  # doubled with each try; of this the later half at random, so that many do not come at once
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Manners:
    """How requests are repeated and paced; see the keys of `Rest` of the same names.

    Attributes:
        where: source and extract, for messages.
        is_passing_answer: whether an answer with status 200 asks to be asked again.
    """

    where: str
    retries: int
    longest_wait_seconds: float
    timeout_seconds: float
    pause_seconds: float
    allowed_hosts: frozenset[str]
    is_passing_answer: Callable[[Response], bool]

    @classmethod
    def of(cls, rest: Rest, where: str, is_passing_answer: Callable[[Response], bool]) -> Manners:
        """The manners that are configured."""
        pause = 60 / rest.requests_per_minute if rest.requests_per_minute else 0.0
        hosts = frozenset(host.lower() for host in rest.allowed_hosts)
        return cls(
            where, rest.retries, rest.longest_wait_seconds, rest.timeout_seconds, pause, hosts, is_passing_answer
        )


def open_session(manners: Manners) -> Session:
    """A session that keeps to the manners; to be closed."""
    session = _Session(manners)
    session.headers.update({"User-Agent": "crm-pipeline", "Accept": "application/json"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(manners))
    return session


def require_same_host(where: str, base: str, target: str, allowed: frozenset[str]) -> None:
    """Nothing, when credentials sent to `base` may be sent to `target` too.

    Raises:
        ServiceError: another host that is not allowed, or an address without encryption behind one with it.
    """
    old, new = urlsplit(base), urlsplit(target)
    is_upgrade = (old.scheme, new.scheme, _port(old), _port(new)) == ("http", "https", 80, 443)
    is_downgrade = (old.scheme, new.scheme) == ("https", "http")
    is_same = new.hostname == old.hostname and (is_upgrade or (new.scheme == old.scheme and _port(new) == _port(old)))
    if new.scheme in _PORTS and (is_same or (new.hostname in allowed and not is_downgrade)):
        return
    raise unfit(
        f"{where}, {shown(base)}",
        f"links and redirects to {old.scheme}://{old.netloc.rpartition('@')[2]}",
        f"one to {new.scheme}://{new.netloc.rpartition('@')[2]}",
        "Correct base_url, or name the host in allowed_hosts if credentials may go there.",
    )


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


# Stands for the UUID of a request until it is sent.
EACH_UUID = "uuid-of-this-request"


class _Session(Session):
    """Follows redirects only where credentials may go, and never turns a question into another one."""

    def __init__(self, manners: Manners) -> None:
        super().__init__()
        self._manners = manners
        self.max_redirects = 5

    def prepare_request(self, request: Request) -> PreparedRequest:
        """The request, with a UUID of its own where it has a place for one."""
        prepared, own = super().prepare_request(request), str(uuid4())
        prepared.url = str(prepared.url).replace(EACH_UUID, own)
        for name, value in prepared.headers.items():
            if isinstance(value, str) and EACH_UUID in value:
                prepared.headers[name] = value.replace(EACH_UUID, own)
        return prepared

    def get_redirect_target(self, resp: Response) -> str | None:
        """Where an answer leads, None where it does not."""
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        manners, request = self._manners, resp.request
        require_same_host(manners.where, resp.url, urljoin(resp.url, target), manners.allowed_hosts)
        if request.method != "GET" and resp.status_code not in {307, 308}:
            raise unfit(
                f"{manners.where}, {shown(resp.url)}",
                "an answer",
                f"a redirect ({resp.status_code}) that would drop the body of the request",
                "Correct base_url: it is mostly https instead of http, or another host.",
            )
        return target

    def should_strip_auth(self, old_url: str, new_url: str) -> bool:  # noqa: ARG002 - named by requests
        """No: where a redirect leads was looked at already."""
        return False


class _Adapter(HTTPAdapter):
    """Sends one request as often as the manners allow, and reads its answer to the end."""

    def __init__(self, manners: Manners) -> None:
        super().__init__()
        self._manners = manners
        self._next_at = 0.0

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - an answer is always read to its end
        timeout: Any = None,  # noqa: ARG002 - the manners say it
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """The whole answer; one that is not to be asked for again, or the last one.

        Raises:
            ServiceError: none came, or trouble stayed.
        """
        manners, url = self._manners, str(request.url)
        for attempt in range(1, manners.retries + 2):
            self._keep_pace()
            answer, reason = self._try(request, verify=verify, cert=cert, proxies=proxies)
            if answer is not None and not self._is_passing(answer):
                return answer
            if reason and not reason.startswith("passing:"):
                raise unreachable(manners.where, url, reason, tries=attempt)
            problem = self._problem(url, answer, reason.removeprefix("passing:"), attempt)
            wait = self._wait(answer, attempt)
            if attempt > manners.retries:
                raise problem
            if wait > manners.longest_wait_seconds:
                found = f"{problem.found}, and the wish to be asked again in {wait:,.0f} seconds"
                cure = "Run again then, or raise longest_wait_seconds."
                raise ServiceError(
                    where=problem.where, expected=problem.expected, found=found, cure=cure, is_passing=True
                )
            _log.warning("%s: %s, asking again in %.1f s", manners.where, problem.found, wait)
            sleep(wait)
        raise AssertionError("the last try returned or raised")

    def _try(self, request: PreparedRequest, **options: Any) -> tuple[Response | None, str]:
        """The answer, or why there is none; a reason that may pass is marked so. No address is in it."""
        try:
            answer = super().send(request, stream=True, timeout=self._manners.timeout_seconds, **options)
            read_body(answer, self._manners.where)
        except Timeout:
            return None, f"passing:no byte for {self._manners.timeout_seconds:g} seconds"
        except SSLError:
            return None, "a certificate or protocol (TLS) that is not trusted"
        except (ChunkedEncodingError, ContentDecodingError):
            return None, "passing:an answer that was cut short"
        except BrokenConnectionError:
            return None, "passing:a connection that was refused or broke"
        except RequestException as error:
            return None, f"a request that can't be sent ({type(error).__name__})"
        return answer, ""

    def _is_passing(self, answer: Response) -> bool:
        if answer.status_code in PASSING:
            return True
        return answer.status_code == 200 and self._manners.is_passing_answer(answer)

    def _problem(self, url: str, answer: Response | None, reason: str, tries: int) -> ServiceError:
        where = self._manners.where
        if answer is None:
            return unreachable(where, url, reason, tries=tries)
        if answer.status_code != 200:
            return refused(where, url, answer.status_code, tries=tries)
        return unreachable(where, url, "an answer that was cut short or asks to be asked again", tries=tries)

    def _keep_pace(self) -> None:
        wait = self._next_at - monotonic()
        if wait > 0:
            sleep(wait)
        self._next_at = monotonic() + self._manners.pause_seconds

    def _wait(self, answer: Response | None, attempt: int) -> float:
        """Seconds until the next try: what the service asks for, else more with each try, in part at random."""
        asked = _retry_after(answer.headers.get("Retry-After", "")) if answer is not None else None
        if asked is not None:
            return asked
        longest: float = min(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1), self._manners.longest_wait_seconds)
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads load, protects nothing


def _retry_after(text: str) -> float | None:
    """Seconds that a header Retry-After asks for (RFC 9110, section 10.2.3), None where it says nothing readable."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (zoned - datetime.now(UTC)).total_seconds())
