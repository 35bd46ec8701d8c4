"""Claims on credentials: each kind as its standard has it, tokens renewed once, refusals said, nothing stored."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline_tests.sources.rest_reading import definition, kept_files, read_all, require_rows
from crm_pipeline_tests.sources.rest_service import Answering, Reply, Request, by_offset, numbered, people, serving

ROWS = people(20)
BASIC = "Basic " + base64.b64encode("用户:pass-word".encode()).decode()
SENT: dict[str, tuple[Mapping[str, Any], Mapping[str, str], Mapping[str, str]]] = {
    "key in a header": ({"type": "api_key", "name": "X-Key", "key": "k-123456"}, {"X-Key": "k-123456"}, {}),
    "key in the query": (
        {"type": "api_key", "name": "key", "key": "k&123456", "place": "query"}, {}, {"key": "k&123456"}),
    "bearer": ({"type": "bearer", "token": "t-123456"}, {"Authorization": "Bearer t-123456"}, {}),
    "basic": ({"type": "basic", "username": "用户", "password": "pass-word"}, {"Authorization": BASIC}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SENT)
def test_sent(name: str, tmp_path: Path) -> None:
    """Credentials stand where their kind has them, on every page, beside the other parameters."""
    auth, headers, params = SENT[name]
    with serving(numbered(ROWS, 5)) as service:
        require_rows(read_all(tmp_path, definition(service.url, auth=auth, params={"q": "a b"})), ROWS)
        for request in service.requests:
            assert headers.items() <= request.headers.items()
            assert {**params, "q": "a b"}.items() <= request.params.items()


class Issuer:
    """A service with tokens that are good for a number of pages."""

    def __init__(self, answering: Answering, *, good_for: int) -> None:
        self.answering, self.good_for, self.token = answering, good_for, "access-token-"
        self.issued = self.used = 0
        self.asked: list[Request] = []
        self.more: dict[str, Any] = {}

    def issue(self, request: Request) -> Reply:
        """A new token; the one before is no longer good."""
        self.asked.append(request)
        self.issued, self.used = self.issued + 1, 0
        return Reply({"access_token": f"{self.token}{self.issued}", "token_type": "Bearer", **self.more})

    def __call__(self, request: Request) -> Reply:
        """A token, or a page for one that is good."""
        if request.path == "/token":
            return self.issue(request)
        self.used += 1
        is_good = request.headers.get("Authorization") == f"Bearer {self.token}{self.issued}"
        return self.answering(request) if is_good and self.used <= self.good_for else Reply(status=401)


def client(url: str, **keys: Any) -> dict[str, Any]:
    usual = {"type": "oauth2_client_credentials", "token_url": f"{url}/token", "client_id": "client-id"}
    return {**usual, "client_secret": "client-s3cret", **keys}


@pytest.mark.parametrize("good_for", [1, 2, 3])
def test_token_renewed(good_for: int, tmp_path: Path) -> None:
    """A token that expires in the middle is renewed, and the page asked for again: none is missing, none twice."""
    issuer = Issuer(numbered(ROWS, 5), good_for=good_for)
    with serving(issuer) as service:
        auth = client(service.url, scope="crm.read", form={"audience": "crm"})
        require_rows(read_all(tmp_path, definition(service.url, auth=auth)), ROWS)
    assert issuer.issued == -(-5 // good_for)
    assert issuer.asked[0].form == {
        "grant_type": "client_credentials",
        "client_id": "client-id",
        "client_secret": "client-s3cret",
        "scope": "crm.read",
        "audience": "crm",
    }


def test_token_expires_by_its_own_word(tmp_path: Path) -> None:
    """A token that says how long it lives is not used any longer."""
    issuer = Issuer(numbered(ROWS, 5), good_for=1)
    issuer.more = {"expires_in": "0"}
    with serving(issuer) as service:
        require_rows(read_all(tmp_path, definition(service.url, auth=client(service.url))), ROWS)
        assert [request.path for request in service.requests] == ["/token", "/items"] * 5


def test_client_in_the_header(tmp_path: Path) -> None:
    """Client and secret may stand in the header, and then not in the form."""
    issuer = Issuer(numbered(ROWS, 5), good_for=9)
    with serving(issuer) as service:
        require_rows(read_all(tmp_path, definition(service.url, auth=client(service.url, sent_as="basic"))), ROWS)
    [asked] = issuer.asked
    assert asked.form == {"grant_type": "client_credentials"}
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"client-id:client-s3cret").decode()


def test_token_refused_for_good(tmp_path: Path) -> None:
    """A new token that is refused too ends it: one renewal per page."""
    issuer = Issuer(numbered(ROWS, 5), good_for=0)
    with serving(issuer) as service, pytest.raises(DeliveryError, match="status 401"):
        read_all(tmp_path, definition(service.url, auth=client(service.url)))
    assert issuer.issued == 2


def test_bearer_is_not_renewed(tmp_path: Path) -> None:
    """A token that can't be renewed is refused at once."""
    with serving(lambda _: Reply(status=401)) as service:
        with pytest.raises(DeliveryError, match="status 401"):
            read_all(tmp_path, definition(service.url, auth={"type": "bearer", "token": "t-123456"}))
        assert len(service.requests) == 1


REFUSED: dict[str, tuple[Reply, str]] = {
    "status": (Reply({"error": "invalid_client", "client_secret": "client-s3cret"}, 401), "status 401"),
    "no token": (Reply({"error": "invalid_client"}), "a text at access_token"),
    "null": (Reply({"access_token": None}), "a text at access_token"),
    "a web page": (Reply(b"<html>"), "a web page"),
    "an array": (Reply([]), "a text at access_token"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_login_refused(name: str, tmp_path: Path) -> None:
    """A login that gives no token is said to be what failed, without the secret."""
    reply, found = REFUSED[name]
    with serving(lambda _: reply) as service:
        for auth in (client(service.url), login(service.url, {"token": "access_token"})):
            with pytest.raises(DeliveryError) as error:
                read_all(tmp_path, definition(service.url, auth=auth))
            assert found in str(error.value)
            assert "auth" in error.value.cure
            assert "s3cret" not in str(error.value)
        assert {request.path for request in service.requests} == {"/token"}


def login(url: str, values: Mapping[str, str], **keys: Any) -> dict[str, Any]:
    body = {"appId": "app", "appSecret": "app-s3cret"}
    return {"type": "login", "url": f"{url}/token", "body": body, "values": values, **keys}


def test_login_into_the_body(tmp_path: Path) -> None:
    """Values of a login stand in body, headers and params; a code of an expired token in status 200 renews them."""
    pages = by_offset(ROWS)
    issued = 0
    used = 0

    def answer(request: Request) -> Reply:
        nonlocal issued, used
        if request.path == "/token":
            assert request.body == {"appId": "app", "appSecret": "app-s3cret"}
            issued, used = issued + 1, 0
            return Reply({"errorCode": 0, "corpAccessToken": f"corp-token-{issued}", "corp": {"id": "FSCORP"}})
        body = request.body
        used += 1
        assert (body["corpId"], request.headers["X-Corp"]) == ("FSCORP", "FSCORP")
        if used > 2 or body["token"] != f"corp-token-{issued}":
            return Reply({"errorCode": 20016, "errorMessage": "expired"})
        window = {name: str(body["data"][name]) for name in ("offset", "limit")}
        found = pages(Request("POST", "/", window, {}, b"")).body
        return Reply({"errorCode": 0, "data": {"dataList": found["items"], "total": len(ROWS)}})

    with serving(answer) as service:
        read = definition(
            service.url,
            method="POST",
            body={"token": "{token}", "corpId": "{corp_id}", "data": {"filters": []}},
            headers={"X-Corp": "{corp_id}"},
            records="data.dataList",
            total="data.total",
            paginator={"type": "offset", "limit": 3, "offset_body": "data.offset", "limit_body": "data.limit"},
            failure={"code": "errorCode", "ok": [0], "expired": [20016]},
            auth=login(service.url, {"token": "corpAccessToken", "corp_id": "corp.id"}),
        )
        require_rows(read_all(tmp_path, read), ROWS)
    assert issued == 4


def test_login_by_form_and_get(tmp_path: Path) -> None:
    """A login may send a form, or ask with GET."""
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        if request.path == "/token":
            seen.append(request)
            return Reply({"access_token": "token-123"})
        assert request.headers["Authorization"] == "Zoho-oauthtoken token-123"
        return numbered(ROWS, 10)(request)

    with serving(answer) as service:
        for keys in (
            {"form": {"refresh_token": "r"}, "body": None},
            {"method": "GET", "params": {"key": "k"}, "body": None},
        ):
            auth = login(service.url, {"token": "access_token"}, **keys)
            read = definition(service.url, auth=auth, headers={"Authorization": "Zoho-oauthtoken {token}"})
            require_rows(read_all(tmp_path, read), ROWS)
    assert (seen[0].method, seen[0].form) == ("POST", {"refresh_token": "r"})
    assert (seen[1].method, seen[1].params) == ("GET", {"key": "k"})


def test_code_of_failure(tmp_path: Path) -> None:
    """A failure in an answer with status 200 is one, with its code and without its words."""
    reply = Reply({"errorCode": 10006, "errorMessage": "王小明 may not"})
    with serving(lambda _: reply) as service, pytest.raises(DeliveryError, match="code 10006") as error:
        read_all(tmp_path, definition(service.url, failure={"code": "errorCode"}))
    assert "王小明" not in str(error.value)
    assert kept_files(tmp_path) == []
