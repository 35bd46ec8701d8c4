"""Landing assets: one per extract, daily partitions, several days in one run."""

from collections.abc import Sequence

import dagster as dg

from crm_pipeline.errors import DeliveryError
from crm_pipeline.orchestration.load_metadata import (
    inbox_check,
    inbox_check_spec,
    landed_table,
    schema_check,
    schema_check_spec,
)
from crm_pipeline.orchestration.metadata import POOL, counts
from crm_pipeline.orchestration.step import step
from crm_pipeline.settings import Extract, Project
from crm_pipeline.steps.landing.inbox import has_inbox, land_inbox
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.run import Run


class LandConfig(dg.Config):
    """What one may set when landing by hand."""

    reread: bool = False
    accept_loss: bool = False


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
    key = landing_key(source, name)

    @dg.asset(
        key=key,
        group_name="landing",
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=POOL,
        kinds={"parquet"},
        description=f"Deliveries of {source}.{name} ({extract.entity}, {extract.load}), exactly as they came.",
        check_specs=[schema_check_spec(key), *([inbox_check_spec(key)] if has_inbox(extract) else [])],
        metadata={extract.read.kind: extract.read.place},
    )
    def landing(
        context: dg.AssetExecutionContext, config: LandConfig, run: dg.ResourceParam[Run]
    ) -> dg.MaterializeResult:
        with step(run, f"landing.{source}.{name}"):
            dates = [days.time_window_for_partition_key(day).start.date() for day in context.partition_keys]
            failed: Sequence[DeliveryError] = ()
            if has_inbox(extract):
                taken = land_inbox(run, source, name, dates, accept_loss=config.accept_loss)
                landed, failed = list(taken.landed), taken.failed
            else:
                landed = land_extract(run, source, name, dates, reread=config.reread, accept_loss=config.accept_loss)
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
                    "deliveries": landed_table(landed),
                    "dagster/column_schema": dg.TableSchema(schema),
                },
                check_results=[
                    schema_check(key, landed),
                    *([inbox_check(key, failed)] if has_inbox(extract) else []),
                ],
            )

    return landing
