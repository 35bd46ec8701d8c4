"""The append-only store of anomalies that a person accepted as the new normal.

Belongs here: how an acceptance lies on disk. Does not belong here: what becomes of it (`quality.anomalies`). No
personal values of customers: names of extracts, columns and figures, and who decided when and why.

    anomalies/<time>-<n>.json    one acceptance
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from crm_pipeline.state.files import read_json, write_json

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Acceptance:
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


class AcceptanceStore:
    """The store in one folder, normally `state/decisions/anomalies`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, acceptances: Sequence[Acceptance]) -> None:
        """Keeps them, one file each."""
        for acceptance in acceptances:
            stem = f"{acceptance.decided_at:%Y%m%dT%H%M%S%f}Z"
            number = 1 + sum(1 for _ in self.folder.glob(f"{stem}-*.json"))
            told = {"format_version": FORMAT_VERSION, **asdict(acceptance)}
            write_json(
                self.folder / f"{stem}-{number:04}.json",
                told | {"decided_at": acceptance.decided_at.isoformat(timespec="microseconds")},
            )

    def acceptances(self) -> list[Acceptance]:
        """All of them, oldest first."""
        return [_parsed(read_json(path)) for path in sorted(self.folder.glob("[!.]*.json"))]


def _parsed(told: dict[str, object]) -> Acceptance:
    given = {name: value for name, value in told.items() if name != "format_version"}
    times = {
        "business_date": date.fromisoformat(str(told["business_date"])),
        "decided_at": datetime.fromisoformat(str(told["decided_at"])),
    }
    return Acceptance(**(given | times))  # type: ignore[arg-type]  # as written by `append`
