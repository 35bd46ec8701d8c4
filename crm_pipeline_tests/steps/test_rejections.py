"""Claims on the cells that rejections quote."""

from __future__ import annotations

import polars as pl

from crm_pipeline.state.landing import LINE
from crm_pipeline.steps.applying.rejections import against_cells


def test_cells_of_lists_are_joined() -> None:
    """A rule on a list quotes its elements, on external ids the ids, and nothing where the list is empty."""
    ids = [[{"namespace": "erp", "value": "A1"}, {"namespace": "crm", "value": "b"}], [], None]
    identifiers = pl.List(pl.Struct({"namespace": pl.String, "value": pl.String}))
    mapped = pl.DataFrame(
        {LINE: [2, 3, 4], "external_ids": ids, "phones": [["1", "2"], [None], None], "name": ["x", "", None]},
        schema={LINE: pl.Int64, "external_ids": identifiers, "phones": pl.List(pl.String), "name": pl.String},
    )
    unreadable = pl.DataFrame(
        schema={
            "row": pl.UInt32,
            "column_name": pl.String,
            "value": pl.String,
            "reason": pl.String,
            "is_placeholder": pl.Boolean,
        }
    )
    columns = ("external_ids", "phones", "name")
    failures = pl.DataFrame(
        [(row, f"customers.{name}_rule", "row", name, "why") for name in columns for row in range(3)],
        schema={
            "row": pl.UInt32, "rule_id": pl.String, "severity": pl.String, "column_name": pl.String,
            "reason": pl.String,
        },
        orient="row",
    )  # fmt: skip
    found = against_cells("customers", unreadable, failures, mapped).sort("column_name", "line")
    assert found.select("column_name", "line", "value").rows() == [
        ("external_ids", 2, "A1 | b"), ("external_ids", 3, None), ("external_ids", 4, None),
        ("name", 2, "x"), ("name", 3, None), ("name", 4, None),
        ("phones", 2, "1 | 2"), ("phones", 3, None), ("phones", 4, None),
    ]  # fmt: skip
