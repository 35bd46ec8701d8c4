"""What people decided of records, as explanations tell it: who, when, why, and whether the published tables hold it.

Belongs here: the store of decisions beside what the last publication held of them. Does not belong here: which records
they join (`ways`), entering them (`reviewing`). A person's name and reason are shown, and never logged.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from crm_pipeline.linkage.clustering.constraints import standing
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.links import LinkEvent, LinkKind
from crm_pipeline.steps.reviewing.held import decisions_of, store_of
from crm_pipeline.tables import LINK_DECISIONS, DecisionStatus
from crm_pipeline.warehouse import open_reader

_TABLE = "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?"
_HELD = f"SELECT decision_id FROM {LINK_DECISIONS.name} WHERE status IN (SELECT unnest(?))"
_CONTRADICTED = """
    WITH living AS (
        SELECT concat_ws('/', source, extract, source_id) AS record_key, customer_id
        FROM customer_records WHERE deleted_on IS NULL
    )
    SELECT name FROM (
        SELECT unnest($names) AS name, unnest($left) AS record_key_l, unnest($right) AS record_key_r,
            unnest($same) AS is_same
    )
        JOIN living AS l ON l.record_key = record_key_l
        JOIN living AS r ON r.record_key = record_key_r
    WHERE (l.customer_id = r.customer_id) <> is_same
"""
_IN_FORCE = [DecisionStatus.IN_FORCE.value, DecisionStatus.UNKNOWN_RECORD.value]


class Applied(StrEnum):
    """Whether the published tables hold a decision."""

    YES = "applied"
    NEXT_RUN = "next_run"  # entered since, or it stands since another one was taken back
    TAKEN_BACK = "taken_back"  # the published tables hold it still; the next run does not


@dataclass(frozen=True, slots=True)
class ToldDecision:
    """One decision.

    Attributes:
        decision_id: its name.
        is_same: whether it says that the two are one customer.
        record_key_l: the smaller of its record keys.
        record_key_r: the larger one.
        decided_by: who said so.
        decided_at: UTC without a zone.
        why: the reason in the person's own words.
        applied: whether the published tables hold it.
    """

    decision_id: str
    is_same: bool
    record_key_l: str
    record_key_r: str
    decided_by: str
    decided_at: datetime
    why: str
    applied: Applied

    @property
    def pair(self) -> tuple[str, str]:
        """Both records, the smaller key first."""
        return self.record_key_l, self.record_key_r

    @property
    def is_held(self) -> bool:
        """Whether the published tables hold it."""
        return self.applied is not Applied.NEXT_RUN

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        return asdict(self) | {"decided_at": self.decided_at.isoformat(sep=" ", timespec="seconds")}


def told_decisions(project: Project) -> list[ToldDecision]:
    """The decisions that stand now, and those taken back that the published tables still hold; in order of entry.

    Where a publication does not say which it holds, it holds those that stand now. What a run applied that was stopped
    before it published customers, the published tables do not hold.

    Raises:
        PipelineError: the store of decisions is damaged.
    """
    events = store_of(project).events()
    if not events:
        return []
    standing_now = {decision.decision_id for decision in standing(decisions_of(events))}
    held = _held(project)
    held = _not_contradicted(project, events, standing_now if held is None else held)
    return [
        _told(
            event, Applied.NEXT_RUN if name not in held else Applied.YES if name in standing_now else Applied.TAKEN_BACK
        )
        for event in events
        if (name := event.decision_id) in standing_now | held
    ]


def _held(project: Project) -> set[str] | None:
    """The decisions that the last run held; None where it does not say."""
    with open_reader(project.steward_file) as reader:
        if not reader.value(_TABLE, [LINK_DECISIONS.name]):
            return None
        return {str(name) for (name,) in reader.execute(_HELD, [_IN_FORCE])}


def _not_contradicted(project: Project, events: Sequence[LinkEvent], decision_ids: Set[str]) -> set[str]:
    """Those of the decisions about two living records that the published customers bear out, and all others."""
    asked = [event for event in events if event.decision_id in decision_ids]
    if not asked or not project.published_file.exists():
        return set(decision_ids)
    told = {
        "names": [event.decision_id for event in asked],
        "left": [event.record_key_l for event in asked],
        "right": [event.record_key_r for event in asked],
        "same": [event.kind is LinkKind.SAME for event in asked],
    }
    with open_reader(project.published_file) as reader:
        return set(decision_ids) - {str(name) for (name,) in reader.execute(_CONTRADICTED, told)}


def _told(event: LinkEvent, applied: Applied) -> ToldDecision:
    return ToldDecision(
        event.decision_id,
        event.kind is LinkKind.SAME,
        event.record_key_l,
        event.record_key_r,
        event.decided_by,
        event.decided_at,
        event.why,
        applied,
    )
