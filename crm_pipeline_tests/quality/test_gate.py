"""What stops a run before publication."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from crm_pipeline.errors import QualityError
from crm_pipeline.quality.gate import require_tables
from crm_pipeline.quality.judge import judge
from crm_pipeline_tests.quality.building import expectation, frame_of, suite_of

PRESENT = "expect_column_values_to_not_be_null"


def _results(folder: Path, table: str, severity: str) -> pl.DataFrame:
    suite = suite_of(folder, table, expectation(f"{severity} rule", PRESENT, severity, column="status"))
    return judge(frame_of(table, {"status": ["a", None, None]}), suite).results


def test_broken_table_rules_stop_the_run_all_at_once(tmp_path: Path) -> None:
    """Every broken rule of severity table is named with its table and counts in one error."""
    results = pl.concat([_results(tmp_path, table, "table") for table in ("gold.orders", "gold.customers")])
    with pytest.raises(QualityError) as caught:
        require_tables(results)
    assert "table rule on gold.customers: 2 of 3 rows; table rule on gold.orders: 2 of 3 rows" in str(caught.value)


@pytest.mark.parametrize("severity", ["row", "value", "warning"])
def test_other_severities_never_stop_a_run(tmp_path: Path, severity: str) -> None:
    """Broken rules of other severities let the run go on."""
    require_tables(_results(tmp_path, "std.orders", severity))
