"""Claims on the preview: it shows what a run would do, and does none of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.settings import Project
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.looking.preview import preview_extract
from crm_pipeline.tables import REJECTIONS
from crm_pipeline_tests.steps.building import PRODUCTS, content, day, deliver, project_of, running

TEXT = PRODUCTS.replace("LOAD", "full")
CONTENT = "id,code,cost,note\n1, A ,1.5,x\n2,B,x,\n3,,2,\n,C,2,\n5,D,-7,\n"


def test_preview_is_what_a_run_does(tmp_path: Path) -> None:
    """Samples before and after, a lost one last, and rejections are what a run then finds; nothing is written."""
    project = project_of(tmp_path, TEXT)
    deliver(project, "products_2026-01-05.csv", CONTENT)
    before = sorted(tmp_path.rglob("*"))
    preview = preview_extract(project, "erp", "products", day(5), samples=2)
    assert sorted(tmp_path.rglob("*")) == before
    assert (preview.where, preview.row_count, preview.is_whole) == ("erp.products", 5, True)
    assert preview.origin.described == "csv, utf-8"
    assert preview.unmapped == ("note",)
    samples = {column.name: (column.delivered, column.standardised) for column in preview.columns}
    assert samples == {"product_code": ((" A ", "B"), ("A", "B")), "cost": (("1.5", "x"), ("1.5000", None))}
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
    deliver(project, "products_2026-01-05.csv", "id,code,cost\na1,138 0013 8010,x\n")
    preview = preview_extract(project, "erp", "products", day(5))
    samples = {column.name: (column.delivered, column.standardised) for column in preview.columns}
    assert samples["phones"] == (("138 0013 8010",), ("+8613800138010",))
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
    deliver(project, "c.csv", HEADER + "1,甲公司,13800138010,new,张伟,1,,,\n")
    with caplog.at_level("DEBUG"):
        preview_extract(project, "crm", "customers", day(5))
    assert not [record for record in caplog.records if "张伟" in record.getMessage()]


def told_by_run(project: Project, number: int) -> str | None:
    """What a run says when it refuses the delivery of that day as a whole; None when it lands it."""
    source, name, _ = project.config.extracts[0]
    with running(project) as run:
        try:
            land_extract(run, source, name, [day(number)])
        except DeliveryError as error:
            return str(error)
    return None


def rows_of(count: int, *, first: int = 0) -> str:
    return "".join(f"{n},A{n},1\n" for n in range(first, first + count))


MANY = "id,code,cost\n" + rows_of(30)
MORE = MANY.replace("cost", "cost,more").replace(",1\n", ",1,x\n")
# What is delivered on the second day, and what is written into pipeline.yaml besides; refused or not.
SECOND_DAYS: dict[str, tuple[str, str, str | None]] = {
    "the same columns and records": (MANY, "", None),
    "lines beyond reject_limit": (MANY + "31,A\n32,A\n", "", "reject_limit"),
    "lines within reject_limit": (MANY + "31,A\n32,A\n", "reject_limit: 0.1", None),
    "a mapped column gone": (MANY.replace(",cost", ",costs"), "", "Did you mean|on_change: {removed: keep}"),
    "a mapped column gone, kept": (MANY.replace(",cost", ",costs"), "on_change: {removed: keep}", None),
    "a mapped column gone, warned of": (MANY.replace(",cost", ",costs"), "on_change: {removed: warn}", None),
    "a key gone": (MANY.replace("id,", "no,"), "on_change: keep", "key column id"),
    "a column more": (
        MANY.replace("cost", "cost,more").replace(",1\n", ",1,x\n"),
        "on_change: {added: stop}",
        "added more",
    ),
    "records beyond delete_limit": ("id,code,cost\n" + rows_of(20), "", "delete_limit"),
    "records within delete_limit": ("id,code,cost\n" + rows_of(20), "delete_limit: 0.5", None),
    "no key": ("id,code,cost\n" + ",A,1\n" * 30, "", "primary key"),
    "a header alone": ("id,code,cost\n", "", "rows below the header"),
}


@pytest.mark.parametrize("name", SECOND_DAYS)
def test_what_a_run_refuses_as_a_whole_is_foretold(tmp_path: Path, name: str) -> None:
    """A delivery that limits or contract refuse is refused by preview in the run's own words, and no other one is."""
    content, written, reason = SECOND_DAYS[name]
    text = TEXT.replace("        primary_key: id\n", f"        primary_key: id\n        {written}\n")
    text = text.replace('products_{date}.csv"', 'products_{date}.csv", delimiter: ","')
    project = project_of(tmp_path, text)
    deliver(project, "products_2026-01-05.csv", MANY)
    deliver(project, "products_2026-01-06.csv", content)
    assert told_by_run(project, 5) is None
    before = sorted(tmp_path.rglob("*"))
    preview = preview_extract(project, "erp", "products", day(6))
    assert sorted(tmp_path.rglob("*")) == before
    refusals = [str(error) for error in preview.foretold.refusals]
    said = told_by_run(project, 6)
    assert (said is None) == (reason is None)
    assert refusals[:1] == ([said] if said else [])
    assert all(part in refusals[0] for part in (reason or "").split("|")) if refusals else reason is None


def test_every_refusal_is_foretold(tmp_path: Path) -> None:
    """A delivery that fails several gates is told all of it at once, columns first; a change is named once."""
    project = project_of(tmp_path, TEXT.replace('{date}.csv"', '{date}.csv", delimiter: ","'))
    deliver(project, "products_2026-01-05.csv", MANY)
    deliver(project, "products_2026-01-06.csv", "id,code,costs\n" + rows_of(10) + "31,A\n")
    assert told_by_run(project, 5) is None
    foretold = preview_extract(project, "erp", "products", day(6)).foretold
    columns, lines, records = (str(error) for error in foretold.refusals)
    assert "the column cost" in columns
    assert "reject_limit" in lines
    assert "delete_limit" in records
    assert foretold.schema_changes == ("removed cost, did you mean costs?", "added costs")


def test_columns_never_delivered(tmp_path: Path) -> None:
    """A mapping of a column that no delivery has is refused, and all that helps to correct it is shown with it."""
    project = project_of(tmp_path, CUSTOMERS.replace("phones: [电话]", "phones: [手机号]"))
    deliver(project, "c.csv", HEADER + "1,甲公司,13800138010,new,张伟,1,,,\n")
    preview = preview_extract(project, "crm", "customers", day(5))
    [refusal] = preview.foretold.refusals
    assert "expected the column 手机号" in str(refusal)
    assert preview.foretold.absent == ("手机号",)
    assert "电话" in preview.unmapped
    assert {column.name: column.standardised for column in preview.columns}["name"] == ("甲公司",)


def test_a_column_that_is_gone_is_empty(tmp_path: Path) -> None:
    """A mapped column that may disappear is empty in preview as in the run, in expressions too; the change is told."""
    text = TEXT.replace("product_code: code", 'product_code: {expression: "upper(code)"}')
    project = project_of(
        tmp_path, text.replace("        primary_key", "        on_change: {removed: warn}\n        primary_key")
    )
    deliver(project, "products_2026-01-05.csv", MANY)
    deliver(project, "products_2026-01-06.csv", "id,cost\n" + "".join(f"{n},1\n" for n in range(30)))
    assert told_by_run(project, 5) is None
    preview = preview_extract(project, "erp", "products", day(6))
    assert preview.foretold.schema_changes == ("removed code",)
    assert {column.name: column.standardised for column in preview.columns}["product_code"] == ()
    assert told_by_run(project, 6) is None
    with running(project) as run:
        apply_entity(run, "products")
        found = content(run, REJECTIONS).group_by("rule_id", "severity", "reason").len("rows")
    assert sorted(preview.rejected.drop("lines").rows()) == sorted(found.rows())


def test_marks_of_deletion_are_told_as_in_a_run(tmp_path: Path) -> None:
    """A marked row is left out whatever white space stands around its mark; one without a key is held back."""
    text = TEXT.replace(
        "        primary_key", '        deleted: {column: gone, values: ["Y", " yes"]}\n        primary_key'
    )
    project = project_of(tmp_path, text)
    marks = ["", "y", "\u3000Y\u00a0", "yes", "n", "Y"]
    rows = "".join(f"{n if n < 6 else ''},A,x,{mark}\n" for n, mark in enumerate(marks, 1))
    deliver(project, "products_2026-01-05.csv", f"id,code,cost,gone\n{rows}")
    preview = preview_extract(project, "erp", "products", day(5))
    with running(project) as run:
        land_extract(run, "erp", "products", [day(5)])
        loads = apply_entity(run, "products").loads
        found = content(run, REJECTIONS).group_by("rule_id", "severity", "reason").len("rows")
    assert loads.select("loaded_count", "unchanged_count", "quarantined_count").rows() == [(3, 2, 1)]
    assert sorted(preview.rejected.drop("lines").rows()) == sorted(found.rows())
    assert {row["rule_id"]: row["lines"] for row in preview.rejected.to_dicts()}["products.source_id_present"] == [7]


def test_limits_are_not_judged_by_the_first_rows(tmp_path: Path) -> None:
    """Of the first rows only what their columns tell is foretold; of JSON, whose keys may come late, nothing."""
    project = project_of(tmp_path, TEXT.replace('{date}.csv"', '{date}.csv", delimiter: ","'))
    deliver(project, "products_2026-01-05.csv", MANY)
    assert told_by_run(project, 5) is None
    deliver(project, "products_2026-01-06.csv", "id,code,costs\n31,A\n" + rows_of(10))
    [refusal] = preview_extract(project, "erp", "products", day(6), most=5).foretold.refusals
    assert "the column cost" in str(refusal)
    lines = project_of(tmp_path / "lines", TEXT.replace(".csv", ".jsonl"))
    deliver(lines, "products_2026-01-05.jsonl", '{"id": 1, "code": "A"}\n' * 9 + '{"id": 2, "cost": 1}\n')
    assert preview_extract(lines, "erp", "products", day(5), most=5).foretold.refusals == ()
    assert told_by_run(lines, 5) is None


def test_a_file_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    """Lines held back count among what is looked at, so that such a file ends the preview too, and are shown."""
    project = project_of(tmp_path, CUSTOMERS)
    deliver(project, "c.csv", HEADER + "too,few\n" * 20_000)
    preview = preview_extract(project, "crm", "customers", day(5), most=1000)
    assert preview.row_count == 0
    assert len(preview.held_back) >= 1000
