"""Jobs: what is run together. Nightly is the main job; `crm-pipeline run` executes it too.

Belongs here: selections and their configuration. Does not belong here: when (`schedules`).
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from crm_pipeline.tables import ENTITIES

NIGHTLY, MONTHLY, BACKUP, REBUILD, INBOX = "nightly", "monthly", "full_backup", "rebuild", "inbox"
PUBLISHING = frozenset({NIGHTLY, MONTHLY, REBUILD, INBOX})
_LANDING = dg.AssetSelection.key_prefixes("landing")
_BACKUP = dg.AssetSelection.key_prefixes("backup")
_RETRAIN = {"link__pairs": {"config": {"retrain": True}}}
_JUDGE_ALL = {f"std__{entity}": {"config": {"judge_all": True}} for entity in ENTITIES}
_BACKUP_IS_DUE = {"backup__snapshot": {"config": {"is_due": True}}}


# What each job sets on its steps beyond their defaults.
STEP_CONFIG: dict[str, dict[str, Any]] = {
    NIGHTLY: {},
    MONTHLY: {**_JUDGE_ALL, **_RETRAIN, **_BACKUP_IS_DUE},
    BACKUP: {"backup__snapshot": {"config": {"is_due": True, "accept_new_key": True}}},
    REBUILD: {},
    INBOX: {},
}


def jobs(days: dg.DailyPartitionsDefinition, inboxes: Sequence[dg.AssetKey] = ()) -> dict[str, Any]:
    """Job name to job; the one that loads from the `inboxes`, landing assets, is there when there are any."""
    everything = dg.AssetSelection.all()
    found = {
        NIGHTLY: dg.define_asset_job(
            NIGHTLY,
            everything,
            partitions_def=days,
            description="Land the business date, then everything up to publication and backup.",
        ),
        MONTHLY: dg.define_asset_job(
            MONTHLY,
            everything,
            partitions_def=days,
            config={"ops": STEP_CONFIG[MONTHLY]},
            description="The nightly job with all records judged, the linkage model trained anew, and a full backup.",
        ),
        BACKUP: dg.define_asset_job(
            BACKUP, _BACKUP, config={"ops": STEP_CONFIG[BACKUP]}, description="A full backup of what is there now."
        ),
        REBUILD: dg.define_asset_job(
            REBUILD, everything - _LANDING, description="Everything from what was landed; no source is asked."
        ),
    }
    if inboxes:
        found[INBOX] = dg.define_asset_job(
            INBOX,
            dg.AssetSelection.assets(*inboxes) | (everything - _LANDING - _BACKUP),
            partitions_def=days,
            description="Land what waits in inboxes, then everything up to publication; the nightly job backs up.",
        )
    return found
