"""The decisions that are in force, as the linkage takes them.

Belongs here: from the store to constraints. Does not belong here: entering decisions (`deciding`).
"""

from __future__ import annotations

from collections.abc import Iterable

from crm_pipeline.linkage import Constraints, Decision
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.links import LinkDecisions, LinkEvent, LinkKind, in_force


def decisions_of(events: Iterable[LinkEvent]) -> tuple[Decision, ...]:
    """Decisions in force among the events, in the order entered."""
    return tuple(
        Decision(event.record_key_l, event.record_key_r, event.kind is LinkKind.SAME, event.decision_id)
        for event in in_force(events)
    )


def store_of(project: Project) -> LinkDecisions:
    """The project's store of decisions on links."""
    return LinkDecisions(project.state / "decisions")


def constraints_of(project: Project, events: Iterable[LinkEvent] | None = None) -> Constraints:
    """All that restricts which records become one customer.

    Args:
        project: whose records.
        events: what people said of them; by default all that they said until now.

    Raises:
        PipelineError: the store of decisions is damaged.
    """
    said = store_of(project).events() if events is None else events
    return Constraints(decisions_of(said), project.config.duplicate_free)
