"""What an increment compares: changed records with each other and with all others that share a key.

Belongs here: which records changed, and the scratch tables of those that are compared for it. Does not belong here: the
file that remembers the others (`matching_index`), and the scores (`scoring`).

A weight follows from two prepared records and the frozen model. So pairs of two unchanged records stay as they are; but
two that shared an identifier until now were never scored, and are when they share one no longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.matching_index import CHANGED, STALE, MatchingIndex
from crm_pipeline.linkage.candidates.records import RECORDS, prepare_records, select_prepared
from crm_pipeline.linkage.candidates.scratch import copy_frame
from crm_pipeline.linkage.model import BlockingRule, Population
from crm_pipeline.warehouse import Warehouse

_PARTNER_KEYS, _NO_LONGER = "linkage_partner_keys", "linkage_no_longer_identified"


@dataclass(frozen=True, slots=True)
class Changes:
    """The records that differ from those in the index.

    Attributes:
        changed: record_key of the new and the changed ones.
        gone: record_key of those that are deleted, or can't be compared any more.
        record_count: comparable records now.
    """

    changed: pl.DataFrame
    gone: pl.DataFrame
    record_count: int


def changes_since(warehouse: Warehouse, index: MatchingIndex, population: Population) -> Changes:
    """What changed since the index was written, told by fingerprints."""
    present = f"({select_prepared(warehouse, population)})"
    changed = warehouse.frame(f"""
        SELECT p.record_key FROM {present} p LEFT JOIN {index.records} k USING (record_key)
        WHERE k.fingerprint IS DISTINCT FROM p.fingerprint ORDER BY 1
    """)
    gone = warehouse.frame(
        f"SELECT record_key FROM {index.records} ANTI JOIN {present} p USING (record_key) ORDER BY 1"
    )
    return Changes(changed, gone, int(warehouse.value(f"SELECT count(*) FROM {present}")))


def prepare_changes(
    warehouse: Warehouse,
    index: MatchingIndex,
    population: Population,
    rules: Sequence[BlockingRule],
    left_out: pl.DataFrame,
    changes: Changes,
    identified: pl.DataFrame,
) -> None:
    """Fills the scratch tables of changed records, of their keys, and of the others' keys that equal one of them.

    Args:
        warehouse: where `std.customers` is.
        index: what is known of the others.
        population: whose records they are.
        rules: the blocking rules of the model.
        left_out: what the model leaves out, by rule and key.
        changes: as `changes_since` tells them.
        identified: record_key_l and record_key_r of the pairs that share an identifier now.
    """
    scratch = index.scratch
    copy_frame(changes.changed, scratch, CHANGED)
    copy_frame(pl.concat([changes.changed, changes.gone]), scratch, STALE)
    prepare_records(warehouse, scratch, population, only=changes.changed)
    blocking.make_keys(scratch, rules)
    blocking.leave_out(scratch, rules, left_out)
    scratch.execute(f"""
        CREATE TABLE {_PARTNER_KEYS} AS FROM {index.keys}
        SEMI JOIN {blocking.KEYS} USING (rule, key) ANTI JOIN {STALE} USING (record_key)
    """)
    with scratch.registered("_identified", identified.select("record_key_l", "record_key_r")):
        scratch.execute(f"""
            CREATE TABLE {_NO_LONGER} AS
            FROM {index.identified} ANTI JOIN _identified USING (record_key_l, record_key_r)
            WHERE record_key_l NOT IN (FROM {STALE}) AND record_key_r NOT IN (FROM {STALE})
        """)


def frequent_keys(scratch: Warehouse, rules: Sequence[BlockingRule], largest: Mapping[str, int]) -> pl.DataFrame:
    """As `blocking.frequent_keys`, of the keys that changed records have."""
    return blocking.frequent_keys(
        scratch, rules, largest, keys=f"(FROM {blocking.KEYS} UNION ALL FROM {_PARTNER_KEYS})"
    )


def count_pairs(scratch: Warehouse, rules: Sequence[BlockingRule]) -> dict[str, int]:
    """As `blocking.count_pairs`, of the pairs with a changed record."""
    sizes = f"""
        SELECT rule, count(*) FILTER (is_changed) AS own, count(*) FILTER (NOT is_changed) AS others
        FROM (SELECT *, true AS is_changed FROM {blocking.KEYS} UNION ALL SELECT *, false FROM {_PARTNER_KEYS})
        GROUP BY rule, key
    """
    made = scratch.frame(f"SELECT rule, sum(own * (own - 1) // 2 + own * others) AS pairs FROM ({sizes}) GROUP BY rule")
    found = dict(zip(made["rule"], made["pairs"], strict=True))
    return {rule.name: int(found.get(n, 0)) for n, rule in enumerate(rules)}


def make_candidates(index: MatchingIndex, identified: pl.DataFrame) -> int:
    """As `blocking.make_candidates`, of the pairs to score anew; their records are then in the scratch table."""
    scratch = index.scratch
    found = f"""
        SELECT l.record_key AS record_key_l, r.record_key AS record_key_r, rule
        FROM {blocking.KEYS} l JOIN {blocking.KEYS} r USING (rule, key) WHERE l.record_key < r.record_key
        UNION ALL
        SELECT least(l.record_key, r.record_key), greatest(l.record_key, r.record_key), rule
        FROM {blocking.KEYS} l JOIN {_PARTNER_KEYS} r USING (rule, key)
    """
    if scratch.value(f"SELECT count(*) FROM {_NO_LONGER}"):
        found += f"""
            UNION ALL
            SELECT n.record_key_l, n.record_key_r, l.rule FROM {_NO_LONGER} n
            JOIN {index.keys} l ON l.record_key = n.record_key_l
            JOIN {index.keys} r ON r.record_key = n.record_key_r AND r.rule = l.rule AND r.key = l.key
        """
    count = blocking.store_candidates(scratch, found, identified)
    scratch.execute(f"""
        INSERT INTO {RECORDS} BY NAME FROM {index.records}
        SEMI JOIN {blocking.PAIRED} USING (record_key) ANTI JOIN {CHANGED} USING (record_key)
    """)
    return count
