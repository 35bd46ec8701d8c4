"""Claims on decisions about links through the whole chain: they hold from the next run on, and can be taken back."""

from __future__ import annotations

import csv
import json
import shutil
import stat
import subprocess
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.publish import query
from crm_pipeline.publish.workbook import write_sheets
from crm_pipeline.settings import load_project
from crm_pipeline.state.history import History
from crm_pipeline_tests import projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import exported
from crm_pipeline_tests.e2e.forgetful import forget_runs

pytestmark = pytest.mark.slow

CONFIGURATION = """
version: 1
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers: &each
        read: {file: "extracts/crm_{date}.csv"}
        load: full
        delete_limit: 1.0
        primary_key: id
        columns:
          name: name
          kind: {constant: person}
          phones: [phone]
          emails: [email]
          birth_date: born
          external_ids: {card: card}
  shop:
    extracts:
      customers:
        <<: *each
        read: {file: "extracts/shop_{date}.csv"}
"""
CRM = [
    ("1", "王芳", "13800138001", "", "1990-01-02", "K1"),
    ("2", "李雷", "13900139002", "", "1985-03-04", "K2"),
    ("3", "韩梅梅", "", "", "1979-05-06", ""),
    ("4", "赵六", "", "", "1966-06-06", "K4"),
]
SHOP = [
    ("a", "王芳", "13800138001", "", "1990-01-02", "K1"),
    ("b", "陈静文", "", "", "1999-09-09", "K2"),
    ("c", "Meimei", "", "h@example.cn", "", ""),
    ("d", "孙大圣", "", "", "1988-08-08", "K4"),
]
DAYS = ("2026-01-28", "2026-01-29", "2026-01-30", "2026-01-31")


def deliver(folder: Path, day: str, without: str = "") -> None:
    for name, rows in (("crm", CRM), ("shop", SHOP)):
        file = folder / f"extracts/{name}_{day}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(["id", "name", "phone", "email", "born", "card"])
            writer.writerows(row for row in rows if f"{name}/{row[0]}" != without)


def run(command: CommandLine, folder: Path, day: str, without: str = "") -> None:
    deliver(folder, day, without)
    done = command("run", "--date", day, "--project", folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory, command: CommandLine) -> Path:
    """A project of two sources after its first run; look, don't touch."""
    folder = tmp_path_factory.mktemp("review") / "project"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(CONFIGURATION, encoding="utf-8")
    forget_runs(folder)
    run(command, folder, DAYS[0])
    return folder


@pytest.fixture
def project(linked: Path, tmp_path: Path) -> Path:
    return projects.copy(linked, tmp_path / "project")


def key(name: str) -> str:
    source, source_id = name.split("/")
    return f"{source}/customers/{source_id}"


def ids(folder: Path) -> dict[str, str]:
    """Living record, as `crm/1`, to the id of its customer."""
    rows = query(
        folder / "published/crm.duckdb",
        "SELECT source || '/' || source_id, customer_id FROM customer_records WHERE deleted_on IS NULL",
    )
    return {str(record): str(customer) for record, customer in rows.iter_rows()}


def golden_rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The golden tables, but for what tells of deliveries."""
    tables = ("customers", "customer_values", "customer_contacts", "customer_records")
    return {name: query(folder / "published/crm.duckdb", f"FROM {name} ORDER BY ALL").rows() for name in tables}


def groups(folder: Path) -> set[frozenset[str]]:
    """The records of each customer with several."""
    found = ids(folder)
    customers = (frozenset(r for r, c in found.items() if c == customer) for customer in set(found.values()))
    return {customer for customer in customers if len(customer) > 1}


def decide(command: CommandLine, folder: Path, left: str, right: str, said: str) -> subprocess.CompletedProcess[str]:
    arguments = ("--why", "看过合同", "--by", "陈静", "--json", "--project", folder)
    return command("review", "decide", key(left), key(right), said, *arguments)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_a_decision_splits_and_undoing_it_brings_the_old_id_back(command: CommandLine, project: Path) -> None:
    """Decided different, a customer of one identifier is two; undone, it is one again: old id, old golden rows.

    The id that the split gave resolves to it for ever, and the disagreement is listed as long as the decision holds.
    """
    first, golden = ids(project), golden_rows(project)
    assert first["crm/1"] == first["shop/a"]
    assert told(decide(command, project, "crm/1", "shop/a", "different")) == {"decision_id": "D000001", "is_new": True}
    assert told(decide(command, project, "shop/a", "crm/1", "different")) == {"decision_id": "D000001", "is_new": False}
    run(command, project, DAYS[1])
    split = ids(project)
    assert split["crm/1"] != split["shop/a"]
    assert first["crm/1"] in {split["crm/1"], split["shop/a"]}
    assert golden_rows(project) != golden
    [disputed] = told(command("review", "list", "--disagreements", "--json", "--project", project))["decisions"]  # type: ignore[misc]
    said = (disputed["decision_id"], disputed["disagreement"], disputed["matched_by"], disputed["rule"])
    assert said == ("D000001", "linked", "identifier", "card")
    undone = command("review", "undo", "D000001", "--why", "看错了", "--json", "--project", project)
    assert told(undone) == {"decision_id": "D000002", "withdraws": "D000001"}
    assert told(command("review", "list", "--disagreements", "--json", "--project", project)) == {"decisions": []}
    run(command, project, DAYS[2])
    assert ids(project) == first
    assert golden_rows(project) == golden
    known = query(project / "published/crm.duckdb", "SELECT any_customer_id, customer_id FROM customer_ids")
    assert dict(known.iter_rows())[(set(split.values()) - set(first.values())).pop()] == first["crm/1"]
    again = command("review", "undo", "D000001", "--why", "看错了", "--project", project)
    assert again.returncode == 2
    assert "D000002" in again.stderr


def test_a_chain_holds_when_its_middle_is_deleted(command: CommandLine, project: Path) -> None:
    """Where A is B and B is C by decision, A and C stay one customer after B was deleted; matched_by says decision."""
    for left, right in (("crm/3", "crm/4"), ("crm/4", "shop/c")):
        told(decide(command, project, left, right, "same"))
    run(command, project, DAYS[1])
    assert frozenset({"crm/3", "crm/4", "shop/c"}) in groups(project)
    joined = ids(project)["crm/3"]
    run(command, project, DAYS[2], without="crm/4")
    assert frozenset({"crm/3", "shop/c"}) in groups(project)
    assert ids(project)["shop/c"] == joined
    matched = query(
        project / "published/crm.duckdb", "SELECT source_id FROM customer_records WHERE matched_by = 'decision'"
    )
    assert sorted(matched["source_id"]) == ["3", "c"]
    refused = decide(command, project, "crm/3", "shop/c", "different")
    assert refused.returncode == 2
    assert "D000002" in refused.stderr
    assert "陈静" in refused.stderr


@pytest.mark.parametrize("lost", [("var", "published"), ("var", "state/models")], ids=["rebuilt", "retrained"])
def test_decisions_survive_rebuild_and_retraining(command: CommandLine, project: Path, lost: tuple[str, str]) -> None:
    """From state/ alone, and with a new model, the tables are the same, ids and events included."""
    told(decide(command, project, "crm/1", "shop/a", "different"))
    told(decide(command, project, "crm/3", "shop/c", "same"))
    run(command, project, DAYS[1])
    tables, found = exported(project), groups(project)
    assert found == {frozenset({"crm/3", "shop/c"})}
    for part in lost:
        shutil.rmtree(project / part)
    done = command("rebuild", "--project", forget_runs(project))
    assert done.returncode == 0, done.stderr
    assert exported(project) == tables


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_questions_are_answered_in_a_file(command: CommandLine, project: Path, tmp_path: Path, suffix: str) -> None:
    """Exported, filled in and imported, questions leave the queue at once, and for good with the next run.

    A file with one line that can't be taken over enters nothing; the same file again changes nothing.
    """
    before = told(command("review", "list", "--json", "--project", project))
    assert before["questions_in_all"] == 2
    asked = [(q["reason"], q["name_l"], q["name_r"]) for q in before["questions"]]  # type: ignore[attr-defined]
    assert asked == [("contradicted_identifier", "李雷", "陈静文"), ("contradicted_identifier", "赵六", "孙大圣")]
    file = tmp_path / f"待定.{suffix}"
    assert command("review", "list", "--export", file, "--project", project).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = read(file)
    assert [(line["name (left)"], line["birth_date (right)"]) for line in lines] == [
        ("李雷", "1999-09-09"), ("赵六", "1988-08-08"),
    ]  # fmt: skip
    lines[0]["[decision]"], lines[0]["[why]"], lines[1]["[decision]"] = "相同", "同一张卡", "maybe"
    wrong = command("review", "import", write(file, lines), "--json", "--project", project)
    assert wrong.returncode == 1
    assert [each["place"].split(" of ")[0] for each in json.loads(wrong.stdout)["refused"]] == ["line 3"]
    assert told(command("review", "list", "--decisions", "--json", "--project", project)) == {"decisions": []}
    lines[1]["[decision]"] = "DIFFERENT"
    arguments = (file, "--why", "父子", "--by", "陈静", "--json", "--project", project)
    write(file, lines)
    done = told(command("review", "import", *arguments))
    assert [(e["decision_id"], e["kind"], e["why"], e["decided_by"]) for e in done["decisions"]] == [  # type: ignore[attr-defined]
        ("D000001", "same", "同一张卡", "陈静"), ("D000002", "different", "父子", "陈静"),
    ]  # fmt: skip
    listed = told(command("review", "list", "--json", "--project", project))
    assert (listed["questions_in_all"], listed["answered_since_the_last_run"]) == (0, 2)
    again = told(command("review", "import", *arguments))
    assert (again["decisions"], again["unchanged"]) == ([], 2)
    run(command, project, DAYS[1])
    listed = told(command("review", "list", "--json", "--project", project))
    assert (listed["questions_in_all"], listed["answered_since_the_last_run"]) == (0, 0)
    assert groups(project) == {frozenset({"crm/1", "shop/a"}), frozenset({"crm/2", "shop/b"})}
    [entry] = History(load_project(project).state / "history").audit()
    assert (entry["by"], entry["decisions"]) == ("陈静", {"same": 1, "different": 1, "withdrawn": 0})


def read(file: Path) -> list[dict[str, str]]:
    if file.suffix == ".xlsx":
        return pl.read_excel(file, infer_schema_length=0).select(pl.all().cast(pl.String).fill_null("")).to_dicts()
    with file.open(newline="", encoding="utf-8-sig") as opened:
        return list(csv.DictReader(opened))


def write(file: Path, lines: list[dict[str, str]]) -> Path:
    if file.suffix == ".xlsx":
        write_sheets(file, {"review": pl.DataFrame(lines)}, temporary=file.parent)
        return file
    with file.open("w", newline="", encoding="utf-8-sig") as opened:
        writer = csv.DictWriter(opened, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return file


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("crm/customers/1", "crm/customers/99", "same", "--why", "x"), "crm/customers/99"),
        (("crm/customers/1", "crm/customers/1", "same", "--why", "x"), "expected two different records; found"),
        (
            ("crm/customers/1", "shop/customers/a", "same", "--why", " "),
            "expected a reason, for whoever asks later; found none. Write --why",
        ),
        (("crm/customers/1", "shop/customers/a", "perhaps", "--why", "x"), "same, different, 相同, 不同 at the end"),
        (("Q0000000000", "same", "--why", "x"), "Q0000000000"),
        (("crm/customers/1", "shop/customers/a", "same"), "--why"),
    ],
)
def test_what_can_not_be_decided_is_a_wrong_call(
    command: CommandLine, linked: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Unknown records, one record, no reason, another word and an unknown question are refused with exit code 2."""
    done = command("review", "decide", *arguments, "--project", linked)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert not (linked / "state/decisions/links").exists()


def test_the_words_of_a_file_are_those_of_the_command(command: CommandLine, project: Path) -> None:
    """`review decide` takes 相同 and 不同 as `review import` does, and stores what same and different mean."""
    for said, meant in (("相同", "same"), ("不同", "different")):
        done = command("review", "decide", key("crm/1"), key("shop/a"), said, "--why", "x", "--project", project)
        assert done.returncode == 0, done.stderr
        assert f"are {meant}; the next run applies it" in done.stdout
        taken_back = done.stdout.split(":")[0]
        assert command("review", "undo", taken_back, "--why", "x", "--project", project).returncode == 0
