"""The append-only store of what each run took and counted: seconds and memory of its steps, and a few totals.

Belongs here: the figures of a run and how they lie on disk. Does not belong here: measuring, or showing them. No
personal values: names of steps, systems and extracts, and counts.

    measures/<run_id>.json    one run that reached its report, whether it published or not
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from crm_pipeline.state.files import read_json, write_json

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How a run ended for readers."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"  # what was published stays, since nothing is new
    STOPPED = "stopped"  # readers see what was there


@dataclass(frozen=True, slots=True)
class StepMeasure:
    """One step of a run: an asset, by schema and name such as `std.customers`.

    Attributes:
        seconds: wall time.
        peak_memory_bytes: most resident memory of the process while the step ran.
    """

    step: str
    seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True, slots=True)
class SystemPair:
    """Two systems side by side after a run; `first` comes before `second` by name.

    Attributes:
        first_customers, second_customers: golden customers of each.
        shared_customers: those that both have.
        compared_values: customers and columns for which both have a value.
        disagreeing_values: those of them without a value in common.
    """

    first: str
    second: str
    first_customers: int
    second_customers: int
    shared_customers: int
    compared_values: int
    disagreeing_values: int


@dataclass(frozen=True, slots=True)
class RunMeasures:
    """One run.

    Attributes:
        started_at: UTC without a zone.
        seconds: wall time from the first step to the report.
        steps: in the order they ran.
        counts: by name: `customers` and `customer_records` after the run, absent where it did not get there; of this
            run's deliveries the rows `delivered`, `loaded`, `unchanged`, `quarantined`, `duplicate` and `erased`;
            `held_back`, the rows of each customers extract's newest delivery that brought no record. Of the identities,
            where the run got there: `known_records`, living before and after; of them `kept_records`, whose customer_id
            is what it was, and `resolving_records`, whose old one leads to the present one; and events by kind, such as
            `ids_merged`.
        system_pairs: by name; empty where the run did not come to the marts, or there are fewer than two systems.
    """

    run_id: str
    started_at: datetime
    seconds: float
    outcome: Outcome
    steps: tuple[StepMeasure, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    system_pairs: tuple[SystemPair, ...] = ()

    @property
    def peak_memory_bytes(self) -> int:
        """The most that any step took."""
        return max((step.peak_memory_bytes for step in self.steps), default=0)


class MeasureStore:
    """The store in one folder, normally `state/history/measures`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, measures: RunMeasures) -> None:
        """Keeps one run; a run that tells again, after a retry, replaces its own record only."""
        told = asdict(measures) | {"started_at": measures.started_at.isoformat(timespec="microseconds")}
        write_json(self.folder / f"{measures.run_id}.json", told)

    def runs(self) -> list[RunMeasures]:
        """All runs, oldest start first."""
        told = [measures for path in self.folder.glob("[!.]*.json") if (measures := _read(path))]
        return sorted(told, key=lambda run: (run.started_at, run.run_id))


def _read(path: Path) -> RunMeasures | None:
    """One run; None for a file that is damaged or of a later version: figures are no reason to stop anything."""
    try:
        return _parsed(read_json(path))
    except (ValueError, KeyError, TypeError):
        _log.warning("%s is not readable as measures of a run and is left out of the trend", path.name)
        return None


def _parsed(told: Mapping[str, Any]) -> RunMeasures:
    return RunMeasures(
        told["run_id"],
        datetime.fromisoformat(told["started_at"]),
        told["seconds"],
        Outcome(told["outcome"]),
        tuple(StepMeasure(**step) for step in told["steps"]),
        told["counts"],
        tuple(SystemPair(**pair) for pair in told.get("system_pairs", ())),
    )
