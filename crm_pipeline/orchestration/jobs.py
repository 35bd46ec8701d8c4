"""Jobs: what is run together. Nightly is the main job; `crm-pipeline run` executes it too.

Belongs here: selections and their configuration. Does not belong here: when (`schedules`).
"""

from typing import Any

import dagster as dg

NIGHTLY, MONTHLY, BACKUP, REBUILD = "nightly", "monthly", "full_backup", "rebuild"
_LANDING = dg.AssetSelection.key_prefixes("landing")
_BACKUP = dg.AssetSelection.key_prefixes("backup")


def jobs(days: dg.DailyPartitionsDefinition) -> dict[str, Any]:
    """Job name to job."""
    everything = dg.AssetSelection.all()
    return {
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
            config={"ops": {"link__pairs": {"config": {"retrain": True}}}},
            description="The nightly job with the linkage model trained anew.",
        ),
        BACKUP: dg.define_asset_job(BACKUP, _BACKUP, description="A full backup of what is there now."),
        REBUILD: dg.define_asset_job(
            REBUILD, everything - _LANDING, description="Everything from what was landed; no source is asked."
        ),
    }
