"""What checks beyond rules of rows: deliveries watched without rules, and the logs of schema ops by their suites."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from crm_pipeline.orchestration.metadata import POOL, check_name, counts, schema_of
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import judge_table, prepare_judging
from crm_pipeline.steps.exchange_rates import load_rates
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.steps.watching.watch import check_id, kinds, watch
from crm_pipeline.tables import (
    ANOMALIES,
    CHECK_RESULTS,
    CORRECTION_USES,
    CORRECTIONS,
    ENTITIES,
    EXCHANGE_RATES,
    EXTRACTS,
    LOADS,
    OPEN_REJECTIONS,
    PROFILES,
    REJECTIONS,
    RULES,
    Table,
)

_ANOMALIES = dg.AssetKey(["ops", "anomalies"])
_WATCHED = {
    EXTRACTS: "The extracts of pipeline.yaml, with who answers for their data.",
    RULES: "The rules of std, with the part of the quality score in which each counts.",
    PROFILES: "What each delivery looked like, column by column: counts and quantiles.",
    ANOMALIES: "Figures of the newest deliveries that are not what they usually are.",
}
_LOGS = {
    LOADS: "Every applied delivery, and what became of its rows.",
    REJECTIONS: "Every reason against a row of a delivery.",
    CHECK_RESULTS: "The latest verdict on every rule, test, guard and anomaly.",
    CORRECTIONS: "Delivered rows that a person corrected, as of the last run.",
    CORRECTION_USES: "What became of each correction with each delivery.",
    OPEN_REJECTIONS: "Rejected rows that nothing has taken the place of, as of the last run.",
}


def check_assets(project: Project) -> list[dg.AssetsDefinition]:
    """Watching, then the logs, and the rates of exchange."""
    return [_watching(project), _logs(project), _exchange_rates(project)]


def _exchange_rates(project: Project) -> dg.AssetsDefinition:
    key = dg.AssetKey([EXCHANGE_RATES.schema, EXCHANGE_RATES.name])
    suite = suite_of(project, EXCHANGE_RATES)

    @dg.asset(
        key=key,
        group_name="ops",
        check_specs=check_specs(key, suite),
        pool=POOL,
        kinds={"duckdb"},
        description="The rates by which marts convert to the reporting currency; empty without one.",
        metadata={"dagster/column_schema": schema_of(EXCHANGE_RATES)},
    )
    def exchange_rates(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        prepare_judging(run)
        with step(run, EXCHANGE_RATES.qualified):
            count = load_rates(run)
            return dg.MaterializeResult(
                metadata=counts(count), check_results=check_results(key, *judge_table(run, EXCHANGE_RATES, suite))
            )

    return exchange_rates


def _watching(project: Project) -> dg.AssetsDefinition:
    suites = {table: suite_of(project, table) for table in _WATCHED}
    told = "\n".join(f"- {kind}: {notes}" for kind, notes in kinds().items())
    extracts = [(each.source, each.name) for each in project.config.applied_extracts]
    watched = [
        dg.AssetCheckSpec(check_name(f"{source}.{name}"), asset=_ANOMALIES, description=told)
        for source, name in extracts
    ]

    @dg.multi_asset(
        name="watching",
        specs=[_spec(table, text, _of_std()) for table, text in _WATCHED.items()],
        check_specs=[*watched, *(spec for table in _WATCHED for spec in check_specs(_key(table), suites[table]))],
        pool=POOL,
    )
    def watching(run: dg.ResourceParam[Run]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - dagster reads the annotation
        prepare_judging(run)
        with step(run, ANOMALIES.qualified):
            checks = watch(run).checks
            verdicts = {table: judge_table(run, table, suites[table]) for table in _WATCHED}
        for table in _WATCHED:
            results = check_results(_key(table), *verdicts[table])
            if table is ANOMALIES:
                results += [_watched_result(source, name, checks.to_dicts()) for source, name in extracts]
            yield dg.MaterializeResult(
                asset_key=_key(table), metadata=counts(run.warehouse.count(table)), check_results=results
            )

    return watching


def _watched_result(source: str, extract: str, checks: Sequence[dict[str, Any]]) -> dg.AssetCheckResult:
    """Whether all kinds of figures of an extract are what they usually are, with how many of each are not."""
    of_extract = {kind: row for kind in kinds() for row in checks if row["rule_id"] == check_id(source, extract, kind)}
    return dg.AssetCheckResult(
        asset_key=_ANOMALIES,
        check_name=check_name(f"{source}.{extract}"),
        passed=all(row["is_passed"] for row in of_extract.values()),
        severity=dg.AssetCheckSeverity.WARN,
        description="\n".join(f"- {kind}: {row['notes']}" for kind, row in of_extract.items() if not row["is_passed"])
        or None,
        metadata={
            "figures judged": sum(row["judged_count"] for row in of_extract.values()),
            **{f"out of their band: {kind}": row["failed_count"] for kind, row in of_extract.items()},
        },
    )


def _logs(project: Project) -> dg.AssetsDefinition:
    suites = {table: suite_of(project, table) for table in _LOGS}

    @dg.multi_asset(
        name="logs",
        specs=[_spec(table, text, [_ANOMALIES, *_of_std()]) for table, text in _LOGS.items()],
        check_specs=[spec for table in _LOGS for spec in check_specs(_key(table), suites[table])],
        pool=POOL,
    )
    def logs(run: dg.ResourceParam[Run]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - dagster reads the annotation
        prepare_judging(run)
        with step(run, "ops.logs"):
            for table in _LOGS:
                run.warehouse.ensure(table)
            verdicts = {table: judge_table(run, table, suites[table]) for table in _LOGS}
        for table in _LOGS:
            yield dg.MaterializeResult(
                asset_key=_key(table),
                metadata=counts(run.warehouse.count(table)),
                check_results=check_results(_key(table), *verdicts[table]),
            )

    return logs


def _of_std() -> list[dg.AssetKey]:
    return [dg.AssetKey(["std", entity]) for entity in ENTITIES]


def _key(table: Table) -> dg.AssetKey:
    return dg.AssetKey([table.schema, table.name])


def _spec(table: Table, description: str, deps: list[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        _key(table),
        group_name="ops",
        deps=deps,
        description=description,
        kinds={"polars", "duckdb"},
        metadata={"dagster/column_schema": schema_of(table)},
    )
