"""Why a wrong pair is wrong: the step of the linkage at which it went the wrong way.

Belongs here: the reasons, of which each wrong pair has exactly one. Does not belong here: which pairs are wrong
(`wrong_pairs`), and words for people (`cli`).
"""

from __future__ import annotations

from enum import StrEnum

import polars as pl

from crm_pipeline.linkage.evaluation.wrong_pairs import MISSED
from crm_pipeline.warehouse import Warehouse

REASONED_COLUMNS = (
    "record_key_l", "record_key_r", "verdict", "reason", "matched_by", "rule", "match_probability", "blocked_by",
)  # fmt: skip
_KEYS = ["record_key_l", "record_key_r"]


class Reason(StrEnum):
    """Why a pair is wrong; those of missed pairs in the order of the linkage, then those of false links."""

    OTHER_KIND = "other_kind"  # one is compared with people, the other with organisations
    NOT_COMPARABLE = "not_comparable"  # one of the two has nothing to be found by
    NOT_BLOCKED = "not_blocked"  # no blocking rule gives both a key in common that few records share
    SCORED_TOO_LOW = "scored_too_low"  # compared, and below the review threshold
    WAITS_FOR_REVIEW = "waits_for_review"
    REFUSED = "refused"  # linked, and kept apart by a constraint or as a weak bridge
    NOT_PUBLISHED = "not_published"  # linked by a run that did not publish its customers
    NOT_KNOWN = "not_known"  # not in link.pairs, and there is no index that says whether it was compared
    DIRECT = "direct"  # a link of its own
    BY_WAY_OF_OTHERS = "by_way_of_others"  # other links join the two


def with_reasons(
    wrong: pl.DataFrame, pairs: pl.DataFrame, conflicts: pl.DataFrame, missed: pl.DataFrame
) -> pl.DataFrame:
    """The wrong pairs with their evidence: the columns of `REASONED_COLUMNS`, in the order given.

    matched_by, rule and match_probability are null for a pair that is not in `pairs`, blocked_by for one that no
    decision and no extract without duplicates keeps apart.

    Args:
        wrong: record_key_l, record_key_r and verdict.
        pairs: rows of `link.pairs`.
        conflicts: rows of `link.conflicts`.
        missed: `compared` of the pairs that are missed and not in `pairs`; a pair that is not there is `NOT_KNOWN`.
    """
    refused = conflicts.select(*_KEYS, "blocked_by", pl.lit(value=True).alias("is_refused"))
    known = pairs.select(*_KEYS, "matched_by", "rule", "match_probability", pl.col("verdict").alias("of_pair"))
    found = wrong
    for evidence in (known, refused, missed):
        found = found.join(evidence, on=_KEYS, how="left", maintain_order="left")
    is_link, is_missed = (pl.col("of_pair") == "link").fill_null(value=False), pl.col("verdict") == MISSED
    reason = (
        pl.when(~is_missed & is_link & pl.col("is_refused").is_null()).then(pl.lit(Reason.DIRECT.value))
        .when(~is_missed).then(pl.lit(Reason.BY_WAY_OF_OTHERS.value))
        .when("is_refused").then(pl.lit(Reason.REFUSED.value))
        .when(pl.col("of_pair") == "review").then(pl.lit(Reason.WAITS_FOR_REVIEW.value))
        .when(is_link).then(pl.lit(Reason.NOT_PUBLISHED.value))
        .otherwise(pl.col("compared").fill_null(Reason.NOT_KNOWN.value))
    )  # fmt: skip
    return found.with_columns(reason.alias("reason")).select(REASONED_COLUMNS)


def compared(index: Warehouse, pairs: pl.DataFrame) -> pl.DataFrame:
    """How far pairs that are not in `link.pairs` came: record_key_l, record_key_r and compared, a `Reason`; no order.

    Args:
        index: the published index: per population `<population>_records` with record_key, and `<population>_keys` with
            rule, key and record_key, without the keys that too many records share. A population whose tables are not
            there was not compared.
        pairs: record_key_l and record_key_r.
    """
    tables = {name for (name,) in index.execute("SELECT table_name FROM duckdb_tables()")}
    populations = [name for name in ("people", "organisations") if {f"{name}_records", f"{name}_keys"} <= tables]
    wanted = "SEMI JOIN wanted USING (record_key)"
    records = [f"SELECT record_key, '{name}' AS population FROM {name}_records {wanted}" for name in populations]
    keys = [f"SELECT record_key, '{name}' AS population, rule, key FROM {name}_keys {wanted}" for name in populations]
    none = "SELECT '' AS record_key, '' AS population WHERE false"
    no_keys = "SELECT '' AS record_key, '' AS population, 0 AS rule, '' AS key WHERE false"
    with index.registered("_pairs", pairs.select(_KEYS)):
        return index.frame(f"""
            WITH wanted AS MATERIALIZED (
                SELECT record_key_l AS record_key FROM _pairs UNION SELECT record_key_r FROM _pairs
            ), records AS MATERIALIZED (
                {" UNION ALL ".join([*records, none])}
            ), keys AS MATERIALIZED (
                {" UNION ALL ".join([*keys, no_keys])}
            ), lefts AS MATERIALIZED (
                SELECT record_key_l, record_key_r, population, rule, key
                FROM _pairs JOIN keys ON record_key = record_key_l
            ), shared AS (
                SELECT DISTINCT l.record_key_l, l.record_key_r
                FROM lefts l JOIN keys r
                  ON r.record_key = l.record_key_r AND r.population = l.population AND r.rule = l.rule AND r.key = l.key
            )
            SELECT record_key_l, record_key_r, CASE
                WHEN l.population IS NULL OR r.population IS NULL THEN '{Reason.NOT_COMPARABLE}'
                WHEN l.population <> r.population THEN '{Reason.OTHER_KIND}'
                WHEN s.record_key_l IS NULL THEN '{Reason.NOT_BLOCKED}'
                ELSE '{Reason.SCORED_TOO_LOW}' END AS compared
            FROM _pairs p
            LEFT JOIN records l ON l.record_key = p.record_key_l
            LEFT JOIN records r ON r.record_key = p.record_key_r
            LEFT JOIN shared s USING (record_key_l, record_key_r)
        """)
