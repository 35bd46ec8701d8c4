"""Model assets: one per SQL file of `dbt_like_sql/` and of the project's `sql/`, with its tests as checks."""

import dagster as dg

from crm_pipeline.orchestration.metadata import POOL, code_reference, counts, lineage_of, schema_of
from crm_pipeline.orchestration.rules import check_results, check_specs, test_results, test_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import judge_table, prepare_judging, record_tests
from crm_pipeline.steps.models import project_model_tables, project_models
from crm_pipeline.steps.run import Run, suite_of, suite_tables
from crm_pipeline.tables import CHECK_RESULTS, ENTITIES, LOADS, REJECTIONS, Table
from crm_pipeline.warehouse.models import Model, column_lineage, run_model, test_model

_LOGS = {log.qualified for log in (LOADS, REJECTIONS, CHECK_RESULTS)}


def model_assets(project: Project) -> list[dg.AssetsDefinition]:
    """One asset per model, in the order of their dependencies."""
    models = project_models(project)
    tables = project_model_tables(project, models)
    suite_tables(project, tables.values())  # refuses a file that is named after no table
    return [_model_asset(project, model, tables[model.qualified]) for model in models]


def _model_asset(project: Project, model: Model, table: Table) -> dg.AssetsDefinition:
    key = dg.AssetKey([model.schema, model.name])
    suite = suite_of(project, table)

    @dg.asset(
        key=key,
        group_name=model.schema,
        deps=_upstream(model),
        check_specs=[*test_specs(key, model.tests), *check_specs(key, suite)],
        pool=POOL,
        kinds={"sql", "duckdb"},
        description=model.description,
        metadata={
            "dagster/column_schema": schema_of(table),
            **code_reference(model.path, f"{model.schema}/{model.name}.sql"),
        },
    )
    def sql_model(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        if suite.rules:
            prepare_judging(run)
        with step(run, model.qualified):
            row_count = run_model(run.warehouse, model)
            verdicts = test_model(run.warehouse, model)
            record_tests(run, model, row_count, verdicts)
            results = test_results(key, model.tests, verdicts)
            results += check_results(key, *judge_table(run, table, suite))
            told = counts(row_count, **lineage_of(column_lineage(model)))
            return dg.MaterializeResult(metadata=told, check_results=results)

    return sql_model


def _upstream(model: Model) -> list[dg.AssetKey]:
    """The assets that make what the model or its tests read; std assets write the logs of `ops` too."""
    read = {*model.dependencies, *model.test_dependencies}
    keys = {dg.AssetKey(table.split(".")) for table in read if table not in _LOGS}
    if read & _LOGS:
        keys |= {dg.AssetKey(["std", entity]) for entity in ENTITIES}
    return sorted(keys)
