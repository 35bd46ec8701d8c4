"""Claims on the server of reports."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.report.server import serve, url_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of reports beside a file that is nobody's business."""
    (tmp_path / "secret.html").write_text("secret")
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "20260305-a.html").write_text("<p>黄金客户", encoding="utf-8")
    (reports / ".tmp-latest.html").write_text("half")
    (reports / "notes.txt").write_text("notes")
    (reports / "below").mkdir()
    (reports / "below" / "a.html").write_text("below")
    return reports


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """The address of the server over it."""
    with serve(folder, "127.0.0.1", 0, project="mine-1") as address:
        yield address


def get(url: str) -> HTTPResponse:
    return urllib.request.urlopen(url, timeout=10)  # type: ignore[no-any-return]  # noqa: S310 - our own server


def test_a_report_is_served(url: str) -> None:
    """A report comes as it is, as UTF-8, and may fetch nothing from anywhere."""
    answer = get(f"{url}/20260305-a.html")
    assert answer.read().decode() == "<p>黄金客户"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_latest_report_is_the_first_page(url: str, folder: Path) -> None:
    """`/` is the latest report, and before the first run a page that says that there is none yet."""
    with pytest.raises(urllib.error.HTTPError, match="No report yet"):
        get(url)
    with pytest.raises(urllib.error.HTTPError, match="No report yet"):
        get(f"{url}/?lang=zh")
    (folder / "latest.html").write_text("latest")
    assert get(url).read() == b"latest"
    assert get(f"{url}/?lang=zh").read() == b"latest"


@pytest.mark.parametrize(
    "path",
    [
        "/notes.txt", "/.tmp-latest.html", "/below/", "/below/a.html", "/../secret.html", "/%2e%2e/secret.html",
        "/..%2fsecret.html", "//etc/passwd", "/none.html", "/20260305-a.html/..",
    ],
)  # fmt: skip
def test_nothing_else_is_served(url: str, path: str) -> None:
    """Other files, unfinished ones, folders and whatever lies outside are not there."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(url + path)
    assert refused.value.code in {400, 404}


def test_a_link_names_its_project(url: str, folder: Path) -> None:
    """Under the name of the project, and under none, there is the same."""
    (folder / "latest.html").write_text("latest")
    assert get(f"{url}/mine-1/").read() == get(f"{url}/mine-1/latest.html?lang=zh").read() == b"latest"
    assert get(f"{url}/mine-1/20260305-a.html").read() == get(f"{url}/20260305-a.html").read()


@pytest.mark.parametrize("path", ["/", "/latest.html", "/20260305-b.html"])
def test_another_project_is_told_so(url: str, folder: Path, path: str) -> None:
    """A link of another project that was served on this port shows no report of this one, and says which this is."""
    (folder / "latest.html").write_text("latest")
    status, reason, _, body = asked(url, "GET", f"/other-2{path}")
    assert (status, reason) == (404, "Another project")
    assert b"Here are the reports of mine-1" in body


def test_a_project_that_moved_has_its_reports(url: str) -> None:
    """A run's report, whose name no other run has, is found under the name that the project had before."""
    assert get(f"{url}/earlier-name-3/20260305-a.html").read().decode() == "<p>黄金客户"


def test_a_taken_port_is_refused(folder: Path) -> None:
    """A port that somebody else has is an error of the call that says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigurationError, match="Choose another"),
            serve(folder, "127.0.0.1", port, project="mine-1"),
        ):
            pass


def asked(url: str, method: str, path: str, host: str | None = None) -> tuple[int, str, dict[str, str], bytes]:
    """Status, reason, headers but for the date, and body of what the server answers."""
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    connection.request(method, path, headers={} if host is None else {"Host": host})
    answer = connection.getresponse()
    headers = {name: value for name, value in answer.getheaders() if name != "Date"}
    try:
        return answer.status, answer.reason, headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/?lang=zh", "/20260305-a.html", "/none.html"])
@pytest.mark.parametrize("host", [None, "rebound.example"])
def test_head_is_get_without_a_body(url: str, path: str, host: str | None) -> None:
    """HEAD answers with status and headers of GET, refusals included."""
    head, whole = asked(url, "HEAD", path, host), asked(url, "GET", path, host)
    assert head[:3] == whole[:3]
    assert head[3] == b""


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1.a.example:80", "10.0.0.1", "[::2]:3001", "", "a b"])
def test_another_host_is_refused(url: str, host: str) -> None:
    """A page whose name was pointed at this machine learns nothing, not even whether a report exists."""
    assert asked(url, "GET", "/20260305-a.html", host)[0] == 403
    assert asked(url, "GET", "/none.html", host)[0] == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1:3001", "[::1]:3001", "[::1]"])
def test_own_names_are_answered(url: str, host: str) -> None:
    """Every name of the loopback is this machine, at whatever port a tunnel has."""
    assert asked(url, "GET", "/20260305-a.html", host)[0] == 200


def test_on_all_addresses_any_name_is_answered(folder: Path) -> None:
    """Whoever listens on all addresses is reached by names that nobody here knows; the URL given is the local one."""
    with serve(folder, "0.0.0.0", 0, project="mine-1") as address:  # noqa: S104 - what the test is about
        assert address.startswith("http://127.0.0.1:")
        assert asked(address, "GET", "/20260305-a.html", "crm.example")[0] == 200


@pytest.mark.parametrize("path", [b"/a\0.html", b"/\0", b"/20260305-a.html\0", b"/\xff.html"])
def test_raw_bytes_print_nothing(url: str, path: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """A request with bytes that no file's name has is answered with 404, without a traceback."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), parts.port), timeout=10) as connection:
        connection.sendall(b"GET " + path + b" HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.0 404")
    assert capfd.readouterr().err == ""


def test_a_browser_that_goes_away_prints_nothing(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A connection that is reset in the middle of a request is no news."""
    parts = urlsplit(url)
    for _ in range(5):
        connection = socket.create_connection((str(parts.hostname), parts.port), timeout=10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.sendall(b"GET /20260305-a.html")
        time.sleep(0.05)
        connection.close()
    assert get(f"{url}/20260305-a.html").status == 200
    time.sleep(0.1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("host", ["::1", "::"])
def test_an_address_of_ipv6_is_served(folder: Path, host: str) -> None:
    """An IPv6 address is listened on, and its URL has brackets."""
    _require_ipv6()
    with serve(folder, host, 0, project="mine-1") as address:
        assert address.startswith("http://[::1]:")
        assert get(f"{address}/20260305-a.html").status == 200


def _require_ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"), ("0.0.0.0", "http://127.0.0.1:1"), ("::", "http://[::1]:1"),  # noqa: S104
        ("0:0::0", "http://[::1]:1"), ("fd00::5", "http://[fd00::5]:1"), ("crm.example", "http://crm.example:1"),
    ],
)  # fmt: skip
def test_urls(host: str, url: str) -> None:
    """The URL of a host is one that a browser on this machine can open."""
    assert url_of(host, 1) == url


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "", "x..y", "a" * 300, "[::1]", "203.0.113.7"])
def test_a_host_that_is_none_of_ours_is_refused(folder: Path, host: str) -> None:
    """A name that nobody knows, or an address of another machine, is an error of --host."""
    with pytest.raises(ConfigurationError) as refused, serve(folder, host, 0, project="mine-1"):
        pass
    assert refused.value.where == "--host"


@pytest.mark.parametrize("port", [-1, 65_536, 10**20])
def test_a_port_that_is_none_is_refused(folder: Path, port: int) -> None:
    """A number beyond the ports is an error of --reports-port."""
    with (
        pytest.raises(ConfigurationError, match=str(port)) as refused,
        serve(folder, "127.0.0.1", port, project="mine-1"),
    ):
        pass
    assert refused.value.where == "--reports-port"
