"""Listing and choosing snapshots, also among damaged ones and those of other keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.backup import Incomplete, generate_key, list_snapshots, restore, verify
from crm_pipeline.errors import BackupError, ConfigurationError, IntegrityError, KeyMismatchError
from crm_pipeline.storage import ObjectStore, open_store
from crm_pipeline_tests.backup.projects import back_up, make_project

KEY = generate_key()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def test_an_empty_store(store: ObjectStore, tmp_path: Path) -> None:
    """An empty store lists nothing; verify and restore say that there is no complete snapshot."""
    assert list_snapshots(store, KEY) == []
    for call in (lambda: verify(store, KEY), lambda: restore(store, KEY, None, tmp_path / "out")):
        with pytest.raises(BackupError, match="a complete snapshot; found none"):
            call()


def test_an_unknown_id_is_a_wrong_call(store: ObjectStore, tmp_path: Path) -> None:
    """An id that is not in the store is the caller's error, exit code 2."""
    for snapshot_id in ("20260131T221500Z-0a1b2c", "nonsense", "../..", ""):
        with pytest.raises(ConfigurationError, match="the id of a snapshot"):
            restore(store, KEY, snapshot_id, tmp_path / "out")


def test_a_wrong_key(store: ObjectStore, root: Path, tmp_path: Path) -> None:
    """With another key than the snapshots were written with, list, verify and restore say so, exit code 2."""
    back_up(store, KEY, root)
    other = generate_key()
    for call in (
        lambda: list_snapshots(store, other),
        lambda: verify(store, other),
        lambda: restore(store, other, None, tmp_path / "out"),
    ):
        with pytest.raises(KeyMismatchError) as caught:
            call()
        assert caught.value.exit_code == 2
        assert KEY not in str(caught.value)
        assert other not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_after_a_change_of_key(tmp_path: Path, root: Path) -> None:
    """After a rotation the new key's snapshots are listed, the older ones beside them with the reason."""
    store = open_store("backup", base=tmp_path)
    older = back_up(store, KEY, root)
    new_key = generate_key()
    newer = back_up(store, new_key, root)
    listed = {each.snapshot_id: each for each in list_snapshots(store, new_key)}
    assert listed[newer.snapshot_id] == newer
    unreadable = listed[older.snapshot_id]
    assert isinstance(unreadable, Incomplete)
    assert isinstance(unreadable.problem, KeyMismatchError)
    assert verify(store, KEY, older.snapshot_id).is_good


def test_a_damaged_manifest_is_never_covered_up(tmp_path: Path, root: Path) -> None:
    """If the newest manifest is damaged, restoring the newest fails; an older one is restored when it is named."""
    store = open_store("backup", base=tmp_path)
    older = back_up(store, KEY, root)
    damaged_id = f"2999{older.snapshot_id[4:]}"
    store.put(f"snapshots/{damaged_id}/manifest.crmbak", b"damaged")
    with pytest.raises(IntegrityError):
        restore(store, KEY, None, tmp_path / "out")
    listed = list_snapshots(store, KEY)
    assert listed[0] == older
    assert isinstance(listed[1], Incomplete)
    assert isinstance(listed[1].problem, IntegrityError)
    assert restore(store, KEY, older.snapshot_id, tmp_path / "out").snapshot_id == older.snapshot_id


def test_a_whole_snapshot_copied_under_another_id_is_refused(store: ObjectStore, root: Path, tmp_path: Path) -> None:
    """All objects of a snapshot copied under a newer id do not pass for a newer snapshot."""
    snapshot = back_up(store, KEY, root)
    newer_id = f"2999{snapshot.snapshot_id[4:]}"
    for each in store.list():
        store.put(each.key.replace(snapshot.snapshot_id, newer_id), store.read_bytes(each.key))
    with pytest.raises(IntegrityError, match="moved here"):
        restore(store, KEY, None, tmp_path / "out")


def test_other_things_in_the_store_are_passed_over(store: ObjectStore, root: Path) -> None:
    """Objects that do not look like ours disturb neither the list nor the choice of the newest."""
    snapshot = back_up(store, KEY, root)
    for key in ("readme", "snapshots/readme", "snapshots/99999999T999999Z/manifest.crmbak", "snapshots2/x/y"):
        store.put(key, b"x")
    assert list_snapshots(store, KEY) == [snapshot]
    assert verify(store, KEY).is_good
