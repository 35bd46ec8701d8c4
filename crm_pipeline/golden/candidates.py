"""Candidates for a golden value, ranked by rules, and the choice between them with its reason.

Belongs here: the SQL that ranks the values of one column within each customer, and reads off winner, deciding rule
and alternatives. Does not belong here: which columns there are (`survivorship`) or what a rule means (`rules`).

All SQL reads the temporary table RECORDS: one row per living record with its standard columns, `customer_id`,
`_customer` and `_record` (numbers in the order of customer_id and record_key: several times as fast to sort and join
as the keys), `_trust` and `_seen_at`.
"""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.golden.rules import Rule
from crm_pipeline.tables import ALTERNATIVES_TYPE
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

RECORDS = "golden_scratch_records"
RANKED = "golden_scratch_ranked"

_ORIGIN = "_customer AS customer, _record AS record, _trust AS trust, _seen_at AS seen_at"


def value_candidates(column: str, *, where: str) -> str:
    """A select of one candidate per living record that has a value in `column` and fulfils `where`."""
    name = quoted(column)
    return f"""
        SELECT {_ORIGIN}, CAST({name} AS VARCHAR) AS value, 1 AS position
        FROM {RECORDS} WHERE {name} IS NOT NULL AND {where}
    """


def contact_candidates(column: str) -> str:
    """A select of one candidate per living record and different value in its list `column`, at its first position."""
    name = quoted(column)
    return f"""
        SELECT * EXCLUDE (place), min(place) AS position
        FROM (SELECT {_ORIGIN}, unnest({name}) AS value, generate_subscripts({name}, 1) AS place FROM {RECORDS})
        WHERE value IS NOT NULL
        GROUP BY ALL
    """


def rank_candidates(warehouse: Warehouse, candidates: str, rules: Sequence[Rule]) -> None:
    """Makes RANKED: the candidates with `rank` from 1 within their customer, and `winner`, the value at rank 1.

    Args:
        warehouse: the writing connection.
        candidates: a select that this module gave.
        rules: the sort keys, tie-breaks at the end; together they tell all candidates of a customer apart.
    """
    keys = "".join(f", {rule.expression} AS key_{number}" for number, rule in enumerate(rules))
    order = ", ".join(f"key_{number} {rule.direction}" for number, rule in enumerate(rules))
    frequency = "count(*) OVER (PARTITION BY customer, value)" if _counts(rules) else "0"
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {RANKED} AS
        SELECT *, row_number() OVER best AS rank, first_value(value) OVER best AS winner
        FROM (SELECT customer, record, value {keys} FROM (SELECT *, {frequency} AS frequency FROM ({candidates})))
        WINDOW best AS (PARTITION BY customer ORDER BY {order})
    """)


def choices(column: str, rules: Sequence[Rule]) -> str:
    """A select of `gold.customer_values` rows of one column: customers in RANKED with two or more different values.

    The deciding rule is the first one by which the winner and the best candidate with another value differ.
    """
    decided = " ".join(
        f"WHEN winners.key_{number} IS DISTINCT FROM seconds.key_{number} THEN {literal(rule.name)}"
        for number, rule in enumerate(rules)
    )
    return f"""
        WITH losers AS (SELECT * FROM {RANKED} WHERE value <> winner),
        seconds AS (SELECT * FROM losers QUALIFY row_number() OVER (PARTITION BY customer ORDER BY rank) = 1),
        alternatives AS (
            SELECT customer, list_sort(list({{'value': value, 'source': source, 'extract': extract,
                'source_id': source_id}})) AS alternatives
            FROM losers JOIN {RECORDS} ON _record = record GROUP BY customer
        )
        SELECT _customer, customer_id, {literal(column)} AS column_name, winners.value, source, extract, source_id,
            CASE {decided} END AS rule, CAST(alternatives AS {ALTERNATIVES_TYPE}) AS alternatives
        FROM {RANKED} AS winners
        JOIN seconds USING (customer)
        JOIN alternatives USING (customer)
        JOIN {RECORDS} ON _record = winners.record
        WHERE winners.rank = 1
    """


def ranked_contacts(kind: str) -> str:
    """A select of `gold.customer_contacts` rows of one kind: the different values of each customer in RANKED.

    It has `_customer` besides.
    """
    return f"""
        SELECT customer AS _customer, customer_id, {literal(kind)} AS kind, value, sources,
            row_number() OVER (PARTITION BY customer ORDER BY best_rank) AS rank
        FROM (
            SELECT customer, any_value(customer_id) AS customer_id, value, min(rank) AS best_rank,
                list_sort(list(DISTINCT source)) AS sources
            FROM {RANKED} JOIN {RECORDS} ON _record = record GROUP BY customer, value
        )
    """


def _counts(rules: Sequence[Rule]) -> bool:
    return any(rule.expression == "frequency" for rule in rules)
