"""The gate before publication: a broken rule on a table stops the run.

Belongs here: the decision on check results. Does not belong here: making them (`judge`, `contract`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.errors import QualityError
from crm_pipeline.quality.rules import Severity


def require_tables(results: pl.DataFrame) -> None:
    """Nothing, when every rule of severity table holds; other severities never stop a run.

    Args:
        results: rows of `ops.check_results`, of any number of tables.

    Raises:
        QualityError: at least one does not; all of them are named, with counts and what to do.
    """
    broken = results.filter((pl.col("severity") == Severity.TABLE) & ~pl.col("is_passed")).sort("table_name", "rule_id")
    if broken.is_empty():
        return
    found = "; ".join(
        f"{rule['rule_id']} on {rule['table_name']}: {rule['failed_count']:,} of {rule['judged_count']:,} rows"
        for rule in broken.iter_rows(named=True)
    )
    raise QualityError(
        where=", ".join(broken["table_name"].unique(maintain_order=True)),
        expected="every rule of severity table to hold",
        found=found,
        cure=" ".join(broken["notes"].unique(maintain_order=True)),
    )
