"""Gold assets: golden records, the records behind them, surviving values and contacts."""

import dagster as dg

from crm_pipeline.orchestration.metadata import POOL, counts, schema_of
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import judge_table, prepare_judging
from crm_pipeline.steps.merging import merge
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.steps.telling.report import MERGE
from crm_pipeline.tables import CUSTOMER_CONTACTS, CUSTOMER_RECORDS, CUSTOMER_VALUES, Table, customers

# Interactions tell which phones and e-mails can't be reached.
_AFTER = [["std", "customers"], ["std", "interactions"], ["link", "members"], ["link", "former_members"]]
_DESCRIPTIONS = {
    "customers": "One row per customer: the golden records.",
    "customer_records": "One row per record of any system, with its customer.",
    "customer_values": "Where a value had a choice: what survived, by which rule, and what lost and why.",
    "customer_contacts": "Every phone and e-mail of a customer, ranked.",
}


def gold_assets(project: Project) -> list[dg.AssetsDefinition]:
    """The four golden tables, made in one go."""
    extras = project.config.extras("customers")
    tables = [customers(extras), CUSTOMER_RECORDS, CUSTOMER_VALUES, CUSTOMER_CONTACTS]
    suites = {table.qualified: suite_of(project, table) for table in tables}

    @dg.multi_asset(
        name="golden",
        specs=[_spec(table) for table in tables],
        check_specs=[spec for table in tables for spec in check_specs(_key(table), suites[table.qualified])],
        pool=POOL,
    )
    def gold(run: dg.ResourceParam[Run]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - dagster reads the annotation
        with step(run, MERGE):
            merge(run)
        for table in tables:
            if suites[table.qualified].rules:
                prepare_judging(run)
            with step(run, table.qualified):
                verdicts = judge_table(run, table, suites[table.qualified])
                row_count = run.warehouse.count(table)
            yield dg.MaterializeResult(
                asset_key=_key(table), metadata=counts(row_count), check_results=check_results(_key(table), *verdicts)
            )

    return [gold]


def _key(table: Table) -> dg.AssetKey:
    return dg.AssetKey([table.schema, table.name])


def _spec(table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        _key(table),
        group_name="gold",
        deps=_AFTER,
        description=_DESCRIPTIONS[table.name],
        kinds={"duckdb"},
        metadata={"dagster/column_schema": schema_of(table)},
    )
