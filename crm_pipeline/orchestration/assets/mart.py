"""Model assets: one per SQL file of `dbt_like_sql/` and of the project's `sql/`, with its tests as checks."""

from collections.abc import Iterator

import dagster as dg

from crm_pipeline import quality
from crm_pipeline.orchestration.assets.std import check_specs
from crm_pipeline.orchestration.metadata import POOL, check_name, code_reference, counts, schema_of_model
from crm_pipeline.orchestration.resources import Pipeline
from crm_pipeline.orchestration.rules import judge_table
from crm_pipeline.settings import Project
from crm_pipeline.steps.run import Run, model_folders, suite_folders
from crm_pipeline.tables import published_entity
from crm_pipeline.warehouse.models import Model, load_models, run_model, test_model

_BLOCKING = "error"


def model_assets(project: Project) -> list[dg.AssetsDefinition]:
    """One asset per model, in the order of their dependencies."""
    return [_model_asset(project, model) for model in load_models(*model_folders(project)).ordered]


def _model_asset(project: Project, model: Model) -> dg.AssetsDefinition:
    key = dg.AssetKey([model.schema, model.name])
    tests = [
        dg.AssetCheckSpec(
            check_name(test.test_id), asset=key, blocking=test.severity == _BLOCKING, description=test.description
        )
        for test in model.tests
    ]
    has_suite = model.qualified in quality.suite_tables(*suite_folders(project))
    suite = quality.load_suite(model.qualified, *suite_folders(project)) if has_suite else None

    @dg.asset(
        key=key,
        group_name=model.schema,
        deps=[dg.AssetKey(dependency.split(".")) for dependency in model.dependencies if _is_asset(dependency)],
        check_specs=[*tests, *(check_specs(key, suite) if suite else [])],
        pool=POOL,
        kinds={"sql", "duckdb"},
        description=model.description,
        metadata={
            "dagster/column_schema": schema_of_model(model),
            **code_reference(model.path, f"{model.schema}/{model.name}.sql"),
        },
    )
    def sql_model(pipeline: Pipeline) -> dg.MaterializeResult:
        run = pipeline.run
        row_count = run_model(run.warehouse, model)
        results = list(_test_results(run, key, model))
        if suite:
            results += judge_table(run, published_entity(model.name), suite)
        return dg.MaterializeResult(metadata=counts(row_count), check_results=results)

    return sql_model


def _is_asset(dependency: str) -> bool:
    """`ops.loads` and `ops.rejections` are written beside std and are no assets of their own."""
    return not dependency.startswith("ops.") or dependency == "ops.quarantine"


def _test_results(run: Run, key: dg.AssetKey, model: Model) -> Iterator[dg.AssetCheckResult]:
    for result in test_model(run.warehouse, model):
        is_blocking = result.severity == _BLOCKING
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=check_name(result.test_id),
            passed=result.failed_count == 0,
            severity=dg.AssetCheckSeverity.ERROR if is_blocking else dg.AssetCheckSeverity.WARN,
            metadata={"failed": result.failed_count},
        )
