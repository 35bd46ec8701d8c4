"""Which pairs are compared at all: those that share a key under one of the blocking rules.

Belongs here: the keys that the rules give, and those left out because too many records share them. Does not belong
here: the rules (`model`), and how a pair is scored. Keys are a table of (rule, key, record), so the cost of a
linkage is known before any pair is made, and a changed record finds its partners without all others being paired again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from crm_pipeline.linkage.candidates.records import RECORDS
from crm_pipeline.linkage.candidates.scratch import copy_frame
from crm_pipeline.linkage.model import BlockingRule
from crm_pipeline.warehouse import Warehouse

KEYS, CANDIDATES, LEFT_OUT = "linkage_keys", "linkage_candidates", "linkage_left_out"
PAIRED = "linkage_numbers"  # a scratch table with the record_key of all candidates' records, and their numbers

PAIRS_PER_RECORD = 3
SMALLEST_LIMIT = 10

# Values that too many records share are neither keys nor compared: the rule that counts them, and where they stand.
_CONTACTS = (("phone", "phones"), ("phone", "mobiles"), ("email", "emails"), ("domain", "domains"))

# What stood before the @ of an address that is left out, where no other address of the record has it.
_FORGET_MAILBOXES = f"""
    UPDATE {RECORDS} SET mailbox = NULL
    WHERE mailbox IN (SELECT split_part(key, '@', 1) FROM {LEFT_OUT} WHERE name = 'email')
        AND NOT coalesce(list_contains(list_transform(emails, lambda e: split_part(e, '@', 1)), mailbox), false)
"""


def make_keys(scratch: Warehouse, rules: Sequence[BlockingRule]) -> None:
    """Fills the scratch table `linkage_keys`: one row per rule and key of a record, rule being its place in `rules`."""
    selects = [f"SELECT {n} AS rule, {rule.key} AS key, record_key FROM {RECORDS}" for n, rule in enumerate(rules)]
    empty = f"SELECT 0 AS rule, '' AS key, record_key FROM {RECORDS} WHERE false"
    scratch.execute(f"CREATE TABLE {KEYS} AS SELECT * FROM ({' UNION ALL '.join([*selects, empty])}) WHERE key <> ''")


def largest_blocks(scratch: Warehouse, rules: Sequence[BlockingRule], record_count: int) -> dict[str, int]:
    """Per rule how many records may share a key, so that it makes no more than `PAIRS_PER_RECORD` pairs of each record.

    In a large project a name or a street is shared by so many that almost all pairs on it are strangers, and whoever
    has a rarer key is found by that. At least `SMALLEST_LIMIT`, at most what the rule itself says; of contact points,
    which are compared too, that alone.
    """
    sums = scratch.frame(f"""
        WITH sizes AS (SELECT rule, count(DISTINCT record_key) AS size FROM {KEYS} GROUP BY rule, key)
        SELECT rule, size, sum(sum(size * (size - 1) / 2)) OVER (PARTITION BY rule ORDER BY size) AS pairs
        FROM sizes GROUP BY rule, size
    """)
    within = sums.filter(pl.col("pairs") <= record_count * PAIRS_PER_RECORD).group_by("rule").agg(pl.col("size").max())
    largest = dict(zip(within["rule"], within["size"], strict=True))
    exempt = {rule for rule, _ in _CONTACTS}
    return {
        rule.name: rule.largest if rule.name in exempt else min(rule.largest, max(largest.get(n, 0), SMALLEST_LIMIT))
        for n, rule in enumerate(rules)
    }


def frequent_keys(
    scratch: Warehouse, rules: Sequence[BlockingRule], largest: Mapping[str, int], *, keys: str = KEYS
) -> pl.DataFrame:
    """Rule name, key and record_count of the keys that too many records share, in order.

    Args:
        scratch: where the keys are.
        rules: the blocking rules.
        largest: per rule how many records may share a key.
        keys: SQL of the keys to look at.
    """
    limits = pl.DataFrame(
        {
            "rule": list(range(len(rules))),
            "name": [rule.name for rule in rules],
            "largest": [largest[rule.name] for rule in rules],
        },
        schema={"rule": pl.Int64, "name": pl.String, "largest": pl.Int64},
    )
    with scratch.registered("_limits", limits):
        return scratch.frame(f"""
            SELECT name AS rule, key, count(DISTINCT record_key) AS record_count
            FROM {keys} JOIN _limits USING (rule)
            GROUP BY name, key, largest HAVING record_count > largest ORDER BY 1, 2
        """)


def leave_out(scratch: Warehouse, rules: Sequence[BlockingRule], left_out: pl.DataFrame) -> None:
    """Takes the frequent keys out of the keys, and frequent contacts and what is made of them out of the records."""
    numbers = pl.DataFrame(
        {"name": [rule.name for rule in rules], "number": list(range(len(rules)))},
        schema={"name": pl.String, "number": pl.Int64},
    )
    copy_frame(left_out.select(pl.col("rule").alias("name"), "key").join(numbers, on="name"), scratch, LEFT_OUT)
    if left_out.is_empty():
        return
    scratch.execute(f"DELETE FROM {KEYS} USING {LEFT_OUT} o WHERE rule = o.number AND {KEYS}.key = o.key")
    names = {rule.name for rule in rules}
    for rule, column in (contact for contact in _CONTACTS if contact[0] in names):
        scratch.execute(f"""
            UPDATE {RECORDS} SET {column} = kept.contacts
            FROM (
                SELECT record_key, list(contact ORDER BY contact) FILTER (o.key IS NULL) AS contacts
                FROM (SELECT record_key, unnest({column}) AS contact FROM {RECORDS})
                LEFT JOIN {LEFT_OUT} o ON o.name = '{rule}' AND o.key = contact
                GROUP BY record_key HAVING count(o.key) > 0
            ) kept
            WHERE kept.record_key = {RECORDS}.record_key
        """)
    if "email" in names:
        scratch.execute(_FORGET_MAILBOXES)


def count_pairs(scratch: Warehouse, rules: Sequence[BlockingRule]) -> dict[str, int]:
    """Pairs that each rule would make from the keys as they are, in the order of the rules; before any is made.

    A pair that several rules find is counted by each, so that the sum is an upper bound.
    """
    sizes = f"SELECT rule, count(*) AS size FROM {KEYS} GROUP BY rule, key"
    pairs = scratch.frame(f"SELECT rule, sum(size * (size - 1) // 2) AS pairs FROM ({sizes}) GROUP BY rule")
    found = dict(zip(pairs["rule"], pairs["pairs"], strict=True))
    return {rule.name: int(found.get(n, 0)) for n, rule in enumerate(rules)}


def make_candidates(scratch: Warehouse, identified: pl.DataFrame) -> int:
    """Number of pairs to score; they are in `linkage_candidates` as join_key_l, join_key_r and match_key, the rule.

    Left out are the pairs in `identified` (record_key_l, record_key_r).
    """
    _number_records(scratch, KEYS)
    scratch.execute(f"""
        CREATE TABLE {_BLOCKS} AS SELECT block, rule, unnest(members) AS number FROM (
            SELECT row_number() OVER () AS block, rule, list(number) AS members
            FROM {KEYS} JOIN {PAIRED} USING (record_key) GROUP BY rule, key HAVING count(*) > 1
        )
    """)
    found = f"""
        SELECT l.number AS number_l, r.number AS number_r, l.rule
        FROM {_BLOCKS} l JOIN {_BLOCKS} r USING (block) WHERE l.number < r.number
    """
    try:
        return _store(scratch, found, identified)
    finally:
        scratch.execute(f"DROP TABLE {_BLOCKS}")


def store_candidates(scratch: Warehouse, found: str, identified: pl.DataFrame) -> int:
    """As `make_candidates`, from SQL of record_key_l, record_key_r and rule, where a pair may stand several times."""
    scratch.execute(f"CREATE TABLE {_NAMED} AS {found}")
    _number_records(scratch, f"(SELECT unnest([record_key_l, record_key_r]) AS record_key FROM {_NAMED})")
    numbered = f"SELECT number_l, number_r, rule FROM {_NAMED} {_WITH_NUMBERS}"
    try:
        return _store(scratch, numbered, identified)
    finally:
        scratch.execute(f"DROP TABLE {_NAMED}")


def candidate_count(scratch: Warehouse) -> int:
    """Number of pairs in `linkage_candidates`."""
    return int(scratch.value(f"SELECT count(*) FROM {_PAIRS}"))


def parts_of_candidates(scratch: Warehouse, size: int) -> Iterator[str]:
    """Names of scratch tables that have all candidates, `size` each; one is gone when the next is asked for."""
    for first in range(0, candidate_count(scratch), size):
        part = f"{CANDIDATES}_from_{first}"
        scratch.execute(f"CREATE TABLE {part} AS {_named(f'rowid >= {first} AND rowid < {first + size}')}")
        yield part
        scratch.execute(f"DROP TABLE {part}")


# Pairs are many: between their numbers and their texts lies a factor of ten in memory.
_PAIRS, _BLOCKS, _NAMED = "linkage_numbered_pairs", "linkage_blocks", "linkage_named_pairs"
_WITH_NUMBERS = f"""
    JOIN (SELECT record_key AS record_key_l, number AS number_l FROM {PAIRED}) USING (record_key_l)
    JOIN (SELECT record_key AS record_key_r, number AS number_r FROM {PAIRED}) USING (record_key_r)
"""


def _number_records(scratch: Warehouse, origin: str) -> None:
    """Numbers the records of `origin` in key order, so that the smaller of two keys has the smaller number."""
    scratch.execute(f"""
        CREATE TABLE {PAIRED} AS
        SELECT record_key, CAST(row_number() OVER (ORDER BY record_key) AS UINTEGER) AS number
        FROM (SELECT DISTINCT record_key FROM {origin})
    """)


def _store(scratch: Warehouse, found: str, identified: pl.DataFrame) -> int:
    """From SQL of number_l, number_r and rule."""
    with scratch.registered("_identified", identified.select("record_key_l", "record_key_r")):
        scratch.execute(f"""
            CREATE TABLE {_PAIRS} AS
            FROM (
                SELECT number_l, number_r, CAST(min(rule) AS UTINYINT) AS rule
                FROM ({found}) GROUP BY number_l, number_r
            )
            ANTI JOIN (SELECT number_l, number_r FROM _identified {_WITH_NUMBERS}) USING (number_l, number_r)
        """)
    scratch.execute(f"CREATE VIEW {CANDIDATES} AS {_named('true')}")
    return candidate_count(scratch)


def _named(which: str) -> str:
    return f"""
        SELECT l.record_key AS join_key_l, r.record_key AS join_key_r, CAST(rule AS VARCHAR) AS match_key
        FROM (FROM {_PAIRS} WHERE {which})
        JOIN {PAIRED} l ON l.number = number_l JOIN {PAIRED} r ON r.number = number_r
    """
