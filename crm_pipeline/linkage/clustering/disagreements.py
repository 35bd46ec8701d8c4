"""What became of each decision, and what says the contrary of it.

Belongs here: `ops.link_decisions`, but for who decided, when and why. Does not belong here: keeping decisions
(`state`), which links they refuse (`refusals`).

Two that a person called different disagree with a link between them, or with links that would join them by way of
others. Two that a person called the same disagree with a source that is declared free of duplicates, and with the
absence of any link of the model or of identifiers that leads from one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from crm_pipeline.linkage.clustering.components import component_of
from crm_pipeline.linkage.clustering.constraints import Decision, contradictions, extracts_of
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS, DecisionStatus, Disagreement
from crm_pipeline.warehouse import Warehouse

_JUDGED = ("status", "contradicts", "disagreement", "matched_by", "rule", "match_weight", "match_probability")
JUDGED_COLUMNS = ("decision_id", *_JUDGED, "refused_count")
"""Columns of `ops.link_decisions` that this module fills."""

_TOLD = f"""
    WITH known AS (SELECT DISTINCT record_key FROM std.customers),
    refused AS (
        SELECT blocked_by AS decision_id, count(*) AS refused_count,
            max_by(struct_pack(matched_by, rule, match_weight, match_probability),
                row(match_probability, record_key_l, record_key_r)) AS strongest
        FROM {CONFLICTS.qualified} WHERE reason = 'cannot_link' GROUP BY blocked_by
    )
    SELECT d.*, a.record_key IS NOT NULL AND b.record_key IS NOT NULL AS is_known,
        l.cluster_key IS NOT NULL AND r.cluster_key IS NOT NULL AS is_living, l.cluster_key,
        p.verdict, coalesce(f.refused_count, 0) AS refused_count,
        coalesce(p.matched_by, f.strongest.matched_by) AS matched_by, coalesce(p.rule, f.strongest.rule) AS rule,
        CASE WHEN p.record_key_l IS NULL THEN f.strongest.match_weight ELSE p.match_weight END AS match_weight,
        coalesce(p.match_probability, f.strongest.match_probability) AS match_probability
    FROM _decisions AS d
        LEFT JOIN known AS a ON a.record_key = d.record_key_l
        LEFT JOIN known AS b ON b.record_key = d.record_key_r
        LEFT JOIN {CLUSTERS.qualified} AS l ON l.record_key = d.record_key_l
        LEFT JOIN {CLUSTERS.qualified} AS r ON r.record_key = d.record_key_r
        LEFT JOIN {PAIRS.qualified} AS p ON p.record_key_l = d.record_key_l AND p.record_key_r = d.record_key_r
        LEFT JOIN refused AS f USING (decision_id)
    ORDER BY d.decision_id
"""
_LINKS = f"""
    SELECT p.record_key_l, p.record_key_r FROM {PAIRS.qualified} AS p
        JOIN {CLUSTERS.qualified} AS l ON l.record_key = p.record_key_l
    WHERE p.verdict = 'link' AND l.cluster_key IN (SELECT unnest(?))
"""


def judge_decisions(
    warehouse: Warehouse, decisions: Sequence[Decision], duplicate_free: frozenset[str]
) -> pl.DataFrame:
    """One row for each decision that was not withdrawn, with JUDGED_COLUMNS, by decision.

    Reads `std.customers`, `link.pairs`, `link.clusters` and `link.conflicts`, as one run made them.

    Args:
        warehouse: where the tables are.
        decisions: in order of entry, each with its smaller record key first.
        duplicate_free: extracts or sources as in `Constraints`.
    """
    against = {
        each.decision.decision_id: each.earlier.decision_id if each.earlier else None
        for each in contradictions(decisions)
    }
    rows = pl.DataFrame(
        [
            (d.decision_id, *d.record_keys, d.is_same, d.decision_id in against, against.get(d.decision_id))
            for d in decisions
        ],
        {
            "decision_id": pl.String(), "record_key_l": pl.String(), "record_key_r": pl.String(),
            "is_same": pl.Boolean(), "is_contradicted": pl.Boolean(), "contradicts": pl.String(),
        },
        orient="row",
    )  # fmt: skip
    with warehouse.registered("_decisions", rows):
        told = warehouse.frame(_TOLD)
    status = (
        pl.when("is_contradicted").then(pl.lit(DecisionStatus.CONTRADICTED.value))
        .when(~pl.col("is_known")).then(pl.lit(DecisionStatus.UNKNOWN_RECORD.value))
        .otherwise(pl.lit(DecisionStatus.IN_FORCE.value))
    )  # fmt: skip
    judged = told.with_columns(
        status.alias("status"), _is_linked(warehouse, told), _breaks_extract(told, duplicate_free)
    )
    is_judged = (pl.col("status") == DecisionStatus.IN_FORCE.value) & pl.col("is_living")
    disagreement = (
        pl.when(~is_judged).then(None)
        .when(~pl.col("is_same") & (pl.col("verdict") == "link")).then(pl.lit(Disagreement.LINKED.value))
        .when(~pl.col("is_same") & (pl.col("refused_count") > 0)).then(pl.lit(Disagreement.LINKED_BY_OTHERS.value))
        .when(pl.col("is_same") & pl.col("breaks_extract")).then(pl.lit(Disagreement.DUPLICATE_FREE.value))
        .when(pl.col("is_same") & ~pl.col("is_linked")).then(pl.lit(Disagreement.NOT_LINKED.value))
    )  # fmt: skip
    return judged.with_columns(disagreement.cast(pl.String).alias("disagreement")).select(JUDGED_COLUMNS)


def _is_linked(warehouse: Warehouse, told: pl.DataFrame) -> pl.Series:
    """Per decision whether links of the model or of identifiers lead from one record to the other."""
    same = told.filter(pl.col("is_same") & pl.col("is_living"))
    links = warehouse.frame(_LINKS, [same["cluster_key"].unique().sort().to_list()])
    ends = pl.concat([told["record_key_l"], told["record_key_r"], links["record_key_l"], links["record_key_r"]])
    keys = ends.unique().sort()
    group = pl.DataFrame({"record_key": keys, "group": component_of(keys, links)})
    found = told.select("record_key_l", "record_key_r")
    for side in ("l", "r"):
        named = group.rename({"record_key": f"record_key_{side}", "group": f"group_{side}"})
        found = found.join(named, on=f"record_key_{side}", how="left", maintain_order="left")
    return (found["group_l"] == found["group_r"]).alias("is_linked")


def _breaks_extract(told: pl.DataFrame, duplicate_free: frozenset[str]) -> pl.Series:
    """Per decision whether both records are of one extract without duplicates."""
    left, right = (extracts_of(told[name], duplicate_free) for name in ("record_key_l", "record_key_r"))
    return (left == right).fill_null(value=False).alias("breaks_extract")
