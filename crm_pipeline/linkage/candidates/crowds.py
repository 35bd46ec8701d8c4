"""Telephones and e-mail addresses that people of many different names use: an office's, whoever is found by it.

Belongs here: telling them from those of a person or a household. Does not belong here: what becomes of them
(`blocking`): they are neither keys nor compared.

Records are no measure of it: somebody delivered thirty times has one name, and an office of a small project may have
twenty people. A household has few given names, however often they are delivered; a spelling by its sound counts once.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from crm_pipeline.linkage.candidates.blocking import KEYS
from crm_pipeline.linkage.candidates.records import RECORDS
from crm_pipeline.linkage.model import BlockingRule, Population
from crm_pipeline.warehouse import Warehouse

# More given names than a household has, those of visiting grandparents and of misspelt records included.
MOST_NAMES = 10

_CONTACTS = ("email", "phone")


def crowded_contacts(
    scratch: Warehouse, population: Population, columns: Sequence[str], rules: Sequence[BlockingRule]
) -> pl.DataFrame:
    """Rule name, key and record_count of contacts that more than `MOST_NAMES` names share, in order.

    Args:
        scratch: where the prepared records and all their keys are.
        population: whose records they are.
        columns: the usable columns.
        rules: the blocking rules, in the order of their numbers among the keys.
    """
    told_by = [name for name in population.told_apart_by if name in columns]
    numbered = [(n, rule.name) for n, rule in enumerate(rules) if rule.name in _CONTACTS]
    if not told_by or not numbered:
        return pl.DataFrame(schema={"rule": pl.String, "key": pl.String, "record_count": pl.Int64})
    cases = " ".join(f"WHEN {n} THEN '{name}'" for n, name in numbered)
    return scratch.frame(f"""
        SELECT CASE rule {cases} END AS rule, key, count(DISTINCT record_key) AS record_count
        FROM {KEYS} JOIN {RECORDS} USING (record_key)
        WHERE rule IN ({", ".join(str(n) for n, _ in numbered)})
        GROUP BY ALL HAVING count(DISTINCT coalesce({", ".join(told_by)})) > {MOST_NAMES} ORDER BY 1, 2
    """)
