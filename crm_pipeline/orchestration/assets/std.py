"""Std assets: one per entity, with the rules of its suite as checks."""

import dagster as dg

from crm_pipeline.orchestration.assets.landing import landing_key
from crm_pipeline.orchestration.load_metadata import loads_table, reasons_table
from crm_pipeline.orchestration.metadata import POOL, counts, schema_of
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.applying.standardise import EntityApplied, apply_entity
from crm_pipeline.steps.checks import prepare_judging
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.tables import ENTITIES, std


class StdConfig(dg.Config):
    """What one may set when standardising: whether all current records are judged, not just those that changed."""

    judge_all: bool = False


def std_assets(project: Project) -> list[dg.AssetsDefinition]:
    """One asset per entity; an entity without extracts stays empty."""
    return [_std_asset(project, entity) for entity in ENTITIES]


def _std_asset(project: Project, entity: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["std", entity])
    table = std(entity, project.config.extras(entity))
    suite = suite_of(project, table)
    upstream = [landing_key(source, name) for source, name, x in project.config.extracts if x.entity == entity]

    @dg.asset(
        key=key,
        group_name="std",
        deps=upstream,
        check_specs=check_specs(key, suite),
        pool=POOL,
        kinds={"polars", "duckdb"},
        description=f"Every accepted version of every record of {entity}, standardised.",
        metadata={"dagster/column_schema": schema_of(table)},
    )
    def standardised(config: StdConfig, run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        if suite.rules:
            prepare_judging(run)
        with step(run, f"std.{entity}"):
            return _result(key, apply_entity(run, entity, judge_all=config.judge_all))

    return standardised


def _result(key: dg.AssetKey, applied: EntityApplied) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata=counts(
            applied.current_count,
            deliveries_applied=applied.loads.height,
            loads=loads_table(applied.loads),
            reasons=reasons_table(applied.loads),
        ),
        check_results=check_results(key, applied.checks, applied.contract),
    )
