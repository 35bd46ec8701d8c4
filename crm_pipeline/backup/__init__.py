"""Encrypted snapshots of a project in an object store; FORMAT.md is their contract.

Belongs here: format, keys, backup, verification and restoration. Does not belong here: when to back up and which
folders.
"""

from crm_pipeline.backup.full import full_backup, unchanged_since
from crm_pipeline.backup.keys import generate_key, parse_key
from crm_pipeline.backup.manifest import FileEntry, Snapshot, Totals
from crm_pipeline.backup.restoration import RestoreReport, restore
from crm_pipeline.backup.snapshots import Incomplete, complete_ids, list_snapshots, require_key
from crm_pipeline.backup.verification import VerifyReport, verify

__all__ = [
    "FileEntry",
    "Incomplete",
    "RestoreReport",
    "Snapshot",
    "Totals",
    "VerifyReport",
    "complete_ids",
    "full_backup",
    "generate_key",
    "list_snapshots",
    "parse_key",
    "require_key",
    "restore",
    "unchanged_since",
    "verify",
]
