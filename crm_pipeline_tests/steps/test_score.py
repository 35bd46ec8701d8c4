"""A typed record beside published customers: standardised as a delivered one, and who it may be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from crm_pipeline import standardise
from crm_pipeline.cli.app import app
from crm_pipeline.errors import ConfigurationError
from crm_pipeline.linkage import pair_records
from crm_pipeline.linkage.candidates.scratch import copy_frame
from crm_pipeline.settings import Project, load_project
from crm_pipeline.state.models import ModelStore
from crm_pipeline.steps.looking.score import DuplicateCheck
from crm_pipeline.steps.run import utc_now
from crm_pipeline.tables import std
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.linkage.matching_index import add_identifiers, write_index

CONFIGURATION = """
version: 1
start_date: 2026-01-01
sources: {crm: {extracts: {customers: {read: {file: a.csv}, primary_key: id}}}}
"""
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴", ("小明", "建国", "丽华", "伟", "秀英", "志强")
KNOWN = {
    "name": "王小明",
    "phones": ["138 0013 8010"],
    "emails": ["Xiaoming.Wang@Example.com"],
    "birth_date": "1985-03-12",
    "city": "上海",
}


def people() -> list[dict[str, Any]]:
    """Records as they are typed: one known person, a hundred others, and one with an identifier only."""
    others = [
        {
            "name": SURNAMES[n % 10] + GIVEN[n % 6],
            "phones": [f"139{n:08}"],
            "emails": [f"mailbox{n}@example.org"],
            "birth_date": f"19{50 + n % 50}-{1 + n % 12:02}-{1 + n % 28:02}",
            "city": ("北京", "上海", "成都")[n % 3],
        }
        for n in range(100)
    ]
    return [KNOWN, *others, {"name": "Ada Lovelace", "external_ids": {"loyalty": "L-77"}}]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose customers, one for each record, are published with their index; record 50 is nobody's."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pipeline.yaml").write_text(CONFIGURATION, encoding="utf-8")
    project = load_project(folder)
    mapped = pl.DataFrame(people(), infer_schema_length=None).with_columns(
        pl.Series("external_ids", [[] for _ in range(101)] + [[{"namespace": "loyalty", "value": "L-77"}]])
    )
    frame = standardise.standardise("customers", mapped, standardise.Context("CN", "Asia/Shanghai", utc_now().date()))
    rows = frame.frame.with_row_index("n").with_columns(
        pl.format("crm/customers/{}", "n").alias("record_key"), pl.lit(utc_now().date()).alias("valid_from")
    )
    with Warehouse.open(folder / "made.duckdb", temporary=folder / "temporary") as warehouse:
        warehouse.replace(std("customers"), rows)
        models = ModelStore(project.state / "models")
        pair_records(warehouse, models)
        project.matching_file.parent.mkdir()
        write_index(warehouse, models.read(1), project.matching_file)
        add_identifiers(warehouse, project.matching_file)
    members = rows.filter(pl.col("n") != 50).select("record_key", pl.format("C{}", "n").alias("customer_id"))
    with Warehouse.open(project.matching_file, temporary=folder / "temporary") as index:
        copy_frame(members, index, "members")
    return project


def test_a_known_person_typed_otherwise(project: Project) -> None:
    """Full width, another form of the number and another case are the customer who is there, and a link."""
    with DuplicateCheck.open(project) as check:
        typed = {**KNOWN, "name": "　王小明 ", "phones": "+86-13800138010", "emails": "xiaoming.wang@EXAMPLE.com"}
        first, *_ = check.score(typed)
        again, *_ = check.score(KNOWN)
    assert (first.customer_id, first.record_key, first.verdict) == ("C0", "crm/customers/0", "link")
    assert first == again


def test_who_is_not_there(project: Project) -> None:
    """A stranger is nobody, and neither is a record without a value, or one whose likeness is no customer's."""
    with DuplicateCheck.open(project) as check:
        assert check.score({"name": "Nikola Tesla", "emails": ["nikola@example.net"]}) == []
        assert check.score({}) == []
        assert check.score({"name": "无", "phones": ["13800000000"], "emails": "test@test.com"}) == []
        deleted = check.score(people()[50])
    assert "C50" not in {candidate.customer_id for candidate in deleted}


def test_a_shared_identifier(project: Project) -> None:
    """An identifier alone finds its customer, whatever the name, and says which namespace it was."""
    with DuplicateCheck.open(project) as check:
        [found] = check.score({"name": "someone else", "external_ids": {"loyalty": "L-77"}})
    assert (found.customer_id, found.matched_by, found.rule) == ("C101", "identifier", "loyalty")
    assert (found.match_weight, found.match_probability, found.verdict) == (None, 1.0, "link")


def test_unknown_columns_are_refused(project: Project) -> None:
    """A column that is none of the standard ones is refused with the nearest one, and no value is quoted."""
    with DuplicateCheck.open(project) as check, pytest.raises(ConfigurationError, match="phones") as refused:
        check.score({"phone": "13800138010"})
    assert "13800138010" not in str(refused.value)


def test_the_command(project: Project, tmp_path: Path) -> None:
    """The command takes one record or a file of them, exits with 0 whatever it finds, and 2 for what is no record."""
    file = tmp_path / "records.json"
    file.write_text(json.dumps([KNOWN, {"name": "Nikola Tesla"}], ensure_ascii=False), encoding="utf-8")
    where = ["--project", str(project.root)]
    printed = CliRunner().invoke(app, ["score", "--record", json.dumps(KNOWN), *where])
    assert printed.exit_code == 0, printed.output
    assert "crm/customers/0" in printed.output
    printed = CliRunner().invoke(app, ["score", "--file", str(file), *where])
    assert "Record 2: no customer is like it." in printed.output
    told = json.loads(CliRunner().invoke(app, ["score", "--file", str(file), "--json", *where]).output)
    assert [each[0]["customer_id"] if each else None for each in told] == ["C0", None]
    for wrong in (["--record", "{张"], ["--record", "[1]"], [], ["--file", str(tmp_path / "none.json")]):
        refused = CliRunner().invoke(app, ["score", *wrong, *where])
        assert isinstance(refused.exception, ConfigurationError), wrong
        assert "张" not in str(refused.exception)


@pytest.mark.parametrize("given", ["张三", ["张三"], 7, "", [], False])
def test_identifiers_without_namespaces_are_refused(project: Project, given: object) -> None:
    """External ids that are no object are a wrong call, exit code 2, that quotes no value; null is none."""
    record = json.dumps({"name": "王小明", "external_ids": given})
    refused = CliRunner().invoke(app, ["score", "--record", record, "--project", str(project.root)])
    assert isinstance(refused.exception, ConfigurationError)
    assert refused.exception.exit_code == 2
    assert "external_ids" in str(refused.exception)
    assert "张" not in str(refused.exception)
    none = json.dumps({"name": "王小明", "external_ids": None})
    assert CliRunner().invoke(app, ["score", "--record", none, "--project", str(project.root)]).exit_code == 0
