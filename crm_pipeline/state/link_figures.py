"""The append-only store of what linking came to, run by run: what later runs are judged against.

Belongs here: the figures and how they lie on disk. Does not belong here: measuring and judging them
(`steps.publishing`). No personal values: counts, rates, names of extracts.

    linkage/<start>-<run_id>.json    one run that made clusters, whether it was published or not
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_pipeline.state.files import read_json, write_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """One figure of a run beside those of the runs before it.

    Attributes:
        guard: which guard judges it.
        figure: its name, such as `match_rate.people`.
        found: in this run.
        median: of the runs it is judged against.
        low: the least that is as usual; None where nothing is too low.
        high: the most that is.
        runs: how many runs the median is of.
        is_broken: whether it is not as usual, and too much for chance.
    """

    guard: str
    figure: str
    found: float
    median: float
    low: float | None
    high: float
    runs: int
    is_broken: bool


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """One run.

    Attributes:
        started_at: UTC without a zone.
        basis: what the figures depend on by intent: extracts with records, thresholds, extracts free of duplicates.
            Only runs on an equal basis are compared.
        model_version: the model in use; None without any.
        counts: `records`, `records.people`, `records.organisations`, `edges`, `weighed_pairs`.
        figures: `match_rate` (share of records that share their cluster), the same of each population,
            `customers_per_record`, `edges_per_record`, `largest_cluster`.
        weights: whole bits to pairs of the model with a weight from there to below the next.
        judged: how they compare; empty for the first runs.
        model_before: the model of the published run before it on the same basis; None where it is not known.
        is_published: whether readers got what it made; not of a run that was stopped, that failed or that died.
    """

    run_id: str
    started_at: datetime
    basis: Mapping[str, Any]
    model_version: int | None
    counts: Mapping[str, int]
    figures: Mapping[str, float]
    weights: Mapping[int, int]
    judged: tuple[Judged, ...] = ()
    model_before: int | None = None
    is_published: bool = False

    @property
    def broken(self) -> frozenset[str]:
        """The guards that stopped the run."""
        return frozenset(each.guard for each in self.judged if each.is_broken)


class LinkFigureStore:
    """The store in one folder, normally `state/history/linkage`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, run: LinkFigures) -> None:
        """Keeps one run; a run that tells again, after a retry, replaces its own only."""
        told = asdict(run) | {"started_at": run.started_at.isoformat(timespec="microseconds")}
        write_json(self.folder / f"{run.started_at:%Y%m%dT%H%M%S%f}Z-{run.run_id}.json", told)

    def confirm(self) -> None:
        """Marks the newest run as published: its clusters are those that readers got."""
        for run in self.newest(1):
            if not run.is_published:
                self.keep(replace(run, is_published=True))

    def newest(self, count: int) -> list[LinkFigures]:
        """The runs that started last, at most `count`, oldest start first; only their files are read."""
        paths = sorted(self.folder.glob("[!.]*Z-*.json"))[-count:]
        return [run for path in paths if (run := _read(path))]


def _read(path: Path) -> LinkFigures | None:
    """One run; None for a file that is damaged or of a later version: figures are no reason to stop anything."""
    try:
        told = read_json(path)
        return LinkFigures(
            **told
            | {
                "started_at": datetime.fromisoformat(told["started_at"]),
                "weights": {int(low): int(count) for low, count in told["weights"].items()},
                "judged": tuple(Judged(**each) for each in told["judged"]),
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        _log.warning("%s is not readable as figures of linking and is left out", path.name)
        return None
