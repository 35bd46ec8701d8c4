"""System against system, as the marts have it.

Belongs here: the queries. Does not belong here: what is compared, and how (`dbt_like_sql/mart`).
"""

from __future__ import annotations

from crm_pipeline.report.figures import ComparedColumn, SideRevenue, Sides, Systems
from crm_pipeline.report.reading import Reading

_SIDES = """
    SELECT first_source, second_source, missing_in_second_count, shared_customer_count, missing_in_first_count
    FROM mart.system_overlap ORDER BY missing_in_first_count + missing_in_second_count DESC, first_source,
        second_source
"""
_COLUMNS = """
    SELECT column_name, first_source, second_source, compared_customer_count, disagreeing_customer_count,
        first_newer_count, second_newer_count
    FROM mart.system_disagreements WHERE disagreeing_customer_count > 0
    ORDER BY disagreeing_customer_count DESC, column_name, first_source, second_source
"""
_REVENUES = """
    SELECT first_source, second_source, currency, first_order_count, second_order_count, first_revenue, second_revenue,
        shared_customer_count, differing_customer_count
    FROM mart.system_revenue ORDER BY first_source, second_source, currency NULLS LAST
"""


def systems(reading: Reading) -> Systems:
    """Every two systems; a mart that a project replaced by one with other columns counts as empty."""
    has_sides = reading.has("mart.system_overlap", "first_source", "shared_customer_count", "missing_in_first_count")
    has_columns = reading.has("mart.system_disagreements", "column_name", "first_newer_count", "second_newer_count")
    has_revenues = reading.has("mart.system_revenue", "currency", "first_order_count", "differing_customer_count")
    return Systems(
        tuple(Sides(*row) for row in reading.rows(_SIDES)) if has_sides else (),
        tuple(ComparedColumn(*row) for row in reading.rows(_COLUMNS)) if has_columns else (),
        tuple(SideRevenue(*row) for row in reading.rows(_REVENUES)) if has_revenues else (),
    )
