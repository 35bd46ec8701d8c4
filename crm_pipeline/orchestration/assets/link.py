"""Link assets: pairs, clusters, and the persistent identities that follow from them."""

from dataclasses import asdict

import dagster as dg

from crm_pipeline import linkage
from crm_pipeline.orchestration.metadata import POOL, counts, schema_of
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.publishing.guards import LARGEST, guard_clusters, largest_claim
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CLUSTERS, CUSTOMER_IDS, FORMER_MEMBERS, IDENTITY_EVENTS, MEMBERS, PAIRS, Table

_PAIRS, _CLUSTERS = dg.AssetKey(["link", "pairs"]), dg.AssetKey(["link", "clusters"])


class PairsConfig(dg.Config):
    """What one may set when pairing: whether the model is trained anew, as the monthly job does."""

    retrain: bool = False


def link_assets(project: Project) -> list[dg.AssetsDefinition]:
    """Pairs, clusters, identities."""
    return [_pairs(project), _clusters(project), _identities()]


def _pairs(project: Project) -> dg.AssetsDefinition:
    @dg.asset(
        key=_PAIRS,
        group_name="link",
        deps=[["std", "customers"]],
        pool=POOL,
        kinds={"splink", "duckdb"},
        description="Pairs of records that share an identifier, or that the model scores above the review threshold.",
        metadata={"dagster/column_schema": schema_of(PAIRS)},
    )
    def pairs(config: PairsConfig, run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        with step(run, "link.pairs"):
            limits = project.config.linkage
            summary = linkage.pair_records(
                run.warehouse,
                run.models,
                match_threshold=limits.match_threshold,
                review_threshold=limits.review_threshold,
                retrain=config.retrain,
            )
            return dg.MaterializeResult(metadata=counts(run.warehouse.count(PAIRS), **asdict(summary)))

    return pairs


def _clusters(project: Project) -> dg.AssetsDefinition:
    limit = project.config.linkage.largest_cluster

    @dg.asset(
        key=_CLUSTERS,
        group_name="link",
        deps=[_PAIRS],
        check_specs=[
            dg.AssetCheckSpec(
                LARGEST,
                asset=_CLUSTERS,
                blocking=True,
                description=largest_claim(limit),
            )
        ],
        pool=POOL,
        kinds={"duckdb"},
        description="Connected components of the linked pairs.",
        metadata={"dagster/column_schema": schema_of(CLUSTERS)},
    )
    def clusters(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        with step(run, "link.clusters"):
            summary = linkage.cluster_records(run.warehouse)
            verdict = dg.AssetCheckResult(
                check_name=LARGEST,
                passed=guard_clusters(run, limit),
                metadata={"largest cluster (records)": summary.largest_size, "limit": limit},
            )
            return dg.MaterializeResult(
                metadata=counts(
                    summary.record_count, clusters=summary.cluster_count, largest_cluster=summary.largest_size
                ),
                check_results=[verdict],
            )

    return clusters


def _spec(table: Table, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        [table.schema, table.name],
        group_name="link",
        deps=[_CLUSTERS],
        description=description,
        kinds={"duckdb"},
        metadata={"dagster/column_schema": schema_of(table)},
    )


def _identities() -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="identities",
        specs=[
            _spec(MEMBERS, "Which customer each living record belongs to."),
            _spec(FORMER_MEMBERS, "Which customer each deleted record last belonged to."),
            _spec(CUSTOMER_IDS, "Every id ever given and the one that stands for it now."),
            _spec(IDENTITY_EVENTS, "What happened to customer ids, and why."),
        ],
        pool=POOL,
    )
    def identities(run: dg.ResourceParam[Run]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - dagster reads the annotation
        with step(run, "link.members"):
            linkage.assign_customers(run.warehouse, run.ledger, run_id=run.run_id, now=run.started_at)
        for table in (MEMBERS, FORMER_MEMBERS, CUSTOMER_IDS, IDENTITY_EVENTS):
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey([table.schema, table.name]), metadata=counts(run.warehouse.count(table))
            )

    return identities
