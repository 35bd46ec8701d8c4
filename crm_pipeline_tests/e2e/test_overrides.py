"""Claims on golden values that stewards give, through the whole chain: above all rules, until they are taken back."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.backup import generate_key
from crm_pipeline.publish import query
from crm_pipeline.settings import load_project
from crm_pipeline.state.history import History
from crm_pipeline.steps.telling.pending import pending
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.days import contents
from crm_pipeline_tests.e2e.forgetful import forget_runs

CONFIGURATION = """
version: 1
default_country: CN
start_date: 2026-01-01
survivorship: {phone: [trust], default: [trust, most_recent]}
sources:
  crm:
    trust: 90
    extracts:
      customers: &each
        read: {file: "extracts/crm_{date}.csv"}
        primary_key: id
        columns:
          name: name
          kind: {constant: person}
          phones: [phone]
          province: province
          city: city
          street: street
          external_ids: {card: card}
        extra_columns: {points: {column: points, type: number, personal: none, description: 会员积分}}
  shop:
    trust: 40
    extracts:
      customers:
        <<: *each
        read: {file: "extracts/shop_{date}.csv"}
backup: {to: backup, key: "KEY"}
"""
HEADER = ("id", "name", "phone", "province", "city", "street", "card", "points")
ROWS = {
    "crm": [
        ("1", "王芳", "13800138001", "广东省", "深圳市", "深南大道1号", "K1", "12.5"),
        ("2", "李雷", "13900139002", "浙江省", "杭州市", "文三路2号", "K2", "7"),
    ],
    "shop": [("a", "王芳芳", "13700137003", "上海市", "上海市", "南京东路3号", "K1", "99")],
}
DAY, LATER = "2026-01-28", "2026-02-10"
# What tells of everything that ever was grows with each publication.
KEPT = ("customers", "customer_records", "customer_values", "customer_contacts")


def deliver(folder: Path, day: str) -> None:
    for source, rows in ROWS.items():
        file = folder / f"extracts/{source}_{day}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", newline="", encoding="utf-8") as opened:
            csv.writer(opened).writerows([HEADER, *rows])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, command: CommandLine) -> Path:
    """A project of two sources after its first run; who changes it brings it back."""
    folder = tmp_path_factory.mktemp("overrides") / "客户"
    folder.mkdir()
    (folder / "pipeline.yaml").write_text(CONFIGURATION.replace("KEY", generate_key()), encoding="utf-8")
    forget_runs(folder)
    deliver(folder, DAY)
    run(command, folder)
    return folder


def run(command: CommandLine, folder: Path, day: str = DAY) -> None:
    done = command("run", "--date", day, "--project", folder)
    assert done.returncode == 0, done.stdout + done.stderr


def said(command: CommandLine, folder: Path, *arguments: str) -> dict[str, Any]:
    done = command("override", *arguments, "--json", "--project", folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    file = folder / "published/crm.duckdb"
    return {name: query(file, f"FROM {name} ORDER BY ALL").to_dicts() for name in KEPT}


def customer(folder: Path) -> dict[str, Any]:
    """The golden row of the customer with two records."""
    found = query(folder / "published/crm.duckdb", "FROM customers WHERE record_count = 2").to_dicts()
    return found[0]


def told(folder: Path, column: str) -> dict[str, Any]:
    sql = f"FROM customer_values WHERE column_name = '{column}'"
    return query(folder / "published/crm.duckdb", sql).to_dicts()[0]


def test_an_override_holds_until_it_is_withdrawn(command: CommandLine, project: Path) -> None:
    """Set, the next run has the value and says override; withdrawn, all golden rows are the earlier ones."""
    before = tables(project)
    assert (customer(project)["phone"], customer(project)["city"]) == ("+8613800138001", "深圳市")
    assert told(project, "phone")["rule"] == "trust"
    comments = (
        "SELECT data_type, comment FROM duckdb_columns() WHERE table_name = 'customers' AND column_name = 'points'"
    )
    [points] = query(project / "published/crm.duckdb", comments).to_dicts()
    assert (points["data_type"], "会员积分" in points["comment"]) == ("DECIMAL(18,4)", True)

    why = ("--why", "客户来电", "--by", "陈静")
    phone = said(command, project, "set", "shop/customers/a", "phone=136 0013 6000", *why)
    place = said(command, project, "set", "crm/customers/1", "province=江苏", "city=苏州市", "points=1000.5", *why)
    assert phone["values"] == {"phone": "+8613600136000"}
    assert {"district", "street", "address", "postcode"} <= set(place["emptied"])
    assert tables(project) == before
    run(command, project)  # nothing was delivered since

    found = customer(project)
    assert (found["phone"], found["province"], found["city"], found["street"]) == (
        "+8613600136000", "江苏省", "苏州市", None,
    )  # fmt: skip
    assert (found["name"], float(found["points"])) == ("王芳", 1000.5)
    row = told(project, "phone")
    assert (row["value"], row["rule"], row["source"], row["source_id"]) == ("+8613600136000", "override", "shop", "a")
    assert [(lost["value"], lost["source"], lost["lost_by"]) for lost in row["alternatives"]] == [
        ("+8613800138001", "crm", "override"),
        ("+8613700137003", "shop", "override"),
    ]
    assert (told(project, "city")["rule"], told(project, "city")["linked_group"]) == ("override", "address")
    contacts = [row for row in tables(project)["customer_contacts"] if row["customer_id"] == found["customer_id"]]
    assert [(c["value"], c["sources"]) for c in sorted(contacts, key=lambda each: each["rank"])] == [
        ("+8613600136000", []), ("+8613800138001", ["crm"]), ("+8613700137003", ["shop"]),
    ]  # fmt: skip
    explained = command("explain", found["customer_id"], "--project", project)
    assert "+8613800138001 (crm: override)" in explained.stdout, explained.stdout + explained.stderr

    held = tables(project)
    assert command("rebuild", "--project", project).returncode == 0
    assert tables(project) == held
    for each in (phone, place):
        said(command, project, "withdraw", each["override_id"], *why)
    run(command, project)
    assert tables(project) == before


def test_an_override_due_for_review_holds_no_more(command: CommandLine, project: Path) -> None:
    """From its date on the rules choose again; `override list`, `status` and the alternatives tell that it waits."""
    before = customer(project)
    made = said(command, project, "set", "crm/customers/1", "name=王芳菲", "--why", "改名", "--review-on", LATER)
    run(command, project)
    assert (customer(project)["name"], told(project, "name")["rule"]) == ("王芳菲", "override")
    deliver(project, LATER)
    run(command, project, LATER)
    assert customer(project)["name"] == before["name"] == "王芳"
    waiting = [lost for lost in told(project, "name")["alternatives"] if lost["lost_by"] == "review_due"]
    assert [lost["value"] for lost in waiting] == ["王芳菲"]
    assert pending(load_project(project)).due_overrides == 1
    due = said(command, project, "list", "--due")["overrides"]
    [row] = [each for each in due if each["column_name"] == "name"]
    assert (row["override_id"], row["value"], row["status"]) == (made["override_id"], "王芳菲", "due for review")
    said(command, project, "withdraw", made["override_id"], "--why", "证件上仍是王芳")
    assert said(command, project, "list")["overrides"] == []
    every = said(command, project, "list", "--withdrawn")["overrides"]
    assert {"withdrawn"} == {each["status"] for each in every}


def test_audit_and_backup(command: CommandLine, project: Path, tmp_path: Path) -> None:
    """The audit has each event without values and reasons; a restored backup has the store, byte for byte."""
    made = said(command, project, "set", "crm/customers/2", "name=李磊", "--why", "身份证", "--by", "陈静")
    audit = [
        each for each in History(load_project(project).state / "history").audit() if each.get("what") == "override"
    ]
    [event] = [each for each in audit if each["event"] == made["override_id"]]
    assert (event["by"], event["columns"]) == ("陈静", ["family_name", "given_name", "name"])
    assert "李磊" not in json.dumps(audit, ensure_ascii=False)
    assert "身份证" not in json.dumps(audit, ensure_ascii=False)
    assert command("backup", "full", "--project", project).returncode == 0
    done = command("backup", "restore", "--into", tmp_path / "restored", "--project", project)
    assert done.returncode == 0, done.stdout + done.stderr
    stored = contents(project, "state/decisions/overrides")
    assert stored
    assert contents(tmp_path / "restored", "state/decisions/overrides") == stored
    said(command, project, "withdraw", made["override_id"], "--why", "看错了")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "crm/customers/1", "phonee=13800138000", "--why", "x"), "Did you mean 'phone'"),
        (("set", "crm/customers/77", "phone=13800138000", "--why", "x"), "a record that a customer has"),
        (("set", "crm/customers/1", "phone=12", "--why", "x"), "one that is refused"),
        (("set", "crm/customers/1", "points=viel", "--why", "x"), "one that is refused"),
        (("set", "crm/customers/1", "phone", "--why", "x"), "COLUMN=VALUE"),
        (("set", "crm/customers/1", "city= ", "--why", "x"), "a value"),
        (("set", "crm/customers/1", "city=北京", "--why", " "), "a reason"),
        (("set", "crm/customers/1", "city=北京", "--why", "x", "--review-on", "2026-01-01"), "a date after"),
        (("withdraw", "O000999", "--why", "x"), "override list"),
    ],
)
def test_refusals_are_one_line(command: CommandLine, project: Path, arguments: tuple[str, ...], words: str) -> None:
    """A wrong call ends with 2 and one line that names the cure; it enters nothing, and no value is printed."""
    stored = contents(project, "state/decisions/overrides")
    done = command("override", *arguments, "--project", project)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert words in done.stderr
    assert contents(project, "state/decisions/overrides") == stored


def test_dates_are_business_dates(command: CommandLine, project: Path) -> None:
    """A review date is compared with the latest delivery and never with the clock."""
    [latest] = query(project / "published/crm.duckdb", "SELECT max(business_date) AS day FROM loads").to_dicts()
    same = str(latest["day"] or date.min)
    done = command(
        "override", "set", "crm/customers/1", "city=北京市", "--why", "x", "--review-on", same, "--project", project
    )
    assert done.returncode == 2
    assert same in done.stderr
