"""Claims on records behind lines that can't be read: they are not taken for deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.steps.applying.standardise import apply_entity
from crm_pipeline.steps.landing.land import land_extract
from crm_pipeline_tests.steps.building import PRODUCTS, day, deliver, project_of, running

BLANK = "\N{IDEOGRAPHIC SPACE}"
READ = '{file: "in/products_{date}.csv"}'
LIVING = "SELECT source_id FROM std.products WHERE valid_to IS NULL ORDER BY 1"


def living_after(folder: Path, read: str, name: str, first: str, second: str) -> list[str]:
    """The keys of the records that live after two full deliveries."""
    project = project_of(folder, PRODUCTS.replace(READ, f"{read}\n        reject_limit: 0.9").replace("LOAD", "full"))
    for number, text in ((1, first), (2, second)):
        deliver(project, name.format(day(number)), text)
    with running(project) as run:
        land_extract(run, "erp", "products", [day(1), day(2)])
        apply_entity(run, "products")
        return [row[0] for row in run.warehouse.execute(LIVING)]


KEYS = ("K0005", f"张{BLANK}三", "a\N{NO-BREAK SPACE}b", r"a\b", "a b")


@pytest.mark.parametrize("delimiter", [",", ";", "|", "^", "~", "#", "!", r"\t"])
def test_a_row_of_another_width(tmp_path: Path, delimiter: str) -> None:
    """Whatever the delimiter and the blanks in its key, a record whose row has too many cells stays; others go."""
    cut = delimiter.replace(r"\t", "\t")
    read = READ.replace('csv"}', f'csv", delimiter: "{delimiter}"}}')
    header, rows = "id,code,cost", [f"{key},A,1" for key in KEYS]
    first = "\n".join([header, *rows, "other,B,1", "gone,C,1"]).replace(",", cut)
    second = "\n".join([header, *(f"{row},more" for row in rows), "other,B,1"]).replace(",", cut)
    assert living_after(tmp_path, read, "products_{}.csv", first, second) == sorted([*KEYS, "other"])


def test_an_escape_of_json(tmp_path: Path) -> None:
    """A key that a damaged line of JSON Lines writes with escapes stays, also one beyond the first plane."""
    row = '{{"id": "{}", "code": "A", "cost": 1}}'.format
    lines = [row("张三"), row("\U00020bb7野"), row("other")]
    broken = [r'{"id": "\u5f20\u4e09", "code": "A"', r'{"id": "\ud842\udfb7\u91ce", "code": ', lines[2]]
    found = living_after(
        tmp_path, READ.replace(".csv", ".jsonl"), "products_{}.jsonl", "\n".join(lines), "\n".join(broken)
    )
    assert found == sorted(["other", "张三", "\U00020bb7野"])
