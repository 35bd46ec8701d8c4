"""Claims on the report of a run, as a run by the command line leaves it."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline.orchestration.assets.publish import SNAPSHOT
from crm_pipeline.orchestration.assets.report import REPORT
from crm_pipeline.orchestration.build import build_definitions
from crm_pipeline.orchestration.instance import project_instance
from crm_pipeline.orchestration.report_links import report_link
from crm_pipeline.settings import load_project
from crm_pipeline.state.measures import MeasureStore, Outcome
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine

_STOPPING = "-- model: orders\n-- Never holds. Prevents: nothing, it stops the run.\nSELECT 1 AS never\n"


def measures(folder: Path) -> MeasureStore:
    return MeasureStore(folder / "state" / "history" / "measures")


def test_a_run_prints_where_its_report_is(small: projects.Finished) -> None:
    """`run` names the report; it is there, readable by others than its owner, and the latest one."""
    [line] = [line for line in small.stdout.splitlines() if line.startswith("Report: ")]
    file = Path(line.removeprefix("Report: "))
    assert file.stat().st_mode & 0o777 == 0o644
    assert file.parent.stat().st_mode & 0o777 == 0o755
    assert file.read_bytes() == (small.folder / "reports" / "latest.html").read_bytes()
    assert "<html" in file.read_text(encoding="utf-8")


def test_every_step_is_measured(small: projects.Finished) -> None:
    """The history has seconds and memory of each step that Dagster ran before the report, and the counts it printed."""
    [told] = measures(small.folder).runs()
    assert told.outcome is Outcome.PUBLISHED
    with project_instance(load_project(small.folder)) as instance:
        run_id = instance.get_run_records()[0].dagster_run.run_id
        events = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
    ran = {event.step_key for event in events}
    named = {step.step.replace(".", "__") for step in told.steps}
    assert ran - {"reports__run", "identities", "watching", "logs"} <= named
    assert all(step.peak_memory_bytes > 50 << 20 and step.seconds >= 0 for step in told.steps)
    assert 0 < sum(step.seconds for step in told.steps) <= told.seconds
    assert (told.counts["customers"], told.counts["delivered"]) == (305, sum_of_deliveries(small))


def test_no_table_is_charged_with_an_import(small: projects.Finished) -> None:
    """What is loaded once is a step of its own, so that the first entity, of which nothing was delivered, took less."""
    [told] = measures(small.folder).runs()
    seconds = {step.step: step.seconds for step in told.steps}
    assert [step.step for step in told.steps].count("start") == 1
    assert seconds["std.campaigns"] < seconds["start"]


def sum_of_deliveries(project: projects.Finished) -> int:
    files = list((project.folder / "state" / "landing").rglob("*.json"))
    return sum(json.loads(file.read_text())["row_count"] for file in files)


def test_the_asset_page_links_to_the_report(small: projects.Finished) -> None:
    """What the UI shows of the report is a link to it, where `ui` will serve this project's reports."""
    project = load_project(small.folder)
    with project_instance(project) as instance:
        event = instance.get_latest_materialization_event(REPORT)
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    file = Path(str(metadata["file"].value))
    assert metadata["report"] == dg.MetadataValue.url(report_link(project, file.name))
    assert file.exists()


def test_a_stopped_run_has_its_report(small_copy: Path, command: CommandLine) -> None:
    """A run that a check stops says so in a report of its own, and readers keep what was published."""
    before = (small_copy / "published" / "crm.duckdb").read_bytes()
    (small_copy / "sql" / "gold").mkdir(parents=True, exist_ok=True)
    (small_copy / "sql" / "gold" / "assert_never.sql").write_text(_STOPPING)
    done = command("run", "--date", projects.DATE, "--project", small_copy)
    assert done.returncode == 1, done.stderr
    assert f"Report: {small_copy / 'reports' / 'latest.html'}" in done.stderr
    assert (small_copy / "published" / "crm.duckdb").read_bytes() == before
    first, second = measures(small_copy).runs()
    assert (first.outcome, second.outcome) == (Outcome.PUBLISHED, Outcome.STOPPED)
    reports = [file.name for file in (small_copy / "reports").glob("2*.html")]
    assert [name.endswith("-quality.html") for name in sorted(reports)].count(False) == 2
    page = (small_copy / "reports" / "latest.html").read_text(encoding="utf-8")
    assert "Nothing was published" in page
    assert "assert_never" in page
    assert "Never holds. Prevents: nothing, it stops the run." in page


def test_a_report_alone_stops_nothing(small_copy: Path) -> None:
    """Backup and report made again, as after a backup that failed, say that what was published stays."""
    project = load_project(small_copy)
    job = build_definitions(project).resolve_job_def("rebuild")
    with project_instance(project) as instance:
        done = job.execute_in_process(instance=instance, asset_selection=[SNAPSHOT, REPORT])
    assert done.success
    assert [told.outcome for told in measures(small_copy).runs()] == [Outcome.PUBLISHED, Outcome.UNCHANGED]
    assert "Nothing was published" not in (small_copy / "reports" / "latest.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_who_may_list_reports_is_kept(small_copy: Path, command: CommandLine) -> None:
    """The mode that somebody gave to the folder of reports stays."""
    (small_copy / "reports").chmod(0o700)
    assert command("run", "--date", projects.DATE, "--project", small_copy).returncode == 0
    assert (small_copy / "reports").stat().st_mode & 0o777 == 0o700


def test_a_backup_alone_has_no_report(small_copy: Path, command: CommandLine) -> None:
    """`backup full` publishes nothing, so that no report is due."""
    before = sorted((small_copy / "reports").iterdir())
    assert command("backup", "full", "--project", small_copy).returncode == 0
    assert sorted((small_copy / "reports").iterdir()) == before


@pytest.mark.slow
def test_nothing_new_takes_no_backup(small_copy: Path, command: CommandLine) -> None:
    """What a run took is kept after its backup, and is by itself no reason for another one."""
    for _ in range(2):
        done = command("run", "--date", projects.DATE, "--project", small_copy)
        assert "nothing changed since snapshot" in done.stdout, done.stdout + done.stderr
    assert [told.outcome for told in measures(small_copy).runs()][1:] == [Outcome.UNCHANGED] * 2
