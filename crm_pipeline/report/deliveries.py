"""Figures of what came in: deliveries, rejections, verdicts of rules.

Belongs here: aggregates over schema ops. Does not belong here: customers (`customers`).
"""

from __future__ import annotations

from typing import Any

from crm_pipeline.report.figures import Check, Delivery, Rejection
from crm_pipeline.report.reading import Reading
from crm_pipeline.tables import CHECK_RESULTS, LOADS, REJECTIONS

_DELIVERIES = """
    WITH load AS (
        SELECT *, coalesce(run_id = $run, false) AS is_mine,
            row_number() OVER (PARTITION BY source, extract ORDER BY business_date DESC, sequence DESC) AS age
        FROM ops.loads
    ),
    newest AS (
        SELECT source, extract, entity, business_date AS newest_on,
            quarantined_count + duplicate_count + erased_count AS held_back
        FROM load WHERE age = 1
    ),
    shown AS (
        SELECT * FROM load QUALIFY is_mine OR (age = 1 AND NOT bool_or(is_mine) OVER (PARTITION BY source, extract))
    )
    SELECT source, extract, newest.entity, max(business_date), count(*) FILTER (is_mine), {sums}, held_back, newest_on
    FROM shown JOIN newest USING (source, extract) GROUP BY source, extract, newest.entity, held_back, newest_on
    ORDER BY newest.entity <> 'customers', newest.entity, source, extract
"""
_COUNTS = ("delivered", "loaded", "unchanged", "quarantined", "duplicate", "erased", "deleted", "nulled", "flagged")
# One row of a delivery counts once per rule and column: that is the key of the table.
_REJECTIONS = """
    WITH newest AS (
        SELECT source, extract, max((business_date, sequence)) AS delivery FROM ops.loads GROUP BY ALL
    ),
    counted AS (
        SELECT entity, rule_id, severity, coalesce(column_name, '') AS column_name, source, extract,
            count(*) AS rows, count(*) FILTER ((business_date, sequence) = delivery) AS newest,
            max(business_date) AS latest, coalesce(max_by(reason, business_date), '') AS reason
        FROM ops.rejections LEFT JOIN newest USING (source, extract)
        GROUP BY ALL
    )
    SELECT entity, rule_id, severity, column_name, max_by(reason, (latest, rows, reason)),
        sum(rows)::BIGINT AS rows, sum(newest)::BIGINT,
        list({'name': source || '.' || extract, 'rows': rows} ORDER BY rows DESC, source, extract)
    FROM counted GROUP BY entity, rule_id, severity, column_name
    ORDER BY list_position(['row', 'duplicate', 'value', 'warning'], severity), rows DESC, rule_id, column_name
"""
_CHECKS = """
    SELECT table_name, rule_id, severity, judged_count, failed_count, is_passed, coalesce(notes, '')
    FROM ops.check_results ORDER BY table_name, rule_id
"""


def deliveries(reading: Reading, run_id: str) -> tuple[Delivery, ...]:
    """What the run applied of each extract, else its newest delivery; customers first, then by entity and name."""
    if not reading.has(LOADS.qualified, *LOADS.column_names):
        return ()
    sums = ", ".join(f"sum({name}_count)::BIGINT" for name in _COUNTS)
    return tuple(Delivery(*row) for row in reading.rows(_DELIVERIES.format(sums=sums), {"run": run_id}))


def rejections(reading: Reading) -> tuple[Rejection, ...]:
    """Each broken rule, by severity, then by rows, most first."""
    tables = (LOADS, REJECTIONS)
    if not all(reading.has(table.qualified, *table.column_names) for table in tables):
        return ()
    return tuple(_rejection(*row) for row in reading.rows(_REJECTIONS))


def _rejection(
    entity: str,
    rule_id: str,
    severity: str,
    column: str,
    reason: str,
    rows: int,
    newest: int,
    parts: list[dict[str, Any]],
) -> Rejection:
    extracts = tuple((part["name"], part["rows"]) for part in parts)
    return Rejection(entity, rule_id, severity, column, reason, rows, newest, extracts)


def checks(reading: Reading) -> tuple[Check, ...]:
    """The latest verdict on each rule, by table and rule."""
    if not reading.has(CHECK_RESULTS.qualified, *CHECK_RESULTS.column_names):
        return ()
    return tuple(Check(*row) for row in reading.rows(_CHECKS))
