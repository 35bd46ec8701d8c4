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
    assert (preview.where, preview.row_count, preview.encoding) == ("erp.products", 5, "utf-8")
    assert preview.unmapped == ("note",)
    samples = {column.name: (column.delivered, column.standardised) for column in preview.columns}
    assert samples == {"product_code": ((" A ", "B"), ("A", "B")), "cost": (("1.5", "2"), ("1.5000", "2.0000"))}
    with running(project) as run:
        land_extract(run, "erp", "products", [day(5)])
        apply_entity(run, "products")
        found = content(run, REJECTIONS).group_by("rule_id", "severity", "reason").len("rows").sort("rule_id")
    assert preview.rejected.rows() == found.rows()


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
