"""Claims on the commands around the quarantine: list, export, correct, replay, run, and the row is in gold."""

from __future__ import annotations

import csv
import json
import stat
import subprocess
from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.publish.workbook import write_sheets
from crm_pipeline.settings import load_project
from crm_pipeline.state.history import History
from crm_pipeline_tests import conftest, projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.forgetful import forget_runs

CONFIGURATION = """
version: 1
start_date: 2026-01-01
sources:
  crm:
    extracts:
      customers:
        read: {file: "extracts/客户_{date}.csv"}
        load: full
        primary_key: 编号
        columns: {name: 姓名, kind: {constant: person}, phones: [手机], birth_date: 生日}
"""
# One row in two is bad: so few rows need limits of their own.
SUITE = """{"name": "std.customers", "expectations": [
  {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "source_id", "mostly": 0.1},
   "severity": "critical", "meta": {"rule_id": "customers.source_id_present", "severity": "row", "column": "source_id",
   "notes": "Deliver the key.", "notes_zh": "请提供主键。"}},
  {"type": "expect_column_values_to_be_in_set",
   "kwargs": {"column": "birth_date.readable", "value_set": ["true"], "mostly": 0.1}, "severity": "warning",
   "meta": {"rule_id": "customers.birth_date_readable", "severity": "value", "column": "birth_date",
   "notes": "No date.", "notes_zh": "不是日期。"}}]}
"""
ROWS = "编号,姓名,手机,生日\n1,王芳,13800138001,1990-01-02\n,张三丰,13900139000,1980-05-06\n3,曾㼆𬭸,13700137000,bald\n"
FATES = "delivered_count, loaded_count, quarantined_count, duplicate_count"


@pytest.fixture(scope="module")
def held(shared_folder: Path, command: CommandLine) -> projects.Finished:
    """A project after its first run, with a row without a key and one with a bad date; look, don't touch."""

    def make(folder: Path) -> subprocess.CompletedProcess[str]:
        for name, text in (
            ("pipeline.yaml", CONFIGURATION), (f"extracts/客户_{projects.DATE}.csv", ROWS),
            ("expectations/std.customers.json", SUITE),
        ):  # fmt: skip
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return command("run", "--date", projects.DATE, "--project", forget_runs(folder))

    return conftest.once(shared_folder / "held", make)


def asked(command: CommandLine, folder: Path, sql: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(command("query", sql, "--json", "--project", folder).stdout)
    return rows


def test_export_correct_replay_run(held: projects.Finished, command: CommandLine, tmp_path: Path) -> None:
    """A corrected row is in the golden table after replay and run, the audit says who did it, and all counts add up."""
    folder, file = projects.copy(held.folder, tmp_path / "project"), tmp_path / "待更正.csv"
    done = command("quarantine", "export", file, "--lang", "zh", "--project", folder)
    assert done.returncode == 0, done.stderr
    assert "crm.customers: 2 rows" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = read(file)
    assert [line["姓名"] for line in lines] == ["张三丰", "曾㼆𬭸"]
    assert lines[0]["[advice]"] == "source_id: 请提供主键。"
    assert lines[1]["[advice]"].startswith("birth_date: ")
    assert not lines[1]["[advice]"].isascii()
    lines[0]["编号"], lines[1]["生日"] = "2", "1985年3月5日"
    write(file, lines)
    replayed = command("quarantine", "replay", file, "--by", "李雷", "--project", folder, "--json")
    assert replayed.returncode == 0, replayed.stderr
    told = json.loads(replayed.stdout)
    assert (told["corrected"], told["unchanged"], told["refused"]) == ({"crm.customers": 2}, 0, [])
    listed = json.loads(command("quarantine", "list", "--json", "--project", folder).stdout)
    assert listed["rows_in_all"] == 2  # until a run has applied it
    ran = command("run", "--date", projects.DATE, "--project", folder)
    assert ran.returncode == 0, ran.stderr
    assert asked(command, folder, "SELECT name, phone, birth_date FROM customers ORDER BY birth_date") == [
        {"name": "张三丰", "phone": "+8613900139000", "birth_date": "1980-05-06"},
        {"name": "曾㼆𬭸", "phone": "+8613700137000", "birth_date": "1985-03-05"},
        {"name": "王芳", "phone": "+8613800138001", "birth_date": "1990-01-02"},
    ]
    [loads] = asked(command, folder, f"SELECT {FATES} FROM loads")
    assert list(loads.values()) == [3, 3, 0, 0]
    listed = json.loads(command("quarantine", "list", "--json", "--project", folder).stdout)
    assert (listed["rows_in_all"], listed["corrections"]) == (0, {"applied": 2})
    [audited] = History(load_project(folder).state / "history").audit()
    assert (audited["by"], audited["corrected"], audited["refused"]) == ("李雷", {"crm.customers": 2}, 0)
    again = command("quarantine", "replay", file, "--project", folder)
    assert (again.returncode, "nothing is changed" in again.stdout) == (0, True)
    assert told_nothing_personal(done, replayed, ran, again)


def told_nothing_personal(*done: subprocess.CompletedProcess[str]) -> bool:
    """Whether no cell of a person was printed."""
    said = "".join(each.stdout + each.stderr for each in done)
    return not any(value in said for value in ("张三丰", "13900139000", "曾㼆𬭸", "1985"))


def read(file: Path) -> list[dict[str, str]]:
    if file.suffix == ".xlsx":
        rows = pl.read_excel(file, infer_schema_length=0)
        return rows.select(pl.all().cast(pl.String).fill_null("")).to_dicts()
    with file.open(newline="", encoding="utf-8-sig") as opened:
        return list(csv.DictReader(opened))


def write(file: Path, lines: list[dict[str, str]]) -> None:
    if file.suffix == ".xlsx":
        write_sheets(file, {"crm.customers": pl.DataFrame(lines)}, temporary=file.parent)
        return
    with file.open("w", newline="", encoding="utf-8-sig") as opened:
        writer = csv.DictWriter(opened, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def test_refused_lines_are_findings(held: projects.Finished, command: CommandLine, tmp_path: Path) -> None:
    """A line that stands for no open row is refused with exit 1, the others are taken over; --run applies them."""
    folder, file = projects.copy(held.folder, tmp_path / "project"), tmp_path / "q.xlsx"
    command("quarantine", "export", file, "--project", folder)
    lines = read(file)
    lines[0]["编号"], lines[1]["生日"], lines[1]["[row_hash]"] = "2", "1985-03-05", "0" * 32
    write(file, lines)
    done = command("quarantine", "replay", file, "--run", "--project", folder)
    assert done.returncode == 1, done.stderr
    assert "1 corrected, 0 unchanged, 1 refused." in done.stdout
    assert "[row_hash] names no row" in " ".join(done.stdout.split())
    names = asked(command, folder, "SELECT name FROM customers WHERE birth_date IS NOT NULL ORDER BY 1")
    assert [row["name"] for row in names] == ["张三丰", "王芳"]
    assert told_nothing_personal(done)
    assert command("quarantine", "replay", tmp_path / "none.csv", "--project", folder).returncode == 2
    assert command("quarantine", "export", tmp_path / "q.txt", "--project", folder).returncode == 2


def test_list_counts_and_shows_rows_only_when_asked(held: projects.Finished, command: CommandLine) -> None:
    """`quarantine list` gives counts by extract, rule and severity; cells are shown with --rows alone."""
    shown = command("quarantine", "list", "--project", held.folder)
    assert "customers.source_id_present" in shown.stdout
    assert told_nothing_personal(shown)
    listed = json.loads(command("quarantine", "list", "--json", "--project", held.folder).stdout)
    assert "rows" not in listed
    assert [(row["rule"], row["severity"], row["rows"]) for row in listed["counts"]] == [
        ("customers.birth_date_readable", "value", 1), ("customers.source_id_present", "row", 1),
    ]  # fmt: skip
    some = command("quarantine", "list", "--severity", "row", "--rows", "5", "--json", "--project", held.folder)
    [row] = json.loads(some.stdout)["rows"]
    assert json.loads(row["row_delivered"])["姓名"] == "张三丰"
    none = command("quarantine", "list", "--rule", "customers.row_readable", "--json", "--project", held.folder)
    assert json.loads(none.stdout)["rows_in_all"] == 0


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [
        ("--source", "erp", "one of crm"),
        ("--extract", "customer", "customers is the nearest"),
        ("--rule", "customers.source_id_presnt", "customers.source_id_present is the nearest"),
        ("--severity", "rows", "row is the nearest"),
    ],
)
def test_a_name_that_is_none_is_refused(
    held: projects.Finished, command: CommandLine, tmp_path: Path, option: str, name: str, said: str
) -> None:
    """A typing error is a wrong call with the nearest name, and never an empty quarantine."""
    for asked_for in (("list",), ("export", tmp_path / "q.xlsx")):
        done = command("quarantine", *asked_for, option, name, "--project", held.folder)
        assert done.returncode == 2
        assert said in " ".join(done.stderr.split())
