"""Who asks: what is put on each request, and tokens that are asked for and renewed.

Belongs here: one way per kind of `auth:`. Does not belong here: when a token is renewed (`pages`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth, OAuth2ClientCredentials
from pydantic import SecretStr
from requests import PreparedRequest, Response, Session
from requests.auth import AuthBase

from crm_pipeline.settings.rest import Rest
from crm_pipeline.settings.rest_auth import ApiKey, Basic, Bearer, ClientCredentials, Login
from crm_pipeline.settings.rest_text import texts_of
from crm_pipeline.sources.rest.answers import document_of, require_success, value_at
from crm_pipeline.sources.rest.asking import traced, unhidden
from crm_pipeline.sources.rest.failures import ServiceError, refused, shown, unfit

_LEAST_SECRET = 6  # characters; a shorter text is found in any page


class Credentials:
    """What a session needs to be let in.

    Attributes:
        auth: for dlt's client; always there, so that no other credentials of this machine are used.
    """

    def __init__(self, rest: Rest, session: Session, where: str) -> None:
        self._rest, self._session, self._where = rest, session, where
        self._login: dict[str, str] | None = None
        self.auth: AuthBase = _auth(rest, session, self._token_from)

    @property
    def is_renewable(self) -> bool:
        """Whether a new token can be asked for."""
        return isinstance(self._rest.auth, ClientCredentials | Login)

    def renew(self) -> None:
        """Forgets the token, so that the next request asks for a new one."""
        self._login = None
        if isinstance(self.auth, OAuth2ClientCredentials):
            self.auth.access_token = None

    def values(self) -> Mapping[str, str]:
        """What the login gives for placeholders; asked for once, until `renew`.

        Raises:
            ServiceError: the login was refused, or gave no such value.
        """
        if not isinstance(login := self._rest.auth, Login):
            return {}
        if self._login is None:
            answer = self._session.request(
                login.method,
                login.url,
                params=traced(login.params),
                headers=traced(login.headers),
                json=unhidden(login.body) if login.body is not None else None,
                data=unhidden(login.form) if login.form is not None else None,
                auth=_Nobody(),
            )
            document = self._document(answer, login.url)
            self._login = {name: self._value(document, path, login.url) for name, path in login.values.items()}
        return self._login

    def secrets(self) -> list[str]:
        """Every text that must not be stored, tokens that were asked for among them."""
        rest = self._rest
        given = [value for value in (rest.auth or ()) if isinstance(value[1], SecretStr | dict)]
        found = list(texts_of(dict(given))) + list((self._login or {}).values())
        if isinstance(self.auth, OAuth2ClientCredentials) and self.auth.access_token:
            found.append(str(self.auth.access_token))
        return [text for text in found if len(text) >= _LEAST_SECRET]

    def _token_from(self, answer: Response) -> Any:
        """The answer to a request for an OAuth token, as a mapping."""
        document = self._document(answer, answer.url)
        self._value(document, "access_token", answer.url)
        return document

    def _document(self, answer: Response, url: str) -> Any:
        if answer.status_code != 200:
            raise _not_let_in(refused(self._where, url, answer.status_code))
        place = f"{self._where}, {shown(url)}"
        document = document_of(answer.content, place, str(answer.headers.get("Content-Type", "")))
        try:
            require_success(self._rest, document, place)
        except ServiceError as error:
            raise _not_let_in(error) from None
        return document

    def _value(self, document: Any, path: str, url: str) -> str:
        found = value_at(document, path, None)
        if isinstance(found, str) and found:
            return str(found)
        raise unfit(
            f"{self._where}, {shown(url)}",
            f"a text at {path} in the answer to the login",
            "none",
            "Check the credentials in auth, and the paths in values.",
        )


class _Nobody(AuthBase):
    """No credentials; without it those of ~/.netrc would be sent."""

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        return r


class _Client(OAuth2ClientCredentials):
    """dlt's client credentials, with a look at what the token endpoint answers."""

    def obtain_token(self) -> None:
        """Asks for a token.

        Raises:
            ServiceError: none was given.
        """
        answer = self.session.post(self.access_token_url, auth=self.basic, **self.build_access_token_request())
        document = self.read(answer)
        self.access_token = self.parse_access_token(document)
        expires = str(document.get("expires_in") or self.default_token_expiration)
        seconds = int(expires) if expires.isdecimal() else self.default_token_expiration
        self.token_expiry = self.token_expiry.now().add(seconds=seconds)

    def build_access_token_request(self) -> dict[str, Any]:
        """The form, without client and secret where these stand in the header."""
        request = super().build_access_token_request()
        if not isinstance(self.basic, _Nobody):
            request["data"] = {k: v for k, v in request["data"].items() if k not in {"client_id", "client_secret"}}
        return request

    basic: AuthBase
    read: Callable[[Response], Any]


def _auth(rest: Rest, session: Session, read: Callable[[Response], Any]) -> AuthBase:
    auth = rest.auth
    if isinstance(auth, ApiKey):
        return APIKeyAuth(name=auth.name, api_key=auth.key.get_secret_value(), location=auth.place)
    if isinstance(auth, Bearer):
        return BearerTokenAuth(token=auth.token.get_secret_value())
    if isinstance(auth, Basic):
        return HttpBasicAuth(username=auth.username, password=auth.password.get_secret_value())
    if isinstance(auth, ClientCredentials):
        return _client(auth, session, read)
    return _Nobody()


def _client(auth: ClientCredentials, session: Session, read: Callable[[Response], Any]) -> AuthBase:
    client, secret = auth.client_id.get_secret_value(), auth.client_secret.get_secret_value()
    scope = {"scope": auth.scope} if auth.scope else {}
    made = _Client(
        access_token_url=auth.token_url,
        client_id=client,
        client_secret=secret,
        access_token_request_data={**scope, **unhidden(auth.form)},
        session=session,
    )
    made.basic = HttpBasicAuth(username=client, password=secret) if auth.sent_as == "basic" else _Nobody()
    made.read = read
    return made


def _not_let_in(error: ServiceError) -> ServiceError:
    """The error of a login: a new token does not help, other credentials may."""
    return ServiceError(
        where=error.where,
        expected="a token for the credentials in auth",
        found=error.found,
        cure="Check auth: what it holds may be wrong, expired or withdrawn.",
        status=error.status,
        is_passing=True,
    )
