"""A file of records beside published customers: read by name or by a mapping, a line out for each line in."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from crm_pipeline.cli.app import app
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.settings import Project, load_project
from crm_pipeline.steps.looking.score import DuplicateCheck
from crm_pipeline.steps.looking.scoring_files import CUSTOMER, NOBODY, PROBABILITY, VERDICT, score_file
from crm_pipeline_tests.steps import test_score

project = test_score.project  # the same published customers

HEADER = "name,phones,emails,birth_date,note,external_ids.loyalty\n"
LINES = (
    "王小明,138 0013 8010;021-58385888,Xiaoming.Wang@Example.com,1985-03-12,=1+1,\n"
    "Nikola Tesla,,nikola@example.net,,,\n"
    "someone else,,,,,L-77\n"
)
MAPPING = """
version: 1
start_date: 2026-01-01
sources:
  shop:
    extracts:
      customers:
        read: {file: a.csv}
        primary_key: 编号
        columns:
          name: 客户名称
          phones: [手机, 电话]
          emails: 邮箱
          birth_date: 生日
          kind: {column: 类型, values: {个人: person}}
      leads: {entity: customers, read: {file: b.csv}, primary_key: id, columns: {name: 客户名称, phones: 手机}}
  desk:
    extracts:
      customers:
        read: {file: c.csv}
        primary_key: id
        columns: {name: 姓名, phones: cust_phone, emails: {expression: "lower(cust_mail)"}}
"""


@pytest.fixture
def mapped(project: Project, tmp_path: Path) -> Project:
    """The same customers under a configuration that maps Chinese columns."""
    (tmp_path / "pipeline.yaml").write_text(MAPPING, encoding="utf-8")
    for name in ("state", "published"):
        (tmp_path / name).symlink_to(project.root / name)
    return load_project(tmp_path)


def written(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    file = folder / "在线名单.csv"
    file.write_bytes(text.encode(encoding))
    return file


def test_each_line_has_the_candidate_of_its_record(project: Project, tmp_path: Path) -> None:
    """By names of standard columns, in order: what `score` says of the same record, and none of nobody."""
    found = score_file(project, written(tmp_path, HEADER + LINES))
    assert (found.read_as, found.unread) == ("standard", 1)
    assert found.lines[CUSTOMER].to_list() == ["C0", None, "C101"]
    assert found.lines[VERDICT].to_list() == ["link", NOBODY, "link"]
    record = {"name": "王小明", "phones": ["138 0013 8010", "021-58385888"], "birth_date": "1985-03-12"}
    with DuplicateCheck.open(project) as check:
        best, *_ = check.score(record | {"emails": "Xiaoming.Wang@Example.com"})
    assert found.lines[PROBABILITY][0] == best.match_probability
    assert found.lines["name"].to_list() == ["王小明", "Nikola Tesla", "someone else"]
    assert score_file(project, written(tmp_path, HEADER)).lines.is_empty()


def test_by_the_mapping_that_knows_most(mapped: Project, tmp_path: Path) -> None:
    """A file in GB 18030 with an extract's columns, key and some of them missing, is read as its deliveries are."""
    text = "客户名称,手机,邮箱,生日,类型\n王小明,１３８００１３８０１０,xiaoming.wang@example.com,1985-03-12,个人\n"
    file = written(tmp_path, text, encoding="gb18030")
    found = score_file(mapped, file)
    assert (found.read_as, found.unread) == ("shop.customers", 0)
    assert found.lines.select(CUSTOMER, VERDICT).rows() == [("C0", "link")]
    assert score_file(mapped, file, read_as="shop.leads").unread == 3
    few = written(tmp_path, "客户名称,手机\n王小明,13800138010\n")
    with pytest.raises(ConfigurationError, match=r"--as shop\.customers"):
        score_file(mapped, few)
    with pytest.raises(ConfigurationError, match=r"shop\.leads"):
        score_file(mapped, few, read_as="shop.nothing")


def test_capitals_of_a_header_do_not_count(mapped: Project, tmp_path: Path) -> None:
    """A mapped column in other capitals is read, and the line comes out as it came."""
    header, cells = "姓名,CUST_PHONE,Cust_Mail", "王小明,13800138010,xiaoming.wang@example.com"
    found = score_file(mapped, written(tmp_path, f"{header}\n{cells}\n"))
    assert (found.read_as, found.unread) == ("desk.customers", 0)
    assert found.lines[CUSTOMER].to_list() == ["C0"]
    assert found.lines["CUST_PHONE"].to_list() == ["13800138010"]


def test_a_file_without_header_is_refused_without_its_values(project: Project, tmp_path: Path) -> None:
    """Nothing knows its columns; no cell is in the message."""
    with pytest.raises(ConfigurationError, match="a header") as refused:
        score_file(project, written(tmp_path, "王小明,13800138010\n李雷,13800138011\n"))
    assert not any(value in str(refused.value) for value in ("王小明", "13800138010", "李雷"))


@pytest.mark.parametrize("name", ["found.csv", "found.xlsx"])
def test_the_command(project: Project, tmp_path: Path, name: str) -> None:
    """A line out for each line in, private, harmless to spreadsheets, and read again as it is."""
    out = tmp_path / name
    where = ["--project", str(project.root)]
    file = written(tmp_path, HEADER + LINES)
    printed = CliRunner().invoke(app, ["score", "--file", str(file), "--out", str(out), *where])
    assert printed.exit_code == 0, printed.output
    assert "2 lines would be linked, 0 would wait for review, 1 neither" in printed.output
    assert "王小明" not in printed.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    if name.endswith(".csv"):
        rows = pl.read_csv(out, infer_schema=False)
        assert rows["note"][0] == "'=1+1"
        assert rows.columns[-5:] == [CUSTOMER, PROBABILITY, VERDICT, "[record]", "[found by]"]
        assert rows.height == 3
    again = json.loads(CliRunner().invoke(app, ["score", "--file", str(out), "--json", *where]).stdout)
    assert [line["customer"] for line in again["lines"]] == ["C0", None, "C101"]
    shown = CliRunner().invoke(app, ["score", "--file", str(file), *where])
    assert "crm/customers/0" in shown.output
    for wrong in (["--record", "{}", "--out", str(out)], ["--file", str(file), "--out", str(tmp_path / "a.json")]):
        assert isinstance(CliRunner().invoke(app, ["score", *wrong, *where]).exception, ConfigurationError)
