"""The lock that lets one run write at a time, and says who has it.

Belongs here: mutual exclusion between processes of one project. Does not belong here: queueing, which is Dagster's.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import filelock

from crm_pipeline.errors import BusyError
from crm_pipeline.state.files import read_json, write_json


class WriterLock:
    """Proof that this process may write to the warehouse; given by `writer_lock` only."""

    def __init__(self, holder_file: Path) -> None:
        self.holder_file = holder_file


@contextlib.contextmanager
def writer_lock(folder: Path, *, run_id: str, wait_seconds: float = 0) -> Iterator[WriterLock]:
    """Holds the writer's lock of the project whose `var` folder this is; the system frees it when the process dies.

    Args:
        folder: the folder of the lock file.
        run_id: who asks; shown to whoever finds the lock taken.
        wait_seconds: how long to wait for another holder; 0 asks once.

    Raises:
        BusyError: another process holds it; the message says which, and since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder_file = folder / "warehouse.holder.json"
    lock = filelock.FileLock(folder / "warehouse.lock", thread_local=False)
    try:
        lock.acquire(timeout=wait_seconds)
    except filelock.Timeout:
        raise BusyError(
            where=str(folder / "warehouse.lock"),
            expected="no other run writing to this project",
            found=_describe_holder(holder_file),
            cure="Wait for it to end, then run again.",
        ) from None
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(holder_file, {"run_id": run_id, "process_id": os.getpid(), "since": since})
        yield WriterLock(holder_file)
    finally:
        holder_file.unlink(missing_ok=True)
        lock.release()


def require_free(folder: Path) -> None:
    """Nothing, when nobody holds the lock now: to say so before a run is even made; the run itself takes it.

    Raises:
        BusyError: another process holds it.
    """
    with writer_lock(folder, run_id="about to start"):
        return


def _describe_holder(holder_file: Path) -> str:
    try:
        holder = read_json(holder_file)
    except (FileNotFoundError, ValueError):
        return "another process that is just starting or ending"
    return f"run {holder['run_id']} in process {holder['process_id']} since {holder['since']}"
