"""Claims on formats along the chain: check, preview and landing work alike for CSV, JSON Lines and Excel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter

from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline.steps.looking.check import check_project, require_deliveries
from crm_pipeline.steps.looking.preview import preview_extract
from crm_pipeline_tests.steps.building import PRODUCTS, day, deliver, project_of, running

ROWS = [("id", "code", "cost"), ("1", "A", "1.50"), ("2", "", "")]
READS = {
    "csv": ('"in/products_{date}.csv"', "csv, utf-8", "csv"),
    "json_lines": ('"in/products_{date}.jsonl"', "json lines, utf-8", "json lines"),
    "excel": ('"in/products_{date}.xlsx", sheet: 产品', "excel, sheet 产品", "excel"),
}


def write(project_root: Path, form: str) -> None:
    file = project_root / "in" / f"products_2026-01-05.{ {'csv': 'csv', 'json_lines': 'jsonl', 'excel': 'xlsx'}[form] }"
    file.parent.mkdir()
    if form == "excel":
        with xlsxwriter.Workbook(file) as book:
            sheet = book.add_worksheet("产品")
            for place, row in enumerate(ROWS):
                sheet.write_row(place, 0, row)
    elif form == "csv":
        file.write_text("".join(f"{','.join(row)}\n" for row in ROWS))
    else:
        objects = [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]
        file.write_text("".join(f"{json.dumps(o)}\n" for o in objects))


@pytest.mark.parametrize(("read", "reading", "shown"), READS.values(), ids=[*READS])
def test_one_table_in_any_format(
    tmp_path: Path, read: str, reading: str, shown: str, request: pytest.FixtureRequest
) -> None:
    """One table, delivered in each format, is checked, previewed and landed alike, and says how it was read."""
    text = PRODUCTS.replace("LOAD", "full").replace('"in/products_{date}.csv"', read)
    project = project_of(tmp_path, text)
    write(tmp_path, request.node.callspec.id)
    assert check_project(project, day(5))[0].detail == f"products, full, {shown}, 3 columns, 3 mapped"
    preview = preview_extract(project, "erp", "products", day(5))
    assert (preview.origin.described, preview.row_count) == (reading, 2)
    assert {c.name: c.standardised for c in preview.columns} == {"product_code": ("A",), "cost": ("1.5000",)}
    with running(project) as run:
        (landed,) = land_extract(run, "erp", "products", [day(5)])
        assert landed.delivery is not None
        assert landed.delivery.columns == ("id", "code", "cost")
        assert landed.delivery.read().drop("_line").rows() == ROWS[1:]
        assert landed.delivery.origin.described == reading
        require_deliveries(project, run.landing, [day(5)])


def test_key_that_appears_late(tmp_path: Path) -> None:
    """A key that only a late line of a long file has is found by the check, in the mapping as in an expression."""
    text = PRODUCTS.replace("LOAD", "full").replace("{date}.csv", "{date}.jsonl")
    project = project_of(tmp_path, text.replace("cost: cost", "cost: {expression: \"replace(late, ',', '')\"}"))
    lines = '{"id":"1","code":"A"}\n' * 60_000
    deliver(project, "products_2026-01-05.jsonl", lines + '{"late":"1,5"}\n')
    assert check_project(project, day(5))[0].error is None
    deliver(project, "products_2026-01-05.jsonl", lines)
    assert check_project(project, day(5))[0].error is not None
