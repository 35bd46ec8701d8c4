"""Claims on PostgreSQL for what Dagster records: one environment variable, a real server, and its restart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest

from crm_pipeline.errors import InstanceError
from crm_pipeline.orchestration.instance import project_instance
from crm_pipeline.settings import load_project
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e import postgres, ui_server
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.postgres import PASSWORD, Database

VARIABLE = "CRM_PIPELINE_DAGSTER_POSTGRES_URL"
_RUNS = "{runsOrError{... on Runs{results{runId status}}}}"
_RUN_IN_THE_UI = """mutation($run: ExecutionParams!){launchRun(executionParams:$run){__typename
    ... on LaunchRunSuccess{run{runId}} ... on PythonError{message}}}"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database for the tests of this module."""
    with postgres.running(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.mark.slow
def test_runs_are_still_there_after_a_restart(fresh_small: Path, database: Database, command: CommandLine) -> None:
    """Runs outlive server and var/, and nothing of the instance is in SQLite; taken back, the variable shows files."""
    with (fresh_small / ".env").open("a", encoding="utf-8") as settings:
        settings.write(f"{VARIABLE}={database.url()}\n")
    done = command("run", "--date", projects.DATE, "--json", "--project", fresh_small)
    assert done.returncode == 0, done.stderr
    run_id = json.loads(done.stdout)["run_id"]
    assert _recorded(command, fresh_small) == [(run_id, "success")]
    assert [file.name for file in (fresh_small / "var").rglob("*.db*")] == []

    database.stop()
    refused = command("status", "--project", fresh_small)
    assert refused.returncode == 3
    assert VARIABLE in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    database.start()
    assert _recorded(command, fresh_small) == [(run_id, "success")]

    shutil.rmtree(fresh_small / "var")
    assert _recorded(command, fresh_small) == [(run_id, "success")]
    assert _recorded(command, fresh_small, env={VARIABLE: ""}) == []  # files: the environment wins over .env
    assert _recorded(command, fresh_small) == [(run_id, "success")]
    assert _files_with_the_password(fresh_small) == [".env"]


@pytest.mark.slow
def test_ui_and_commands_share_the_database(small_copy: Path, database: Database, command: CommandLine) -> None:
    """The UI, started again, shows the runs of both; its daemon starts one; no process is called with the URL."""
    env = {VARIABLE: database.url()}
    before = set(_recorded(command, small_copy, env))
    with ui_server.opened(small_copy, env) as page:
        launched = page.ask(_RUN_IN_THE_UI, run=_rebuild())["launchRun"]["run"]["runId"]
        ui_server.wait_until(lambda: _states(page).get(launched) in {"SUCCESS", "FAILURE"}, 300)
        assert _states(page)[launched] == "SUCCESS"
        family = [psutil.Process(page.process_id), *psutil.Process(page.process_id).children(recursive=True)]
        calls = [" ".join(process.cmdline()) for process in family]
        assert len(calls) > 3  # servers of the code, the pages and the daemon
        assert not [call for call in calls if _has_password(call.encode())]
    assert set(_recorded(command, small_copy, env)) - before == {(launched, "success")}
    with ui_server.opened(small_copy, env) as page:
        assert set(_states(page)) >= {launched, *(run for run, _ in before)}
    assert _files_with_the_password(small_copy) == []


def test_refusals_are_one_line_without_password(fresh_small: Path, database: Database, command: CommandLine) -> None:
    """Wrong password, missing database and missing rights are exit 3 and the reason; what is no URL is exit 2."""
    database.ask("CREATE DATABASE closed")
    cases = {
        database.url(password="p@ss"): (3, 'found password authentication failed for user "recorder"'),
        database.url(database="nowhere"): (3, 'found database "nowhere" does not exist'),
        database.url(database="closed"): (3, "found permission denied for schema public"),
        f"postgres://recorder:{PASSWORD}@localhost/records": (2, "found something else"),  # not written with %40
    }
    for url, (code, reason) in cases.items():
        refused = command("run", "--date", projects.DATE, "--project", fresh_small, env={VARIABLE: url})
        assert refused.returncode == code, refused.stderr
        [line] = [line for line in refused.stderr.splitlines() if line.startswith("error")]
        assert line.startswith(f"error: {VARIABLE}: expected")
        assert reason in line
        assert "Traceback" not in refused.stderr
        assert not _has_password(refused.stderr.encode()), refused.stderr


@pytest.mark.slow
def test_a_server_lost_on_the_way(
    fresh_small: Path, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that stops while something is recorded ends it with the same words, and with no password in the log."""
    monkeypatch.setenv(VARIABLE, database.url())
    try:
        with pytest.raises(InstanceError) as lost, project_instance(load_project(fresh_small)) as instance:
            database.stop()
            instance.add_run(dg.DagsterRun(job_name="nightly"))
    finally:
        database.start()
    assert lost.value.where == VARIABLE
    assert not _has_password(str(lost.value).encode())
    assert not _has_password(caplog.text.encode())


def _recorded(command: CommandLine, project: Path, env: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Id and status of the runs that `status` shows."""
    shown = command("status", "--json", "--project", project, env=env)
    assert shown.returncode == 0, shown.stderr
    return [(run["run_id"], run["status"]) for run in json.loads(shown.stdout)["runs"]]


def _states(page: ui_server.Page) -> dict[str, str]:
    return {run["runId"]: run["status"] for run in page.ask(_RUNS)["runsOrError"]["results"]}


def _rebuild() -> dict[str, Any]:
    """What the page of the job sends when its button is pressed."""
    place = {"repositoryLocationName": "crm_pipeline", "repositoryName": "__repository__"}
    return {"selector": {**place, "jobName": "rebuild"}, "runConfigData": {}, "mode": "default"}


def _has_password(content: bytes) -> bool:
    """Whether it, or what a URL makes of it, is there, or a telling piece of it."""
    return any(piece in content for piece in (b"p@ss", b"w/rd", b"p%40ss", b"w%2Frd"))


def _files_with_the_password(project: Path) -> list[str]:
    files = [file for file in project.rglob("*") if file.is_file()]
    return sorted(str(file.relative_to(project)) for file in files if _has_password(file.read_bytes()))
