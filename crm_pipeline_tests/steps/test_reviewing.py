"""Claims on entering decisions: what is refused and why, all or nothing, whoever else decides at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage import Constraints, cluster_records
from crm_pipeline.settings import Project
from crm_pipeline.state.decisions.links import LinkKind, Said
from crm_pipeline.state.history import History
from crm_pipeline.steps.publishing.publish import publish_steward
from crm_pipeline.steps.reviewing.asking import ask, records_table
from crm_pipeline.steps.reviewing.deciding import decide, enter, undo
from crm_pipeline.steps.reviewing.handing_out import export_questions
from crm_pipeline.steps.reviewing.held import constraints_of, store_of
from crm_pipeline.steps.reviewing.importing import import_answers
from crm_pipeline.steps.reviewing.judging import Answer
from crm_pipeline.steps.reviewing.listing import open_questions
from crm_pipeline.steps.run import utc_now
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS, REVIEW_QUEUE
from crm_pipeline_tests.linkage.conftest import fill_customers
from crm_pipeline_tests.steps.building import project_of, running

CONFIG = """\
version: 1
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers: {read: {file: a.csv}, primary_key: id, columns: {name: n}}
"""
PROCESSES, EACH = 4, 6


def keys(count: int) -> list[str]:
    return [f"crm/customers/{number:02d}" for number in range(count)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of ten records, each of which waits for review with the next one; a name is a formula."""
    made = project_of(tmp_path / "project", CONFIG)
    names = ["王芳", "=1+1", *("李雷",) * 8]
    pairs = [(a, b, "model", "phone", 1.0, 0.7, "review") for a, b in zip(keys(10), keys(10)[1:], strict=False)]
    with running(made) as run:
        fill_customers(
            run.warehouse,
            [
                {"record_key": key, "source": "crm", "extract": "customers", "source_id": key[-2:], "name": name}
                for key, name in zip(keys(10), names, strict=True)
            ],
        )
        run.warehouse.replace(PAIRS, pl.DataFrame(pairs, PAIRS.polars_schema, orient="row"))
        for table in (CLUSTERS, CONFLICTS):
            run.warehouse.ensure(table)
        cluster_records(run.warehouse, constraints=Constraints())
        ask(run)
        publish_steward(run)
    return made


def same(place: str, left: int, right: int, *, is_same: bool = True) -> Answer:
    return Answer(place, f"crm/customers/{left:02d}", f"crm/customers/{right:02d}", is_same, "看过")


def test_answers_are_entered_all_or_none(project: Project) -> None:
    """One refused answer keeps all others out; a contradiction names what it contradicts, with who and when."""
    entered = enter(project, [same("line 2", 0, 1), same("line 3", 1, 2)], decided_by="陈静").events
    answers = [
        same("line 2", 5, 6),
        same("line 3", 2, 0, is_same=False),
        same("line 4", 5, 6, is_same=False),
        same("line 5", 1, 77),
    ]
    done = enter(project, answers, decided_by="李雷")
    assert done.events == ()
    refused = {each.answer.place: each.refusal.reason for each in done.refused if each.refusal}
    assert list(refused) == ["line 3", "line 4", "line 5"]
    assert (
        f"D000002: crm/customers/01 and crm/customers/02 are same, decided by 陈静 at {entered[1].decided_at:%Y-%m-%d}"
        in refused["line 3"]
    )
    assert "contradicts line 2" in refused["line 4"]
    assert "crm/customers/77" in refused["line 5"]
    assert len(store_of(project).events()) == 2
    undo(project, "d000002", why="看错了", decided_by="陈静")
    assert len(enter(project, [answers[1]], decided_by="李雷").events) == 1


def test_a_question_is_decided_by_its_id_and_gone(project: Project) -> None:
    """A decided question leaves the list with every other one that the decision answers, before any run."""
    listed = open_questions(project)
    assert listed.total == 9
    first = listed.questions["question_id"][0]
    event, decision_id = decide(project, [first.lower()], is_same=True, why="看过", decided_by="陈静")
    assert event is not None
    assert (decision_id, open_questions(project).total, open_questions(project).answered) == ("D000001", 8, 1)
    assert decide(project, [first], is_same=True, why="看过", decided_by="李雷") == (None, "D000001")
    with pytest.raises(ConfigurationError, match="D000001"):
        decide(project, [first], is_same=False, why="看过", decided_by="李雷")


def test_a_decision_on_other_records_of_two_customers_answers_too(tmp_path: Path) -> None:
    """A question about two customers is gone once two other records of theirs are decided."""
    made = project_of(tmp_path / "project", CONFIG)
    a1, a2, b1, b2 = keys(4)
    pairs = [
        (a1, a2, "identifier", "card", None, 1.0, "link"),
        (b1, b2, "identifier", "card", None, 1.0, "link"),
        (a1, b1, "model", "phone", 1.0, 0.7, "review"),
    ]
    with running(made) as run:
        columns = ("source", "extract", "source_id")
        rows = [{"record_key": key, **dict(zip(columns, key.split("/"), strict=True))} for key in keys(4)]
        fill_customers(run.warehouse, rows)
        run.warehouse.replace(PAIRS, pl.DataFrame(pairs, PAIRS.polars_schema, orient="row"))
        cluster_records(run.warehouse, constraints=Constraints())
        ask(run)
        known = f"INSERT INTO {records_table(made).qualified} (record_key, source, extract, source_id)"
        for key in (a2, b2):  # a decision is taken on records that are published or asked about
            run.warehouse.execute(f"{known} VALUES (?, ?, ?, ?)", [key, *key.split("/")])
        publish_steward(run)
    assert open_questions(made).total == 1
    decide(made, [a2, b2], is_same=False, why="看过", decided_by="陈静")
    assert (open_questions(made).total, open_questions(made).answered) == (0, 1)


def test_a_decision_that_comes_while_a_run_goes_on_is_for_the_next_one(project: Project) -> None:
    """What is entered after a run made its clusters is none of the decisions that it says are in force."""
    left, right = keys(2)
    for run_number in (1, 2):
        with running(project) as run:
            cluster_records(run.warehouse, constraints=constraints_of(run.project, run.link_events))
            if run_number == 1:
                store_of(project).append([Said(LinkKind.SAME, left, right, "看过")], decided_by="陈静", now=utc_now())
            asked = ask(run)
            joined = run.warehouse.value(f"SELECT count(DISTINCT cluster_key) = 9 FROM {CLUSTERS.qualified}")
        assert (asked.in_force, joined) == (run_number - 1, run_number == 2)


def test_a_question_is_meant_by_how_its_id_begins(project: Project) -> None:
    """The ten digits of an earlier sheet mean the question; what begins several, none, or is too short is refused."""
    question = open_questions(project).questions["question_id"][0]
    assert len(question) == 17
    event, _ = decide(project, [question[:11].lower()], is_same=True, why="看过", decided_by="陈静")
    assert event is not None
    for wrong in ("Q000000", question + "0", question[:4], "Q", ""):
        with pytest.raises(ConfigurationError, match="review list"):
            decide(project, [wrong], is_same=True, why="看过", decided_by="陈静")
    ids = ["Q00000000000000A1", "Q00000000000000A2"]
    with running(project) as run:
        run.warehouse.execute(f"""
            UPDATE {REVIEW_QUEUE.qualified} SET question_id = CASE record_key_l
                WHEN '{keys(10)[7]}' THEN '{ids[0]}' WHEN '{keys(10)[8]}' THEN '{ids[1]}' ELSE question_id END
        """)
        publish_steward(run)
    with pytest.raises(ConfigurationError, match="2 questions do: Q00000000000000A1, Q00000000000000A2"):
        decide(project, ["q00000000"], is_same=True, why="看过", decided_by="陈静")
    event, _ = decide(project, [ids[1]], is_same=True, why="看过", decided_by="陈静")
    assert event is not None
    assert (event.record_key_l, event.record_key_r) == (keys(10)[8], keys(10)[9])


def test_processes_that_decide_at_once_all_enter(project: Project) -> None:
    """Several processes that decide at the same time enter all their decisions, numbered without gap, and audited."""
    code = f"""
import sys
from pathlib import Path
from crm_pipeline.settings import load_project
from crm_pipeline.steps.reviewing.deciding import enter
from crm_pipeline.steps.reviewing.judging import Answer
project = load_project(Path({str(project.root)!r}))
for n in range({EACH}):
    left, right = "crm/customers/00", f"crm/customers/{{n + 1:02d}}"
    enter(project, [Answer("x", left, right, True, sys.argv[1])], decided_by=sys.argv[1])
"""
    running_ones = [subprocess.Popen([sys.executable, "-c", code, str(number)]) for number in range(PROCESSES)]
    assert [process.wait() for process in running_ones] == [0] * PROCESSES
    events = store_of(project).events()
    assert [event.decision_id for event in events] == [f"D{n:06d}" for n in range(1, EACH + 1)]
    assert {event.record_key_r for event in events} == set(keys(EACH + 1)[1:])
    audit = History(project.state / "history").audit()
    assert sorted(told["entry"] for told in audit) == list(range(1, EACH + 1))


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_an_export_can_be_imported_as_it_is(project: Project, tmp_path: Path, suffix: str) -> None:
    """A file nobody filled in enters nothing; a name that a spreadsheet would compute is made harmless in it."""
    file = tmp_path / f"review.{suffix}"
    export_questions(project, file)
    done = import_answers(project, file, decided_by="陈静")
    assert (done.events, done.unchanged, done.still_open, done.refused) == ((), 0, 9, ())
    if suffix == "csv":
        assert "'=1+1" in file.read_text(encoding="utf-8-sig")


def test_a_file_that_is_none_is_refused(project: Project, tmp_path: Path) -> None:
    """A file without the columns of an export, and one that is not there, are wrong calls."""
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    for wrong in (file, tmp_path / "none.csv"):
        with pytest.raises(ConfigurationError, match="review list --export"):
            import_answers(project, wrong, decided_by="陈静")
