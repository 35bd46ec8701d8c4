"""The wrong pairs of published customers: false links and missed pairs, listed as far as they can be read.

Belongs here: which pairs are wrong. Does not belong here: why (`reasons`), and how many there are (`agreement`).
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.warehouse import Warehouse

FALSE_LINK, MISSED = "false_link", "missed"

# A cell is the records that share a label and a customer; two cells of one label are missed pairs, two of one customer
# false links. Cells are paired before records are, so that the work is that of the pairs listed, however many records
# of one group agree.
_LISTED = """
    WITH cells AS MATERIALIZED (
        SELECT row_number() OVER () AS cell, label, customer_id, count(*) AS n
        FROM _labelled GROUP BY label, customer_id
    ), wrong AS (
        SELECT '{false_link}' AS verdict, customer_id AS in_common, (sum(n) * sum(n) - sum(n * n)) // 2 AS wrong
        FROM cells GROUP BY customer_id HAVING count(*) > 1
        UNION ALL
        SELECT '{missed}', label, (sum(n) * sum(n) - sum(n * n)) // 2 FROM cells GROUP BY label HAVING count(*) > 1
    ), kept AS MATERIALIZED (
        SELECT verdict, in_common FROM wrong
        QUALIFY sum(wrong) OVER (ORDER BY wrong, verdict, in_common ROWS UNBOUNDED PRECEDING) <= {most}
    ), cell_pairs AS MATERIALIZED (
        SELECT l.cell AS cell_l, r.cell AS cell_r, verdict
        FROM kept JOIN cells l ON l.customer_id = in_common JOIN cells r ON r.customer_id = in_common
        WHERE verdict = '{false_link}' AND l.cell < r.cell
        UNION ALL
        SELECT l.cell, r.cell, verdict
        FROM kept JOIN cells l ON l.label = in_common JOIN cells r ON r.label = in_common
        WHERE verdict = '{missed}' AND l.cell < r.cell
    ), members AS MATERIALIZED (
        SELECT record_key, cell FROM _labelled JOIN cells USING (label, customer_id)
    ), lefts AS MATERIALIZED (
        SELECT record_key, cell_r, verdict FROM cell_pairs JOIN members ON cell = cell_l
    )
    SELECT least(l.record_key, r.record_key) AS record_key_l, greatest(l.record_key, r.record_key) AS record_key_r,
           verdict
    FROM lefts l JOIN members r ON cell = cell_r
    ORDER BY record_key_l, record_key_r
"""


def wrong_pairs(warehouse: Warehouse, labelled: pl.DataFrame, *, most: int) -> pl.DataFrame:
    """The wrong pairs of the published customers, `most` at most: record_key_l, record_key_r, verdict; by key.

    Where there are more, those of the customers and labels with most of them are left out as a whole.

    Args:
        warehouse: any open one, to compute in.
        labelled: record_key, label and customer_id of the labelled records, none null.
        most: wrong pairs, of both verdicts together.
    """
    with warehouse.registered("_labelled", labelled):
        return warehouse.frame(_LISTED.format(false_link=FALSE_LINK, missed=MISSED, most=most))


def wrong_labelled_pairs(judged: pl.DataFrame) -> pl.DataFrame:
    """The wrong ones of pairs labelled one by one: record_key_l, record_key_r, verdict; by key.

    Args:
        judged: record_key_l, record_key_r, is_match and is_one, whether the two are one customer as published.
    """
    verdict = pl.when("is_match").then(pl.lit(MISSED)).otherwise(pl.lit(FALSE_LINK)).alias("verdict")
    found = judged.filter(pl.col("is_match") != pl.col("is_one"))
    return found.select("record_key_l", "record_key_r", verdict).sort("record_key_l", "record_key_r")
