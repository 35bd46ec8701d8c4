"""Candidates for golden values, ranked by rules, and the choice between them with its reason.

Belongs here: the SQL that ranks the values of columns within each customer, and reads off winner, deciding rule and
alternatives. Does not belong here: which columns there are (`survivorship`) or what a rule means (`rules`).

All SQL reads the temporary table RECORDS: one row per living record with its standard columns, `customer_id`,
`_customer` and `_record` (numbers in the order of customer_id and record_key: several times as fast to sort and join
as the keys), `_record_count` of its customer, `_trust` and `_seen_at`.

Columns of the same rules are ranked together, told apart by `part`, a column's number: one statement over many rows
instead of several for each column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_pipeline.golden.rules import Rule
from crm_pipeline.tables import ALTERNATIVES_TYPE
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import literal, quoted

RECORDS = "golden_scratch_records"

# Fields of an alternative, in the order that sorts them. Lists are put together row by row where there are at most two
# to put in, which is nearly always: DuckDB's aggregate `list` takes several times as long as the rest of the choice.
_LOSER = ("value", "source", "extract", "source_id")

_ORIGIN = "_customer, _record AS record, source, extract, source_id, _trust AS trust, _seen_at AS seen_at"


def value_candidates(part: int, column: str, *, where: str) -> str:
    """A select of one candidate per living record that has a value in `column` and fulfils `where`."""
    name = quoted(column)
    return f"""
        SELECT CAST({part} AS SMALLINT) AS part, {_ORIGIN}, CAST({name} AS VARCHAR) AS value, 1 AS position
        FROM {RECORDS} WHERE {name} IS NOT NULL AND {where}
    """


def contact_candidates(part: int, column: str) -> str:
    """A select of one candidate per living record and different value in its list `column`, at its first position."""
    name = quoted(column)
    return f"""
        SELECT CAST({part} AS SMALLINT) AS part, {_ORIGIN}, {name}[1] AS value, 1 AS position
        FROM {RECORDS} WHERE len({name}) = 1 AND {name}[1] IS NOT NULL
        UNION ALL BY NAME
        SELECT * EXCLUDE (place), min(place) AS position
        FROM (
            SELECT CAST({part} AS SMALLINT) AS part, {_ORIGIN}, unnest({name}) AS value,
                generate_subscripts({name}, 1) AS place
            FROM {RECORDS} WHERE len({name}) > 1
        )
        WHERE value IS NOT NULL
        GROUP BY ALL
    """


def rank_candidates(warehouse: Warehouse, ranked: str, candidates: Sequence[str], rules: Sequence[Rule]) -> None:
    """Makes the temporary table `ranked`: the candidates with `rank` from 1 within their customer and part.

    What the first rule sorts by is in `key_0`, the second's in `key_1`, and so on.

    Args:
        warehouse: the writing connection.
        ranked: name of the table.
        candidates: selects that this module gave.
        rules: the sort keys, tie-breaks at the end; together they tell all candidates of a customer and part apart.
    """
    keys = "".join(f", {rule.expression} AS key_{number}" for number, rule in enumerate(rules))
    order = ", ".join(f"key_{number} {rule.direction}" for number, rule in enumerate(rules))
    frequency = "count(*) OVER (PARTITION BY part, _customer, value)" if _counts(rules) else "0"
    warehouse.execute(f"""
        CREATE OR REPLACE TEMP TABLE {ranked} AS
        SELECT part, _customer, source, extract, source_id, value, COLUMNS('key_.*'), row_number() OVER best AS rank
        FROM (SELECT * {keys} FROM (SELECT *, {frequency} AS frequency FROM ({" UNION ALL BY NAME ".join(candidates)})))
        WINDOW best AS (PARTITION BY part, _customer ORDER BY {order})
    """)


def choices(ranked: str, parts: Mapping[int, str], rules: Sequence[Rule]) -> str:
    """A select of `gold.customer_values` rows: customers and parts in `ranked` with two or more different values.

    It has `part` and `_customer` besides. The deciding rule is the first one by which the winner and the best candidate
    with another value differ. Candidates that rank behind that one differ from the winner by the same or an earlier
    rule, so that it is the last one of all by which a losing value differs.

    Args:
        ranked: what `rank_candidates` made.
        parts: part to column name.
        rules: those that it was ranked by.
    """
    names = " ".join(f"WHEN {part} THEN {literal(name)}" for part, name in parts.items())
    deciding = ", ".join(literal(rule.name) for rule in rules)
    decided = " ".join(
        f"WHEN losing.key_{number} <> winners.key_{number} THEN {number + 1}" for number in range(len(rules))
    )
    ends = ", ".join(f"arg_min({name}, rank) AS {name}_1, arg_max({name}, rank) AS {name}_2" for name in _LOSER)
    return f"""
        WITH winners AS (FROM {ranked} WHERE rank = 1),
        losers AS MATERIALIZED (
            SELECT part, _customer, {", ".join(f"losing.{name}" for name in _LOSER)}, losing.rank,
                CASE {decided} END AS decided
            FROM {ranked} AS losing JOIN winners USING (part, _customer) WHERE losing.value <> winners.value
        ),
        counted AS (
            SELECT part, _customer, max(decided) AS decided, count(*) AS loser_count, {ends}
            FROM losers GROUP BY part, _customer
        ),
        several AS (
            SELECT part, _customer, list({_loser()}) AS alternatives
            FROM losers SEMI JOIN (FROM counted WHERE loser_count > 2) USING (part, _customer)
            GROUP BY part, _customer
        )
        SELECT part, _customer, CASE part {names} END AS column_name, value, source, extract, source_id,
            [{deciding}][counted.decided] AS rule,
            CAST(CASE loser_count WHEN 1 THEN [{_loser("_1")}] WHEN 2 THEN list_sort([{_loser("_1")}, {_loser("_2")}])
                ELSE list_sort(alternatives) END AS {ALTERNATIVES_TYPE}) AS alternatives
        FROM winners JOIN counted USING (part, _customer) LEFT JOIN several USING (part, _customer)
    """


def contested(candidates: str) -> str:
    """A select of the rows of the table `candidates` whose customer and part have two or more different values."""
    return f"""
        FROM {candidates} SEMI JOIN (
            SELECT part, _customer FROM {candidates} GROUP BY part, _customer HAVING min(value) <> max(value)
        ) USING (part, _customer)
    """


def ranked_contacts(candidates: str, ranked: str, kinds: Mapping[int, str]) -> str:
    """A select of `gold.customer_contacts` rows: the different values of each customer and part.

    It has `part` and `_customer` besides.

    Args:
        candidates: table of contact candidates.
        ranked: what `rank_candidates` made of the contested ones.
        kinds: part to kind of contact.
    """
    names = " ".join(f"WHEN {part} THEN {literal(kind)}" for part, kind in kinds.items())
    return f"""
        WITH contacts AS (
            SELECT part, _customer, value, count(*) AS record_count, min(source) AS source_1, max(source) AS source_2
            FROM {candidates} GROUP BY part, _customer, value
        ),
        several AS (
            SELECT part, _customer, value, list_sort(list_distinct(list(source))) AS sources
            FROM {candidates}
            SEMI JOIN (FROM contacts WHERE record_count > 2 AND source_1 <> source_2) USING (part, _customer, value)
            GROUP BY part, _customer, value
        ),
        ranks AS (
            SELECT part, _customer, value, row_number() OVER (PARTITION BY part, _customer ORDER BY min(rank)) AS rank
            FROM {ranked} GROUP BY part, _customer, value
        )
        SELECT part, _customer, CASE part {names} END AS kind, value,
            CASE WHEN source_1 = source_2 THEN [source_1] WHEN record_count = 2 THEN [source_1, source_2]
                ELSE sources END AS sources,
            coalesce(rank, 1) AS rank
        FROM contacts LEFT JOIN several USING (part, _customer, value) LEFT JOIN ranks USING (part, _customer, value)
    """


def _loser(suffix: str = "") -> str:
    fields = ", ".join(f"'{name}': {name}{suffix}" for name in _LOSER)
    return f"{{{fields}}}"


def _counts(rules: Sequence[Rule]) -> bool:
    return any(rule.expression == "frequency" for rule in rules)
