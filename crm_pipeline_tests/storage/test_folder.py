"""What only a folder can get wrong."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from crm_pipeline.errors import StoreError
from crm_pipeline.storage import open_store


def test_files_are_private(tmp_path: Path) -> None:
    """Stored files have mode 0600 however they were put and whatever the process's mask."""
    store = open_store("backup", base=tmp_path)
    (tmp_path / "open").write_bytes(b"x")
    (tmp_path / "open").chmod(0o666)
    before = os.umask(0)
    try:
        store.put("plain", b"x")
        store.put("absent", b"x", if_absent=True)
        store.put("file", tmp_path / "open")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "backup").iterdir()} == {0o600}


def test_unfinished_files_are_not_listed(tmp_path: Path) -> None:
    """What a crash left under a temporary name is no object, and puts leave none themselves."""
    store = open_store("backup", base=tmp_path)
    store.put("a/key", b"x", if_absent=True)
    assert [file.name for file in (tmp_path / "backup/a").iterdir()] == ["key"]
    (tmp_path / "backup/a/.tmp-key2").write_bytes(b"half")
    assert [each.key for each in store.list()] == ["a/key"]


def test_a_failed_put_leaves_the_older_object(tmp_path: Path) -> None:
    """A put that fails while it copies leaves what was there, and no temporary file."""
    store = open_store("backup", base=tmp_path)
    store.put("key", b"older")
    with pytest.raises(StoreError):
        store.put("key", tmp_path)  # a folder can't be read as a file
    assert store.read_bytes("key") == b"older"
    assert [file.name for file in (tmp_path / "backup").iterdir()] == ["key"]


def test_a_link_to_itself_is_an_error_of_the_store(tmp_path: Path) -> None:
    """A link that leads to itself gives a StoreError."""
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup/loop").symlink_to(tmp_path / "backup/loop")
    with pytest.raises(StoreError):
        open_store("backup", base=tmp_path).read_bytes("loop/key")


@pytest.mark.parametrize("link_to", ["outside", "outside/file"])
def test_links_out_of_the_folder_are_refused(tmp_path: Path, link_to: str) -> None:
    """Neither a linked folder nor a linked file leads out of the store."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_bytes(b"secret")
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup/link").symlink_to(tmp_path / link_to)
    store = open_store("backup", base=tmp_path)
    key = "link/file" if link_to == "outside" else "link"
    for call in (lambda: store.read_bytes(key), lambda: store.put(key, b"x"), lambda: store.delete(key)):
        with pytest.raises(StoreError, match="symbolic link"):
            call()
    assert (tmp_path / "outside/file").read_bytes() == b"secret"


def test_a_file_in_the_way_is_explained(tmp_path: Path) -> None:
    """A store whose folder is a file gives a StoreError with the system's reason, not an OSError."""
    (tmp_path / "backup").write_bytes(b"")
    with pytest.raises(StoreError, match="folder that can be read and written"):
        open_store("backup", base=tmp_path).put("key", b"x")
