"""The report of a run: its last step, so that it knows what all others took."""

import dagster as dg

from crm_pipeline.orchestration.assets.publish import PUBLISHED, SNAPSHOT
from crm_pipeline.orchestration.discretion import discreet
from crm_pipeline.orchestration.metadata import POOL
from crm_pipeline.orchestration.report_links import remember_reports_address, report_link, reports_address
from crm_pipeline.settings import Project
from crm_pipeline.steps.run import Run
from crm_pipeline.steps.telling.quality_report import LATEST_QUALITY, quality_page
from crm_pipeline.steps.telling.report import LATEST, write_report

REPORT = dg.AssetKey(["reports", "run"])


def report_assets(project: Project) -> list[dg.AssetsDefinition]:
    """One HTML file per run; a run that is stopped before it gets here has its report all the same."""

    @dg.asset(
        key=REPORT,
        group_name="reports",
        deps=[PUBLISHED, SNAPSHOT],
        pool=POOL,
        kinds={"html"},
        description="What came in, what was rejected, who was linked, what it took: charts, in English and Chinese.",
        metadata={
            "latest": dg.MetadataValue.url(report_link(project, LATEST)),
            "latest quality report": dg.MetadataValue.url(report_link(project, LATEST_QUALITY)),
        },
    )
    def report(run: dg.ResourceParam[Run]) -> dg.MaterializeResult:
        with discreet():
            file = write_report(run)
            remember_reports_address(project, reports_address(project))
            return dg.MaterializeResult(
                metadata={
                    "report": dg.MetadataValue.url(report_link(project, file.name)),
                    "quality report": dg.MetadataValue.url(report_link(project, quality_page(run))),
                    "file": dg.MetadataValue.path(str(file)),
                    "quality file": dg.MetadataValue.path(str(file.with_name(quality_page(run)))),
                }
            )

    return [report]
