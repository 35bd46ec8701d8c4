"""Link assets: pairs, what was left out of blocking, clusters with their guards and questions.

Identities are in `identities`, what the questions are in `review`.
"""

from dataclasses import asdict
from typing import Any

import dagster as dg

from crm_pipeline import linkage
from crm_pipeline.orchestration.assets.identities import identity_assets
from crm_pipeline.orchestration.assets.review import review_check_specs, review_results, review_specs
from crm_pipeline.orchestration.metadata import POOL, counts, key_of, link_spec, schema_of
from crm_pipeline.orchestration.rules import check_results, check_specs
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Project
from crm_pipeline.state.link_figures import LinkFigures
from crm_pipeline.steps.checks import judge_table, prepare_judging
from crm_pipeline.steps.publishing import link_guards
from crm_pipeline.steps.publishing.guards import (
    LARGEST,
    TAKES_OVER,
    TAKES_OVER_CLAIM,
    guard_clusters,
    guard_model,
    largest_claim,
)
from crm_pipeline.steps.publishing.hot_values import name_hot_values
from crm_pipeline.steps.publishing.link_accepting import accepted_models
from crm_pipeline.steps.reviewing.held import constraints_of
from crm_pipeline.steps.run import Run, suite_of
from crm_pipeline.tables import (
    CLUSTERS,
    CONFLICTS,
    HOT_VALUES,
    PAIRS,
)

_PAIRS, _CLUSTERS = dg.AssetKey(["link", "pairs"]), dg.AssetKey(["link", "clusters"])
_CONFLICTS = dg.AssetKey(["link", "conflicts"])


class PairsConfig(dg.Config):
    """What one may set when pairing: whether the model is trained anew, as the monthly job does."""

    retrain: bool = False


def link_assets(project: Project) -> list[dg.AssetsDefinition]:
    """Pairs, what was left out of blocking, clusters with their conflicts and questions, identities."""
    return [_pairs(project), _hot_values(project), _clusters(project), identity_assets(project)]


def _pairs(project: Project) -> dg.AssetsDefinition:
    suite = suite_of(project, PAIRS)

    @dg.asset(
        key=_PAIRS,
        group_name="link",
        deps=[["std", "customers"]],
        check_specs=[
            dg.AssetCheckSpec(TAKES_OVER, asset=_PAIRS, description=TAKES_OVER_CLAIM),
            *check_specs(_PAIRS, suite),
        ],
        pool=POOL,
        kinds={"splink", "duckdb"},
        description="Pairs of records that share an identifier, or that the model scores above the review threshold.",
        metadata={"dagster/column_schema": schema_of(PAIRS)},
    )
    def pairs(config: PairsConfig, run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        prepare_judging(run)
        with step(run, "link.pairs"):
            limits = project.config.linkage
            summary = linkage.pair_records(
                run.warehouse,
                run.models,
                match_threshold=limits.match_threshold,
                review_threshold=limits.review_threshold,
                pair_budget=limits.pair_budget,
                retrain=config.retrain,
                index_file=project.matching_index_file,
                largest_model_change=limits.largest_model_change,
                accepted_models=accepted_models(project),
            )
            verdict = _model_verdict(run, summary)
            told = {name: value for name, value in asdict(summary).items() if name != "model_change"}
            told["comparing costs about"] = linkage.estimate(summary.pairs_by_rule).words
            return dg.MaterializeResult(
                metadata=counts(run.warehouse.count(PAIRS), **told, **_change(summary)),
                check_results=[verdict, *check_results(_PAIRS, *judge_table(run, PAIRS, suite))],
            )

    return pairs


def _change(summary: linkage.PairSummary) -> dict[str, Any]:
    """Old beside new, of a model that was trained in this run."""
    table = linkage.model_change_table(summary.model_change)
    return {"old model beside new": dg.MetadataValue.md(table)} if summary.model_change else {}


def _model_verdict(run: Run, summary: linkage.PairSummary) -> dg.AssetCheckResult:
    """Whether a model that was trained in this run took over; else the last one went on, which is worth a word."""
    changed = sum(each["changed"] for each in summary.model_change.values())
    why = f"Learnt what can't be true of {', '.join(summary.refused_model)}." if summary.refused_model else None
    if summary.waiting_model is not None:
        why = f"It would change {changed:,} verdicts. See crm-pipeline linkage list, then linkage accept model."
    return dg.AssetCheckResult(
        check_name=TAKES_OVER,
        passed=guard_model(run, is_refused=why is not None),
        severity=dg.AssetCheckSeverity.WARN,
        description=why,
        metadata={"verdicts changed on the sample": changed},
    )


def _hot_values(project: Project) -> dg.AssetsDefinition:
    suite, key = suite_of(project, HOT_VALUES), key_of(HOT_VALUES)

    @dg.multi_asset(
        name="link__hot_values",
        specs=[
            link_spec(HOT_VALUES, "Values that too many records share: they find no pair, by blocking rule.", _PAIRS)
        ],
        check_specs=check_specs(key, suite),
        pool=POOL,
    )
    def hot_values(run: dg.ResourceParam[Run]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - dagster reads the annotation
        prepare_judging(run)
        with step(run, "link.hot_values"):
            by_rule = name_hot_values(run)
            verdicts = judge_table(run, HOT_VALUES, suite)
        yield dg.MaterializeResult(
            asset_key=key,
            metadata=counts(run.warehouse.count(HOT_VALUES), **{"values and records by rule": by_rule}),
            check_results=check_results(key, *verdicts),
        )

    return hot_values


def _clusters(project: Project) -> dg.AssetsDefinition:
    limit = project.config.linkage.largest_cluster
    suite, of_conflicts = suite_of(project, CLUSTERS), suite_of(project, CONFLICTS)

    @dg.multi_asset(
        name="link__clusters",
        specs=[
            link_spec(CLUSTERS, "Linked records that are one customer, as far as constraints allow.", _PAIRS),
            link_spec(CONFLICTS, "Links that do not hold: against a constraint, or weak between dense groups.", _PAIRS),
            *review_specs(project),
        ],
        check_specs=[
            dg.AssetCheckSpec(LARGEST, asset=_CLUSTERS, blocking=True, description=largest_claim(limit)),
            *(
                dg.AssetCheckSpec(guard, asset=_CLUSTERS, blocking=True, description=claim)
                for guard, claim in link_guards.claims().items()
            ),
            *check_specs(_CLUSTERS, suite),
            *check_specs(_CONFLICTS, of_conflicts),
            *review_check_specs(project),
        ],
        pool=POOL,
    )
    def clusters(run: dg.ResourceParam[Run]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - dagster reads the annotation
        prepare_judging(run)
        with step(run, "link.clusters"):
            constraints = constraints_of(run.project, run.link_events)
            summary = linkage.cluster_records(run.warehouse, constraints=constraints)
            verdict = dg.AssetCheckResult(
                asset_key=_CLUSTERS,
                check_name=LARGEST,
                passed=guard_clusters(run, limit),
                metadata={"largest cluster (records)": summary.largest_size, "limit": limit},
            )
            figures = link_guards.guard_linking(run)
            judged, judged_conflicts = judge_table(run, CLUSTERS, suite), judge_table(run, CONFLICTS, of_conflicts)
        yield dg.MaterializeResult(
            asset_key=_CLUSTERS,
            metadata=counts(
                summary.record_count,
                clusters=summary.cluster_count,
                touched_count=summary.touched_count,
                largest_cluster=summary.largest_size,
                **{name: value for name, value in figures.figures.items() if name != "largest_cluster"},
            ),
            check_results=[verdict, *_like_the_last_runs(figures), *check_results(_CLUSTERS, *judged)],
        )
        yield dg.MaterializeResult(
            asset_key=_CONFLICTS,
            metadata=counts(
                run.warehouse.count(CONFLICTS),
                cannot_link=summary.cannot_link_count,
                duplicate_free=summary.duplicate_free_count,
                weak_bridge=summary.weak_bridge_count,
            ),
            check_results=check_results(_CONFLICTS, *judged_conflicts),
        )
        yield from review_results(run)

    return clusters


def _like_the_last_runs(figures: LinkFigures) -> list[dg.AssetCheckResult]:
    """The verdict of each guard, with what was found and expected."""
    results = []
    for guard in link_guards.claims():
        own = [each for each in figures.judged if each.guard == guard]
        broken = [each for each in own if each.is_broken]
        results.append(
            dg.AssetCheckResult(
                asset_key=_CLUSTERS,
                check_name=guard,
                passed=not broken,
                description=link_guards.told(broken, figures) if broken else None,
                metadata={
                    **{each.figure: each.found for each in own},
                    **{f"{each.figure}, expected": link_guards.band(each) for each in own},
                    "judged": len(own),
                },
            )
        )
    return results
