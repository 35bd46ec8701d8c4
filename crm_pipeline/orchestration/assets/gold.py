"""Gold assets: golden records, the records behind them, surviving values and contacts."""

import dagster as dg

from crm_pipeline import golden
from crm_pipeline.orchestration.metadata import POOL, counts, schema_of
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import judge_table, prepare_judging
from crm_pipeline.steps.merging import merge
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.steps.telling.report import MERGE
from crm_pipeline.tables import (
    CUSTOMER_CONTACTS,
    CUSTOMER_RECORDS,
    CUSTOMER_VALUES,
    Table,
    customers,
    customers_archive,
)

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
            golden.withhold_contacts(run.warehouse, project.config.life_cycle.no_consent)
        for table in tables:
            if suites[table.qualified].rules:
                prepare_judging(run)
            with step(run, table.qualified):
                verdicts = judge_table(run, table, suites[table.qualified])
                row_count = run.warehouse.count(table)
            yield dg.MaterializeResult(
                asset_key=_key(table), metadata=counts(row_count), check_results=check_results(_key(table), *verdicts)
            )

    return [gold, _archive(project)]


def _archive(project: Project) -> dg.AssetsDefinition:
    extras = project.config.extras("customers")
    table = customers_archive(extras)
    suite = suite_of(project, table)

    @dg.asset(
        key=_key(table),
        group_name="gold",
        deps=[["gold", "customers"], ["gold", "customer_activity"]],
        check_specs=check_specs(_key(table), suite),
        pool=POOL,
        kinds={"duckdb"},
        description="Customers whom a rule of the project archived; readers find them here and not in customers.",
        metadata={"dagster/column_schema": schema_of(table)},
    )
    def archive(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        if suite.rules:
            prepare_judging(run)
        with step(run, table.qualified):
            rules = project.config.life_cycle.archive
            by_rule = golden.archive_customers(run.warehouse, rules, extra_columns=extras)
            verdicts = judge_table(run, table, suite)
            told = {f"archived by {reason}": count for reason, count in by_rule.items()}
            return dg.MaterializeResult(
                metadata=counts(run.warehouse.count(table), **told), check_results=check_results(_key(table), *verdicts)
            )

    return archive


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
