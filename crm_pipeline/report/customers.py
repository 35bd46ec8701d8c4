"""Figures of who is who: systems, pairs, cluster sizes, disagreements, and what hangs on the customers.

Belongs here: aggregates over schemas link and gold. Does not belong here: what came in (`deliveries`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from crm_pipeline.report.figures import Attached, ClusterSize, Delivery, Disagreement, Links, Overlap, Source, WeightBin
from crm_pipeline.report.reading import Reading, source_bit, sources_in
from crm_pipeline.tables import ENTITIES, PAIRS
from crm_pipeline.warehouse.connection import quoted

STD_NAMES = {"phone": "phones", "email": "emails"}  # golden column to the standard column it is the best of

_RECORDS = "SELECT source, count(*) FROM std.customers WHERE valid_to IS NULL GROUP BY source"
_MASKS = """
    SELECT mask, count(*) FROM (
        SELECT bit_or({bit}) AS mask FROM gold.customer_records
        WHERE deleted_on IS NULL AND customer_id IS NOT NULL GROUP BY customer_id
    ) GROUP BY mask
"""
# When a system made or changed its record says nothing about the customer: no two systems agree on it. Several values
# of one record, such as its phones, are no disagreement. What a steward said is no system's.
_DISAGREEMENTS = """
    WITH pattern AS (
        SELECT column_name, source AS kept,
            list_transform(list_filter(alternatives, lambda lost: row(lost.source, lost.extract, lost.source_id)
                <> row(v.source, v.extract, v.source_id)
                AND coalesce(lost.lost_by, '') NOT IN ('newer_override', 'review_due')), lambda lost: lost.source)
                AS losers,
            count(*) AS customers
        FROM gold.customer_values AS v
        WHERE column_name NOT IN ('created_at', 'updated_at') AND rule <> 'override' AND value IS NOT NULL
        GROUP BY ALL
    ),
    choice AS (SELECT column_name, kept, unnest(list_distinct(losers)) AS lost, customers FROM pattern)
    SELECT column_name, least(kept, lost) AS one, greatest(kept, lost) AS other,
        coalesce(sum(customers) FILTER (kept = least(kept, lost)), 0)::BIGINT AS one_survived,
        sum(customers)::BIGINT AS customers
    FROM choice GROUP BY ALL ORDER BY customers DESC, column_name, one, other
"""
_KNOWN = """
    WITH record AS (
        SELECT customer_id AS "=customer", source AS "=source", {bit} AS "=bit", {filled}
        FROM std.customers JOIN link.members USING (record_key) WHERE valid_to IS NULL GROUP BY ALL
    ),
    masks AS (SELECT {masks} FROM record GROUP BY "=customer"),
    pattern AS (SELECT *, count(*) AS "=customers" FROM masks GROUP BY ALL)
    SELECT column_name, mask, sum("=customers")::BIGINT
    FROM (UNPIVOT pattern ON * EXCLUDE "=customers" INTO NAME column_name VALUE mask)
    WHERE mask <> 0 GROUP BY ALL
"""
_LINKS = """
    SELECT matched_by, verdict, coalesce(rule, ''), count(*) AS pairs FROM link.pairs
    GROUP BY ALL ORDER BY 4 DESC, 1, 2, 3
"""
_WEIGHTS = """
    SELECT floor(match_weight)::INTEGER AS low, count(*) FILTER (verdict = 'link'), count(*) FILTER (verdict <> 'link')
    FROM link.pairs WHERE matched_by = 'model' AND isfinite(match_weight) GROUP BY low ORDER BY low
"""
_SIZES = "SELECT record_count, count(*) FROM gold.customers GROUP BY record_count ORDER BY record_count"
_SIZES_OF_MEMBERS = """
    SELECT records, count(*) FROM (SELECT count(*) AS records FROM link.members GROUP BY customer_id)
    GROUP BY records ORDER BY records
"""
_ATTACHED = "SELECT count(*), count(*) FILTER (customer_id IS NULL) FROM {table}"

Masks = Mapping[int, int]


def source_names(reading: Reading, newest: Sequence[Delivery]) -> tuple[str, ...]:
    """The systems that have customers, by name."""
    names = {delivery.source for delivery in newest if delivery.entity == "customers"}
    if reading.has("std.customers", "source", "valid_to"):
        names |= {source for source, _ in reading.rows(_RECORDS)}
    return tuple(sorted(names))


def customer_masks(reading: Reading, names: Sequence[str]) -> Masks:
    """Golden customers by which systems have them, a bit for each system."""
    if not names or not reading.has("gold.customer_records", "source", "customer_id", "deleted_on"):
        return {}
    sql = _MASKS.format(bit=source_bit(names))
    return {mask: count for mask, count in reading.rows(sql, {"sources": list(names)}) if mask is not None}


def sources(reading: Reading, newest: Sequence[Delivery], names: Sequence[str], masks: Masks) -> tuple[Source, ...]:
    """Each system; most records first."""
    has_records = reading.has("std.customers", "source", "valid_to")
    records: dict[str, int] = dict(reading.rows(_RECORDS)) if has_records else {}
    found = [
        Source(
            name,
            records.get(name, 0),
            sum(d.held_back for d in newest if d.source == name and d.entity == "customers"),
            sum(count for mask, count in masks.items() if name in sources_in(mask, names)),
            sum(count for mask, count in masks.items() if [name] == sources_in(mask, names)),
        )
        for name in names
    ]
    return tuple(sorted(found, key=lambda source: (-source.records, source.name)))


def overlaps(names: Sequence[str], masks: Masks) -> tuple[Overlap, ...]:
    """Each two systems."""
    return tuple(
        Overlap(first, second, sum(n for mask, n in masks.items() if {first, second} <= {*sources_in(mask, names)}))
        for first, second in combinations(names, 2)
    )


def by_source_count(masks: Masks) -> dict[int, int]:
    """Number of systems to customers, ascending."""
    counts: dict[int, int] = {}
    for mask, customers in masks.items():
        counts[mask.bit_count()] = counts.get(mask.bit_count(), 0) + customers
    return dict(sorted(counts.items()))


def disagreements(reading: Reading, names: Sequence[str]) -> tuple[Disagreement, ...]:
    """Each column and two systems that disagree about it; most customers first."""
    if not names or not reading.has("gold.customer_values", "column_name", "source", "rule", "alternatives"):
        return ()
    found = reading.rows(_DISAGREEMENTS)
    between = _known(reading, names, sorted({row[0] for row in found if row[1] != row[2]}), records=1)
    within = _known(reading, names, sorted({row[0] for row in found if row[1] == row[2]}), records=2)
    return tuple(_disagreement(row, (within if row[1] == row[2] else between).get(row[0], {}), names) for row in found)


def _known(reading: Reading, names: Sequence[str], golden: Sequence[str], *, records: int) -> dict[str, Masks]:
    """Golden column to customers by which systems have a value in it, in at least so many of their records."""
    std = {name: STD_NAMES.get(name, name) for name in golden}
    usable = {name: column for name, column in std.items() if reading.has("std.customers", column)}
    if not usable or not reading.has("link.members", "record_key", "customer_id"):
        return {}
    filled = ", ".join(f"count({quoted(column)}) AS {quoted(name)}" for name, column in usable.items())
    masks = ", ".join(
        f'bit_or(CASE WHEN {quoted(name)} >= {records} THEN "=bit" ELSE 0 END) AS {quoted(name)}' for name in usable
    )
    sql = _KNOWN.format(bit=source_bit(names), filled=filled, masks=masks)
    found: dict[str, dict[int, int]] = {}
    for column, mask, count in reading.rows(sql, {"sources": list(names)}):
        found.setdefault(column, {})[mask] = count
    return dict(found)


def _disagreement(row: tuple[Any, ...], known: Masks, names: Sequence[str]) -> Disagreement:
    column, one, other, one_survived, customers = row
    both = sum(count for mask, count in known.items() if {one, other} <= {*sources_in(mask, names)})
    if one_survived * 2 < customers:
        one, other, one_survived = other, one, customers - one_survived
    return Disagreement(column, one, other, one_survived, customers, max(both, customers))


def links(reading: Reading) -> tuple[Links, ...]:
    """Pairs by evidence; most first."""
    has_pairs = reading.has(PAIRS.qualified, *PAIRS.column_names)
    return tuple(Links(*row) for row in reading.rows(_LINKS)) if has_pairs else ()


def weights(reading: Reading) -> tuple[WeightBin, ...]:
    """Pairs scored by the model, by match weight ascending; bins without a pair are left out."""
    has_pairs = reading.has(PAIRS.qualified, *PAIRS.column_names)
    return tuple(WeightBin(*row) for row in reading.rows(_WEIGHTS)) if has_pairs else ()


def cluster_sizes(reading: Reading, *, is_golden_current: bool) -> tuple[ClusterSize, ...]:
    """Customers by number of records, ascending; without golden customers, those that were linked just now."""
    if reading.has("gold.customers", "record_count"):
        return tuple(ClusterSize(*row) for row in reading.rows(_SIZES))
    if is_golden_current and reading.has("link.members", "customer_id"):
        return tuple(ClusterSize(*row) for row in reading.rows(_SIZES_OF_MEMBERS))
    return ()


def attached(reading: Reading) -> tuple[Attached, ...]:
    """The entities that have a customer and rows, in the order of the contracts."""
    tables = {entity: f"gold.{entity}" for entity in ENTITIES if entity != "customers"}
    found = [
        Attached(entity, *reading.rows(_ATTACHED.format(table=table))[0])
        for entity, table in tables.items()
        if reading.has(table, "customer_id")
    ]
    return tuple(each for each in found if each.rows)
