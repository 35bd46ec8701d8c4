"""Landing assets: one per extract, daily partitions, several days in one run."""

import dagster as dg

from crm_pipeline.orchestration.metadata import POOL, counts
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Extract, Project
from crm_pipeline.steps.land import land_extract
from crm_pipeline.steps.run import Run


class LandConfig(dg.Config):
    """What one may set when landing by hand."""

    reread: bool = False


def business_days(project: Project) -> dg.DailyPartitionsDefinition:
    """Business dates from the project's start date to today."""
    config = project.config
    return dg.DailyPartitionsDefinition(
        start_date=config.start_date.isoformat(), timezone=config.timezone, end_offset=1
    )


def landing_key(source: str, extract: str) -> dg.AssetKey:
    """The key of an extract's landing asset."""
    return dg.AssetKey(["landing", source, extract])


def landing_assets(project: Project) -> list[dg.AssetsDefinition]:
    """One asset per configured extract."""
    days = business_days(project)
    return [_landing_asset(source, name, extract, days) for source, name, extract in project.config.extracts]


def _landing_asset(source: str, name: str, extract: Extract, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        key=landing_key(source, name),
        group_name="landing",
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=POOL,
        kinds={"parquet"},
        description=f"Deliveries of {source}.{name} ({extract.entity}, {extract.load}), exactly as they came.",
        metadata={"file": extract.read.file},
    )
    def landing(
        context: dg.AssetExecutionContext, config: LandConfig, run: dg.ResourceParam[Run]
    ) -> dg.MaterializeResult:
        with step(run, f"landing.{source}.{name}"):
            dates = [
                key.date() for key in (days.time_window_for_partition_key(k).start for k in context.partition_keys)
            ]
            landed = land_extract(run, source, name, dates, reread=config.reread)
            rows = sum(item.delivery.row_count for item in landed if item.delivery)
            missing = [item.business_date.isoformat() for item in landed if item.delivery is None]
            schema = [
                dg.TableColumn(column, "VARCHAR")
                for item in landed[-1:]
                if item.delivery
                for column in item.delivery.columns
            ]
            return dg.MaterializeResult(
                metadata={
                    **counts(rows, new=sum(item.is_new for item in landed), days=len(dates), not_delivered=missing),
                    "dagster/column_schema": dg.TableSchema(schema),
                }
            )

    return landing
