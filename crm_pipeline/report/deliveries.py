"""Figures of what came in: newest deliveries, rejections, verdicts of rules.

Belongs here: aggregates over schema ops. Does not belong here: customers (`customers`).
"""

from __future__ import annotations

from crm_pipeline.report.figures import Check, Delivery, Rejection
from crm_pipeline.report.reading import Reading
from crm_pipeline.tables import CHECK_RESULTS, LOADS, REJECTIONS

_DELIVERIES = """
    SELECT source, extract, entity, business_date, count(*) OVER each, delivered_count, loaded_count, unchanged_count,
        quarantined_count, duplicate_count, erased_count, deleted_count, nulled_count, flagged_count
    FROM ops.loads
    WINDOW each AS (PARTITION BY source, extract)
    QUALIFY row_number() OVER (PARTITION BY source, extract ORDER BY business_date DESC, sequence DESC) = 1
    ORDER BY entity <> 'customers', entity, source, extract
"""
# One row of a delivery counts once per rule and column: that is the key of the table.
_REJECTIONS = """
    WITH newest AS (
        SELECT source, extract, max((business_date, sequence)) AS delivery FROM ops.loads GROUP BY ALL
    ),
    counted AS (
        SELECT entity, rule_id, severity, coalesce(column_name, '') AS column_name, coalesce(reason, '') AS reason,
            source, extract, count(*) AS rows, count(*) FILTER ((business_date, sequence) = delivery) AS newest
        FROM ops.rejections LEFT JOIN newest USING (source, extract)
        GROUP BY ALL
    )
    SELECT entity, rule_id, severity, column_name, max(reason), sum(rows)::BIGINT AS rows, sum(newest)::BIGINT,
        list({'name': source || '.' || extract, 'rows': rows} ORDER BY rows DESC, source, extract)
    FROM counted GROUP BY entity, rule_id, severity, column_name
    ORDER BY list_position(['row', 'duplicate', 'value', 'warning'], severity), rows DESC, rule_id, column_name
"""
_CHECKS = """
    SELECT table_name, rule_id, severity, judged_count, failed_count, is_passed, coalesce(notes, '')
    FROM ops.check_results ORDER BY table_name, rule_id
"""


def deliveries(reading: Reading) -> tuple[Delivery, ...]:
    """The newest delivery of each extract; customers first, then by entity, source and extract."""
    if not reading.has(LOADS.qualified, *LOADS.column_names):
        return ()
    return tuple(Delivery(*row) for row in reading.rows(_DELIVERIES))


def rejections(reading: Reading) -> tuple[Rejection, ...]:
    """Each broken rule, by severity, then by rows, most first."""
    tables = (LOADS, REJECTIONS)
    if not all(reading.has(table.qualified, *table.column_names) for table in tables):
        return ()
    return tuple(
        Rejection(*row[:-1], tuple((part["name"], part["rows"]) for part in row[-1]))
        for row in reading.rows(_REJECTIONS)
    )


def checks(reading: Reading) -> tuple[Check, ...]:
    """The latest verdict on each rule, by table and rule."""
    if not reading.has(CHECK_RESULTS.qualified, *CHECK_RESULTS.column_names):
        return ()
    return tuple(Check(*row) for row in reading.rows(_CHECKS))
