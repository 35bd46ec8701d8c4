"""Relations between customers, counted.

Belongs here: the query. Does not belong here: how a relation is found (`dbt_like_sql/link`).
"""

from __future__ import annotations

from crm_pipeline.report.figures import Relation
from crm_pipeline.report.reading import Reading

RELATIONS = "gold.customer_relations"
_PAIRS = f"""
    WITH pair AS (
        SELECT DISTINCT kind, known_by, least(customer_id, related_customer_id) AS one,
            greatest(customer_id, related_customer_id) AS other
        FROM {RELATIONS}
    ), told AS (
        SELECT kind, known_by, count(*) AS pairs FROM pair GROUP BY ALL
    ), customer AS (
        SELECT kind, one AS customer_id FROM pair UNION SELECT kind, other FROM pair
    )
    SELECT kind, (SELECT count(DISTINCT (one, other)) FROM pair WHERE pair.kind = k.kind) AS pairs,
        (SELECT count(*) FROM customer WHERE customer.kind = k.kind) AS customers,
        (SELECT map(list(known_by ORDER BY told.pairs DESC, known_by), list(told.pairs ORDER BY told.pairs DESC,
            known_by)) FROM told WHERE told.kind = k.kind) AS known_by
    FROM (SELECT DISTINCT kind FROM pair) AS k ORDER BY pairs DESC, kind
"""


def relations(reading: Reading) -> tuple[Relation, ...]:
    """Relations by kind; most pairs first."""
    if not reading.has(RELATIONS, "customer_id", "related_customer_id", "kind", "known_by"):
        return ()
    return tuple(Relation(kind, pairs, customers, dict(by)) for kind, pairs, customers, by in reading.rows(_PAIRS))
