"""Claims on when a snapshot is taken, with a changed key and with a store that lost one."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.backup import Incomplete, full, generate_key, list_snapshots, verify
from crm_pipeline.errors import KeyMismatchError
from crm_pipeline.settings import Project
from crm_pipeline.state.files import write_json
from crm_pipeline.steps.looking.check import require_backup_key
from crm_pipeline.steps.publishing.back_up import back_up, store_of
from crm_pipeline_tests.steps.building import PRODUCTS, project_of

OLD, NEW = generate_key(), generate_key()


def project_with(folder: Path, key: str) -> Project:
    """The project with that key and something to back up."""
    project = project_of(folder, PRODUCTS.replace("LOAD", "full") + f"backup: {{to: backup, key: '{key}'}}\n")
    project.var.joinpath("tmp").mkdir(parents=True, exist_ok=True)
    write_json(project.state / "ledger" / "entry.json", {"number": 1})
    return project


def test_a_change_of_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key stops a run and names the way out; after a full backup with it runs go on, old snapshots with why."""
    with monkeypatch.context() as earlier:
        earlier.setattr(full, "new_snapshot_id", lambda _: "20260101T000000Z-0a1b2c")
        old = back_up(project_with(tmp_path, OLD))
    project = project_with(tmp_path, NEW)
    by_schedule = (lambda: back_up(project), lambda: back_up(project, is_due=True))
    for refused in (lambda: require_backup_key(project), *by_schedule):
        with pytest.raises(KeyMismatchError, match="`crm-pipeline backup full`"):
            refused()
    new = back_up(project, is_due=True, accept_new_key=True)
    require_backup_key(project)
    assert back_up(project).words == f"nothing changed since snapshot {new.snapshot_id}"
    listed = {each.snapshot_id: each for each in list_snapshots(store_of(project.config.backup, tmp_path), NEW)}
    assert set(listed) == {old.snapshot_id, new.snapshot_id}
    unreadable = listed[str(old.snapshot_id)]
    assert isinstance(unreadable, Incomplete)
    assert isinstance(unreadable.problem, KeyMismatchError)


def test_a_snapshot_that_vanished(tmp_path: Path) -> None:
    """When the newest snapshot recorded is gone from the store, a full one is taken and says so, once."""
    project = project_with(tmp_path, OLD)
    store = store_of(project.config.backup, tmp_path)
    first, second = back_up(project), back_up(project, is_due=True)
    assert (first.is_complete_store, second.is_complete_store) == (True, True)
    for each in store.list(f"snapshots/{second.snapshot_id}/"):
        store.delete(each.key)
    third = back_up(project)
    assert (third.is_new, third.is_complete_store) == (True, False)
    assert third.words.startswith(f"snapshot {second.snapshot_id}, taken earlier, has vanished from the store; ")
    assert verify(store, OLD, third.snapshot_id).is_good
    fourth = back_up(project)
    assert (fourth.is_new, fourth.is_complete_store, fourth.snapshot_id) == (False, True, third.snapshot_id)
