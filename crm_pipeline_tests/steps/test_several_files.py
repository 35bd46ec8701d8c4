"""Claims on deliveries of several files along the chain: each rejection names its file and its line there."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.steps.land import land_extract
from crm_pipeline.steps.standardise import apply_entity
from crm_pipeline.tables import REJECTIONS
from crm_pipeline_tests.steps.building import PRODUCTS, content, day, project_of, running

TEXT = PRODUCTS.replace("products_{date}.csv", "{date}/products_*.csv").replace(
    "LOAD", "full\n        reject_limit: 0.5"
)


def test_rejections_name_the_file(tmp_path: Path) -> None:
    """A line held back and a cell that can't be read are recorded with the file they lie in and their line there."""
    project = project_of(tmp_path, TEXT)
    (project.root / "in").mkdir()
    deliver_part(project.root, "products_1.csv", "id,code,cost\n1,A,1.50\n2,B,oops\n")
    deliver_part(project.root, "products_2.csv", "id,code,cost\n3,C,2\n4,D,3\n5,E\n6,F,oops\n" + "7,G,1\n" * 8)
    with running(project) as run:
        land_extract(run, "erp", "products", [day(5)])
        apply_entity(run, "products")
        found = content(run, REJECTIONS).select("rule_id", "file_name", "file_line").rows()
    placed = {(rule.rpartition(".")[2], file, line) for rule, file, line in found if "duplicate" not in rule}
    assert ("row_readable", "products_2.csv", 4) in placed
    assert ("cost_readable", "products_1.csv", 3) in placed
    assert ("cost_readable", "products_2.csv", 5) in placed


def test_refusal_names_the_file(tmp_path: Path) -> None:
    """A delivery with too many lines that can't be read is refused with the file and line of the first."""
    project = project_of(tmp_path, TEXT.replace("0.5", "0"))
    (project.root / "in").mkdir()
    deliver_part(project.root, "products_1.csv", "id,code,cost\n1,A,1.50\n")
    deliver_part(project.root, "products_2.csv", "id,code,cost\n" + "2,B,1\n" * 20 + "3\n")
    with running(project) as run, pytest.raises(DeliveryError) as caught:
        land_extract(run, "erp", "products", [day(5)])
    assert caught.value.where.endswith("products_2.csv:22")


def deliver_part(root: Path, name: str, text: str) -> None:
    file = root / "in" / "2026-01-05" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
