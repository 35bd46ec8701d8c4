"""Std assets: one per entity, with the rules of its suite as checks."""

from typing import Any

import dagster as dg

from crm_pipeline import quality
from crm_pipeline.orchestration.assets.landing import landing_key
from crm_pipeline.orchestration.metadata import POOL, check_name, counted, counts, rule_result, schema_of
from crm_pipeline.orchestration.resources import Pipeline
from crm_pipeline.settings import Project
from crm_pipeline.steps.run import suite_folders
from crm_pipeline.steps.standardise import EntityApplied, apply_entity
from crm_pipeline.tables import ENTITIES, std

_LOAD_COLUMNS = (
    "source", "extract", "business_date", "delivered_count", "loaded_count", "unchanged_count",
    "quarantined_count", "duplicate_count", "erased_count", "deleted_count",
)  # fmt: skip


def std_assets(project: Project) -> list[dg.AssetsDefinition]:
    """One asset per entity; an entity without extracts stays empty."""
    return [_std_asset(project, entity) for entity in ENTITIES]


def check_specs(key: dg.AssetKey, suite: quality.Suite) -> list[dg.AssetCheckSpec]:
    """One check per rule; a rule on the table as a whole stops what comes after it."""
    return [
        dg.AssetCheckSpec(
            check_name(rule.rule_id), asset=key, description=rule.notes, blocking=str(rule.severity) == "table"
        )
        for rule in suite.rules
    ]


def _std_asset(project: Project, entity: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["std", entity])
    table = std(entity, project.config.extras(entity))
    suite = quality.load_suite(table.qualified, *suite_folders(project))
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
    def standardised(pipeline: Pipeline) -> dg.MaterializeResult:
        return _result(key, apply_entity(pipeline.run, entity))

    return standardised


def _result(key: dg.AssetKey, applied: EntityApplied) -> dg.MaterializeResult:
    by_rule: dict[str, dict[str, Any]] = {row["rule_id"]: row for row in applied.contract.to_dicts()}
    return dg.MaterializeResult(
        metadata=counts(
            applied.current_count,
            deliveries_applied=applied.loads.height,
            loads=counted(applied.loads, _LOAD_COLUMNS),
        ),
        check_results=[rule_result(key, row, by_rule[row["rule_id"]]) for row in applied.checks.to_dicts()],
    )
