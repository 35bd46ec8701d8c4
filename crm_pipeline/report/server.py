"""Reports over HTTP, so that a page of the Dagster UI can link to them: browsers follow no link to a local file.

Belongs here: serving finished files of one folder. Does not belong here: making them.
"""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from crm_pipeline.errors import ConfigurationError

# A report needs nothing but itself; whatever got into it could reach nobody.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


@contextlib.contextmanager
def serve(folder: Path, host: str, port: int) -> Iterator[str]:
    """The address under which the HTML files of `folder` are served while the block runs; `/` is the latest report.

    Raises:
        ConfigurationError: the port is taken.
    """
    try:
        server = ThreadingHTTPServer((host, port), lambda *given: _Handler(*given, directory=str(folder)))
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
            raise
        raise ConfigurationError(
            where="--reports-port",
            expected=f"a free port on {host}",
            found=f"{port}, {(error.strerror or 'refused').lower()}",
            cure="Choose another one.",
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="reports", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(SimpleHTTPRequestHandler):
    """Finished reports, and nothing else of the folder."""

    def translate_path(self, path: str) -> str:
        """The file that a request means; one that can't exist unless it is a finished report."""
        name = path.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0].removeprefix("/") or "latest.html"
        is_report = name.endswith(".html") and "/" not in name and not name.startswith(".")
        return str(Path(self.directory) / (name if is_report else ".none"))

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
        if self.path in {"", "/"} and not (Path(self.directory) / "latest.html").exists():
            self.send_error(HTTPStatus.NOT_FOUND, "No report yet", "The first run writes one.")
            return
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
        """Says nothing: what is asked for is nobody's business."""
