"""The quarantine as stewards read it.

Belongs here: choosing rows of the published quarantine. Does not belong here: correcting or replaying them.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from crm_pipeline.warehouse import open_reader

_CHOSEN = """
    FROM quarantine
    WHERE ($rule IS NULL OR list_contains(reasons, $rule))
        AND ($severity IS NULL OR list_contains(severities, $severity))
"""


def quarantined(
    path: Path, *, rule: str | None = None, severity: str | None = None, limit: int | None = None
) -> tuple[int, pl.DataFrame]:
    """How many rejected rows there are, and the first of them in the order of source, extract, delivery and line.

    Args:
        path: the stewards' published file.
        rule: only rows that broke this rule.
        severity: only rows with a reason of this severity.
        limit: rows at most; None for all.

    Raises:
        ConfigurationError: nothing has been published.
    """
    chosen = {"rule": rule, "severity": severity}
    with open_reader(path) as reader:
        total = int(reader.value(f"SELECT count(*) {_CHOSEN}", chosen))
        order = "ORDER BY source, extract, business_date, sequence, line"
        rows = reader.frame(f"SELECT * {_CHOSEN} {order} LIMIT $limit", {**chosen, "limit": limit or total})
    return total, rows
