"""The step from linked records to golden ones: rules, trust and overrides of the project put together.

Belongs here: what the merge needs from settings and stores. Does not belong here: the merge (`golden`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from crm_pipeline import golden
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.overrides import OverrideEvent, OverrideStore, not_withdrawn
from crm_pipeline.steps.run import Run


def merge(run: Run) -> golden.GoldenSummary:
    """Counts after the golden tables were made anew; "today" is the latest business date of any delivery.

    Raises:
        ConfigurationError: a survivorship rule is unknown or does not fit.
        ReconciliationError: the linked records are not the current ones.
        PipelineError: the store of overrides is damaged.
    """
    config = run.project.config
    today = run.warehouse.value("SELECT max(business_date) FROM ops.loads")
    return golden.merge_customers(
        run.warehouse,
        rules=config.survivorship.rules,
        linked=config.survivorship.groups,
        trust=golden.Trust(config.trust, config.trust_half_lives, today),
        extra_columns=config.extras("customers"),
        overrides=as_golden(not_withdrawn(overrides_of(run.project).events()), today),
    )


def overrides_of(project: Project) -> OverrideStore:
    """The project's store of overrides."""
    return OverrideStore(project.state / "decisions")


def as_golden(events: Iterable[OverrideEvent], today: date | None) -> list[golden.Override]:
    """Overrides as the merge takes them, on the business date `today`."""
    return [golden.Override(e.number, e.record_key, e.values, e.is_due(today)) for e in events]
