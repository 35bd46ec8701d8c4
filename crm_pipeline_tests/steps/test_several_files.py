"""Claims on deliveries of several files along the chain: each rejection names its file and its line there."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import DeliveryError
from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing import acceptance
from crm_pipeline.steps.landing.land import land_extract
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


def test_keys_that_differ_by_letter_case(tmp_path: Path) -> None:
    """JSON files of one delivery whose keys SQL can't tell apart are refused as a whole, and nothing is landed."""
    project = project_of(tmp_path, TEXT.replace("products_*.csv", "products_*.jsonl"))
    (project.root / "in").mkdir()
    deliver_part(project.root, "products_1.jsonl", '{"id": "1", "code": "A", "cost": 1}\n')
    deliver_part(project.root, "products_2.jsonl", '{"id": "2", "Code": "B", "cost": 2}\n')
    with running(project) as run:
        with pytest.raises(DeliveryError, match=r"erp\.products: .* names that differ by letter case only"):
            land_extract(run, "erp", "products", [day(5)])
        assert run.landing.deliveries("erp", "products") == []


def test_a_delivery_of_hopeless_lines_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where very many lines and most of all can't be read, the rest of the files is not asked for."""
    monkeypatch.setattr(acceptance, "_VERY_MANY", 100)
    text = TEXT.replace('products_*.csv"', 'products_*.csv", delimiter: ","')
    project = project_of(tmp_path, text)
    (project.root / "in").mkdir()
    deliver_part(project.root, "products_1.csv", "id,code,cost\n" + "1,A\n" * 200)
    deliver_part(project.root, "products_2.csv", "")  # which would be refused as empty
    with running(project) as run, pytest.raises(DeliveryError, match="200 of 200, the first with 2 cells") as caught:
        land_extract(run, "erp", "products", [day(5)])
    assert caught.value.expected == "at most 50.0% of the lines unreadable (reject_limit)"
    deliver_part(project.root, "products_2.csv", "id,code,cost\n" + "1,A,1\n" * 300)
    deliver_part(project.root, "products_1.csv", "id,code,cost\n" + "1,A\n" * 90 + "1,A,1\n" * 10)
    with running(project) as run:
        [landed] = land_extract(run, "erp", "products", [day(5)])
        assert landed.delivery is not None
        assert landed.delivery.unreadable_count == 90


def deliver_part(root: Path, name: str, text: str) -> None:
    file = root / "in" / "2026-01-05" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
