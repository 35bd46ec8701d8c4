"""What is said when a service can't be read: never an answer's content, nor the query of an address.

Belongs here: one error with what decides how it goes on. Does not belong here: when it is raised.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from crm_pipeline.errors import DeliveryError

KEPT = "Pages read so far are kept for a day: the next run goes on behind them."
NOTHING = "Nothing was loaded."
_CURES = {
    400: "Compare path, params and body with the service's documentation.",
    401: "Check the credentials in auth: they may have expired or been withdrawn.",
    403: "Give this user or app the right to read these records, and check limits of its licence.",
    404: "Correct base_url and path.",
    405: "Correct method.",
    429: "Lower requests_per_minute, or run again later.",
}


class ServiceError(DeliveryError):
    """A service that gave no page.

    Attributes:
        status: of the answer, None where there was none or it was fine.
        is_expired: a token that is no longer valid, so that a new one may help.
        is_passing: the same may succeed later, so that the pages before it are worth keeping.
    """

    def __init__(
        self,
        *,
        where: str,
        expected: str,
        found: str,
        cure: str,
        status: int | None = None,
        is_expired: bool = False,
        is_passing: bool = False,
    ) -> None:
        super().__init__(where=where, expected=expected, found=found, cure=f"{cure} {NOTHING}")
        self.status = status
        self.is_expired = is_expired
        self.is_passing = is_passing

    def tell_kept(self) -> None:
        """Says that the pages before it are kept."""
        self.cure = f"{self.cure.removesuffix(NOTHING)}{KEPT}"
        self.args = (str(self).replace(NOTHING, KEPT),)


def refused(where: str, url: str, status: int, *, tries: int = 1) -> ServiceError:
    """The error of an answer whose status is not one of success."""
    is_passing = status in {401, 403, 408, 429} or status >= 500
    default = "Run again later, and ask the service's operator if it stays." if is_passing else _CURES[400]
    found = f"status {status}" + (f", {tries} times" if tries > 1 else "")
    return ServiceError(
        where=f"{where}, {shown(url)}",
        expected="an answer with status 200",
        found=found,
        cure=_CURES.get(status, default),
        status=status,
        is_expired=status == 401,
        is_passing=is_passing,
    )


def unreachable(where: str, url: str, reason: str, *, tries: int) -> ServiceError:
    """The error where no whole answer came."""
    return ServiceError(
        where=f"{where}, {shown(url)}",
        expected="a whole answer",
        found=f"{reason}, {tries} {'time' if tries == 1 else 'times'}",
        cure="Check base_url and the way to it (network, proxy, certificate), or raise timeout_seconds.",
        is_passing=True,
    )


def unfit(where: str, expected: str, found: str, cure: str, *, is_passing: bool = False) -> ServiceError:
    """The error of an answer that can't be a page."""
    return ServiceError(where=where, expected=expected, found=found, cure=cure, is_passing=is_passing)


def shown(url: str) -> str:
    """An address as messages have it: without user, query and fragment, all of which may hold secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
