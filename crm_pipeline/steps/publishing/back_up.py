"""Backup of a project: which files it takes to rebuild everything.

Belongs here: the choice of folders and when a snapshot is due. Does not belong here: format and cipher (`backup`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import crm_pipeline
from crm_pipeline import backup
from crm_pipeline.backup.objects import Progress
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Backup, Project
from crm_pipeline.state.files import read_json, write_json
from crm_pipeline.steps.exchange_rates import rates_file
from crm_pipeline.steps.vocabulary import word_files
from crm_pipeline.storage import ObjectStore, open_store

_RECORDS = "state/history/backups/"  # which snapshots were taken; a store from which the newest vanished is found out
# New after every run, and no reason for a backup by themselves: what each run took, looked like and was judged to be.
_OF_EACH_RUN = tuple(f"state/history/{name}/" for name in ("measures", "profiles", "verdicts", "linkage"))


@dataclass(frozen=True, slots=True)
class BackUpResult:
    """What became of a backup; `snapshot_id` is None when none could be taken.

    `is_complete_store` is False when the newest snapshot recorded here had vanished from the store before.
    """

    snapshot_id: str | None
    is_new: bool
    file_count: int
    byte_count: int
    words: str
    is_complete_store: bool = True


def store_of(settings: Backup, base: Path) -> ObjectStore:
    """Where backups are; a folder is taken relative to `base`."""
    return open_store(settings.to, endpoint_url=settings.endpoint_url, base=base)


def key_of(settings: Backup) -> str:
    """The project key as text.

    Raises:
        ConfigurationError: none is configured.
    """
    if settings.key is None:
        raise ConfigurationError(
            where="pipeline.yaml, backup.key",
            expected='a key, as in key: "${CRM_BACKUP_KEY}"',
            found="none",
            cure="Make one with `crm-pipeline backup key`, export it, and keep a copy where the backups are not.",
        )
    return settings.key.get_secret_value()


def contents(project: Project) -> list[Path]:
    """The files and folders a backup holds: what can't be derived, what was published, and the configuration."""
    wanted = [
        project.state,
        project.published_file,
        project.config_file,
        project.root / "expectations",
        project.root / "sql",
        *word_files(project),
        *rates_file(project),
    ]
    return [path for path in wanted if path.exists()]


def back_up(
    project: Project, *, is_due: bool = False, accept_new_key: bool = False, progress: Progress | None = None
) -> BackUpResult:
    """A full snapshot, read back; none is taken when the newest one is there and holds exactly the present files.

    Args:
        project: what to back up.
        is_due: take one in any case.
        accept_new_key: go on where the newest snapshot is under another key; a person says so, no schedule does.
        progress: told about bytes done and in all.
    """
    if project.config.backup.key is None:
        return BackUpResult(None, False, 0, 0, "not taken: no backup.key is configured")
    settings, paths = project.config.backup, contents(project)
    store, key = store_of(settings, project.root), key_of(settings)
    if not accept_new_key:
        backup.require_key(store, key)
    vanished = _vanished(project, store)
    if not is_due and vanished is None:
        present = backup.unchanged_since(store, key, project.root, paths, apart_from=(_RECORDS, *_OF_EACH_RUN))
        if present is not None:
            words = f"nothing changed since snapshot {present.snapshot_id}"
            return BackUpResult(present.snapshot_id, False, len(present.files), present.totals.plain_bytes, words)
    taken = backup.full_backup(
        store,
        key,
        project.root,
        paths,
        code_version=crm_pipeline.__version__,
        configuration_sha256=project.configuration_sha256,
        progress=progress,
        work=project.var / "tmp",
    )
    _record(project, taken)
    words = f"snapshot {taken.snapshot_id}: {len(taken.files)} files, encrypted, read back and equal"
    if vanished is not None:
        words = f"snapshot {vanished}, taken earlier, has vanished from the store; {words}"
    return BackUpResult(taken.snapshot_id, True, len(taken.files), taken.totals.plain_bytes, words, vanished is None)


def _vanished(project: Project, store: ObjectStore) -> str | None:
    """The newest snapshot recorded for this store if the store has it no more; older ones may have been pruned."""
    records = [read_json(file) for file in (project.root / _RECORDS).glob("*.json")]
    taken = [(each["created_at"], each["snapshot_id"]) for each in records if each["store"] == store.describe()]
    if not taken:
        return None
    _, snapshot_id = max(taken)
    return None if snapshot_id in backup.complete_ids(store) else str(snapshot_id)


def _record(project: Project, taken: backup.Snapshot) -> None:
    """Notes a snapshot in the project; the note itself is in the next one."""
    record = {
        "snapshot_id": taken.snapshot_id,
        "created_at": taken.created_at.isoformat(),
        "store": store_of(project.config.backup, project.root).describe(),
        "files": len(taken.files),
        "bytes": taken.totals.plain_bytes,
    }
    write_json(project.root / _RECORDS / f"{taken.snapshot_id}.json", record)
