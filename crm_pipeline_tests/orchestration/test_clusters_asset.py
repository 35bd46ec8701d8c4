"""Claims on the asset of clusters: it takes what pipeline.yaml says, stops at a giant, and asks about it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from crm_pipeline import quality
from crm_pipeline.orchestration.assets.link import link_assets
from crm_pipeline.settings import load_project
from crm_pipeline.steps.publishing.publish import publish_steward
from crm_pipeline.steps.reviewing.listing import open_questions
from crm_pipeline.tables import CONFLICTS, PAIRS
from crm_pipeline_tests.linkage.conftest import fill_customers
from crm_pipeline_tests.steps.building import running

CLUSTERS_KEY, CONFLICTS_KEY = dg.AssetKey(["link", "clusters"]), dg.AssetKey(["link", "conflicts"])
CONFIG = """\
version: 1
start_date: 2026-01-01
sources:
  crm:
    duplicate_free: true
    extracts:
      customers: {read: {file: a.csv}, primary_key: id, columns: {name: n}}
linkage: {largest_cluster: LIMIT}
"""


def clustered(
    folder: Path, keys: list[str], limit: int, matched_by: str = "identifier"
) -> tuple[dg.ExecuteInProcessResult, int]:
    """The asset materialised over these records, each linked to the next; and the rows of `link.conflicts`.

    Then stewards see what there is.
    """
    (folder / "pipeline.yaml").write_text(CONFIG.replace("LIMIT", str(limit)), encoding="utf-8")
    project = load_project(folder)
    weight = None if matched_by == "identifier" else 9.0
    pairs = [(a, b, matched_by, "erp_number", weight, 1.0, "link") for a, b in pairwise(keys)]
    with running(project) as run, dg.DagsterInstance.ephemeral() as instance:
        fill_customers(run.warehouse, [{"record_key": key} for key in keys])
        run.warehouse.replace(PAIRS, pl.DataFrame(pairs, schema=PAIRS.polars_schema, orient="row"))
        result = dg.materialize(
            link_assets(project),
            selection=dg.AssetSelection.assets(CLUSTERS_KEY).required_multi_asset_neighbors(),
            resources={"run": run},
            instance=instance,
            raise_on_error=False,
        )
        publish_steward(run)
        return result, run.warehouse.count(CONFLICTS)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Great Expectations is not loaded: no rule is broken here, so that it is not asked."""
    monkeypatch.setattr(quality, "load_expectations", lambda: None)


def test_conflicts_are_counted(tmp_path: Path) -> None:
    """A source declared free of duplicates keeps its records apart; each table shows its counts, and no key."""
    result, conflicts = clustered(tmp_path, ["crm/customers/1", "crm/customers/2", "erp/customers/1"], 100)
    assert result.success
    assert conflicts == 1
    metadata = {m.asset_key: m.metadata for m in result.asset_materializations_for_node("link__clusters")}
    told = {key: {name: value.value for name, value in shown.items()} for key, shown in metadata.items()}
    assert told[CLUSTERS_KEY].items() >= {"dagster/row_count": 3, "clusters": 2, "largest_cluster": 2}.items()
    expected = {"dagster/row_count": 1, "cannot_link": 0, "duplicate_free": 1, "weak_bridge": 0}
    assert told[CONFLICTS_KEY].items() >= expected.items()
    assert "customers/" not in str(told)


def test_a_giant_cluster_stops(tmp_path: Path) -> None:
    """A cluster above the limit fails its check, and the run with it."""
    result, _ = clustered(tmp_path, [f"erp/customers/{number}" for number in range(4)], 3)
    assert not result.success
    failed = [check.check_name for check in result.get_asset_check_evaluations() if not check.passed]
    assert failed == ["largest_cluster"]


def test_whoever_stopped_the_run_is_asked_about(tmp_path: Path) -> None:
    """A run that a giant stopped has its question about the giant, by its weakest link, for stewards."""
    keys = [f"erp/customers/{number}" for number in range(4)]
    result, _ = clustered(tmp_path, keys, 3, matched_by="model")
    assert not result.success
    asked = open_questions(load_project(tmp_path)).questions
    assert asked.select("reason", "record_count_l", "record_count_r").rows() == [("large_cluster", 3, 1)]
    assert {*asked["record_key_l"], *asked["record_key_r"]} <= {*keys}
