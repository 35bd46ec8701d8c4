"""The append-only stores of what a person accepted: an anomaly that is the new normal, a figure of linking, a model.

Belongs here: what an acceptance of each kind says, and how it lies on disk. Does not belong here: what becomes of it
(`quality.anomalies`, `steps.publishing.link_guards`, `linkage.learning.taking_over`). No personal values of customers:
names of extracts, columns, figures, runs and models, and who decided when and why.

    state/decisions/anomalies/<time>-<n>.json    one accepted anomaly
    state/decisions/linkage/<time>-<n>.json      one accepted figure or model of linking

The keys of a file are the attributes of its kind, and `format_version`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from crm_pipeline.errors import PipelineError
from crm_pipeline.state.files import read_json, write_json

FORMAT_VERSION = 1
MODEL = "model"  # in place of a guard
_PARSED: Mapping[str, Callable[[str], object]] = {
    "business_date": date.fromisoformat,
    "decided_at": datetime.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class AnomalyAcceptance:
    """One figure that counts anew from a delivery on.

    Attributes:
        column_name: column of std; empty for the delivery as a whole.
        metric: as in `ops.anomalies`.
        business_date: of the first delivery that counts.
        sequence: of the same.
        decided_by: who accepted it.
        decided_at: UTC without a zone.
        why: in the person's own words; may be empty.
    """

    source: str
    extract: str
    column_name: str
    metric: str
    business_date: date
    sequence: int
    decided_by: str
    decided_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class LinkAcceptance:
    """One figure of linking that is right, or one model that may take over.

    Attributes:
        guard: the guard whose figures are right as the run has them, or `MODEL`.
        run_id: the run that it stopped; empty for a model.
        refused_version: the refused model that may take over; None for a guard.
        decided_by: who accepted it.
        decided_at: UTC without a zone.
        why: in the person's own words.
    """

    guard: str
    run_id: str
    refused_version: int | None
    decided_by: str
    decided_at: datetime
    why: str


Kind = TypeVar("Kind", bound=AnomalyAcceptance | LinkAcceptance)


class AcceptanceStore(Generic[Kind]):
    """The acceptances of one kind, below one folder such as `state/decisions/anomalies`."""

    def __init__(self, folder: Path, kind: type[Kind]) -> None:
        self.folder = folder
        self._kind = kind

    def append(self, acceptance: Kind) -> None:
        """Keeps it, in a file of its own."""
        stem = f"{acceptance.decided_at:%Y%m%dT%H%M%S%f}Z"
        number = 1 + sum(1 for _ in self.folder.glob(f"{stem}-*.json"))
        told = {"format_version": FORMAT_VERSION, **asdict(acceptance)}
        write_json(
            self.folder / f"{stem}-{number:04}.json",
            told | {"decided_at": acceptance.decided_at.isoformat(timespec="microseconds")},
        )

    def acceptances(self) -> list[Kind]:
        """All of them, oldest first.

        Raises:
            PipelineError: a file is damaged, or of a version that this code does not know.
        """
        return [self._read(path) for path in sorted(self.folder.glob("[!.]*.json"))]

    def _read(self, path: Path) -> Kind:
        try:
            told: dict[str, Any] = read_json(path)
            if told.pop("format_version") != FORMAT_VERSION:
                raise self._damaged(path, "another format version")
            return self._kind(**told | {name: parse(told[name]) for name, parse in _PARSED.items() if name in told})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._damaged(path, "what can't be read as one") from None

    def _damaged(self, path: Path, found: str) -> PipelineError:
        return PipelineError(
            where=str(path),
            expected=f"an acceptance as it was written, of format version {FORMAT_VERSION}",
            found=found,
            cure="Restore state/decisions from the newest backup; decisions can't be derived from anything else.",
        )
