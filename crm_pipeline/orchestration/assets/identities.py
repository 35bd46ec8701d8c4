"""Identity assets: which customer each record belongs to, every id ever given, and what happened to them."""

import dagster as dg

from crm_pipeline import linkage
from crm_pipeline.orchestration.metadata import POOL, counts, key_of, link_spec
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import judge_table, prepare_judging
from crm_pipeline.steps.reviewing.held import constraints_of
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.tables import CLUSTERS, CUSTOMER_IDS, FORMER_MEMBERS, IDENTITY_EVENTS, MEMBERS, Table

_IDENTITIES: dict[Table, str] = {
    MEMBERS: "Which customer each living record belongs to.",
    FORMER_MEMBERS: "Which customer each deleted record last belonged to.",
    CUSTOMER_IDS: "Every id ever given and the one that stands for it now.",
    IDENTITY_EVENTS: "What happened to customer ids, and why.",
}


def identity_assets(project: Project) -> dg.AssetsDefinition:
    """Members, former members, customer ids and what happened to them, entered in the ledger at once."""
    suites = {table.qualified: suite_of(project, table) for table in _IDENTITIES}

    @dg.multi_asset(
        name="identities",
        specs=[link_spec(table, description, key_of(CLUSTERS)) for table, description in _IDENTITIES.items()],
        check_specs=[spec for table in _IDENTITIES for spec in check_specs(key_of(table), suites[table.qualified])],
        pool=POOL,
    )
    def identities(run: dg.ResourceParam[Run]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - dagster reads the annotation
        prepare_judging(run)
        with step(run, "link.members"):
            summary = linkage.assign_customers(
                run.warehouse,
                run.ledger,
                run_id=run.run_id,
                now=run.started_at,
                constraints=constraints_of(project, run.link_events),
                match_threshold=project.config.linkage.match_threshold,
                model_version=max(run.models.versions(), default=None),
            )
            run.progress.counts |= summary.figures
            verdicts = {table: judge_table(run, table, suites[table.qualified]) for table in _IDENTITIES}
        for table in _IDENTITIES:
            yield dg.MaterializeResult(
                asset_key=key_of(table),
                metadata=counts(run.warehouse.count(table), **(_stability(summary) if table is MEMBERS else {})),
                check_results=check_results(key_of(table), *verdicts[table]),
            )

    return identities


def _stability(summary: linkage.IdentitySummary) -> dict[str, float | int]:
    """How far records kept their ids in this run, for the UI."""
    shares = {"kept_share": summary.stability.kept_share, "resolving_share": summary.stability.resolving_share}
    return {**{name: round(share, 6) for name, share in shares.items()}, **summary.figures}
