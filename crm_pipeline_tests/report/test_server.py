"""Claims on the server of reports."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.report.server import serve


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
    with serve(folder, "127.0.0.1", 0) as address:
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
    (folder / "latest.html").write_text("latest")
    assert get(url).read() == b"latest"


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


def test_a_taken_port_is_refused(folder: Path) -> None:
    """A port that somebody else has is an error of the call that says what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match="Choose another"), serve(folder, "127.0.0.1", port):
            pass
