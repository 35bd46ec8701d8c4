"""Which pairs are compared at all: those that share a key under one of the blocking rules.

Belongs here: the rules, each with its reason, the keys they give, and the keys left out because too many records share
them. Does not belong here: how a pair is scored. Keys are a table of (rule, key, record), so the cost of a linkage is
known before any pair is made, and a changed record finds its partners without all others being paired again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.linkage.records import RECORDS
from crm_pipeline.linkage.scratch import copy_frame
from crm_pipeline.warehouse import Warehouse

# A key that more records share makes over 31,000 pairs and finds nothing that a narrower rule does not find.
LARGEST_BLOCK = 250
# A phone or e-mail address that more records share is a switchboard, a shop or a placeholder: it is neither a key nor
# compared.
LARGEST_CONTACT_BLOCK = 50

KEYS, CANDIDATES, LEFT_OUT = "linkage_keys", "linkage_candidates", "linkage_left_out"


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """Records with an equal, non-null key are compared.

    Attributes:
        name: shown as `link.pairs.rule`.
        key: SQL over the prepared records.
        columns: the columns it needs; without all of them the rule does not apply.
        reason: whom it is there to find.
        largest: a key that more records share is left out.
    """

    name: str
    key: str
    columns: tuple[str, ...]
    reason: str
    largest: int = LARGEST_BLOCK


# In order of strength: a pair is credited to the first rule that finds it.
RULES = (
    BlockingRule(
        "email", "unnest(emails)", ("emails",), "nearly unique to a person or a family", LARGEST_CONTACT_BLOCK
    ),
    BlockingRule(
        "phone", "unnest(phones)", ("phones",), "nearly unique to a household or office", LARGEST_CONTACT_BLOCK
    ),
    BlockingRule(
        "name",
        "array_to_string(list_sort(regexp_extract_all(person_name, '[^\\s,.]+')), ' ')",
        ("person_name",),
        "the same name, its words in any order, whatever else is missing or has changed",
    ),
    BlockingRule("organisation_name", "organisation_name", ("organisation_name",), "the same registered name"),
    BlockingRule(
        "birth_date_and_family_name",
        "birth_date || '|' || left(family_name, 1)",
        ("birth_date", "family_name"),
        "a nickname, or a typo in either name",
    ),
    BlockingRule(
        "birth_date_and_given_name",
        "birth_date || '|' || left(given_name, 1)",
        ("birth_date", "given_name"),
        "a family name changed by marriage, or a typo in it",
    ),
    BlockingRule(
        "birth_date_and_full_name",
        "CASE WHEN family_name IS NULL THEN birth_date || '|' || left(person_name, 1) END",
        ("birth_date", "person_name"),
        "names that came in one piece",
    ),
    BlockingRule(
        "birth_date_and_postcode",
        "birth_date || '|' || postcode",
        ("birth_date", "postcode"),
        "both names missing or wrong",
    ),
    BlockingRule(
        "birth_date_and_city",
        "birth_date || '|' || city",
        ("birth_date", "city"),
        "both names missing or wrong, and no postcode",
    ),
    BlockingRule(
        "postcode_and_family_name",
        "postcode || '|' || family_name || '|' || coalesce(left(given_name, 1), '')",
        ("postcode", "family_name"),
        "no birth date, or a wrong one",
    ),
    BlockingRule(
        "city_and_family_name",
        "city || '|' || family_name || '|' || coalesce(left(given_name, 1), '')",
        ("city", "family_name"),
        "no postcode, and no or a wrong birth date",
    ),
    BlockingRule(
        "address",
        "street || '|' || coalesce(postcode, city, '')",
        ("street",),
        "an organisation under another spelling; a person whose name was mistyped throughout",
    ),
)


def applicable_rules(columns: Sequence[str]) -> tuple[BlockingRule, ...]:
    """The rules whose columns are all among `columns`, in order of strength."""
    return tuple(rule for rule in RULES if set(rule.columns) <= set(columns))


def make_keys(scratch: Warehouse, rules: Sequence[BlockingRule]) -> None:
    """Fills the scratch table `linkage_keys`: one row per rule and key of a record, rule being its place in `rules`."""
    selects = [
        f"SELECT {n} AS rule, {rule.key} AS key, record_key, kind FROM {RECORDS}" for n, rule in enumerate(rules)
    ]
    empty = f"SELECT 0 AS rule, '' AS key, record_key, kind FROM {RECORDS} WHERE false"
    scratch.execute(f"CREATE TABLE {KEYS} AS SELECT * FROM ({' UNION ALL '.join([*selects, empty])}) WHERE key <> ''")


def frequent_keys(scratch: Warehouse, rules: Sequence[BlockingRule]) -> pl.DataFrame:
    """Rule name, key and record_count of the keys that too many records share, in order."""
    limits = pl.DataFrame(
        {
            "rule": list(range(len(rules))),
            "name": [rule.name for rule in rules],
            "largest": [rule.largest for rule in rules],
        },
        schema={"rule": pl.Int64, "name": pl.String, "largest": pl.Int64},
    )
    with scratch.registered("_limits", limits):
        return scratch.frame(f"""
            SELECT name AS rule, key, count(DISTINCT record_key) AS record_count
            FROM {KEYS} JOIN _limits USING (rule)
            GROUP BY name, key, largest HAVING record_count > largest ORDER BY 1, 2
        """)


def leave_out(scratch: Warehouse, rules: Sequence[BlockingRule], left_out: pl.DataFrame) -> None:
    """Takes the frequent keys out of the keys, and frequent phones and addresses also out of the records."""
    numbers = pl.DataFrame(
        {"name": [rule.name for rule in rules], "number": list(range(len(rules)))},
        schema={"name": pl.String, "number": pl.Int64},
    )
    copy_frame(left_out.select(pl.col("rule").alias("name"), "key").join(numbers, on="name"), scratch, LEFT_OUT)
    if left_out.is_empty():
        return
    scratch.execute(f"DELETE FROM {KEYS} USING {LEFT_OUT} o WHERE rule = o.number AND {KEYS}.key = o.key")
    for column, rule in (("phones", "phone"), ("emails", "email")):
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


def make_candidates(scratch: Warehouse, identified: pl.DataFrame) -> int:
    """Number of pairs to score; they are in `linkage_candidates` as join_key_l, join_key_r and match_key, the rule.

    Left out are the pairs in `identified` (record_key_l, record_key_r), and a person with an organisation.
    """
    with scratch.registered("_identified", identified.select("record_key_l", "record_key_r")):
        scratch.execute(f"""
            CREATE TABLE {CANDIDATES} AS
            WITH found AS (
                SELECT l.record_key AS record_key_l, r.record_key AS record_key_r, min(rule) AS rule
                FROM {KEYS} l JOIN {KEYS} r USING (rule, key)
                WHERE l.record_key < r.record_key AND coalesce(l.kind = r.kind, true)
                GROUP BY ALL
            )
            SELECT record_key_l AS join_key_l, record_key_r AS join_key_r, CAST(rule AS VARCHAR) AS match_key
            FROM found ANTI JOIN _identified USING (record_key_l, record_key_r)
        """)
    return int(scratch.value(f"SELECT count(*) FROM {CANDIDATES}"))
