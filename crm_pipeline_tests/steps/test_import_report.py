"""Claims on import reports: one JSON file per delivery, whose counts add up and hold no personal values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.quality.reconcile import FATES
from crm_pipeline.settings import Project, load_project
from crm_pipeline.steps.applying import standardise
from crm_pipeline.steps.applying.import_report import report_file, write_import_reports
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.run import open_run
from crm_pipeline.tables import LOADS
from crm_pipeline_tests.steps.building import day, deliver, project_of, running

TEXT = """\
version: 1
start_date: 2026-01-01
timezone: Asia/Shanghai
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv", delimiter: ";"}
        reject_limit: 0.5
        primary_key: id
        updated_at: changed
        deleted: {column: gone, values: ["1"]}
        columns: {name: name, phones: [phone], birth_date: born}
"""
SECRET = "Geheimnis"
FIRST = f"""\
id;name;phone;born;changed;gone
1;{SECRET};13800138010;1990-01-01;2026-01-04 08:00:00;
2;{SECRET}2;nonsense;soon;2026/1/3;
2;{SECRET}3;;;2026-01-04T23:30:00+08:00;
;{SECRET}4;;;0000-00-00 00:00:00;
3;{SECRET}5
"""
SECOND = FIRST.replace("gone\n", "gone;vip\n").replace(";\n", ";;\n").replace("3;Geheimnis5", "1;;;;2026-01-05;1;")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose two deliveries were landed and applied."""
    made = project_of(tmp_path, TEXT)
    deliver(made, "c_2026-01-05.csv", FIRST)
    deliver(made, "c_2026-01-06.csv", SECOND)
    with running(made) as run:
        for number in (5, 6):
            land_extract(run, "crm", "customers", [day(number)])
        apply_entity(run, "customers")
    return made


def report(project: Project, number: int) -> dict[str, Any]:
    text = report_file(project, "crm", "customers", day(number), 1).read_text(encoding="utf-8")
    assert SECRET not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_first_report(project: Project) -> None:
    """Counts by outcome and reason, how the file was read, and the first and last time of its rows in UTC."""
    told = report(project, 5)
    assert told["rows"] == {
        "delivered": 5, "loaded": 2, "unchanged": 0, "quarantined": 2, "duplicates": 1, "erased": 0,
    }  # fmt: skip
    reasons = {(each["rule"], each["severity"]): each["rows"] for each in told["reasons"]}
    assert reasons[("customers.row_readable", "row")] == 1
    assert reasons[("customers.source_id_present", "row")] == 1
    assert reasons[("customers.primary_key_unique", "duplicate")] == 1
    assert told["unreadable_lines"] == 1
    assert (told["first_updated_at"], told["last_updated_at"]) == ("2026-01-02T16:00:00", "2026-01-04T15:30:00")
    assert (told["read_as"]["format"], told["read_as"]["encoding"]) == ("csv", "utf-8")
    assert told["read_as"]["dialect"].startswith("delimiter ;")
    assert told["file"]["bytes"] == len(FIRST.encode())
    assert told["schema_changes"] == []


def test_second_report(project: Project) -> None:
    """A mark of deletion counts as loaded and deleted; a new column is told."""
    told = report(project, 6)
    assert told["schema_changes"] == ["added vip"]
    assert (told["deleted_records"], told["rows"]["loaded"]) == (1, 2)
    assert told["rows"]["delivered"] == sum(n for name, n in told["rows"].items() if name != "delivered") == 5
    assert told["last_updated_at"] == "2026-01-04T16:00:00"


def test_loads_say_the_same(project: Project) -> None:
    """`ops.loads` has what the report has, and each delivered row has one fate."""
    with running(project) as run:
        rows = run.warehouse.frame(f"SELECT * FROM {LOADS.qualified} ORDER BY business_date").to_dicts()
    for number, row in zip((5, 6), rows, strict=True):
        told = report(project, number)
        assert row["delivered_count"] == told["rows"]["delivered"] == sum(row[fate] for fate in FATES)
        assert row["first_updated_at"].isoformat() == told["first_updated_at"]
        reasons = [(r["rule_id"], r["severity"], r["column_name"], r["row_count"]) for r in row["reasons"]]
        assert reasons == [(r["rule"], r["severity"], r["column"], r["rows"]) for r in told["reasons"]]
        assert len(reasons) == len(set(reasons)) >= 2
        assert (row["schema_changes"], row["dialect"]) == (told["schema_changes"], told["read_as"]["dialect"])


def test_report_after_a_kill(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery applied anew by a run that was killed before its reports has the report of that application next."""
    file = project.root / "pipeline.yaml"
    file.write_text(TEXT.replace("phones: [phone], ", ""), encoding="utf-8")
    changed = load_project(project.root)
    before = report(project, 5)
    with monkeypatch.context() as killed:
        killed.setattr(standardise, "write_import_reports", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError), open_run(changed, run_id="killed") as run:
            apply_entity(run, "customers")
    assert report(project, 5) == before
    with open_run(changed, run_id="next") as run:
        apply_entity(run, "customers")
        rows = run.warehouse.frame(f"SELECT * FROM {LOADS.qualified} ORDER BY business_date").to_dicts()
        assert write_import_reports(run, "customers") == 0
    for number, row in zip((5, 6), rows, strict=True):
        told = report(project, number)
        assert told["run_time"]["run_id"] == row["run_id"] == "killed"
        assert "customers.phones_readable" not in {reason["rule"] for reason in told["reasons"]}
        assert told["nulled_cells"] == row["nulled_count"]


def test_reports_are_derived(project: Project) -> None:
    """A rebuild by another run writes equal reports but for what tells about the run; a lost one comes back."""
    before = {number: report(project, number) for number in (5, 6)}
    report_file(project, "crm", "customers", day(5), 1).unlink()
    with open_run(project, run_id="another") as run:
        apply_entity(run, "customers")
    assert report(project, 5) == before[5]  # made from what was applied before
    project.warehouse_file.unlink()
    with open_run(project, run_id="another") as run:
        apply_entity(run, "customers")
    for number, told in before.items():
        again = report(project, number)
        assert again["run_time"]["run_id"] == "another"
        assert {**again, "run_time": None} == {**told, "run_time": None}
