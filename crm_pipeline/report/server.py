"""Reports over HTTP, so that a page of the Dagster UI can link to them: browsers follow no link to a local file.

Belongs here: serving finished files of one folder. Does not belong here: making them.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import re
import socket
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from crm_pipeline.errors import ConfigurationError

# A report needs nothing but itself; whatever got into it could reach nobody.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
_LATEST = "latest.html"
_REPORT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\.html")
_PATH = re.compile(r"/(?:(?P<project>[A-Za-z0-9-]+)/)?(?P<name>[^/]*)")
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:[0-9]*)?")  # of a request: name or address, perhaps a port
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HIGHEST_PORT = 65_535
_ENDS_WITHIN_SECONDS = 0.05  # how soon the server notices that it is to end
_BAD_HOST = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_BAD_PORT = {errno.EADDRINUSE, errno.EACCES}


@contextlib.contextmanager
def serve(folder: Path, host: str, port: int, *, project: str) -> Iterator[str]:
    """The address under which the HTML files of `folder` are served while the block runs; `/` is the latest report.

    Links begin with the name of their project, `/<project>/<file>`: whoever listens on the port of a project that is
    not open, or no longer has the report, says so and shows nothing else in its place.

    Args:
        folder: where the reports are; it need not exist yet.
        host: name or address to listen on, IPv6 without brackets. On a loopback address, requests that name another
            host are refused: a foreign page whose name was pointed at this machine can't read reports.
        port: 0 for any free one.
        project: its name in links, in letters, digits and hyphens.

    Raises:
        ConfigurationError: the port is taken or none, or the host is not one of this machine.
    """
    server = _listening(folder, host, port, project)
    thread = threading.Thread(target=server.serve_forever, args=(_ENDS_WITHIN_SECONDS,), name="reports", daemon=True)
    thread.start()
    try:
        yield url_of(host, server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def url_of(host: str, port: int) -> str:
    """The URL by which a browser on this machine reaches what listens on `host`; a wildcard is no address to go to."""
    return f"http://{_host_in_url(host)}:{port}"


def _host_in_url(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return "127.0.0.1" if address.is_unspecified else host
    return "[::1]" if address.is_unspecified else f"[{host}]"


def _listening(folder: Path, host: str, port: int, project: str) -> _Server:
    if not 0 <= port <= _HIGHEST_PORT:
        raise _bad_port(host, f"{port}, which is none: ports end at {_HIGHEST_PORT}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return _Server(folder, host, project, family, address)
    except (socket.gaierror, UnicodeError):
        raise _bad_host(host, "which no name service knows") from None
    except OSError as error:
        reason = (error.strerror or "refused").lower()
        if error.errno in _BAD_HOST:
            raise _bad_host(host, reason) from None
        if error.errno in _BAD_PORT:
            raise _bad_port(host, f"{port}, {reason}") from None
        raise


def _bad_host(host: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        where="--host",
        expected="a name or an address of this machine",
        found=f"{host!r}, {reason}",
        cure="Leave it out for 127.0.0.1; an IPv6 address is written without brackets.",
    )


def _bad_port(host: str, found: str) -> ConfigurationError:
    return ConfigurationError(
        where="--reports-port", expected=f"a free port on {host}", found=found, cure="Choose another one."
    )


class _Server(ThreadingHTTPServer):
    """A server on one address of either family, its project, and the hosts that requests may name; None for any."""

    def __init__(self, folder: Path, host: str, project: str, family: int, address: tuple[Any, ...]) -> None:
        self.address_family = family
        self.project = project
        is_loopback = ipaddress.ip_address(address[0]).is_loopback
        own = {_host_in_url(host).lower(), _host_in_url(address[0])}
        self.hosts = _LOCAL_HOSTS | own if is_loopback else None
        super().__init__(address, lambda *given: _Handler(*given, directory=str(folder)))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a browser that went away; all else is a defect and shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(SimpleHTTPRequestHandler):
    """Finished reports, and nothing else of the folder."""

    server: _Server

    def translate_path(self, path: str) -> str:
        """The file that a request means; one that can't exist unless it is a finished report."""
        _, name = _parts(path)
        return str(Path(self.directory) / (name if _REPORT.fullmatch(name) else ".none"))

    def end_headers(self) -> None:
        """The headers, those among them that keep a report to itself."""
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")  # latest.html changes with each run
        super().end_headers()

    def guess_type(self, path: Any) -> str:  # noqa: ARG002 - the name is inherited
        """HTML in UTF-8, as all reports are."""
        return "text/html; charset=utf-8"

    def do_GET(self) -> None:
        """A report, or a word that there is none yet."""
        if self._is_answered():
            super().do_GET()

    def do_HEAD(self) -> None:
        """The headers of what GET answers."""
        if self._is_answered():
            super().do_HEAD()

    def _is_answered(self) -> bool:
        """Whether to look for the file; otherwise the refusal is sent."""
        if not all(_is_among(named, self.server.hosts) for named in self.headers.get_all("Host", [])):
            self.send_error(HTTPStatus.FORBIDDEN, "Another host", "Reports are read under this machine's own name.")
            return False
        project, name = _parts(self.path)
        is_own = project in {"", self.server.project}
        is_there = _REPORT.fullmatch(name) is not None and (Path(self.directory) / name).is_file()
        if not is_own and not (is_there and name != _LATEST):  # moved or copied, a project has its runs' reports still
            explanation = f"Here are the reports of {self.server.project}; those of another one are where its UI is."
            self.send_error(HTTPStatus.NOT_FOUND, "Another project", explanation)
            return False
        if not is_there and name == _LATEST:
            self.send_error(HTTPStatus.NOT_FOUND, "No report yet", "The first run writes one.")
            return False
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
        """Says nothing: what is asked for is nobody's business."""


def _parts(path: str) -> tuple[str, str]:
    """The project that a request names, empty for none, and the file; a file that can't be for any other path."""
    found = _PATH.fullmatch(path.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0])
    return (found["project"] or "", found["name"] or _LATEST) if found else ("", "")


def _is_among(named: str, hosts: frozenset[str] | None) -> bool:
    if hosts is None:
        return True
    parts = _HOST.fullmatch(named.strip().lower())
    return parts is not None and parts[1] in hosts
