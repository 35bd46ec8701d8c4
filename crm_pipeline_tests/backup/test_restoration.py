"""Restores: whole or not at all, into an empty place, private."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_pipeline.backup import full_backup, generate_key, restore
from crm_pipeline.backup.header import CHUNK_BYTES
from crm_pipeline.backup.manifest import is_safe_path
from crm_pipeline.errors import BackupError, ConfigurationError, IntegrityError, StoreError
from crm_pipeline.storage import ObjectStore, open_store
from crm_pipeline_tests.backup.projects import LARGE, SHA, Meddling, back_up, contents, make_project

KEY = generate_key()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(
        st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1]) | st.integers(0, 5000),
        min_size=1,
        max_size=5,
    ),
    seed=st.integers(0, 2**32),
)
def test_any_project_comes_back(tmp_path_factory: pytest.TempPathFactory, sizes: list[int], seed: int) -> None:
    """Any set of files of any size comes back byte for byte."""
    import random

    folder = tmp_path_factory.mktemp("any")
    for number, size in enumerate(sizes):
        file = folder / f"project/{number % 2}/{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(random.Random(seed + number).randbytes(size))
    store = open_store("backup", base=folder)
    full_backup(store, KEY, folder / "project", [Path()], code_version="0", configuration_sha256=SHA)
    restore(store, KEY, None, folder / "out")
    assert contents(folder / "out") == contents(folder / "project")


@pytest.mark.parametrize("there", ["file", "folder", "link", "dangling"])
def test_only_an_empty_target_will_do(tmp_path: Path, root: Path, there: str) -> None:
    """A target that is a file, a link or a folder with anything in it is refused, exit code 2, and left as it is."""
    store = open_store("backup", base=tmp_path)
    back_up(store, KEY, root)
    target, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    if there == "file":
        target.write_bytes(b"mine")
    elif there == "folder":
        target.mkdir()
        (target / ".hidden").write_bytes(b"mine")
    else:
        target.symlink_to(other if there == "link" else tmp_path / "nowhere")
    before = contents(tmp_path)
    with pytest.raises(ConfigurationError, match="absent or empty"):
        restore(store, KEY, None, target)
    assert contents(tmp_path) == before


def test_an_empty_folder_will_do(tmp_path: Path, root: Path) -> None:
    """An empty target folder is filled."""
    store = open_store("backup", base=tmp_path)
    back_up(store, KEY, root)
    (tmp_path / "out").mkdir()
    restore(store, KEY, None, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(root)


def test_restored_files_are_private(tmp_path: Path, root: Path) -> None:
    """The restored folder has mode 0700 and its files 0600."""
    store = open_store("backup", base=tmp_path)
    back_up(store, KEY, root)
    restore(store, KEY, None, tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_failed_restore_leaves_nothing(store: ObjectStore, root: Path, tmp_path: Path) -> None:
    """Whatever stops a restore in the middle of a file, neither the target nor a temporary folder remains."""
    snapshot = back_up(store, KEY, root)
    (large,) = (entry for entry in snapshot.files if entry.path == LARGE)
    failures = {"damage": IntegrityError, "store": StoreError, "disk": BackupError, "user": KeyboardInterrupt}

    class Failing(Meddling):
        failure = ""

        def get(self, key: str) -> Iterator[bytes]:
            pieces = super().get(key)
            return _broken(pieces, self.failure) if key == large.object_key else pieces

    (tmp_path / "place").mkdir()
    failing = Failing(store)
    for failing.failure, error in failures.items():
        with pytest.raises(error):
            restore(failing, KEY, None, tmp_path / "place/out")
        assert list((tmp_path / "place").iterdir()) == []


def _broken(pieces: Iterator[bytes], failure: str) -> Iterator[bytes]:
    yield next(pieces)
    if failure == "damage":
        yield from (bytes(len(piece)) for piece in pieces)
    elif failure == "store":
        raise StoreError(where="x", expected="an answer", found="none", cure="Try again.", transient=True)
    elif failure == "disk":
        raise OSError(errno.ENOSPC, "no space")
    raise KeyboardInterrupt


def test_a_missing_object_is_found_before_anything_is_written(store: ObjectStore, root: Path, tmp_path: Path) -> None:
    """If an object was deleted, restore says which and makes no folder at all."""
    snapshot = back_up(store, KEY, root)
    store.delete(snapshot.files[-1].object_key)
    with pytest.raises(IntegrityError, match=r"it was deleted"):
        restore(store, KEY, None, tmp_path / "place/out")
    assert not (tmp_path / "place").exists()


def test_what_a_killed_restore_left_is_removed(tmp_path: Path, root: Path) -> None:
    """Plain text under the temporary name of a killed restore does not survive the next one."""
    store = open_store("backup", base=tmp_path)
    back_up(store, KEY, root)
    (tmp_path / ".tmp-out").mkdir()
    (tmp_path / ".tmp-out/old").write_bytes(b"old")
    restore(store, KEY, None, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(root)
    assert not (tmp_path / ".tmp-out").exists()


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("a", True),
        ("a/b.c", True),
        ("..a/...", True),
        ("客户　列表.csv", True),
        ("2026-01-01T00:00", True),
        ("", False),
        ("/a", False),
        ("a/", False),
        ("a//b", False),
        (".", False),
        ("a/./b", False),
        ("..", False),
        ("a/../../b", False),
        ("a\\b", False),
        ("..\\b", False),
        ("C:\\b", False),
        ("C:b", False),
        ("a\x00b", False),
        ("a\nb", False),
        ("\udcff", False),
    ],
)
def test_safe_paths(path: str, safe: bool) -> None:
    """Paths that leave the target on any operating system, or are not text, are unsafe; unusual ones are not."""
    assert is_safe_path(path) is safe
