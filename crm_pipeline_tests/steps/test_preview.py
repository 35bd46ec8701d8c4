"""Claims on the preview: it shows what a run would do, and does none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.steps.land import land_extract
from crm_pipeline.steps.preview import preview_extract
from crm_pipeline.steps.standardise import apply_entity
from crm_pipeline.tables import REJECTIONS
from crm_pipeline_tests.steps.building import PRODUCTS, content, day, deliver, project_of, running

TEXT = PRODUCTS.replace("LOAD", "full")
CONTENT = "id,code,cost,note\n1, A ,1.5,x\n2,B,x,\n3,,2,\n,C,2,\n5,D,-7,\n"


def test_preview_is_what_a_run_does(tmp_path: Path) -> None:
    """Samples before and after, and rejections by rule, are what a run then finds; nothing is written before it."""
    project = project_of(tmp_path, TEXT)
    deliver(project, "products_2026-01-05.csv", CONTENT)
    before = sorted(tmp_path.rglob("*"))
    preview = preview_extract(project, "erp", "products", day(5), samples=2)
    assert sorted(tmp_path.rglob("*")) == before
    assert (preview.where, preview.row_count, preview.is_whole) == ("erp.products", 5, True)
    assert preview.origin.described == "csv, utf-8"
    assert preview.unmapped == ("note",)
    samples = {column.name: (column.delivered, column.standardised) for column in preview.columns}
    assert samples == {"product_code": ((" A ", "B"), ("A", "B")), "cost": (("1.5", "2"), ("1.5000", "2.0000"))}
    with running(project) as run:
        land_extract(run, "erp", "products", [day(5)])
        apply_entity(run, "products")
        found = content(run, REJECTIONS).group_by("rule_id", "severity", "reason").len("rows")
    assert sorted(preview.rejected.drop("lines").rows()) == sorted(found.rows())


def test_lists_and_namespaces_are_shown(tmp_path: Path) -> None:
    """Lists are shown by their elements, external ids with their namespace, missing own columns as missing."""
    text = TEXT.replace("product_code: code", "phones: [code]\n          external_ids: {erp: id}").replace(
        "load: full", "entity: customers"
    )
    project = project_of(tmp_path, text.replace("          cost: cost\n", "        extra_columns: {level: cost}\n"))
    deliver(project, "products_2026-01-05.csv", "id,code,cost\na1,138 0013 8000,x\n")
    preview = preview_extract(project, "erp", "products", day(5))
    samples = {column.name: (column.delivered, column.standardised) for column in preview.columns}
    assert samples["phones"] == (("138 0013 8000",), ("+8613800138000",))
    assert samples["external_ids"] == (("erp=a1",), ("erp=A1",))
    assert preview.rejected.is_empty()


def test_missing_delivery(tmp_path: Path) -> None:
    """A delivery that is not there can't be looked at."""
    with pytest.raises(DeliveryError, match="products_2026-01-05"):
        preview_extract(project_of(tmp_path, TEXT), "erp", "products", day(5))


CUSTOMERS = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c.csv", delimiter: ","}
        primary_key: id
        reject_limit: 1
        columns: {name: 公司, phones: [电话], status: {expression: "upper(状态)"}}
        contact: {name: 联系人}
        extra_columns: {score: {column: 评分, type: number}}
"""
HEADER = "id,公司,电话,状态,联系人,评分,备用手机,f9,备注\n"


def test_preview_says_what_columns_hold_and_may_be(tmp_path: Path) -> None:
    """Types are told of every delivered column; unmapped ones are suggested by name and by content, others are not."""
    project = project_of(tmp_path, CUSTOMERS)
    rows = "".join(
        f"{n},甲{n}公司,021-5838588{n},new,{'张伟' if n % 2 else ''},{n}.5,1390013900{n},a{n}@example.com,memo\n"
        for n in range(1, 8)
    )
    deliver(project, "c.csv", HEADER + rows)
    preview = preview_extract(project, "crm", "customers", day(5))
    holds = {column.name: column.type for column in preview.delivered}
    assert (holds["电话"], holds["评分"], holds["f9"]) == ("phone", "number", "e-mail")
    assert [column.name for column in preview.delivered if not column.is_mapped] == ["状态", "备用手机", "f9", "备注"]
    assert preview.unmapped == ("状态", "备用手机", "f9", "备注")
    suggested = {each.delivered: (each.standard, each.reason) for each in preview.suggestions}
    assert suggested["备用手机"][0] == "phones"
    assert suggested["f9"] == ("emails", "100% of its values are email")
    assert "备注" not in suggested
    assert "状态" not in suggested  # an expression uses it
    columns = {column.name: column for column in preview.columns}
    assert columns["contact.name"].delivered == ("张伟",)
    assert columns["contact.organisation"].origin == "公司"
    assert columns["status"].standardised == ("NEW",)
    assert columns["score"].standardised == ("1.5000", "2.5000", "3.5000", "4.5000", "5.5000")
    assert columns["name"].delivered == tuple(f"甲{n}公司" for n in range(1, 6))


def test_preview_of_the_first_rows(tmp_path: Path) -> None:
    """Of a large delivery the first rows are looked at, and that is said; rejections name their first lines."""
    project = project_of(tmp_path, CUSTOMERS)
    deliver(project, "c.csv", HEADER + "".join(f"{n},甲,x,new,,many,,,\n" for n in range(50)))
    preview = preview_extract(project, "crm", "customers", day(5), most=10)
    assert (preview.row_count, preview.is_whole) == (10, False)
    rejected = {row["rule_id"]: (row["rows"], row["lines"]) for row in preview.rejected.to_dicts()}
    assert rejected["customers.phones_readable"] == (10, [2, 3, 4, 5, 6])
    assert rejected["customers.score_readable"] == (10, [2, 3, 4, 5, 6])
    assert preview_extract(project, "crm", "customers", day(5), most=50).is_whole
    assert preview_extract(project, "crm", "customers", day(5), most=51).is_whole


def test_preview_shows_lines_held_back(tmp_path: Path) -> None:
    """Lines that can't be read are shown with their number, reason and bytes."""
    project = project_of(tmp_path, CUSTOMERS)
    deliver(project, "c.csv", HEADER + "1,甲,,new,,,,,\n2,乙,too,few\n3,丙,,new,,,,,\n")
    preview = preview_extract(project, "crm", "customers", day(5))
    assert [(each.line, each.content.decode().strip()) for each in preview.held_back] == [(3, "2,乙,too,few")]
    assert preview.row_count == 2


def test_preview_logs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Delivered values go to the caller and into no log."""
    project = project_of(tmp_path, CUSTOMERS)
    deliver(project, "c.csv", HEADER + "1,甲公司,13800138000,new,张伟,1,,,\n")
    with caplog.at_level("DEBUG"):
        preview_extract(project, "crm", "customers", day(5))
    assert not [record for record in caplog.records if "张伟" in record.getMessage()]
