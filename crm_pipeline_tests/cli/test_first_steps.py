"""Claims on the commands before the first run: `init --from` and `preview`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline.errors import ConfigurationError

HEADER = "客户编号,姓名,手机,联系人,f9,备注\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that was made from one Chinese file in GB18030."""
    rows = "".join(f"K{n:03},张伟{n},1380013{n:04},,u{n}@example.com,x y\n" for n in range(1, 41))
    file = tmp_path / "客户_20260105.csv"
    file.write_bytes((HEADER + rows + "K099,李娜,123,,broken,z\n").encode("gb18030"))
    made = CliRunner().invoke(app, ["init", str(tmp_path / "crm"), "--from", str(file)])
    assert made.exit_code == 0, made.output
    assert "customers.customers: 5 of 6 columns mapped, key 客户编号, full" in made.output
    return tmp_path / "crm"


def test_init_from_a_file(project: Path) -> None:
    """What is written is commented, fit for `check`, and has what the file showed."""
    text = (project / "pipeline.yaml").read_text(encoding="utf-8")
    assert "phones: [手机]" in text
    assert "emails: [f9]" in text
    assert "# by its name, and 98% of its values fit" in text
    assert "contact: {name: 联系人}" in text
    assert "not mapped: 备注" in text
    checked = CliRunner().invoke(app, ["check", "--project", str(project)])
    assert checked.exit_code == 0, checked.output


def test_preview_prints(project: Path) -> None:
    """People see how the file was read, what columns hold, samples before and after, and what would be rejected."""
    shown = CliRunner().invoke(app, ["preview", "customers", "--project", str(project), "--rows", "20"])
    assert shown.exit_code == 0, shown.output
    for part in ("looked at the first 20 rows", "gb18030", "Delivered columns", "e-mail", "+8613800130001", "phones"):
        assert part in shown.output
    whole = CliRunner().invoke(app, ["preview", "customers.customers", "--project", str(project)])
    assert "looked at all 41 rows" in whole.output
    assert "customers.phones_readable" in whole.output


def test_preview_as_json(project: Path) -> None:
    """Programs get the same, complete."""
    shown = CliRunner().invoke(app, ["preview", "customers", "--project", str(project), "--json"])
    [told] = json.loads(shown.stdout)
    assert (told["extract"], told["rows"], told["is_whole"]) == ("customers.customers", 41, True)
    assert (told["encoding"], told["format"], told["delimiter"]) == ("gb18030", "csv", ",")
    assert {column["name"]: column["holds"] for column in told["delivered"]}["手机"] == "phone"
    rejected = {row["rule_id"]: (row["rows"], row["lines"]) for row in told["rejected"]}
    assert rejected["customers.phones_readable"] == (1, [42])
    assert told["held_back"]["lines"] == 0


def test_files_without_from(tmp_path: Path) -> None:
    """Files that follow the folder without --from are a wrong call."""
    result = CliRunner().invoke(app, ["init", str(tmp_path / "x"), "a.csv"])
    assert isinstance(result.exception, ConfigurationError)
    assert not (tmp_path / "x").exists()
