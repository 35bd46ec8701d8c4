"""Claims on the writer's lock, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crm_pipeline.errors import BusyError
from crm_pipeline.warehouse import writer_lock
from crm_pipeline.warehouse.lock import require_free

HOLD = """\
import pathlib, sys, time
from crm_pipeline.warehouse import writer_lock
from crm_pipeline.warehouse.lock import require_free
with writer_lock(pathlib.Path(sys.argv[1]), run_id="the-other-run"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    """A process that holds the lock for so long."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"held"
    return process


def test_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    """A second process is refused at once, with run, process and time of the holder, and a killed holder frees it."""
    with holder(tmp_path, 60) as other:
        try:
            with pytest.raises(BusyError) as caught, writer_lock(tmp_path, run_id="mine"):
                pass
            assert "run the-other-run" in caught.value.found
            assert f"process {other.pid} since 20" in caught.value.found
            assert caught.value.exit_code == 3
        finally:
            os.kill(other.pid, signal.SIGKILL)
    with writer_lock(tmp_path, run_id="mine", wait_seconds=5) as lock:
        assert "mine" in lock.holder_file.read_text()
    assert not lock.holder_file.exists()


def test_waits_for_its_turn(tmp_path: Path) -> None:
    """With time to wait, the lock is given when the holder ends."""
    with holder(tmp_path, 0.5), writer_lock(tmp_path, run_id="mine", wait_seconds=20) as lock:
        assert "mine" in lock.holder_file.read_text()


def test_freed_after_an_error(tmp_path: Path) -> None:
    """A block that raises gives the lock back and leaves no holder behind."""
    with pytest.raises(KeyError), writer_lock(tmp_path, run_id="first"):
        raise KeyError
    with writer_lock(tmp_path, run_id="second"):
        pass
    assert not (tmp_path / "warehouse.holder.json").exists()


def test_within_one_process(tmp_path: Path) -> None:
    """The same process can't take it twice, and the refusal leaves the first holder's name in place."""
    with writer_lock(tmp_path, run_id="first"):
        started = time.monotonic()
        with pytest.raises(BusyError, match="run first"), writer_lock(tmp_path, run_id="second", wait_seconds=0.2):
            pass
        assert time.monotonic() - started >= 0.2
        assert "first" in (tmp_path / "warehouse.holder.json").read_text()


def test_holder_file_that_says_nothing(tmp_path: Path) -> None:
    """A holder that is just starting is reported as such, not by another error."""
    with writer_lock(tmp_path, run_id="first") as lock:
        for content in ("", "{"):
            lock.holder_file.write_text(content)
            with pytest.raises(BusyError, match="just starting or ending"), writer_lock(tmp_path, run_id="second"):
                pass


def test_asked_whether_it_is_free(tmp_path: Path) -> None:
    """Asking names the holder, or gives nothing and leaves the lock free; either way the holder stays who it was."""
    with writer_lock(tmp_path, run_id="first"):
        with pytest.raises(BusyError, match=rf"run first in process {os.getpid()} since"):
            require_free(tmp_path)
        assert "first" in (tmp_path / "warehouse.holder.json").read_text()
    require_free(tmp_path)
    assert not (tmp_path / "warehouse.holder.json").exists()
    with writer_lock(tmp_path, run_id="second"):
        pass
