"""Review tables: what people are asked about links, their records, and what became of their decisions.

The step that makes clusters makes them too: a guard on clusters that stops the run stops what comes after that step,
and who caused it must be among the questions of this very run.
"""

from collections.abc import Iterator

import dagster as dg

from crm_pipeline.orchestration.metadata import counts, key_of, schema_of
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import judge_table
from crm_pipeline.steps.reviewing.asking import ask, records_table
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.tables import CLUSTERS, CONFLICTS, LINK_DECISIONS, REVIEW_QUEUE, Table

_TEXTS = {
    "review_queue": "Questions about links, with how much an answer would teach.",
    "review_records": "The records that questions are about.",
    "link_decisions": "What people decided about links, and what says the contrary.",
}
_AFTER = [key_of(CLUSTERS), key_of(CONFLICTS)]


def review_specs(project: Project) -> list[dg.AssetSpec]:
    """Questions, their records, decisions."""
    return [_spec(table) for table in _tables(project)]


def review_check_specs(project: Project) -> list[dg.AssetCheckSpec]:
    """The checks of the same."""
    return [spec for table in _tables(project) for spec in check_specs(key_of(table), suite_of(project, table))]


def review_results(run: Run) -> Iterator[dg.MaterializeResult]:
    """The same, made from the clusters as they are, a step of its own in what is measured."""
    tables = _tables(run.project)
    with step(run, REVIEW_QUEUE.qualified):
        asked = ask(run)
        verdicts = {table.name: judge_table(run, table, suite_of(run.project, table)) for table in tables}
    told = {
        REVIEW_QUEUE.name: asked.questions,
        LINK_DECISIONS.name: {
            "in_force": asked.in_force,
            "disagreements": asked.disagreements,
            "void": asked.void,
        },
    }
    for table in tables:
        yield dg.MaterializeResult(
            asset_key=key_of(table),
            metadata=counts(run.warehouse.count(table), **told.get(table.name, {})),
            check_results=check_results(key_of(table), *verdicts[table.name]),
        )


def _tables(project: Project) -> tuple[Table, ...]:
    return REVIEW_QUEUE, records_table(project), LINK_DECISIONS


def _spec(table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        key_of(table),
        group_name="ops",
        deps=_AFTER,
        description=_TEXTS[table.name],
        kinds={"duckdb"},
        metadata={"dagster/column_schema": schema_of(table)},
    )
