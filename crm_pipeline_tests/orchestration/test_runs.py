"""Claims on runs as Dagster remembers them: the job, its partitions, counts at each hop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph, BaseAssetNode

from crm_pipeline.orchestration.build import build_definitions
from crm_pipeline.orchestration.instance import project_instance
from crm_pipeline.publish import query
from crm_pipeline.settings import load_project
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import NEW, SECOND, add_second_day

THIRD = "2026-01-30"  # nothing was delivered
UNCOUNTED = {dg.AssetKey(["backup", "snapshot"]), dg.AssetKey(["reports", "run"])}  # files, not tables
EXTRACTS = ("crm/customers", "crm/orders", "crm/products", "erp/customers", "erp/locations")


@pytest.fixture
def instance(small_copy: Path) -> Iterator[dg.DagsterInstance]:
    """What the UI reads of the small project after one headless run."""
    with project_instance(load_project(small_copy)) as opened:
        yield opened


def test_a_headless_run_is_in_the_ui(instance: dg.DagsterInstance) -> None:
    """A run of the command is recorded under the nightly job, with the tags by which the UI shows it there."""
    [record] = instance.get_run_records()
    run = record.dagster_run
    assert run.job_name == "nightly"
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert run.tags[".dagster/repository"] == "__repository__@crm_pipeline"
    assert run.tags["dagster/partition"] == projects.DATE
    assert run.tags["crm_pipeline/started_by"] == "command line"


def test_every_materialisation_has_a_row_count(instance: dg.DagsterInstance, small: projects.Finished) -> None:
    """Each asset was materialised once, and its count of rows is that of its table."""
    counts = {}
    for key in instance.all_asset_keys():
        events = instance.fetch_materializations(key, limit=2).records
        assert len(events) == 1, key
        materialization = events[0].asset_materialization
        assert materialization is not None
        if key not in UNCOUNTED:
            counts[key.to_user_string()] = materialization.metadata["dagster/row_count"].value
    file = small.folder / "published/crm.duckdb"
    for table in ("customers", "customer_records", "orders", "products", "customer_ids", "identity_events"):
        assert counts[f"gold/{table}"] == query(file, f"SELECT count(*) FROM {table}").item(), table
    assert counts["landing/crm/customers"] == 315
    assert counts["std/customers"] == 3 * 305
    assert counts["mart/orphans"] == 0
    assert set(counts) == {key.to_user_string() for key in _graph(small).get_all_asset_keys() - UNCOUNTED}


def test_models_say_where_their_columns_come_from(instance: dg.DagsterInstance) -> None:
    """Each SQL model shows the columns that each of its columns is computed from, for the UI and to read."""
    told = {}
    for key in (dg.AssetKey(["mart", "sales_monthly"]), dg.AssetKey(["gold", "orders"])):
        [event] = instance.fetch_materializations(key, limit=1).records
        assert event.asset_materialization is not None
        told[key.path[-1]] = event.asset_materialization.metadata
    lineage = told["orders"]["dagster/column_lineage"].value
    assert isinstance(lineage, dg.TableColumnLineage)
    [amount] = lineage.deps_by_column["amount"]
    assert (amount.asset_key, amount.column_name) == (dg.AssetKey(["std", "orders"]), "amount")
    shown = str(told["orders"]["columns come from"].value)
    assert "| amount | std.orders.amount |" in shown
    assert "| month |" in str(told["sales_monthly"]["columns come from"].value)


def test_every_check_was_evaluated(instance: dg.DagsterInstance, small: projects.Finished) -> None:
    """Each check of each asset has a verdict in the UI."""
    [record] = instance.get_run_records()
    evaluated = {
        (log.dagster_event.event_specific_data.asset_key, log.dagster_event.event_specific_data.check_name)
        for log in instance.all_logs(record.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if log.dagster_event
    }
    assert evaluated == {(key.asset_key, key.name) for key in _graph(small).asset_check_keys}


def _graph(project: projects.Finished) -> BaseAssetGraph[BaseAssetNode]:
    return build_definitions(load_project(project.folder)).resolve_asset_graph()


@pytest.mark.slow
def test_a_range_of_days_is_one_run(fresh_small: Path, command: CommandLine) -> None:
    """Three days with deliveries on two are one run that marks all three partitions and loads both days in order."""
    project = add_second_day(fresh_small)
    done = command("run", "--from", projects.DATE, "--to", THIRD, "--project", project)
    assert done.returncode == 0, done.stderr
    with project_instance(load_project(project)) as instance:
        [record] = instance.get_run_records()
        tags = record.dagster_run.tags
        assert tags["dagster/asset_partition_range_start"] == projects.DATE
        assert tags["dagster/asset_partition_range_end"] == THIRD
        for name in EXTRACTS:
            key = dg.AssetKey(["landing", *name.split("/")])
            assert instance.get_materialized_partitions(key) == {projects.DATE, SECOND, THIRD}, name
            event = instance.fetch_materializations(key, limit=1).records[0].asset_materialization
            assert event is not None
            assert event.metadata["not_delivered"].value == [THIRD]
    file = project / "published/crm.duckdb"
    days = "SELECT CAST(business_date AS VARCHAR), count(*) FROM loads GROUP BY ALL ORDER BY ALL"
    assert query(file, days).rows() == [(projects.DATE, 5), (SECOND, 5)]
    assert query(file, "SELECT count(*) FROM customers").item() == 305 + len(NEW) - 1
