"""Claims on Chinese data: names, phones, mapped values and expressions come through every command as they were."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from crm_pipeline_tests import conftest, projects
from crm_pipeline_tests.e2e.crash import CommandLine
from crm_pipeline_tests.e2e.forgetful import forget_runs

CONFIGURATION = """
version: 1
default_country: CN
timezone: Asia/Shanghai
start_date: 2026-01-01
sources:
  service:
    extracts:
      customers:
        read: {file: "extracts/客户_{date:%Y%m%d}.csv", encoding: gb18030}
        load: full
        primary_key: 编号
        columns:
          name: 客户名称
          kind: {column: 类型, values: {个人: person, 企业: organisation}}
          phones: [手机, 电话]
          gender: 性别
          created_at: {expression: "建档日期 || ' 00:00'"}
          country: {constant: 中国}
        extra_columns: {vip_level: 等级}
"""
# 𬭸 and 㼆 are beyond GBK; 单 and 曾 are surnames that programs misread
ROWS = """编号,客户名称,类型,手机,电话,性别,建档日期,等级
K001,张三丰,个人,138 0013 8010,,男,2020-02-29,金卡
K002,单雄信,个人,１３９００１３９０００,,男,2021-03-01,
K003,曾㼆𬭸,个人,,021-58385888,女,2021-03-02,"银卡,旧"
K004,上海贝尔科技有限公司,企业,,+86 21 5838 5889,,2019-12-31,金卡
K005,欧阳锋,团体,13700137000,,不详,2022-05-06,
"""
# One kind in five is none: so few rows need a limit of their own
SUITE = """{"name": "std.customers", "expectations": [{
  "type": "expect_column_values_to_be_in_set",
  "kwargs": {"column": "kind.readable", "value_set": ["true"], "mostly": 0.8},
  "severity": "warning",
  "meta": {"rule_id": "customers.kind_readable", "severity": "value", "column": "kind", "notes": "团体待分类。"}}]}
"""


@pytest.fixture(scope="module")
def chinese(shared_folder: Path, command: CommandLine) -> projects.Finished:
    """A project with one Chinese extract in GB18030 after its first run; look, don't touch."""

    def make(folder: Path) -> subprocess.CompletedProcess[str]:
        (folder / "extracts").mkdir(parents=True)
        (folder / "pipeline.yaml").write_text(CONFIGURATION, encoding="utf-8")
        (folder / "extracts/客户_20260128.csv").write_bytes(ROWS.encode("gb18030"))
        (folder / "expectations").mkdir()
        (folder / "expectations/std.customers.json").write_text(SUITE, encoding="utf-8")
        return command("run", "--date", projects.DATE, "--project", forget_runs(folder))

    return conftest.once(shared_folder / "中文项目", make)


def test_no_backup_key_is_a_warning(chinese: projects.Finished) -> None:
    """A project without backup.key runs with exit 0; that no snapshot was taken is a warning, not a finding."""
    assert "backup:" not in CONFIGURATION  # and `chinese` is made by a run that ended with exit 0
    [line] = [line for line in chinese.stdout.splitlines() if line.startswith("backup.snapshot ")]
    assert line.split()[-1] == "warning"
    assert "finding" not in chinese.stdout


@pytest.mark.slow
def test_chinese_values_are_published_as_delivered(chinese: projects.Finished, command: CommandLine) -> None:
    """Names of rare characters, mapped values, phones, an expression and an own column come through."""
    columns = "name, kind, phone, gender, country, CAST(created_at + INTERVAL 8 HOURS AS DATE) AS created_on, vip_level"
    done = command(
        "query", f"SELECT {columns} FROM customers ORDER BY created_at", "--json", "--project", chinese.folder
    )
    assert done.returncode == 0, done.stderr
    assert [tuple(row.values()) for row in json.loads(done.stdout)] == [
        ("上海贝尔科技有限公司", "organisation", "+862158385889", None, "CN", "2019-12-31", "金卡"),
        ("张三丰", "person", "+8613800138010", "male", "CN", "2020-02-29", "金卡"),
        ("单雄信", "person", "+8613900139000", "male", "CN", "2021-03-01", None),
        ("曾㼆𬭸", "person", "+862158385888", "female", "CN", "2021-03-02", "银卡,旧"),
        ("欧阳锋", None, "+8613700137000", None, "CN", "2022-05-06", None),
    ]


def test_chinese_text_is_readable_in_tables(chinese: projects.Finished, command: CommandLine) -> None:
    """Tables for people, explanations and the quarantine show Chinese text, not escapes."""
    shown = command("query", "SELECT name FROM customers", "--project", chinese.folder).stdout
    assert "曾㼆𬭸" in shown
    explained = command("explain", "--source", "service", "--key", "K001", "--project", chinese.folder)
    assert explained.returncode == 0, explained.stderr
    assert "张三丰" in explained.stdout
    held = command("quarantine", "list", "--rows", "9", "--json", "--project", chinese.folder).stdout
    assert "团体" in held
    assert "\\u" not in held
    [row] = [row for row in json.loads(held)["rows"] if "团体" in row["delivered_values"]]
    assert json.loads(row["row_delivered"])["客户名称"] == "欧阳锋"
    assert row["line"] == 6


def test_a_chinese_extract_is_shown_before_and_after(chinese: projects.Finished, command: CommandLine) -> None:
    """The preview names the Chinese file and shows its cells as delivered and as they become; the check accepts it."""
    assert "service.customers" in chinese.stdout
    preview = command("preview", "service", "--project", chinese.folder).stdout
    assert "客户_20260128.csv" in preview
    assert "+8613800138010" in preview
    checked = command("check", "--project", chinese.folder)
    assert checked.returncode == 0, checked.stdout
    assert "service.customers" in checked.stdout


def test_the_encoding_need_not_be_set(chinese: projects.Finished, command: CommandLine, tmp_path: Path) -> None:
    """A GB18030 file is recognised as one when nothing is said of its encoding, and refused when it is set to UTF-8."""
    project = projects.copy(chinese.folder, tmp_path / "project")
    file = project / "pipeline.yaml"
    file.write_text(file.read_text().replace(", encoding: gb18030", ""))
    assert command("check", "--project", project).returncode == 0
    file.write_text((chinese.folder / "pipeline.yaml").read_text().replace("encoding: gb18030", "encoding: utf-8"))
    done = command("check", "--project", project)
    assert done.returncode == 2
    assert "bytes that are not utf-8" in " ".join(done.stdout.split())
