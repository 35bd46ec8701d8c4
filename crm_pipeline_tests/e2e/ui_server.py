"""Dagster's servers on a project, as `crm-pipeline ui` starts them, and what a browser's page would ask of them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from crm_pipeline_tests import projects

_JOBS = "{repositoriesOrError{... on RepositoryConnection{nodes{name}}}}"


class Page:
    """What a browser's page would ask the UI's server.

    Attributes:
        url: of the UI.
        process_id: of `crm-pipeline ui`.
    """

    def __init__(self, port: int, process_id: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process_id = process_id

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that the server answers."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"content-type": "application/json"})  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
            return json.load(answer)["data"]

    def is_up(self) -> bool:
        """Whether the server answers and has loaded the project."""
        try:
            return bool(self.ask(_JOBS)["repositoriesOrError"]["nodes"])
        except (OSError, KeyError):
            return False


@contextlib.contextmanager
def opened(project: Path, env: dict[str, str] | None = None, *, reports_port: int | None = 0) -> Iterator[Page]:
    """The UI of a project on a port of its own while the block runs.

    Args:
        project: its folder.
        env: more of the environment.
        reports_port: 0 for any free one, None for the project's usual one.
    """
    command = "from crm_pipeline.cli import main; main()"
    port = _free_port()
    arguments = ["ui", "--project", str(project), "--port", str(port)]
    arguments += [] if reports_port is None else ["--reports-port", str(reports_port)]
    server = subprocess.Popen(
        [sys.executable, "-c", command, *arguments],
        env=projects.environment(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        page = Page(port, server.pid)
        wait_until(page.is_up, 300)  # half a minute on an idle machine, minutes beside other tests
        yield page
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def wait_until(is_done: Callable[[], bool], seconds: float) -> None:
    """Returns as soon as `is_done()`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < end, "too late"
        time.sleep(1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
