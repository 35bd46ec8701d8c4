"""The report of a real run."""

from __future__ import annotations

import csv
import html
import re
import shutil
from pathlib import Path

import pytest

from crm_pipeline import report
from crm_pipeline.report.words import WORDS
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests import projects
from crm_pipeline_tests.report.conftest import Collect

_PERSONAL = {"cst_id", "cst_key", "cst_firstname", "cst_lastname", "CID", "BDATE"}


@pytest.mark.slow
def test_no_delivered_value(small: projects.Finished, tmp_path: Path, collect: Collect) -> None:
    """No name, key or birth date of any delivered customer is a word of the page, but for words of ours."""
    delivered = set()
    for file in (small.folder / "extracts").rglob("*.csv"):
        with file.open(newline="", encoding="utf-8") as opened:
            cells = [(name, (cell or "").strip()) for row in csv.DictReader(opened) for name, cell in row.items()]
        delivered |= {cell for name, cell in cells if name in _PERSONAL and len(cell) > 3}
    shutil.copy(small.folder / "var" / "warehouse.duckdb", tmp_path)
    with Warehouse.open(tmp_path / "warehouse.duckdb", temporary=tmp_path) as warehouse:
        figures = collect(warehouse)
    page = re.sub(r"<[^>]+>", " ", html.unescape(report.render(figures)))
    notes = [rejection.reason for rejection in figures.rejections] + [check.notes for check in figures.checks]
    ours = " ".join([text for words in WORDS.values() for text in words] + notes)
    assert len(delivered) > 500
    assert {*re.findall(r"[\w-]+", page)} & delivered <= {*re.findall(r"[\w-]+", ours)}
    assert "records are" in page
