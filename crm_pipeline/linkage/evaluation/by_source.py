"""Pairs of labelled records by the two systems that the records come from.

Belongs here: the counts, by SQL over counts of records, so that no pair is listed. Does not belong here: the ratios of
them (`agreement`). Two records of one system are a pair of it with itself.
"""

from __future__ import annotations

from typing import TypeAlias

import polars as pl

from crm_pipeline.linkage.evaluation.agreement import LabelledPairs, PairCounts
from crm_pipeline.warehouse import Warehouse

Sources: TypeAlias = tuple[str, str]

_SOURCE = "split_part({key}, '/', 1)"

# Of n records of one group: n * (n - 1) / 2 pairs within a source, n * m between two.
_WITHIN = """
    WITH cells AS (SELECT {group}, source, count(*) AS n FROM labelled GROUP BY ALL)
    SELECT l.source AS source_l, r.source AS source_r, '{measure}' AS measure,
           sum(CASE WHEN l.source = r.source THEN l.n * (l.n - 1) // 2 ELSE l.n * r.n END) AS pairs
    FROM cells l JOIN cells r USING ({group})
    WHERE l.source <= r.source GROUP BY ALL
"""
_GROUPS = {"true_pairs": "label", "predicted_pairs": "customer_id", "correct_pairs": "label, customer_id"}


def by_sources(warehouse: Warehouse, labelled: pl.DataFrame) -> dict[Sources, PairCounts]:
    """Per pair of sources with a true or predicted pair, the smaller name first, the counts; in order.

    Args:
        warehouse: any open one, to compute in.
        labelled: record_key, label and customer_id of the labelled records.
    """
    source = _SOURCE.format(key="record_key")
    within = " UNION ALL ".join(
        f"({_WITHIN.format(group=group, measure=measure)})" for measure, group in _GROUPS.items()
    )
    columns = ", ".join(f"coalesce(sum(pairs) FILTER (measure = '{measure}'), 0)::BIGINT" for measure in _GROUPS)
    with warehouse.registered("_labelled", labelled):
        rows = warehouse.execute(f"""
            WITH labelled AS MATERIALIZED (SELECT {source} AS source, label, customer_id FROM _labelled)
            SELECT source_l, source_r, {columns} FROM ({within})
            GROUP BY ALL HAVING sum(pairs) > 0 ORDER BY ALL
        """)
    return {
        (left, right): PairCounts(true_pairs=true, predicted_pairs=predicted, correct_pairs=correct)
        for left, right, true, predicted, correct in rows
    }


def labelled_pairs_by_sources(warehouse: Warehouse, judged: pl.DataFrame) -> dict[Sources, LabelledPairs]:
    """Per pair of sources with a labelled pair, the smaller name first, the counts; in order.

    Args:
        warehouse: any open one, to compute in.
        judged: record_key_l, record_key_r, is_match and is_one, whether the two are one customer as published.
    """
    left, right = (_SOURCE.format(key=key) for key in ("record_key_l", "record_key_r"))
    with warehouse.registered("_judged", judged):
        rows = warehouse.execute(f"""
            SELECT least({left}, {right}), greatest({left}, {right}), count(*) FILTER (is_match),
                   count(*) FILTER (is_one), count(*) FILTER (is_match AND is_one), count(*) FILTER (NOT is_match)
            FROM _judged GROUP BY ALL ORDER BY ALL
        """)
    return {
        (first, second): LabelledPairs(
            true_pairs=true, predicted_pairs=predicted, correct_pairs=correct, negative_pairs=negative
        )
        for first, second, true, predicted, correct, negative in rows
    }
