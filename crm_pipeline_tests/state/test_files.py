"""Claims on files that are there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crm_pipeline.state.files import appearing, read_json, sha256_of, write_json


def test_content_appears_at_the_end(tmp_path: Path) -> None:
    """The file appears under its name when the block ends, not before, readable by its owner only."""
    file = tmp_path / "new" / "x.json"
    with appearing(file) as temporary:
        temporary.write_text("all")
        assert not file.exists()
        assert temporary.parent == file.parent
        assert temporary.name.startswith(".tmp-")
    assert file.read_text() == "all"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["x.json"]


def test_mode(tmp_path: Path) -> None:
    """The permissions are the ones asked for."""
    with appearing(tmp_path / "x", mode=0o644) as temporary:
        temporary.write_text("all")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("before", [None, "old"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_block_that_raises_changes_nothing(tmp_path: Path, before: str | None, error: type[BaseException]) -> None:
    """When the block raises, the error passes, what was there stays, and no temporary file is left."""
    file = tmp_path / "x"
    if before:
        file.write_text(before)
    with pytest.raises(error), appearing(file) as temporary:
        temporary.write_text("half")
        raise error
    assert (file.read_text() if file.exists() else None) == before
    assert [entry.name for entry in tmp_path.iterdir()] == (["x"] if before else [])


def test_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    """A writer killed in the block leaves the old file as it was, and the next writer succeeds."""
    file = tmp_path / "x"
    file.write_text("old")
    script = (
        "import sys, time, pathlib\n"
        "from crm_pipeline.state.files import appearing\n"
        "with appearing(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    print('in the block', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(file)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().strip() == b"in the block"
        os.kill(writer.pid, signal.SIGKILL)
    assert file.read_text() == "old"
    assert {entry.name for entry in tmp_path.iterdir()} == {"x", ".tmp-x"}
    with appearing(file) as temporary:
        assert not temporary.exists()
        temporary.write_text("new")
    assert file.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


def test_json(tmp_path: Path) -> None:
    """JSON comes back equal with keys in their order and Chinese text readable in the file."""
    value = {"乙": [1, None], "甲": {"名": "王小明"}}
    write_json(tmp_path / "x.json", value)
    assert list(read_json(tmp_path / "x.json").items()) == list(value.items())
    assert "王小明" in (tmp_path / "x.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_sha256(tmp_path: Path, size: int) -> None:
    """The hash read in chunks is that of the whole."""
    content = bytes(i % 251 for i in range(256)) * (size // 256 + 1)
    (tmp_path / "x").write_bytes(content[:size])
    assert sha256_of(tmp_path / "x") == hashlib.sha256(content[:size]).hexdigest()
