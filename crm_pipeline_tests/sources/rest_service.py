"""A service on this machine that answers as the tests tell it to, and misbehaves as real ones do.

Belongs here: the server, and the usual ways of giving pages. Does not belong here: any claim.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """What the service was asked."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """What was sent, as JSON."""
        return json.loads(self.content)

    @property
    def form(self) -> dict[str, str]:
        """What was sent, as a form."""
        return dict(parse_qsl(self.content.decode()))


@dataclass(frozen=True)
class Reply:
    """What it answers: a value as JSON, or bytes.

    Attributes:
        wait: seconds before the answer.
        missing: bytes at the end that are announced and not sent.
        is_dropped: the connection is closed instead of an answer.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0
    missing: int = 0
    is_dropped: bool = False


Answering = Callable[[Request], Reply]


class Service:
    """The running service: where it is, what it answers, what it was asked."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                service.handle(self)

            do_POST = do_GET  # noqa: N815 - named by http.server

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers one request."""
        parts = urlsplit(handler.path)
        content = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        request = Request(
            handler.command, parts.path, dict(parse_qsl(parts.query)), dict(handler.headers.items()), content
        )
        self.requests.append(request)
        reply = self.answer(request)
        time.sleep(reply.wait)
        if reply.is_dropped:
            handler.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body, ensure_ascii=False).encode()
        with contextlib.suppress(OSError):  # who asked may have gone
            handler.send_response(reply.status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **reply.headers}
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body[: len(body) - reply.missing])
        handler.close_connection = handler.close_connection or bool(reply.missing)


@contextlib.contextmanager
def serving(answer: Answering) -> Iterator[Service]:
    """The service, for the block."""
    service = Service(answer)
    try:
        yield service
    finally:
        service.close()


def people(count: int, first: int = 1) -> list[dict[str, Any]]:
    """Records as a CRM has them, each changed a minute after the one before."""
    return [
        {
            "id": number,
            "name": f"客户{number}",
            "address": {"city": "上海"},
            "updated_at": f"2026-01-05T{number // 60:02d}:{number % 60:02d}:00Z",
        }
        for number in range(first, first + count)
    ]


def numbered(rows: Sequence[Any], size: int, **more: Any) -> Answering:
    """Pages by number from 1, empty behind the last."""
    return lambda r: Reply({"items": page_of(rows, size, int(r.params.get("page", "1")) - 1), **more})


def by_offset(rows: Sequence[Any], most: int = 1000, **more: Any) -> Answering:
    """Pages by offset and limit, of at most `most` records."""

    def answer(request: Request) -> Reply:
        start, limit = int(request.params["offset"]), min(int(request.params["limit"]), most)
        return Reply({"items": list(rows[start : start + limit]), **more})

    return answer


def by_token(rows: Sequence[Any], size: int, **more: Any) -> Answering:
    """Pages by a token that hides the number of records before them."""

    def answer(request: Request) -> Reply:
        start = int(request.params.get("after", "t0")[1:])
        is_last = start + size >= len(rows)
        found = {"next": {"after": f"t{start + size}"}} if not is_last else {}
        return Reply({"items": list(rows[start : start + size]), "paging": found, **more})

    return answer


def by_link(rows: Sequence[Any], size: int) -> Answering:
    """Pages by an address in the answer, as Salesforce has it."""

    def answer(request: Request) -> Reply:
        start = int(request.path.rpartition("-")[2]) if "-" in request.path else 0
        is_last = start + size >= len(rows)
        found = {} if is_last else {"nextRecordsUrl": f"/query/x-{start + size}"}
        return Reply({"records": list(rows[start : start + size]), "done": is_last, "totalSize": len(rows), **found})

    return answer


def by_last_record(rows: Sequence[Any], size: int) -> Answering:
    """Pages behind a record that the body names, as 简道云 has it."""

    def answer(request: Request) -> Reply:
        last = request.body.get("data_id")
        following = [row for row in rows if last is None or row["id"] > last]
        return Reply({"data": following[:size]})

    return answer


def page_of(rows: Sequence[Any], size: int, number: int) -> list[Any]:
    return list(rows[number * size : (number + 1) * size])
