"""What stewards see of rejected rows beside the quarantine: which of them still matter, and what became of corrections.

Belongs here: telling these from the deliveries applied so far. Does not belong here: the quarantine itself (a SQL
model), making corrections (`steps.correcting`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.settings import AppliedExtract
from crm_pipeline.steps.applying import corrections
from crm_pipeline.steps.run import Run
from crm_pipeline.tables import (
    CORRECTION_USES,
    CORRECTIONS,
    LOADS,
    OPEN_REJECTIONS,
    REJECTIONS,
    CorrectionStatus,
    Table,
    std,
)
from crm_pipeline.warehouse.connection import literal

_ROW = "source, extract, business_date, sequence, line"
_PLACE = "concat_ws(' ', business_date, sequence, line)"
_DELIVERY = "row(r.business_date, r.sequence)"
_IN_NEWEST = f"n.delivery = {_DELIVERY}"
_NOT_SINCE = f"""(r.came_last = {_DELIVERY} AND NOT coalesce(v.came > {_DELIVERY}, false)
    AND NOT coalesce(v.closed > r.business_date, false) AND NOT coalesce(u.used > {_DELIVERY}, false))"""
_NEWEST_USE = f"""
    SELECT source, extract, row_hash, number, status, business_date AS status_date, row_count
    FROM {CORRECTION_USES.qualified}
    QUALIFY row_number() OVER (PARTITION BY source, extract, row_hash ORDER BY business_date DESC, sequence DESC) = 1
"""


def find_open(run: Run) -> None:
    """Fills `ops.open_rejections`: the rejected rows that nothing delivered since took the place of.

    A row that was loaded, with cells nulled or flagged, is open while its version is current. One that was held back is
    open while it is in the newest delivery, of an extract that is loaded incrementally until its record comes again, or
    the very same row, corrected.
    """
    run.warehouse.ensure(CORRECTION_USES)
    run.warehouse.replace(OPEN_REJECTIONS, OPEN_REJECTIONS.empty())
    for applied in run.project.config.applied_extracts:
        table = std(applied.extract.entity, run.project.config.extras(applied.extract.entity))
        if run.warehouse.exists(table):
            run.warehouse.insert(OPEN_REJECTIONS, _open_sql(applied, table), order_by=OPEN_REJECTIONS.key)


def _open_sql(applied: AppliedExtract, table: Table) -> str:
    """A select of the open rows of an extract.

    Rows without a key are the same when their cells are; a line that could not be read is like no other.
    """
    place = f"source = {literal(applied.source)} AND extract = {literal(applied.name)}"
    is_held_open = _IN_NEWEST if applied.extract.load == "full" else _NOT_SINCE
    return f"""
        WITH rejected AS (
            SELECT {_ROW}, any_value(source_id) AS source_id, any_value(row_hash) AS row_hash,
                bool_or(severity IN ('row', 'duplicate')) AS is_held
            FROM {REJECTIONS.qualified} WHERE {place} GROUP BY {_ROW}
        ), named AS (
            SELECT *, coalesce('key ' || source_id, 'hash ' || row_hash, 'line ' || {_PLACE}) AS who FROM rejected
        ), ordered AS (
            SELECT *, max(row(business_date, sequence)) OVER (PARTITION BY who) AS came_last FROM named
        ), versions AS (
            SELECT source_id, valid_from, valid_to, sequence, line FROM {table.qualified}
            WHERE {place} AND source_id IN (SELECT source_id FROM rejected)
        ), current AS (
            SELECT valid_from, sequence, line FROM versions WHERE valid_to IS NULL
        ), latest AS (
            SELECT source_id, max(row(valid_from, sequence)) AS came, max(valid_to) AS closed FROM versions GROUP BY ALL
        ), used AS (
            SELECT row_hash, max(row(business_date, sequence)) AS used FROM {CORRECTION_USES.qualified}
            WHERE {place} AND status = '{CorrectionStatus.APPLIED}' GROUP BY row_hash
        ), newest AS (
            SELECT max(row(business_date, sequence)) AS delivery FROM {LOADS.qualified} WHERE {place}
        )
        SELECT r.source, r.extract, r.business_date, r.sequence, r.line
        FROM ordered AS r CROSS JOIN newest AS n
            LEFT JOIN latest AS v ON v.source_id = r.source_id
            LEFT JOIN used AS u ON u.row_hash = r.row_hash
            LEFT JOIN current AS c
                ON c.valid_from = r.business_date AND c.sequence = r.sequence AND c.line = r.line
        WHERE CASE WHEN r.is_held THEN {is_held_open} ELSE c.line IS NOT NULL END
    """


def follow_corrections(run: Run) -> None:
    """Fills `ops.corrections`: every correction that stands, and what became of it with the newest delivery."""
    run.warehouse.ensure(CORRECTION_USES)
    told = corrections.standing(run.project).with_columns(
        pl.col("decided_at").alias("corrected_at"), pl.col("decided_by").alias("corrected_by")
    )
    uses = run.warehouse.frame(_NEWEST_USE).rename({"number": "used"})
    followed = told.join(uses, on=["source", "extract", "row_hash"], how="left", maintain_order="left")
    is_used = (pl.col("used") == pl.col("number")).fill_null(value=False)
    waiting = pl.lit(CorrectionStatus.WAITING.value)
    rows = followed.with_columns(
        pl.when(is_used).then("status").otherwise(waiting).alias("status"),
        pl.when(is_used).then("status_date").alias("status_date"),
        pl.when(is_used).then("row_count").otherwise(0).alias("row_count"),
    )
    run.warehouse.replace(CORRECTIONS, rows.select(CORRECTIONS.column_names))
