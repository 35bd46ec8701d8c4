"""Claims on the commands around linking: what stopped a run is listed, accepted with a reason, and then usual."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_pipeline.settings import load_project
from crm_pipeline.steps.publishing.link_guards import acceptances_of
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.steps import test_link_guards as guarded
from crm_pipeline_tests.steps.building import project_of


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A project whose fourth run linked twice as many records as those before it."""
    project = project_of(tmp_path / "客户", guarded.CONFIG)
    for number in range(3):
        guarded.run_once(project, number, [1] * 600 + [2] * 200)
    guarded.run_once(project, 3, [1] * 200 + [2] * 400)
    return project.root


def test_list_and_accept(stopped: Path, command: CommandLine) -> None:
    """Each figure stands beside its median; what stopped the run is accepted by name, who and why stay."""
    listed = command("linkage", "list", "--project", stopped)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "linkage accept match_rate" in listed.stdout
    assert "stopped the run" in listed.stdout
    found = json.loads(command("linkage", "list", "--json", "--project", stopped).stdout)
    assert found["waiting"] == ["edges_per_record", "match_rate"]
    [rate] = [each for each in found["figures"]["judged"] if each["figure"] == "match_rate"]
    assert (rate["found"], rate["median"], rate["is_broken"]) == (0.8, 0.4, True)
    why = "商城五月起交付全部客户"
    done = command("linkage", "accept", "match_rate", "--why", why, "--by", "李雷", "--project", stopped)
    assert (done.returncode, "the next run applies it" in done.stdout) == (0, True), done.stderr
    [kept] = acceptances_of(load_project(stopped)).acceptances()
    assert (kept.guard, kept.run_id, kept.decided_by, kept.why) == ("match_rate", "run3", "李雷", why)
    again = json.loads(command("linkage", "list", "--json", "--project", stopped).stdout)
    assert again["waiting"] == ["edges_per_record"]


def test_nothing_to_accept(stopped: Path, command: CommandLine) -> None:
    """What does not wait is refused with the names of what does, exit 2; so is an acceptance without a reason."""
    for arguments in (["model", "--why", "x"], ["match_rate", "--why", " "]):
        done = command("linkage", "accept", *arguments, "--project", stopped)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert acceptances_of(load_project(stopped)).acceptances() == []


def test_before_the_first_run(tmp_path: Path, command: CommandLine) -> None:
    """A project that never linked says so."""
    root = project_of(tmp_path, guarded.CONFIG).root
    done = command("linkage", "list", "--project", root)
    assert (done.returncode, "No run has linked" in done.stdout) == (0, True), done.stderr
