"""Command lines in processes of their own that are made in milliseconds, and that die where a test wants them to.

A server imports the package once and computes nothing; each command is a fork of it, so that a real process runs it,
with its own exit status and its own locks, without ten seconds of imports.

Belongs here: forking, and the death. Does not belong here: what is expected afterwards.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crm_pipeline_tests.projects import environment

_IMPORTED = (
    "boto3",
    "great_expectations",
    "splink",
    "crm_pipeline.backup",
    "crm_pipeline.cli.app",
    "crm_pipeline.orchestration.execute",
    "crm_pipeline.publish",
    "crm_pipeline.steps.telling.overview",
    "crm_pipeline_tests.e2e.forgetful",
)
_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Death:
    """Where a process gets a signal, by default the one that kills it.

    Attributes:
        function: `module:attribute`, looked up where it is called.
        when: before or after the call.
        call: which call of it, from 1; of those whose last argument is `name`, when that is given.
        name: file name of the last positional argument.
        signal_number: which signal.
        delay_seconds: how much later, for a signal that shall come while something else goes on.
    """

    function: str
    when: str
    call: int = 1
    name: str | None = None
    signal_number: int = signal.SIGKILL
    delay_seconds: float = 0.0


class CommandLine:
    """A server and the way to ask it; close it at the end."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "crm_pipeline_tests.e2e.crash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def __call__(
        self, *arguments: str | Path, death: Death | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The command, run to its end or its death; a negative exit status is the signal it died of."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            streams = [str(Path(folder) / name) for name in ("stdout", "stderr")]
            asked = {
                "arguments": [str(argument) for argument in arguments],
                "streams": streams,
                "death": asdict(death) if death else None,
                "environment": environment(dict(env or {})),
            }
            self._server.stdin.write(json.dumps(asked) + "\n")
            self._server.stdin.flush()
            status = int(self._server.stdout.readline())
            told = [Path(stream).read_text(encoding="utf-8") for stream in streams]
        return subprocess.CompletedProcess(asked["arguments"], status, *told)

    def close(self) -> None:
        """Ends the server."""
        self._server.communicate()


def _serve() -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become_command(**json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become_command(
    arguments: list[str], streams: list[str], death: dict[str, Any] | None, environment: dict[str, str]
) -> None:
    from crm_pipeline.cli import main

    signal.alarm(_PATIENCE_SECONDS)
    for number, path in zip((1, 2), streams, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored where the tests run in the background
    if death:
        _plan(Death(**death))
    sys.argv = ["crm-pipeline", *arguments]
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


def _plan(death: Death) -> None:
    """Puts the death in the place of the function."""
    module, _, attribute = death.function.partition(":")
    holder: Any = importlib.import_module(module)
    *outer, last = attribute.split(".")
    for part in outer:
        holder = getattr(holder, part)
    setattr(holder, last, _deadly(getattr(holder, last), death))


def _deadly(function: Callable[..., Any], death: Death) -> Callable[..., Any]:
    calls = 0

    @functools.wraps(function)
    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += death.name is None or Path(arguments[-1]).name == death.name
        if calls == death.call and death.when == "before":
            _send(death)
        result = function(*arguments, **named)
        if calls == death.call and death.when == "after":
            _send(death)
        return result

    return deadly


def _send(death: Death) -> None:
    if death.delay_seconds:
        threading.Timer(death.delay_seconds, os.kill, (os.getpid(), death.signal_number)).start()
    else:
        os.kill(os.getpid(), death.signal_number)


if __name__ == "__main__":
    _serve()
