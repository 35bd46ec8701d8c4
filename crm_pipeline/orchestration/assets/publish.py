"""Publication and backup: what leaves the warehouse once every blocking check has passed."""

import dagster as dg

from crm_pipeline.orchestration.metadata import POOL, counts
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import judge_table
from crm_pipeline.steps.publishing import guards
from crm_pipeline.steps.publishing.back_up import back_up
from crm_pipeline.steps.publishing.elsewhere import (
    published_customer_count,
    refresh_masked,
    refresh_parquet,
    refresh_postgres,
)
from crm_pipeline.steps.publishing.publish import publish
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.tables import customer_history

PUBLISHED, SNAPSHOT = dg.AssetKey(["published", "crm"]), dg.AssetKey(["backup", "snapshot"])
MASKED, POSTGRES = dg.AssetKey(["published", "crm_masked"]), dg.AssetKey(["published", "postgres"])
PARQUET = dg.AssetKey(["published", "parquet"])


class SnapshotConfig(dg.Config):
    """What one may set when backing up: whether it is taken though nothing changed, or though the key did."""

    is_due: bool = False
    accept_new_key: bool = False


def publish_assets(project: Project, upstream: list[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The published file, what follows it elsewhere, then the backup."""
    server = [_postgres()] if project.config.publish.postgres else []
    files = [_parquet()] if project.config.publish.parquet else []
    return [_published(project, upstream), _masked(), *server, *files, _backup(project)]


def _published(project: Project, upstream: list[dg.AssetKey]) -> dg.AssetsDefinition:
    history = customer_history(project.config.extras("customers"))  # appended to by publication itself
    suite = suite_of(project, history)

    @dg.asset(
        key=PUBLISHED,
        group_name="publish",
        deps=upstream,
        check_specs=check_specs(PUBLISHED, suite),
        pool=POOL,
        kinds={"duckdb"},
        description="published/crm.duckdb: what analysts query; replaced by rename, and only when something changed.",
    )
    def published(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        with step(run, "published.crm"):
            summary = publish(run)
            return dg.MaterializeResult(
                metadata=counts(
                    summary.row_counts["customers"],
                    is_changed=summary.is_changed,
                    fingerprint=summary.fingerprint,
                    rows=dict(summary.row_counts),
                ),
                check_results=check_results(PUBLISHED, *judge_table(run, history, suite)),
            )

    return published


def _masked() -> dg.AssetsDefinition:
    @dg.asset(
        key=MASKED,
        group_name="publish",
        deps=[PUBLISHED],
        pool=POOL,
        kinds={"duckdb"},
        description="published/crm_masked.duckdb: the same tables for everybody, personal values masked.",
    )
    def masked(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        with step(run, "published.crm_masked"):
            is_changed = refresh_masked(run.project, run.warehouse)
            count = published_customer_count(run.project)
            return dg.MaterializeResult(metadata=counts(count, is_changed=is_changed))

    return masked


def _postgres() -> dg.AssetsDefinition:
    @dg.asset(
        key=POSTGRES,
        group_name="publish",
        deps=[PUBLISHED],
        pool=POOL,
        kinds={"postgres"},
        description="The same tables in PostgreSQL, by role: what changed, in one transaction.",
    )
    def postgres(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        with step(run, "published.postgres"):
            summary = refresh_postgres(run.project, run.warehouse)
            changed = dict(summary.changed_rows)
            count = published_customer_count(run.project)
            told = counts(count, is_changed=summary.is_changed, changed_rows=changed)
            return dg.MaterializeResult(metadata=told)

    return postgres


def _parquet() -> dg.AssetsDefinition:
    @dg.asset(
        key=PARQUET,
        group_name="publish",
        deps=[PUBLISHED],
        pool=POOL,
        kinds={"parquet"},
        description="The same tables as Parquet files in a folder or bucket; current.json names those that count.",
    )
    def parquet(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        with step(run, "published.parquet"):
            summary = refresh_parquet(run.project, run.warehouse)
            written = list(summary.written)
            count = published_customer_count(run.project)
            told = counts(count, is_changed=summary.is_changed, tables_written=written)
            return dg.MaterializeResult(metadata=told)

    return parquet


def _backup(project: Project) -> dg.AssetsDefinition:
    @dg.asset(
        key=SNAPSHOT,
        group_name="backup",
        deps=[PUBLISHED],
        check_specs=[dg.AssetCheckSpec(guards.TAKEN, asset=SNAPSHOT, description=guards.TAKEN_CLAIM)],
        pool=POOL,
        description=f"A full backup, encrypted and read back, at {project.config.backup.to}.",
    )
    def snapshot(config: SnapshotConfig, run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        with step(run, guards.SNAPSHOT):
            result = back_up(run.project, is_due=config.is_due, accept_new_key=config.accept_new_key)
            verdict = dg.AssetCheckResult(
                check_name=guards.TAKEN,
                passed=guards.guard_snapshot(run, result),
                severity=dg.AssetCheckSeverity.WARN,  # only where nobody asked for backups; one that fails raises
                metadata={"result": result.words},
            )
            return dg.MaterializeResult(
                metadata={"result": result.words, "files": result.file_count, "bytes": result.byte_count},
                check_results=[verdict],
            )

    return snapshot
