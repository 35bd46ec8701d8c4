"""Claims on what `status` says of what waits for a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline.cli.run_results import print_pending
from crm_pipeline.settings import Project, load_project
from crm_pipeline.state.models import ModelStore
from crm_pipeline.steps.publishing.link_accepting import accept
from crm_pipeline.steps.reviewing.deciding import decide
from crm_pipeline.steps.reviewing.listing import open_questions
from crm_pipeline.steps.telling.pending import Pending, pending
from crm_pipeline_tests.steps import test_link_guards as guarded
from crm_pipeline_tests.steps.building import project_of
from crm_pipeline_tests.steps.test_model_story import append, beside


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_of(tmp_path, guarded.CONFIG)


def test_what_waits_is_counted_until_it_is_accepted(project: Project) -> None:
    """Guards that stopped a run, and a model, wait until people accept them; before a publication nothing is asked."""
    assert pending(project) == Pending((), None, 0, 0, None, None, 0)
    assert pending(project).is_nothing
    for number in range(3):
        guarded.run_once(project, number, [1] * 600 + [2] * 200)
    guarded.run_once(project, 3, [1] * 200 + [2] * 400)
    models = ModelStore(project.state / "models")
    append(models, 1)
    append(models.refused, 2, refused_because="changed", **beside(1, 40))
    assert pending(project) == Pending(("edges_per_record", "match_rate"), 1, 40, 100, None, None, 0)
    told = json.loads(CliRunner().invoke(app, ["status", "--json", "--project", str(project.root)]).output)
    assert told["waiting"] == {
        "stopped_by": ["edges_per_record", "match_rate"], "model": 1, "model_changed": 40, "model_kept": 100,
        "questions": None, "disagreements": None, "due_overrides": 0,
    }  # fmt: skip
    for name in ("match_rate", "edges_per_record", "model"):
        accept(project, name, decided_by="李雷", why="五月起如此")
    assert pending(project).is_nothing


def test_each_line_names_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each thing that waits, with what to type; one line where nothing does."""
    print_pending(Pending(("match_rate",), 1, 40, 100, 12, 1, 2))
    lines = capsys.readouterr().out.splitlines()
    commands = ("linkage accept GUARD", "linkage accept model", "review list", "review list --disagreements",
                "override list --due")  # fmt: skip
    assert len(lines) == len(commands)
    assert all(command in line for command, line in zip(commands, lines, strict=True))
    assert "40 of 100 verdicts, 40.0%" in lines[1]
    assert lines[2].startswith("12 questions are open")
    assert lines[3].startswith("1 decision has")
    assert lines[4].startswith("2 overrides are due for review")
    print_pending(Pending((), None, 0, 0, 0, 0, 0))
    assert capsys.readouterr().out == "Nothing waits for a person.\n"


@pytest.mark.slow
def test_the_queue_of_a_real_run(small_copy: Path) -> None:
    """Open questions are those of `review list`; a decision ends one at once."""
    project = load_project(small_copy)
    questions = open_questions(project).questions
    assert pending(project).questions == questions.height
    assert pending(project).disagreements == 0
    if questions.height:
        decide(project, [questions["question_id"][0]], is_same=False, why="父子", decided_by="李雷")
        assert (pending(project).questions or 0) < questions.height
    printed = CliRunner().invoke(app, ["status", "--project", str(small_copy)])
    assert printed.exit_code == 0, printed.output
    assert ("Nothing waits" in printed.output) == pending(project).is_nothing
