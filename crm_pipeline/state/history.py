"""The append-only store of runs and of what people allowed.

Belongs here: how records of runs lie on disk. Does not belong here: what was published (`publications`), or what a run
consists of (its caller).

    runs/<run_id>.json                  one run
    audit/<time>-<run_id>-<n>.json      one thing that a person allowed
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import read_json, write_json

FORMAT_VERSION = 1
_NUMBER = re.compile(r"\d{6}")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")  # a file name on every system
_MICROSECOND = timedelta(microseconds=1)


class History:
    """The store in one folder, normally `state/history`. One process writes at a time, under the writer's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append_run(self, run_id: str, started_at: datetime, run: Mapping[str, Any]) -> None:
        """Keeps what the caller tells of one run; a run that tells again, after a retry, replaces its own record only.

        Raises:
            PipelineError: `run_id` can't be a file name.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise PipelineError(
                where=str(self.folder / "runs"),
                expected="a run id of letters, digits, dots, dashes and underscores, 128 at most",
                found=repr(run_id),
                cure="This is a defect; please report it.",
            )
        told = {**run, "run_id": run_id, "started_at": started_at.isoformat(timespec="microseconds")}
        write_json(self.folder / "runs" / f"{run_id}.json", told)

    def append_audit(self, run_id: str, now: datetime, told: Mapping[str, Any]) -> None:
        """Keeps what a person allowed or did by hand: counts and names, no personal values."""
        folder = self.folder / "audit"
        stem = f"{now:%Y%m%dT%H%M%S%f}Z-{run_id}"
        number = 1 + sum(1 for _ in folder.glob(f"{stem}-*.json"))
        write_json(
            folder / f"{stem}-{number}.json",
            {"at": now.isoformat(timespec="microseconds"), "run_id": run_id, **told},
        )

    def audit(self) -> list[dict[str, Any]]:
        """All that was allowed or done by hand, oldest first."""
        return [read_json(path) for path in sorted((self.folder / "audit").glob("[!.]*.json"))]

    def runs(self) -> list[dict[str, Any]]:
        """What was told of all runs, oldest start first."""
        told = [read_json(path) for path in (self.folder / "runs").glob("[!.]*.json")]
        return sorted(told, key=lambda run: (run["started_at"], run["run_id"]))
