"""Claims on the commands around anomalies: list, accept, and a run that takes what was accepted out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_pipeline.settings import load_project
from crm_pipeline.steps.publishing.publish import publish_steward
from crm_pipeline.steps.run import open_run
from crm_pipeline.steps.watching.watch import acceptances_of, watch
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.steps import test_watching as watching
from crm_pipeline_tests.steps.building import project_of


@pytest.fixture
def unusual(tmp_path: Path) -> Path:
    """A project of 31 deliveries, in the last of which four e-mails in ten are missing."""
    one = project_of(tmp_path / "客户", watching.CUSTOMERS)
    watching.watched(one, last=watching.without_emails)
    return one.root


def test_list_accept_run(unusual: Path, command: CommandLine) -> None:
    """An anomaly is listed with its band, accepted by name, and gone with the next run; who and why stay."""
    listed = command("quality", "list", "--project", unusual)
    assert (listed.returncode, "crm.customers.emails" in listed.stdout) == (0, True), listed.stderr
    assert "quality accept" in listed.stdout
    [row] = anomalies(command, unusual)
    assert (row["column_name"], row["metric"], row["history_count"]) == ("emails", "null_share", 30)
    assert row["is_accepted"] is False
    why = "改版后邮箱选填"
    done = command("quality", "accept", "crm.customers.emails", "--why", why, "--by", "李雷", "--project", unusual)
    assert (done.returncode, "counts anew from the delivery of 2026-02-04" in done.stdout) == (0, True), done.stderr
    assert [each["is_accepted"] for each in anomalies(command, unusual)] == [True]
    again = command("quality", "list", "--project", unusual)
    assert "1 of them accepted since" in again.stdout
    project = load_project(unusual)
    [kept] = acceptances_of(project).acceptances()
    assert (kept.decided_by, kept.why, kept.metric) == ("李雷", why, "null_share")
    with open_run(project, run_id="next") as run:
        watch(run)
        publish_steward(run)
    none = command("quality", "list", "--project", unusual)
    assert (none.returncode, none.stdout.startswith("No anomaly")) == (0, True)
    assert anomalies(command, unusual) == []


def anomalies(command: CommandLine, folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(command("quality", "list", "--json", "--project", folder).stdout)
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("crm.customers", "--why", "x"), "crm.customers.emails null_share"),
        (("crm.customers.emails", "--metric", "volume", "--why", "x"), "crm.customers.emails null_share"),
        (("crm.customers.emails", "--why", " "), "why it is right"),
        (("crm.customers.emails",), "--why"),
    ],
)
def test_what_is_no_anomaly_is_not_accepted(
    unusual: Path, command: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    """Another name, another figure or no reason is a wrong call that keeps nothing, and says what there is."""
    done = command("quality", "accept", *arguments, "--project", unusual)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert not acceptances_of(load_project(unusual)).acceptances()


def test_before_the_first_run_there_is_nothing_to_list(tmp_path: Path, command: CommandLine) -> None:
    """Where nothing was published, that is said, and not that all is as usual."""
    project_of(tmp_path, watching.CUSTOMERS)
    done = command("quality", "list", "--project", tmp_path)
    assert (done.returncode, "crm-pipeline run" in done.stderr) == (2, True)
