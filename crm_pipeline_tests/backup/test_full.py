"""Full backups: what they hold, that they were read back, what an interruption leaves."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_pipeline.backup import (
    Incomplete,
    Snapshot,
    full_backup,
    generate_key,
    list_snapshots,
    restore,
    unchanged_since,
    verify,
)
from crm_pipeline.errors import BackupError, ConfigurationError, IntegrityError, KeyMismatchError, StoreError
from crm_pipeline.storage import ObjectStore, open_store
from crm_pipeline_tests.backup import oracle
from crm_pipeline_tests.backup.projects import MARKER, PATHS, SHA, Meddling, back_up, contents, make_project

KEY = generate_key()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def test_a_restored_project_equals_the_original(store: ObjectStore, root: Path, tmp_path: Path) -> None:
    """Backed up, verified and restored from either store, every file is there byte for byte, and no other."""
    snapshot = back_up(store, KEY, root)
    assert verify(store, KEY).is_good
    report = restore(store, KEY, None, tmp_path / "deep/er/out")
    assert contents(tmp_path / "deep/er/out") == contents(root)
    assert (report.snapshot_id, report.file_count) == (snapshot.snapshot_id, 5)
    assert report.plain_bytes == sum(len(content) for content in contents(root).values())


def test_no_plain_text_and_no_key_is_stored(store: ObjectStore, root: Path) -> None:
    """No stored object and no key holds a byte of content, a file name, the project key or the data key."""
    back_up(store, KEY, root)
    secret = base64.urlsafe_b64decode(KEY.removeprefix("crmkey1:") + "=")
    objects = {each.key: store.read_bytes(each.key) for each in store.list()}
    manifest = next(content for key, content in objects.items() if key.endswith("manifest.crmbak"))
    data_key = oracle.data_key_of(manifest, secret)
    secrets = [
        MARKER,
        b"landing",
        b"parquet",
        "客户".encode(),
        KEY.encode()[8:],
        secret,
        data_key,
        b"0.1.0",
        SHA.encode(),
    ]
    for key, content in objects.items():
        assert not [found for found in secrets if found in content or found in key.encode()]


def test_the_oracle_reads_what_is_stored(store: ObjectStore, root: Path) -> None:
    """The second implementation opens the manifest and all files, and finds the documented members."""
    import json

    snapshot = back_up(store, KEY, root, rows={"pipeline.yaml": 7})
    secret = base64.urlsafe_b64decode(KEY.removeprefix("crmkey1:") + "=")
    stored = store.read_bytes(f"snapshots/{snapshot.snapshot_id}/manifest.crmbak")
    data_key = oracle.data_key_of(stored, secret)
    manifest = json.loads(oracle.opened(stored, data_key))
    expected = []
    for number, (path, plain) in enumerate(sorted(contents(root).items()), start=1):
        content = store.read_bytes(f"snapshots/{snapshot.snapshot_id}/files/{number:06d}.crmbak")
        assert oracle.opened(content, data_key) == plain
        entry = oracle.file_entry(path, snapshot.snapshot_id, number, plain, content)
        expected.append(entry | {"rows": 7 if path == "pipeline.yaml" else None})
    members = json.loads(oracle.manifest_json(snapshot.snapshot_id, expected, created_at=manifest["created_at"]))
    assert manifest == members
    assert list(manifest) == list(members)


def test_what_is_listed(store: ObjectStore, root: Path) -> None:
    """Snapshots are listed oldest first with what was said of them, also those of one second."""
    snapshots = [back_up(store, KEY, root) for _ in range(3)]
    assert list_snapshots(store, KEY) == snapshots
    assert len({each.snapshot_id for each in snapshots}) == 3
    for each in snapshots:
        assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", each.snapshot_id)
        assert each.snapshot_id[:16] == f"{each.created_at:%Y%m%dT%H%M%SZ}"
        assert (each.kind, each.parent, each.code_version, each.configuration_sha256) == ("full", None, "0.1.0", SHA)


@pytest.mark.parametrize("number", [1, 2, 6])  # the first file, the next one, the manifest
def test_an_interruption_hurts_nothing(store: ObjectStore, root: Path, tmp_path: Path, number: int) -> None:
    """An interruption at any put leaves the earlier snapshot good, the new one incomplete, and the next backup fine."""
    earlier = back_up(store, KEY, root)

    def interrupt(count: int, _: str) -> None:
        if count == number:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(Meddling(store, interrupt), KEY, root)
    listed = list_snapshots(store, KEY)
    assert earlier in listed
    incomplete = [each for each in listed if isinstance(each, Incomplete)]
    assert [(each.object_count, each.problem) for each in incomplete] == ([(number - 1, None)] if number > 1 else [])
    for each in incomplete:
        with pytest.raises(BackupError, match="no manifest"):
            restore(store, KEY, each.snapshot_id, tmp_path / "out")
    assert restore(store, KEY, None, tmp_path / "earlier").snapshot_id == earlier.snapshot_id
    assert unchanged_since(store, KEY, root, PATHS) == earlier
    later = back_up(store, KEY, root)
    assert verify(store, KEY).snapshot_id == later.snapshot_id


def test_a_killed_backup_hurts_nothing(root: Path, tmp_path: Path) -> None:
    """A process killed by SIGKILL while it stores leaves a store that is listed, restored and written to."""
    store = open_store("backup", base=tmp_path)
    earlier = back_up(store, KEY, root)
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom crm_pipeline.storage import open_store\n"
        "from crm_pipeline_tests.backup.projects import Meddling, back_up\n"
        "die = lambda count, key: os.kill(os.getpid(), signal.SIGKILL) if count == 4 else None\n"
        "store = open_store('backup', base=Path(sys.argv[1]))\n"
        "back_up(Meddling(store, die), sys.argv[2], Path(sys.argv[3]), work=Path(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), KEY, str(root)]
    assert (
        subprocess.run(command, check=False, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}).returncode
        == -9
    )
    assert [type(each) for each in list_snapshots(store, KEY)] in ([Snapshot, Incomplete], [Incomplete, Snapshot])
    assert verify(store, KEY).snapshot_id == earlier.snapshot_id
    assert MARKER not in b"".join(b"".join(contents(each).values()) for each in tmp_path.glob(".tmp-*"))
    assert verify(store, KEY, back_up(store, KEY, root).snapshot_id).is_good


@pytest.mark.parametrize("kind", ["files", "manifest"])
def test_what_the_store_gives_back_is_compared(store: ObjectStore, root: Path, kind: str) -> None:
    """A store that gives back other bytes than it was given, of a file or of the manifest, fails the backup."""

    class Forgetful(Meddling):
        def get(self, key: str) -> Iterator[bytes]:
            for piece in super().get(key):
                yield piece[:-1] + bytes([piece[-1] ^ (kind in key)])

    with pytest.raises(IntegrityError):
        back_up(Forgetful(store), KEY, root)
    assert any("manifest" in each.key for each in store.list()) is (kind == "manifest")


@pytest.mark.parametrize("when", ["first", "last", "unseen"])
def test_a_file_that_changes_meanwhile_is_refused(root: Path, when: str, tmp_path: Path) -> None:
    """A file rewritten in the same size during the backup stops it, also with its time set back."""
    store = open_store("backup", base=tmp_path)
    file = root / "pipeline.yaml"  # the first in order

    def change(count: int, _: str) -> None:
        if count == (5 if when == "last" else 1):
            status = file.stat()
            file.write_bytes(file.read_bytes()[::-1])
            if when == "unseen":
                os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    with pytest.raises(BackupError, match=r"pipeline\.yaml: .* one that changed"):
        back_up(Meddling(store, change), KEY, root)
    assert all(isinstance(each, Incomplete) for each in list_snapshots(store, KEY))


def test_a_lost_answer_to_the_commit_is_no_failure(store: ObjectStore, root: Path) -> None:
    """If the manifest was stored and the answer lost, so that the repetition is refused, the backup has succeeded."""

    class Repeating(Meddling):
        def put(self, key: str, content: Path | bytes, *, if_absent: bool = False) -> None:
            super().put(key, content, if_absent=if_absent)
            if if_absent:
                super().put(key, content, if_absent=if_absent)

    snapshot = back_up(Repeating(store), KEY, root)
    assert list_snapshots(store, KEY) == [snapshot]


def test_a_manifest_of_someone_else_is_not_overwritten(store: ObjectStore, root: Path) -> None:
    """If there is another manifest at the commit, it stays and the backup fails."""

    def squat(_: int, key: str) -> None:
        if key.endswith("manifest.crmbak"):
            store.put(key, b"squatter")

    with pytest.raises(StoreError, match="no object under this key"):
        back_up(Meddling(store, squat), KEY, root)
    assert [store.read_bytes(each.key) for each in store.list() if "manifest" in each.key] == [b"squatter"]


def test_progress_reaches_the_total(root: Path, tmp_path: Path) -> None:
    """Backup, verify and restore report plain bytes, never backwards, and end at the total."""
    store = open_store("backup", base=tmp_path)
    total = sum(len(content) for content in contents(root).values())
    for action in (
        lambda report: back_up(store, KEY, root, progress=report),
        lambda report: verify(store, KEY, None, report),
        lambda report: restore(store, KEY, None, tmp_path / "out", report),
    ):
        calls: list[tuple[int, int]] = []
        action(lambda done, of, calls=calls: calls.append((done, of)))  # type: ignore[misc]
        assert calls[-1] == (total, total)
        assert calls == sorted(calls)
        assert {of for _, of in calls} == {total}


def full(store: ObjectStore, root: Path, *paths: Path) -> Snapshot:
    return full_backup(store, KEY, root, paths, code_version="0", configuration_sha256=SHA)


def test_which_files(tmp_path: Path, root: Path) -> None:
    """Folders stand for their files, files given twice count once, absolute paths do, unfinished files are left out."""
    store = open_store("backup", base=tmp_path)
    (root / "state/.tmp-half").write_bytes(b"half")
    snapshot = full(store, root, Path("state/ledger"), root / "state/ledger/empty", Path("pipeline.yaml"))
    assert [entry.path for entry in snapshot.files] == ["pipeline.yaml", "state/ledger/empty"]
    assert "state/.tmp-half" not in {entry.path for entry in back_up(store, KEY, root).files}


def test_a_project_reached_through_a_link(tmp_path: Path, root: Path) -> None:
    """With a root that is a link, absolute paths through it mean what lies below it; those outside are refused."""
    link = tmp_path / "link"
    link.symlink_to(root)
    (tmp_path / "outside").write_bytes(b"")
    store = open_store("backup", base=tmp_path)
    snapshot = full(store, link, link / "state/ledger", root / "pipeline.yaml")
    assert [entry.path for entry in snapshot.files] == ["pipeline.yaml", "state/ledger/empty"]
    for path in (tmp_path / "outside", link / "../outside"):
        with pytest.raises(BackupError, match="outside"):
            full(store, link, path)


def test_paths_that_are_refused(tmp_path: Path, root: Path) -> None:
    """Nothing at all, absent files, links, files outside and names that can't be restored everywhere are refused."""
    store = open_store("backup", base=tmp_path)
    (tmp_path / "outside").write_bytes(b"")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "linked").symlink_to(root / "state")
    (root / "loop").symlink_to(root / "loop")
    (root / "back\\slash").write_bytes(b"")
    (root / "void").mkdir()
    bad = [
        "void",
        "absent",
        "link",
        "linked",
        "linked/ledger/empty",
        "../outside",
        str(tmp_path / "outside"),
        "back\\slash",
    ]
    for path in bad:
        with pytest.raises(BackupError):
            full(store, root, Path(path))
    with pytest.raises(BackupError, match="files to back up"):
        full(store, root)
    assert store.list() == []


def test_unchanged_since(root: Path, tmp_path: Path) -> None:
    """The newest snapshot answers for exactly the same paths and contents, and only while its objects are there."""
    store = open_store("backup", base=tmp_path)
    assert unchanged_since(store, KEY, root, PATHS) is None
    snapshot = back_up(store, KEY, root)
    assert unchanged_since(store, KEY, root, PATHS) == snapshot
    assert unchanged_since(store, KEY, root, PATHS[:1]) is None
    file = root / "state/decisions/0001.json"
    before = file.read_bytes()
    file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert unchanged_since(store, KEY, root, PATHS) is None
    file.write_bytes(before)
    assert unchanged_since(store, KEY, root, PATHS) == snapshot
    (root / "state/new").write_bytes(b"")
    assert unchanged_since(store, KEY, root, PATHS) is None
    (root / "state/new").unlink()
    with pytest.raises(KeyMismatchError):
        unchanged_since(store, generate_key(), root, PATHS)
    store.delete(snapshot.files[0].object_key)
    assert unchanged_since(store, KEY, root, PATHS) is None
    back_up(store, KEY, root)
    store.put(f"snapshots/{list_snapshots(store, KEY)[-1].snapshot_id}/manifest.crmbak", b"damaged")
    assert unchanged_since(store, KEY, root, PATHS) is None


def test_a_malformed_key_stops_before_the_store(root: Path, tmp_path: Path) -> None:
    """With a malformed key nothing is read or stored."""
    store = open_store("backup", base=tmp_path)
    for call in (lambda: back_up(store, "x", root), lambda: list_snapshots(store, "x"), lambda: verify(store, "x")):
        with pytest.raises(ConfigurationError):
            call()
    assert store.list() == []
