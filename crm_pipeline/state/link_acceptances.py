"""The append-only store of what people accepted of linking: figures that are right, models that may take over.

Belongs here: how an acceptance lies on disk. Does not belong here: what becomes of it. No personal values of customers:
names of figures, numbers of runs and models, and who decided when and why.

    linkage/<time>-<n>.json    one acceptance
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from crm_pipeline.state.files import read_json, write_json

FORMAT_VERSION = 1
MODEL = "model"  # in place of a guard


@dataclass(frozen=True, slots=True)
class LinkAcceptance:
    """One thing accepted.

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


class LinkAcceptanceStore:
    """The store in one folder, normally `state/decisions/linkage`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, acceptance: LinkAcceptance) -> None:
        """Keeps it."""
        stem = f"{acceptance.decided_at:%Y%m%dT%H%M%S%f}Z"
        number = 1 + sum(1 for _ in self.folder.glob(f"{stem}-*.json"))
        told = {"format_version": FORMAT_VERSION, **asdict(acceptance)}
        write_json(
            self.folder / f"{stem}-{number:04}.json",
            told | {"decided_at": acceptance.decided_at.isoformat(timespec="microseconds")},
        )

    def acceptances(self) -> list[LinkAcceptance]:
        """All of them, oldest first."""
        return [_parsed(read_json(path)) for path in sorted(self.folder.glob("[!.]*.json"))]


def _parsed(told: dict[str, object]) -> LinkAcceptance:
    given = {name: value for name, value in told.items() if name != "format_version"}
    return LinkAcceptance(**(given | {"decided_at": datetime.fromisoformat(str(told["decided_at"]))}))  # type: ignore[arg-type]  # as written by `append`
