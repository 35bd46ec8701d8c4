"""Rows by connectorx, in a process of its own that writes them to a file of Arrow batches.

Of its own, since connectorx takes rows from the server as fast as they come, whether anybody wants them or not: memory
is bounded only where they are put away as fast; since it goes on for half a minute after a refusal; and since what it
writes to standard error can't be kept out of logs otherwise. Run as a program, this is that process: it reads what to
do from standard input, as JSON, and answers with one line of JSON.

Belongs here: that process, starting and ending it. Does not belong here: SQL, what went wrong (`mysql`, `other`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa

_ROWS_OF_A_BATCH = 16_384
_END_SECONDS = 30  # beyond its own time-out, until the process is ended


@dataclass(frozen=True, slots=True)
class Request:
    """What the process is told.

    Attributes:
        url: with user and password.
        select: the query.
        before: statements that make the session as it must be.
        file: descriptor of the file where the batches go, handed down.
    """

    url: str
    select: str
    before: tuple[str, ...]
    file: int


class StreamingError(Exception):
    """What connectorx said."""


def streamed(
    url: str, select: str, *, before: Sequence[str] = (), folder: Path, timeout_seconds: int
) -> Iterator[pa.RecordBatch]:
    """The rows of a select, after the last of them was received; at least one batch.

    Args:
        url: with user and password; handed over by standard input, so that no list of processes shows it.
        select: the query.
        before: statements that make the session as it must be.
        folder: for the batches, in a file without a name: however this ends, none of them stays.
        timeout_seconds: until the last row is received.

    Raises:
        StreamingError: connectorx failed; its message as it is.
        TimeoutError: it did not end in time.
        OSError: the batches can't be written, mostly for want of space.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        _run(Request(url, select, tuple(before), file.fileno()), timeout_seconds + _END_SECONDS)
        file.seek(0)
        with pa.ipc.open_stream(file) as reader:
            yield pa.RecordBatch.from_pylist([], reader.schema)
            yield from reader


def _run(request: Request, timeout_seconds: int) -> None:
    command = [sys.executable, "-P", __file__]  # alone: half a second less than as a part of the package
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            command,
            input=json.dumps(asdict(request)).encode(),
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
            pass_fds=(request.file,),
        )
    except subprocess.TimeoutExpired:  # what it raises shows the input
        raise TimeoutError from None
    answer = json.loads(done.stdout) if done.stdout else {"error": f"it ended with {done.returncode}", "is_file": False}
    if answer["error"] is not None:
        raise OSError(answer["error"]) if answer["is_file"] else StreamingError(answer["error"])


def _receive(request: Request, file: IO[bytes]) -> None:
    """Writes all rows, as fast as they come."""
    import connectorx  # noqa: PLC0415 - in the process only

    reader = connectorx.read_sql(
        request.url,
        request.select,
        return_type="arrow_stream",
        batch_size=_ROWS_OF_A_BATCH,
        pre_execution_query=list(request.before) or None,
    )
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(file, reader.schema, options=options) as writer:
        for batch in reader:
            writer.write_batch(batch)


def _main() -> None:
    error, is_file = None, False
    try:
        request = Request(**json.loads(sys.stdin.buffer.read()))
        with open(request.file, "wb") as file:  # noqa: PTH123 - a descriptor
            _receive(request, file)
    except BaseException as raised:  # noqa: BLE001 - a panic of connectorx is no Exception; it is told, and ends this
        error, is_file = str(raised), isinstance(raised, OSError)
        raise SystemExit(1) from None
    finally:
        sys.stdout.write(json.dumps({"error": error, "is_file": is_file}))
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
