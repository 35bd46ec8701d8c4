"""Claims on what `ops.check_results` holds: the latest verdict on each rule, test and guard."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crm_pipeline import quality
from crm_pipeline.settings import Project
from crm_pipeline.steps.checks import latest_results, prepare_judging, record_results, record_tests
from crm_pipeline.steps.publishing.back_up import BackUpResult
from crm_pipeline.steps.publishing.guards import guard_clusters, guard_snapshot
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import CHECK_RESULTS, CLUSTERS
from crm_pipeline.warehouse.models import ModelTestResult
from crm_pipeline_tests.steps.building import PRODUCTS, project_of, running


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that was never run."""
    return project_of(tmp_path, PRODUCTS.replace("LOAD", "full"))


def kept(run: Run) -> list[tuple[object, ...]]:
    """Table, name, kind, severity, judged, failed and whether it passed, in the order of the key."""
    return [row[:-1] for row in run.warehouse.execute(f"FROM {CHECK_RESULTS.qualified} ORDER BY ALL")]


def verdicts(*failed: int) -> list[ModelTestResult]:
    """Verdicts on an error and a warning, with these numbers of rows."""
    return [
        ModelTestResult(f"test_{number}", "warning" if number else "error", count, "It holds.")
        for number, count in enumerate(failed)
    ]


def rules(judged: int, failed: int) -> pl.DataFrame:
    """The verdict on one rule of a table that SQL tests are about too."""
    row = ("gold.orders", "orders.a", "rule", "value", judged, failed, failed == 0, "Correct it.")
    return pl.DataFrame([row], schema=CHECK_RESULTS.polars_schema, orient="row")


def test_tests_of_a_model_replace_their_own(project: Project) -> None:
    """A test's verdict has the meaning of its severity and replaces its earlier one, not rules nor other tables."""
    with running(project) as run:
        orders, products = run.sql_models["gold.orders"], run.sql_models["gold.products"]
        record_results(run, rules(5, 1))
        record_tests(run, products, 3, verdicts(0))
        record_tests(run, orders, 7, verdicts(2, 3))
        record_tests(run, orders, 8, verdicts(0, 1)[1:])
        assert kept(run) == [
            ("gold.orders", "orders.a", "rule", "value", 5, 1, False),
            ("gold.orders", "test_1", "test", "warning", 8, 1, False),
            ("gold.products", "test_0", "test", "table", 3, 0, True),
        ]
        record_tests(run, orders, 0, [])
        assert [row[1] for row in kept(run)] == ["orders.a", "test_0"]


def test_tests_of_a_model_that_is_gone_go(project: Project) -> None:
    """The verdicts on a model that the project no longer has go with the next model that is tested."""
    folder = project.root / "sql" / "mart"
    folder.mkdir(parents=True)
    (folder / "own.sql").write_text("SELECT 1 AS a")
    (folder / "own.yml").write_text(
        "grain: one\ndescription: One.\nkey: [a]\ncolumns:\n  - {name: a, description: a, personal: none}\n"
    )
    with running(project) as run:
        record_tests(run, run.sql_models["mart.own"], 1, verdicts(1))
    for file in folder.iterdir():
        file.unlink()
    with running(project) as run:
        record_tests(run, run.sql_models["gold.orders"], 1, verdicts(0))
        assert [row[0] for row in kept(run)] == ["gold.orders"]


def test_a_table_without_judged_rows_keeps_its_verdict(project: Project) -> None:
    """Where no row was judged the latest verdict is what counts, unless the rules are others by now."""
    with running(project) as run:
        nothing = rules(0, 0)
        assert latest_results(run, nothing) is nothing
        record_results(run, rules(5, 1))
        record_results(run, nothing)
        assert latest_results(run, nothing).rows() == rules(5, 1).rows()
        assert latest_results(run, rules(4, 0)).rows() == rules(4, 0).rows()
        others = nothing.with_columns(rule_id=pl.lit("orders.b"))
        assert latest_results(run, others) is others


def test_guards_are_checks(project: Project) -> None:
    """Clusters above the limit are counted and stop the run; a backup that nobody asked for is a warning."""
    sizes = {"a": 3, "b": 2, "c": 1}
    rows = [(f"{cluster}{i}", cluster) for cluster, size in sizes.items() for i in range(size)]
    frame = pl.DataFrame(rows, schema=["record_key", "cluster_key"], orient="row")
    with running(project) as run:
        run.warehouse.replace(CLUSTERS, frame)
        assert guard_clusters(run, 3)
        assert not guard_clusters(run, 1)
        assert not guard_snapshot(run, BackUpResult(None, False, 0, 0, "not taken"))
        assert kept(run) == [
            ("backup.snapshot", "is_taken", "guard", "warning", 1, 1, False),
            ("link.clusters", "largest_cluster", "guard", "table", 3, 2, False),
        ]
        run.warehouse.replace(CLUSTERS, frame.head(0))
        assert guard_clusters(run, 1)  # without any customer


def test_loading_is_a_step_of_its_own(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What judging loads is loaded once in a run and measured by itself, before the first table that is judged."""
    calls: list[int] = []
    monkeypatch.setattr(quality, "load_expectations", lambda: calls.append(1))
    with running(project) as run:
        for name in ("std.campaigns", "std.customers"):
            prepare_judging(run)
            with run.progress.step(name):
                pass
        assert [step.step for step in run.progress.steps] == ["start", "std.campaigns", "std.customers"]
    assert calls == [1]
