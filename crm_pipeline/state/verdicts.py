"""The append-only store of verdicts on checks, run by run, for the trend of each.

Belongs here: how they lie on disk. Does not belong here: judging, or showing them. No personal values: names of tables
and rules, and counts.

    verdicts/<start>-<run_id>.json    one run that reached its report
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_pipeline.state.files import read_json, write_json

_log = logging.getLogger(__name__)

Counts = tuple[int, int]  # judged, failed


@dataclass(frozen=True, slots=True)
class RunVerdicts:
    """One run.

    Attributes:
        started_at: UTC without a zone.
        counts: of each check, by table, a space and its id, the rows judged and those that broke it.
    """

    run_id: str
    started_at: datetime
    counts: Mapping[str, Counts]


class VerdictStore:
    """The store in one folder, normally `state/history/verdicts`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, verdicts: RunVerdicts) -> None:
        """Keeps one run; a run that tells again, after a retry, replaces its own only."""
        told = {
            "run_id": verdicts.run_id,
            "started_at": verdicts.started_at.isoformat(timespec="microseconds"),
            "counts": dict(verdicts.counts),
        }
        write_json(self.folder / f"{verdicts.started_at:%Y%m%dT%H%M%S%f}Z-{verdicts.run_id}.json", told)

    def newest(self, count: int) -> Sequence[RunVerdicts]:
        """The runs that started last, at most `count`, oldest start first; only their files are read."""
        paths = sorted(self.folder.glob("[!.]*Z-*.json"))[-count:]
        return [verdicts for path in paths if (verdicts := _read(path))]


def _read(path: Path) -> RunVerdicts | None:
    """One run; None for a file that is damaged: figures are no reason to stop anything."""
    try:
        told = read_json(path)
        counts = {name: (int(judged), int(failed)) for name, (judged, failed) in told["counts"].items()}
        return RunVerdicts(told["run_id"], datetime.fromisoformat(told["started_at"]), counts)
    except (ValueError, KeyError, TypeError, AttributeError):
        _log.warning("%s is not readable as verdicts of a run and is left out of the trend", path.name)
        return None
