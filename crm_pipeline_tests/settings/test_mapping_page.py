"""The claim that docs/mapping.md shows what is accepted."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from crm_pipeline.settings import load_project

PAGE = Path(__file__).parents[2] / "docs" / "mapping.md"


def test_the_forms_that_the_page_shows_are_accepted(tmp_path: Path) -> None:
    """The mapping of the page is read as it stands."""
    [shown] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    head = "version: 1\nstart_date: 2026-01-01\nsources:\n  crm:\n    extracts:\n      customers:\n"
    place = "        read: {file: x.csv}\n        primary_key: id\n"
    (tmp_path / "pipeline.yaml").write_text(head + place + textwrap.indent(shown, " " * 8), encoding="utf-8")
    config = load_project(tmp_path).config
    assert [each.name for each in config.applied_extracts] == ["customers", "customers_contact"]
    assert [column.type for column in config.extras("customers")] == ["DECIMAL(18,4)", "VARCHAR"]
