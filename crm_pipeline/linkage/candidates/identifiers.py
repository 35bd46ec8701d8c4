"""Pairs of records that share an identifier.

Belongs here: what counts as an identifier, and when hard evidence contradicts one. Does not belong here: everything
that is a matter of probability, that is the model's.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.warehouse import Warehouse

# Up to this many records on one value every pair is written; beyond, only the pairs with the smallest record key.
# Both give the same component; a star of n keeps a value that a whole system shares from making n * n / 2 pairs.
LARGEST_FULL_GROUP = 50

# Jaro-Winkler similarity below which two names are clearly different. Names of one person in several systems (with a
# typo, a title, a middle initial) lie above; two Chinese names of two characters that share one lie at 0.67.
CLEARLY_DIFFERENT_NAME = 0.8


def _name_of(record: str) -> str:
    """SQL of a record's full name; order of words does not count: "Yang Jon" is "Jon Yang"."""
    full = f"coalesce({record}.name, nullif(concat_ws(' ', {record}.given_name, {record}.family_name), ''))"
    return rf"nullif(array_to_string(list_sort(regexp_extract_all(lower({full}), '[^\s,.]+')), ' '), '')"


_SQL = f"""
    WITH records AS (
        SELECT record_key, kind, birth_date, name, given_name, family_name,
               external_ids, national_id, organisation_id, tax_id
        FROM std.customers WHERE valid_to IS NULL
    ), identifiers AS (
        SELECT record_key, id.namespace AS namespace, id.value AS value
        FROM (SELECT record_key, unnest(external_ids) AS id FROM records)
        UNION SELECT record_key, 'national_id', national_id FROM records
        UNION SELECT record_key, 'organisation_id', organisation_id FROM records
        UNION SELECT record_key, 'tax_id', tax_id FROM records
    ), shared AS (
        SELECT namespace, value, record_key, count(*) OVER same AS size, min(record_key) OVER same AS smallest
        FROM identifiers WHERE trim(value) <> '' AND namespace IS NOT NULL
        WINDOW same AS (PARTITION BY namespace, value)
    ), pairs AS (
        SELECT l.record_key AS record_key_l, r.record_key AS record_key_r, min(l.namespace) AS rule
        FROM shared l JOIN shared r ON l.namespace = r.namespace AND l.value = r.value AND l.record_key < r.record_key
        WHERE l.size BETWEEN 2 AND {LARGEST_FULL_GROUP}
        GROUP BY ALL
        UNION ALL
        SELECT smallest, record_key, min(namespace) FROM shared
        WHERE size > {LARGEST_FULL_GROUP} AND record_key <> smallest
        GROUP BY ALL
    ), unique_pairs AS (
        SELECT record_key_l, record_key_r, min(rule) AS rule FROM pairs GROUP BY ALL
    )
    SELECT record_key_l, record_key_r, rule,
           coalesce(l.kind <> r.kind, false) OR CASE WHEN l.birth_date <> r.birth_date THEN coalesce(
               jaro_winkler_similarity({_name_of("l")}, {_name_of("r")}) < {CLEARLY_DIFFERENT_NAME}, false
           ) ELSE false END AS is_contradicted
    FROM unique_pairs
    JOIN records l ON l.record_key = record_key_l
    JOIN records r ON r.record_key = record_key_r
    ORDER BY record_key_l, record_key_r
"""


def identifier_pairs(warehouse: Warehouse) -> pl.DataFrame:
    """One row per pair of current records that share an identifier: record_key_l, record_key_r, rule, is_contradicted.

    In key order. An identifier is an equal value in one namespace; `national_id`, `organisation_id` and `tax_id` are
    namespaces of their own. `rule` is the namespace, the first by name when several agree. A pair is contradicted when
    one is a person and the other an organisation, or when both birth dates are there and differ and both names are
    there and are clearly different.
    """
    return warehouse.frame(_SQL)
