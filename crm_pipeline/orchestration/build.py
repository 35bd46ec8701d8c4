"""All definitions of one project: assets, jobs, schedules, resources."""

import dagster as dg

from crm_pipeline.orchestration.assets.checks import check_assets
from crm_pipeline.orchestration.assets.gold import gold_assets
from crm_pipeline.orchestration.assets.landing import business_days, landing_assets, landing_key
from crm_pipeline.orchestration.assets.link import link_assets
from crm_pipeline.orchestration.assets.mart import model_assets
from crm_pipeline.orchestration.assets.publish import publish_assets
from crm_pipeline.orchestration.assets.report import report_assets
from crm_pipeline.orchestration.assets.std import std_assets
from crm_pipeline.orchestration.jobs import jobs
from crm_pipeline.orchestration.resources import OpenRun
from crm_pipeline.orchestration.schedules import schedules
from crm_pipeline.orchestration.sensors import sensors
from crm_pipeline.settings import Project
from crm_pipeline.steps.landing.inbox import has_inbox


def build_definitions(project: Project, *, wait_seconds: float = 6 * 3600) -> dg.Definitions:
    """What Dagster shows and runs for a project.

    Args:
        project: read once; changes of pipeline.yaml take effect when the code location is loaded again.
        wait_seconds: how long a run waits for another one to give the warehouse back.
    """
    derived = [
        *std_assets(project),
        *check_assets(project),
        *link_assets(project),
        *gold_assets(project),
        *model_assets(project),
    ]
    upstream = [key for assets in derived for key in assets.keys if key.path[0] in {"gold", "mart", "ops"}]
    assets = [*landing_assets(project), *derived, *publish_assets(project, sorted(upstream)), *report_assets(project)]
    inboxes = [landing_key(source, name) for source, name, extract in project.config.extracts if has_inbox(extract)]
    project_jobs = jobs(business_days(project), inboxes)
    return dg.Definitions(
        assets=dg.with_source_code_references(assets),
        jobs=list(project_jobs.values()),
        schedules=schedules(project, project_jobs),
        sensors=sensors(project, project_jobs),
        resources={"run": OpenRun(project_folder=str(project.root), wait_seconds=wait_seconds)},
        executor=dg.in_process_executor,
    )
