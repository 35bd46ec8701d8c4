"""Claims on taking back a run: the tables are again as before it, nothing is lost, and the run can count again."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from crm_pipeline.publish import query
from crm_pipeline.settings import load_project
from crm_pipeline.state.decisions.withdrawals import WithdrawalStore
from crm_pipeline.state.models import ModelStore
from crm_pipeline.state.publications import Publications
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import SECOND, contents, exported

# What tells of everything that ever was: it grows, whatever is taken back; `published` has a hash over all.
APPENDED = {"customer_history.csv", "customer_ids.csv", "identity_events.csv", "published.csv"}


def _tables(folder: Path) -> dict[str, bytes]:
    return {name: rows for name, rows in exported(folder).items() if name not in APPENDED}


def _runs(folder: Path) -> list[str]:
    """Ids of the runs that published, oldest first."""
    entries = Publications(load_project(folder).state / "history" / "publications").entries()
    return [entry.run_id for entry in entries]


def test_a_run_is_taken_back_and_counts_again(
    command: CommandLine, small: projects.Finished, two_days: projects.Finished, day_two: Path
) -> None:
    """After `undo-run` readers have the tables from before the run; after `--redo` those from after it."""
    before = _tables(day_two)
    assert command("run", "--date", SECOND, "--project", day_two).returncode == 0
    after, run_id = _tables(day_two), _runs(day_two)[-1]
    assert before != after == _tables(two_days.folder)
    landed = contents(day_two, "state/landing")

    dry = command("undo-run", run_id[:8], "--project", day_two)
    assert dry.returncode == 0, dry.stderr
    assert "Nothing was changed" in dry.stdout
    assert _tables(day_two) == after
    told = json.loads(command("undo-run", run_id, "--dry-run", "--json", "--project", day_two).stdout)
    assert {(each["key"]["business_date"], each["instead"]) for each in told["deliveries"]} == {(SECOND, None)}
    changed = {each["table"]: each for each in told["tables"]}
    assert changed["customers"]["changed_again_count"] == 0

    done = command("undo-run", run_id, "--why", "test data of 测试", "--project", day_two)
    assert done.returncode == 0, done.stderr
    assert _tables(day_two) == before
    assert _tables(small.folder) == before
    assert contents(day_two, "state/landing") == landed

    # what was taken back stays out of a rebuild, and out of a run that is delivered the same again
    assert command("rebuild", "--project", day_two).returncode == 0
    assert _tables(day_two) == before
    again = command("run", "--date", SECOND, "--reread", "--project", day_two)
    assert again.returncode == 0, again.stderr
    assert _tables(day_two) == before

    redone = command("undo-run", run_id, "--redo", "--why", "it was right", "--json", "--project", day_two)
    assert redone.returncode == 0, redone.stderr
    assert json.loads(redone.stdout)["undone"]["is_redo"] is True
    assert _tables(day_two) == after


@pytest.mark.slow
def test_a_model_of_the_run_gives_way(command: CommandLine, day_two: Path) -> None:
    """A run that trained a model is taken back with it: the model from before is used, under a new number."""
    before = _tables(day_two)
    assert command("run", "--date", SECOND, "--monthly", "--project", day_two).returncode == 0
    models, run_id = ModelStore(day_two / "state/models"), _runs(day_two)[-1]
    assert models.versions() == [1, 2]
    done = command("undo-run", run_id, "--why", "wrong", "--json", "--project", day_two)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["undone"]["model"] == {"version": 2, "before": 1, "wanted": 1, "returns": True}
    assert models.read(3).sha256() == models.read(1).sha256()
    assert _tables(day_two) == before
    redone = command("undo-run", run_id, "--redo", "--why", "right", "--project", day_two)
    assert redone.returncode == 0, redone.stderr
    assert models.read(4).sha256() == models.read(2).sha256()


def test_status_tells_it(command: CommandLine, small: projects.Finished, tmp_path: Path) -> None:
    """`status` names the runs that are taken back."""
    folder = projects.copy(small.folder, tmp_path / "project")
    run_id = _runs(folder)[-1]
    store = WithdrawalStore(folder / "state/decisions")
    now = datetime(2026, 1, 30)  # noqa: DTZ001 - as stored
    store.append(run_id, [], is_redo=False, decided_by="王芳", now=now, why="测试")
    runs = json.loads(command("status", "--json", "--project", folder).stdout)["runs"]
    assert [run["is_taken_back"] for run in runs if run["run_id"] == run_id] == [True]


def test_ids_of_then_resolve(command: CommandLine, day_two: Path) -> None:
    """Customers who came with the run that was taken back keep their rows in customer_ids."""
    assert command("run", "--date", SECOND, "--project", day_two).returncode == 0
    file = day_two / "published/crm.duckdb"
    given = set(query(file, "SELECT customer_id FROM customers")["customer_id"])
    assert command("undo-run", _runs(day_two)[-1], "--why", "wrong", "--project", day_two).returncode == 0
    assert given <= set(query(file, "SELECT any_customer_id FROM customer_ids")["any_customer_id"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["zzzz"], "the id of one run"),
        (["{last}", "--redo"], "a run that is taken back"),
        (["{last}", "--why", " "], "a reason"),
        (["{first}"], "deliveries of other runs"),
    ],
)
def test_what_cannot_be_taken_back(
    command: CommandLine, small: projects.Finished, words: list[str], expected: str
) -> None:
    """An unknown run, one that counts already, no reason, and the only run there is are refused; nothing is written."""
    runs = _runs(small.folder)
    given = [word.format(last=runs[-1], first=runs[0]) for word in words]
    done = command("undo-run", *given, "--project", small.folder)
    assert done.returncode == 2
    assert expected in re.sub(r"\s+", " ", done.stderr)
    assert not (small.folder / "state/decisions/withdrawals").exists()
