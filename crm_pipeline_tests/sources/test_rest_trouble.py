"""Claims on trouble: what passes is asked again with patience, what does not is said at once, and never a secret."""

from __future__ import annotations

import gc
import gzip
import inspect
import logging
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import GeneratorType
from typing import Any

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.sources.rest import bodies, session
from crm_pipeline_tests.sources.rest_reading import asked, definition, kept_files, read_all, require_rows
from crm_pipeline_tests.sources.rest_service import Answering, Reply, Request, by_link, numbered, people, serving

ROWS = people(20)
SECRET = "s3cret-王"
KEY = {"auth": {"type": "api_key", "place": "query", "name": "api_key", "key": "s3cret-key"}}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, instead of waiting."""
    found: list[float] = []
    monkeypatch.setattr(session, "sleep", found.append)
    return found


def failing(answering: Answering, replies: dict[int, Reply]) -> Answering:
    """The same with some answers, by their number from 1, replaced."""
    count = 0

    def answer(request: Request) -> Reply:
        nonlocal count
        count += 1
        return replies[count] if count in replies else answering(request)

    return answer


PAGES = numbered(ROWS, 5)
PASSING: dict[str, Reply] = {
    **{f"status {status}": Reply({"error": SECRET}, status) for status in (429, 500, 502, 503, 504)},
    "a closed connection": Reply(is_dropped=True),
    "an answer cut short": Reply({"items": ROWS[5:10]}, missing=20),
    "JSON cut short": Reply(b'{"items": [{"id": 6, "na'),
    "silence": Reply({"items": []}, wait=0.6),
    "code of trouble": Reply({"code": 99, "items": []}),
}


@pytest.mark.parametrize("name", PASSING)
def test_passing_trouble(name: str, tmp_path: Path, waits: list[float]) -> None:
    """Trouble that passes costs a wait, with more for the second try, and no record."""
    trouble = PASSING[name]
    pages = numbered(ROWS, 5, code=0)
    with serving(failing(pages, {2: trouble, 3: trouble, 5: trouble})) as service:
        failure = {"code": "code", "retry": [99]}
        read = definition(service.url, retries=2, timeout_seconds=0.3, failure=failure)
        require_rows(read_all(tmp_path, read), ROWS)
    assert len(waits) >= 3


@pytest.mark.parametrize("name", PASSING)
def test_lasting_trouble(name: str, tmp_path: Path, waits: list[float]) -> None:
    """Trouble that stays ends the reading with an error that names extract and cure, and quotes nothing."""
    trouble = PASSING[name]
    with serving(failing(numbered(ROWS, 5, code=0), dict.fromkeys(range(2, 9), trouble))) as service:
        failure = {"code": "code", "retry": [99]}
        read = definition(service.url, retries=2, timeout_seconds=0.3, failure=failure, **KEY)
        with pytest.raises(DeliveryError) as error:
            read_all(tmp_path, read)
        assert len(service.requests) == 4
    require_discreet(error.value)
    assert "3 times" in str(error.value)
    assert "kept for a day" in error.value.cure


def require_discreet(error: DeliveryError) -> None:
    """The error names the extract, and neither it nor what lies behind it holds a secret or an answer."""
    assert error.where.startswith("desk.tickets")
    shown = "".join(traceback.format_exception(error)) + str(error.__context__) + str(error.__cause__)
    for text in ("s3cret", SECRET, "api_key=", "客户"):
        assert text not in shown


FINAL: dict[str, tuple[Reply, str, str]] = {
    "bad request": (Reply({"error": SECRET}, 400), "status 400", "documentation"),
    "wrong password": (Reply({"error": SECRET}, 401), "status 401", "credentials"),
    "no right": (Reply({"error": SECRET}, 403), "status 403", "right"),
    "no such address": (Reply({"error": SECRET}, 404), "status 404", "path"),
    "a page for signing in": (
        Reply(f"<!DOCTYPE html><p>{SECRET}".encode(), headers={"Content-Type": "text/html"}),
        "a web page, such as one for signing in", "auth"),
    "text": (Reply(SECRET.encode()), "an answer that is none", "base_url"),
    "two values": (Reply(b'{"items": []} {"items": []}'), "an answer that is none", "base_url"),
    "bytes of another encoding": (Reply(b'{"items": ["\xff"]}'), "other bytes", "operator"),
    "a redirect to another host": (
        Reply(status=302, headers={"Location": "http://example.invalid/?k=s3cret"}),
        "one to http://example.invalid", "base_url"),
    "a redirect in a circle": (Reply(status=302, headers={"Location": "/items"}), "TooManyRedirects", "base_url"),
    "a redirect to nowhere": (Reply(status=302), "status 302", "documentation"),
}  # fmt: skip


@pytest.mark.parametrize("name", FINAL)
def test_final_trouble(name: str, tmp_path: Path, waits: list[float]) -> None:
    """Trouble that does not pass is said at once, with the cure, and quotes nothing."""
    reply, found, cure = FINAL[name]
    with serving(lambda _: reply) as service, pytest.raises(DeliveryError) as error:
        read_all(tmp_path, definition(service.url, retries=5, **KEY))
    require_discreet(error.value)
    assert found in error.value.found
    assert cure in error.value.cure
    assert "Nothing was loaded." in error.value.cure  # and nothing is kept that a next run could go on behind
    assert waits == []
    assert kept_files(tmp_path) == []


@pytest.mark.parametrize("is_packed", [False, True])
def test_answer_without_end(
    tmp_path: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch, *, is_packed: bool
) -> None:
    """An answer that is longer than a page can be, unpacked, is not read to its end, and is not asked for again."""
    monkeypatch.setattr(bodies, "LONGEST_BODY_BYTES", 1 << 20)
    body = b'{"items": [' + b" " * (1 << 21) + b"]}"
    reply = Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if is_packed else Reply(body)
    with serving(lambda _: reply) as service, pytest.raises(DeliveryError) as error:
        read_all(tmp_path, definition(service.url, retries=5, **KEY))
    require_discreet(error.value)
    assert (error.value.expected, error.value.found) == ("an answer of at most 1 MiB", "a longer one")
    assert len(service.requests) == 1


ADDRESSES = {
    "the same": ("https://a.cn/x", "https://a.cn:443/y", True),
    "with encryption": ("http://a.cn/x", "https://a.cn/y", True),
    "with encryption, another port": ("http://a.cn/x", "https://a.cn:8443/y", False),
    "another port with encryption": ("http://a.cn:8080/x", "https://a.cn/y", False),
    "without encryption": ("https://a.cn/x", "http://a.cn/y", False),
    "another port": ("https://a.cn/x", "https://a.cn:8443/y", False),
    "another host": ("https://a.cn/x", "https://b.cn/y", False),
}


@pytest.mark.parametrize(("base", "target", "is_same"), ADDRESSES.values(), ids=[*ADDRESSES])
def test_where_credentials_may_go(base: str, target: str, *, is_same: bool) -> None:
    """Credentials go to the same host and port alone, and from the usual port to that of encryption."""
    if is_same:
        session.require_same_host("w", base, target, frozenset())
    else:
        with pytest.raises(DeliveryError, match="links and redirects"):
            session.require_same_host("w", base, target, frozenset())


def test_no_walk_is_left_to_the_end_of_the_interpreter(tmp_path: Path) -> None:
    """A reading that is left in the middle is closed there and then."""
    with serving(numbered(ROWS, 5)) as service:
        with open_delivery(definition(service.url), asked(tmp_path)) as reading:
            next(iter(reading.batches))
            found = [each for each in gc.get_objects() if type(each) is GeneratorType]
            [walk] = [each for each in found if each.__qualname__ == "Pages._walk" and each.gi_frame is not None]
        assert inspect.getgeneratorstate(walk) == "GEN_CLOSED"


def test_redirect_within_the_host(tmp_path: Path) -> None:
    """A redirect within the host is followed with the credentials; one that would drop a body is refused."""

    def answer(request: Request) -> Reply:
        if request.path == "/items":
            return Reply(status=301, headers={"Location": "/v2/items"})
        assert request.headers["Authorization"] == "Bearer s3cret-token"
        return Reply({"items": ROWS})

    keys = {"paginator": "single", "auth": {"type": "bearer", "token": "s3cret-token"}}
    with serving(answer) as service:
        require_rows(read_all(tmp_path, definition(service.url, **keys)), ROWS)
        with pytest.raises(DeliveryError, match="drop the body"):
            read_all(tmp_path, definition(service.url, method="POST", **keys))


def test_nobody_there(tmp_path: Path, waits: list[float]) -> None:
    """A service that can't be reached, or whose name nobody knows, is tried again with longer and longer waits."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        for url in (f"http://127.0.0.1:{unused.getsockname()[1]}", "http://service.invalid"):
            with pytest.raises(DeliveryError, match="refused or broke, 4 times") as error:
                read_all(tmp_path, definition(url, retries=3, **KEY))
            require_discreet(error.value)
    assert len(waits) == 6
    for wait, longest in zip(waits, [1, 2, 4] * 2, strict=True):
        assert longest / 2 <= wait <= longest


def test_waits_have_a_bound(tmp_path: Path, waits: list[float]) -> None:
    """No wait of ours is longer than the bound."""
    with serving(lambda _: Reply(status=500)) as service, pytest.raises(DeliveryError):
        read_all(tmp_path, definition(service.url, retries=8, longest_wait_seconds=3))
    assert max(waits) <= 3


def http_date(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        (lambda: "7", 7, 7),
        (lambda: http_date(60), 50, 60),
        (lambda: http_date(-60), 0, 0),
        (lambda: "soon", 0.5, 1),
        (lambda: "-5", 0.5, 1),
    ],
)
def test_retry_after(header: Callable[[], str], least: float, most: float, tmp_path: Path, waits: list[float]) -> None:
    """What Retry-After asks for, as seconds or as a date, is waited for; what it can't mean is passed over."""

    def answer(request: Request) -> Reply:
        is_first = len(service.requests) == 1
        return Reply(status=429, headers={"Retry-After": header()}) if is_first else PAGES(request)

    with serving(answer) as service:
        require_rows(read_all(tmp_path, definition(service.url, retries=1)), ROWS)
    [wait] = waits
    assert least <= wait <= most


def test_retry_after_too_long(tmp_path: Path, waits: list[float]) -> None:
    """A service that asks for more patience than allowed ends the run, with what it asked for."""
    with serving(lambda _: Reply(status=429, headers={"Retry-After": "3600"})) as service:
        with pytest.raises(DeliveryError, match="asked again in 3,600 seconds"):
            read_all(tmp_path, definition(service.url, retries=5))
        assert len(service.requests) == 1
    assert waits == []


def test_pace(tmp_path: Path, waits: list[float]) -> None:
    """Requests are as far apart as requests_per_minute says."""
    with serving(PAGES) as service:
        read_all(tmp_path, definition(service.url, requests_per_minute=30))
        assert len(service.requests) == 5
    assert len(waits) == 4
    assert all(1.5 < wait <= 2 for wait in waits)


def test_nothing_secret_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture, waits: list[float]) -> None:
    """Even where everything is logged, no query and no token is."""
    caplog.set_level(logging.DEBUG)
    with serving(failing(PAGES, {1: Reply(status=503)})) as service:
        read_all(tmp_path, definition(service.url, retries=1, params={"token": "s3cret-token"}, **KEY))
    assert "asking again" in caplog.text
    assert "s3cret" not in caplog.text


def test_nothing_of_dlt_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of dlt's own is looked for, and nothing is left behind."""
    home = tmp_path / "home"
    (home / ".dlt").mkdir(parents=True)
    (home / ".dlt" / "config.toml").write_text("this is [not toml", encoding="utf-8")
    code = (
        "from pathlib import Path\n"
        "from crm_pipeline_tests.sources.rest_service import numbered, people, serving\n"
        "from crm_pipeline_tests.sources.rest_reading import definition, read_all\n"
        "with serving(numbered(people(9), 4)) as s:\n"
        "    print(len(read_all(Path('p'), definition(s.url)).ids()))\n"
    )
    environment = {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"}
    (home / "p").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "9\n"), done.stderr
    left = {path.relative_to(home).as_posix() for path in home.rglob("*")}
    assert left <= {".dlt", ".dlt/config.toml", "p", "p/temporary", "p/temporary/rest"}


def test_own_credentials_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords of ~/.netrc are not sent."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password s3cret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(by_link(ROWS, 5)) as service:
        keys: dict[str, Any] = {"records": "records", "paginator": {"type": "next_link", "next": "nextRecordsUrl"}}
        read_all(tmp_path, definition(service.url, **keys))
        assert all("Authorization" not in request.headers for request in service.requests)
