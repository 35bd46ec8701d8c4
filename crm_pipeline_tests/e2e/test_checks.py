"""Claims on checks that do not pass, as a run, the status, the report and the UI tell them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline.orchestration.instance import project_instance
from crm_pipeline.orchestration.metadata import check_name
from crm_pipeline.orchestration.rules import names_of_broken
from crm_pipeline.settings import load_project
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine

_WARNING = "-- model: orders\n-- severity: warn\n-- Never holds. Prevents: nothing.\nSELECT 1 AS a UNION ALL SELECT 2\n"
_STOPPING = "-- model: orders\n-- Never holds. Prevents: nothing.\nSELECT 1 AS a\n"
_NAME = ("gold.orders", "assert_never")
_TILE = re.compile(r"(\d+) did not pass")


def add_test(project: Path, text: str) -> None:
    """An SQL test of the project's own."""
    folder = project / "sql" / "gold"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "assert_never.sql").write_text(text)


def told_by_status(project: Path, command: CommandLine) -> list[dict[str, object]]:
    """The checks that do not pass, as `status --json` lists them."""
    done = command("status", "--json", "--project", project)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)["failed_checks"]
    return found


def told_by_the_ui(project: Path) -> set[tuple[str, str]]:
    """Table and name of the checks that did not pass in the latest run, as Dagster recorded them."""
    with project_instance(load_project(project)) as instance:
        run_id = instance.get_run_records(limit=1)[0].dagster_run.run_id
        logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    verdicts = [log.dagster_event.event_specific_data for log in logs if log.dagster_event]
    evaluations = [verdict for verdict in verdicts if isinstance(verdict, dg.AssetCheckEvaluation)]
    return {(".".join(verdict.asset_key.path), name) for verdict, name in names_of_broken(evaluations)}


def told_by_the_report(project: Path) -> int:
    """The number on the tile of the latest report."""
    page = (project / "reports" / "latest.html").read_text(encoding="utf-8")
    found = _TILE.search(page)
    return int(found[1]) if found else 0


@pytest.mark.slow
def test_everybody_tells_the_same_of_a_warning(small_copy: Path, command: CommandLine) -> None:
    """A warning of an SQL test is in run, status, report and UI, beside what else did not pass, also in a rerun."""
    add_test(small_copy, _WARNING)
    for _ in range(2):  # the second run finds nothing new, so that rules keep the verdict of the first
        done = command("run", "--json", "--date", projects.DATE, "--project", small_copy)
        assert done.returncode == 0, done.stderr
        told = {(check["table"], check["check"]) for check in json.loads(done.stdout)["failed_checks"]}
        assert _NAME in told
        status = told_by_status(small_copy, command)
        assert {(str(row["table_name"]), check_name(str(row["rule_id"]))) for row in status} == told
        [row] = [row for row in status if row["kind"] == "test"]
        assert (row["table_name"], row["rule_id"], row["severity"], row["failed_count"]) == (*_NAME, "warning", 2)
        assert told_by_the_ui(small_copy) == told
        assert told_by_the_report(small_copy) == len(told)
    (small_copy / "sql" / "gold" / "assert_never.sql").unlink()
    assert command("run", "--date", projects.DATE, "--project", small_copy).returncode == 0
    assert [row for row in told_by_status(small_copy, command) if row["kind"] == "test"] == []


def test_a_test_that_stops_the_run_is_in_the_status(small_copy: Path, command: CommandLine) -> None:
    """An SQL test of severity error that fails is in the status, the report and the UI of the run that it stopped."""
    add_test(small_copy, _STOPPING)
    assert command("run", "--date", projects.DATE, "--project", small_copy).returncode == 1
    [row] = [row for row in told_by_status(small_copy, command) if row["kind"] == "test"]
    assert (row["table_name"], row["rule_id"], row["severity"], row["failed_count"]) == (*_NAME, "table", 1)
    assert _NAME in told_by_the_ui(small_copy)
    assert told_by_the_report(small_copy) >= 1


def test_a_giant_that_stops_the_run_is_asked_about(small_copy: Path, command: CommandLine) -> None:
    """Each customer above `largest_cluster` is one question of the very run that it stopped; readers keep the rest."""
    configuration = small_copy / "pipeline.yaml"
    configuration.write_text(configuration.read_text(encoding="utf-8") + "\nlinkage: {largest_cluster: 2}\n", "utf-8")
    before = (small_copy / "published" / "crm.duckdb").read_bytes()
    assert command("run", "--date", projects.DATE, "--project", small_copy).returncode == 1
    assert (small_copy / "published" / "crm.duckdb").read_bytes() == before
    [row] = [row for row in told_by_status(small_copy, command) if row["rule_id"] == "largest_cluster"]
    told = json.loads(command("review", "list", "--json", "--most", "1000", "--project", small_copy).stdout)
    asked = [question["cluster_key_l"] for question in told["questions"] if question["reason"] == "large_cluster"]
    assert len(asked) == len(set(asked)) == row["failed_count"] > 0


@pytest.mark.slow
def test_without_a_key_of_backups_everybody_warns(small_copy: Path, command: CommandLine) -> None:
    """A run without a key of backups says so in its own words, in the status and in the report."""
    configuration = small_copy / "pipeline.yaml"
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(re.sub(r"(?m)^backup:.*\n(?:[ ]+.*\n)*", "", text), encoding="utf-8")
    done = command("run", "--json", "--date", projects.DATE, "--project", small_copy)
    assert done.returncode == 0, done.stderr
    told = {(check["table"], check["check"]) for check in json.loads(done.stdout)["failed_checks"]}
    assert ("backup.snapshot", "is_taken") in told
    status = told_by_status(small_copy, command)
    assert {(str(row["table_name"]), check_name(str(row["rule_id"]))) for row in status} == told
    assert told_by_the_report(small_copy) == len(told)
