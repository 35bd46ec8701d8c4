"""Verification: everything that is wrong, each with its place."""

from __future__ import annotations

from pathlib import Path

from crm_pipeline.backup import generate_key, verify
from crm_pipeline.storage import ObjectStore
from crm_pipeline_tests.backup.projects import LARGE, back_up, contents, make_project

KEY = generate_key()


def test_all_problems_are_reported_at_once(store: ObjectStore, tmp_path: Path) -> None:
    """Verify goes on after a bad file: each bad one is reported once with its file and chunk, the others are not."""
    root = make_project(tmp_path / "project")
    snapshot = back_up(store, KEY, root)
    by_path = {entry.path: entry for entry in snapshot.files}
    damaged = by_path[LARGE]
    content = bytearray(store.read_bytes(damaged.object_key))
    content[-1] ^= 1
    store.put(damaged.object_key, bytes(content))
    store.delete(by_path["pipeline.yaml"].object_key)
    longer = by_path["state/ledger/empty"]
    store.put(longer.object_key, store.read_bytes(longer.object_key) + b"x")
    report = verify(store, KEY, snapshot.snapshot_id)
    assert not report.is_good
    assert len(report.problems) == 3
    deleted, chunk, trailing = (str(problem) for problem in report.problems)
    assert "(pipeline.yaml)" in deleted
    assert "it was deleted" in deleted
    assert f"({damaged.path})" in chunk
    assert "chunk 2 of 2 damaged" in chunk
    assert f"({longer.path})" in trailing
    assert "trailing bytes" in trailing
    assert (report.file_count, report.plain_bytes) == (5, sum(len(plain) for plain in contents(root).values()))
