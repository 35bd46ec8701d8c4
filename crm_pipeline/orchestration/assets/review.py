"""Review assets: what people are asked about links, and what became of their decisions."""

import dagster as dg

from crm_pipeline.orchestration.metadata import POOL, counts, schema_of
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import judge_table, prepare_judging
from crm_pipeline.steps.reviewing.asking import ask, records_table
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.tables import LINK_DECISIONS, REVIEW_QUEUE, Table

_TEXTS = {
    "review_queue": "Questions about links, with how much an answer would teach.",
    "review_records": "The records that questions are about.",
    "link_decisions": "What people decided about links, and what says the contrary.",
}
_AFTER = [dg.AssetKey(["link", "clusters"]), dg.AssetKey(["link", "conflicts"])]


def review_assets(project: Project) -> list[dg.AssetsDefinition]:
    """Questions, their records, decisions."""
    tables = (REVIEW_QUEUE, records_table(project), LINK_DECISIONS)
    suites = {table.name: suite_of(project, table) for table in tables}

    @dg.multi_asset(
        name="ops__review_queue",
        specs=[_spec(table) for table in tables],
        check_specs=[spec for table in tables for spec in check_specs(_key(table), suites[table.name])],
        pool=POOL,
    )
    def review(run: dg.ResourceParam[Run]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - dagster reads the annotation
        prepare_judging(run)
        with step(run, REVIEW_QUEUE.qualified):
            asked = ask(run)
            verdicts = {table.name: judge_table(run, table, suites[table.name]) for table in tables}
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
                asset_key=_key(table),
                metadata=counts(run.warehouse.count(table), **told.get(table.name, {})),
                check_results=check_results(_key(table), *verdicts[table.name]),
            )

    return [review]


def _key(table: Table) -> dg.AssetKey:
    return dg.AssetKey([table.schema, table.name])


def _spec(table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        _key(table),
        group_name="ops",
        deps=_AFTER,
        description=_TEXTS[table.name],
        kinds={"duckdb"},
        metadata={"dagster/column_schema": schema_of(table)},
    )
