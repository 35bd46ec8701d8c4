"""What a run asks people, and what it tells them of their decisions.

Belongs here: filling `ops.review_queue`, `ops.review_records` and `ops.link_decisions`. Does not belong here: which
questions there are (`linkage`), reading them (`listing`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from crm_pipeline.linkage.clustering.disagreements import judge_decisions
from crm_pipeline.linkage.clustering.questions import find_questions
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.links import LinkEvent, LinkKind
from crm_pipeline.steps.reviewing.held import constraints_of, decisions_of
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import LINK_DECISIONS, REVIEW_QUEUE, DecisionStatus, Table, review_records, std
from crm_pipeline.warehouse.connection import quoted

_ENTERED = {
    name: kind
    for name, kind in LINK_DECISIONS.polars_schema.items()
    if name in {"decision_id", "record_key_l", "record_key_r", "kind", "decided_by", "decided_at", "why",
                "withdrawn_by"}
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """How much is asked and decided.

    Attributes:
        questions: open ones, by reason.
        in_force: decisions that hold.
        disagreements: those of them that the model, an identifier or a declared source says the contrary of.
        void: decisions that contradict earlier ones or are about records that never existed.
    """

    questions: dict[str, int]
    in_force: int
    disagreements: int
    void: int


def ask(run: Run) -> Asked:
    """How much is asked, after the three tables say what is, as of the links that this run made."""
    limit = run.project.config.linkage.largest_cluster
    find_questions(run.warehouse, constraints_of(run.project, run.link_events), largest_cluster=limit)
    table = records_table(run.project)
    run.warehouse.replace(table, _records_sql(run, table))
    decided = _decided(run)
    run.warehouse.replace(LINK_DECISIONS, decided)
    reasons = run.warehouse.execute(f"SELECT reason, count(*) FROM {REVIEW_QUEUE.qualified} GROUP BY ALL ORDER BY ALL")
    void = [DecisionStatus.CONTRADICTED.value, DecisionStatus.UNKNOWN_RECORD.value]
    return Asked(
        {str(reason): int(count) for reason, count in reasons},
        decided.filter(pl.col("status") == DecisionStatus.IN_FORCE.value).height,
        decided["disagreement"].count(),
        decided.filter(pl.col("status").is_in(void)).height,
    )


def records_table(project: Project) -> Table:
    """The contract of `ops.review_records` with the project's own columns."""
    return review_records(project.config.extras("customers"))


def _records_sql(run: Run, table: Table) -> str:
    columns = ", ".join(quoted(name) for name in table.column_names)
    customers = std("customers", run.project.config.extras("customers"))
    return f"""
        SELECT {columns} FROM {customers.qualified} WHERE valid_to IS NULL AND record_key IN (
            SELECT record_key_l FROM {REVIEW_QUEUE.qualified} UNION SELECT record_key_r FROM {REVIEW_QUEUE.qualified}
        )
    """


def _decided(run: Run) -> pl.DataFrame:
    """Rows of `ops.link_decisions`."""
    judged = judge_decisions(run.warehouse, decisions_of(run.link_events), run.project.config.duplicate_free)
    return (
        entered(run.link_events)
        .join(judged, on="decision_id", how="left", maintain_order="left")
        .with_columns(pl.col("status").fill_null(DecisionStatus.WITHDRAWN.value), pl.col("refused_count").fill_null(0))
        .select(LINK_DECISIONS.column_names)
    )


def entered(events: list[LinkEvent]) -> pl.DataFrame:
    """The decisions among the events, those taken back too, with who took what when and why; in order."""
    withdrawn = {event.withdraws: event.decision_id for event in events if event.withdraws}
    rows = [
        (e.decision_id, e.record_key_l, e.record_key_r, e.kind.value, e.decided_by, e.decided_at, e.why,
         withdrawn.get(e.decision_id))
        for e in events
        if e.kind is not LinkKind.WITHDRAWN
    ]  # fmt: skip
    return pl.DataFrame(rows, _ENTERED, orient="row")
