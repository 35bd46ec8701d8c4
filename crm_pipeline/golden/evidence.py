"""What speaks against a value: a warning at validation, or a letter that came back and a number that does not exist.

Belongs here: reading quarantine and interactions for the rule `verified`. Does not belong here: the rule (`ranking`).

An interaction counts against a phone or an e-mail address when its outcome holds a word of
`data/undeliverable_words.csv` and it took place after the value was last delivered. It names a record, not a number;
what was tried is the record's first one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from crm_pipeline.golden.gathering import NUMBERED
from crm_pipeline.warehouse import Warehouse

_WARNED = {"_record": pl.Int64(), "column_name": pl.String()}
_BOUNCED = {"_record": pl.Int64(), "kind": pl.String(), "bounced_at": pl.Int64()}

_WARNINGS = f"""
    SELECT DISTINCT _record, column_name
    FROM (
        SELECT source || '/' || extract || '/' || source_id AS record_key, row_hash,
            unnest("columns") AS column_name, unnest(severities) AS severity
        FROM ops.quarantine
    )
    JOIN std.customers USING (record_key, row_hash) JOIN {NUMBERED} USING (record_key)
    WHERE severity = 'warning' AND valid_to IS NULL
"""
_BOUNCES = f"""
    WITH bounced AS (
        SELECT customer_record_key, customer_external_ids, contact AS kind, epoch_us(occurred_at) AS bounced_at
        FROM std.interactions AS interaction JOIN golden_scratch_outcomes USING (outcome)
        WHERE valid_to IS NULL AND occurred_at IS NOT NULL
    ),
    named AS (
        SELECT customer_record_key AS record_key, kind, bounced_at FROM bounced WHERE customer_record_key IS NOT NULL
        UNION ALL
        SELECT record_key, kind, bounced_at
        FROM (SELECT unnest(customer_external_ids) AS id, kind, bounced_at FROM bounced) JOIN (
            SELECT record_key, unnest(external_ids) AS id FROM std.customers WHERE valid_to IS NULL
        ) USING (id)
    )
    SELECT _record, named.kind, max(bounced_at) AS bounced_at
    FROM named JOIN {NUMBERED} USING (record_key) GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks against values.

    Attributes:
        warned: one column of a record that validation flagged: `_record`, column_name as in std.customers.
        bounced: one record and kind of contact: `_record`, kind (phone, email), bounced_at, the latest of them in
            microseconds since 1970.
    """

    warned: pl.DataFrame
    bounced: pl.DataFrame

    @classmethod
    def none(cls) -> Evidence:
        """Nothing speaks against any value."""
        return cls(pl.DataFrame(schema=_WARNED), pl.DataFrame(schema=_BOUNCED))


def gather_evidence(warehouse: Warehouse) -> Evidence:
    """All that the warehouse knows against values of living records; nothing where it has no such tables."""
    nothing = Evidence.none()
    warned = warehouse.frame(_WARNINGS).cast(_WARNED) if _has(warehouse, "ops", "quarantine") else nothing.warned  # type: ignore[arg-type]
    if not _has(warehouse, "std", "interactions"):
        return Evidence(warned, nothing.bounced)
    outcomes = [row[0] for row in warehouse.execute("SELECT DISTINCT outcome FROM std.interactions")]
    told = [(text, kind) for text in outcomes if text for kind in sorted(undeliverable(text))]
    if not told:
        return Evidence(warned, nothing.bounced)
    meant = pl.DataFrame(told, schema={"outcome": pl.String, "contact": pl.String}, orient="row")
    with warehouse.registered("golden_scratch_outcomes", meant):
        return Evidence(warned, warehouse.frame(_BOUNCES).cast(_BOUNCED))  # type: ignore[arg-type]


def undeliverable(outcome: str) -> frozenset[str]:
    """The kinds of contact, phone and email, that an outcome says can't be reached."""
    folded = outcome.casefold()
    return frozenset(kind for word, kind in _words() if word in folded)


@cache
def _words() -> tuple[tuple[str, str], ...]:
    file = files("crm_pipeline.golden") / "data" / "undeliverable_words.csv"
    with file.open(encoding="utf-8") as opened:
        return tuple((row["word"].casefold(), row["kind"]) for row in csv.DictReader(opened))


def _has(warehouse: Warehouse, schema: str, table: str) -> bool:
    sql = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?"
    return bool(warehouse.value(sql, [schema, table]))
