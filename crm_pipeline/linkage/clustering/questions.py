"""What a person is asked about links: one question for two customers that may be one, or one that may be two.

Belongs here: `ops.review_queue`, a function of pairs, conflicts, clusters and decisions. Does not belong here: which
customers are suspicious (`suspicion`), what becomes of an answer (`constraints`), showing questions
(`steps.reviewing`).

Two customers that may be one are asked about once, however many pairs of them wait: by a pair with an identifier first,
then by a refused link, then by the most probable pair. A customer that may be two is asked about once too, by a
contradicted identifier within it, else by its weakest link. The pair that waits between the thresholds within one
customer is no question: whatever the answer, other links hold it together, and where those are doubtful the weakest of
them is asked.

How much an answer would teach is `uncertainty * stake`:

- uncertainty: the entropy of the match probability in bits, -p log2 p - (1 - p) log2 (1 - p); 1, that of a coin, where
  evidence stands against evidence: a contradicted identifier, a refused link, a suspicious customer;
- stake: the records whose customer the answer decides, which are those of the smaller of the two customers that "same"
  would unite or "different" would make.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.linkage.clustering.components import component_of
from crm_pipeline.linkage.clustering.constraints import Constraints, Decision, standing
from crm_pipeline.linkage.clustering.suspicion import FEWEST_GROUPS, LARGE_SHARE, parts_without, weakest_links
from crm_pipeline.tables import CLUSTERS, CONFLICTS, PAIRS, REVIEW_QUEUE
from crm_pipeline.warehouse import Warehouse

_CLUSTER_SCHEMA = {"record_key": pl.String(), "cluster_key": pl.String()}
_SIZES = f"SELECT cluster_key, count(*) AS record_count FROM {CLUSTERS.qualified} GROUP BY cluster_key"
_PAIR = "record_key_l, record_key_r, matched_by, rule, match_weight, match_probability"
_BETWEEN = f"""
    WITH waiting AS (
        SELECT {_PAIR}, NULL AS blocked_by,
            CASE matched_by WHEN 'identifier' THEN 'contradicted_identifier' ELSE 'between_thresholds' END AS reason
        FROM {PAIRS.qualified} WHERE verdict = 'review'
        UNION ALL
        SELECT {_PAIR}, blocked_by, reason FROM {CONFLICTS.qualified} WHERE reason <> 'cannot_link'
    ), sizes AS ({_SIZES})
    SELECT w.*, l.cluster_key AS cluster_key_l, r.cluster_key AS cluster_key_r,
        m.record_count AS record_count_l, n.record_count AS record_count_r,
        count(*) OVER both_customers AS pair_count
    FROM waiting AS w
        JOIN {CLUSTERS.qualified} AS l ON l.record_key = w.record_key_l
        JOIN {CLUSTERS.qualified} AS r ON r.record_key = w.record_key_r
        JOIN sizes AS m ON m.cluster_key = l.cluster_key
        JOIN sizes AS n ON n.cluster_key = r.cluster_key
    WHERE l.cluster_key <> r.cluster_key
    WINDOW both_customers AS (
        PARTITION BY least(l.cluster_key, r.cluster_key), greatest(l.cluster_key, r.cluster_key)
    )
    QUALIFY row_number() OVER (
        PARTITION BY least(l.cluster_key, r.cluster_key), greatest(l.cluster_key, r.cluster_key)
        ORDER BY w.reason <> 'contradicted_identifier', w.reason = 'between_thresholds',
            w.match_probability DESC, w.record_key_l, w.record_key_r
    ) = 1
"""
_INSIDE = f"""
    SELECT p.record_key_l, p.record_key_r, l.cluster_key AS cluster_key_l, r.cluster_key AS cluster_key_r
    FROM {PAIRS.qualified} AS p
        JOIN {CLUSTERS.qualified} AS l ON l.record_key = p.record_key_l
        JOIN {CLUSTERS.qualified} AS r ON r.record_key = p.record_key_r AND r.cluster_key = l.cluster_key
    WHERE p.verdict = 'review' AND p.matched_by = 'identifier'
    ORDER BY p.record_key_l, p.record_key_r
"""
_MEMBERS = f"""
    SELECT record_key, cluster_key FROM {CLUSTERS.qualified} WHERE cluster_key IN (
        SELECT cluster_key FROM ({_SIZES}) WHERE record_count >= ?
        UNION ALL SELECT cluster_key_l FROM ({_INSIDE})
    )
"""
_HOLDING = f"""
    SELECT p.* FROM {PAIRS.qualified} AS p
        JOIN _members AS l ON l.record_key = p.record_key_l
        JOIN _members AS r ON r.record_key = p.record_key_r AND r.cluster_key = l.cluster_key
    WHERE p.verdict = 'link'
"""
_RANKED = """
    WITH weighed AS (
        SELECT *, 'Q' || upper(md5(record_key_l || chr(10) || record_key_r)[1:16]) AS question_id,
            CASE WHEN reason <> 'between_thresholds' THEN 1.0
                WHEN match_probability > 0 AND match_probability < 1
                THEN -match_probability * log2(match_probability)
                    - (1 - match_probability) * log2(1 - match_probability)
                ELSE 0.0 END AS uncertainty,
            least(record_count_l, record_count_r) AS stake
        FROM _questions
    )
    SELECT *, round(uncertainty * stake, 9) AS priority FROM weighed
"""


def find_questions(warehouse: Warehouse, constraints: Constraints, *, largest_cluster: int) -> int:
    """Number of questions, after `ops.review_queue` has all that the decisions leave open.

    Reads `link.pairs`, `link.clusters` and `link.conflicts`, as one run made them.

    Args:
        warehouse: where the tables are.
        constraints: all that restricts clusters now; it may have decisions newer than the clusters.
        largest_cluster: records that a customer may have.
    """
    asked = pl.concat(
        [warehouse.frame(_BETWEEN), _doubts(warehouse, constraints, largest_cluster)], how="diagonal_relaxed"
    )
    clusters = _clusters_of(warehouse, constraints)
    left = unanswered(asked, constraints.decisions, clusters)
    with warehouse.registered("_questions", left):
        return warehouse.replace(REVIEW_QUEUE, _RANKED)


def unanswered(questions: pl.DataFrame, decisions: tuple[Decision, ...], clusters: pl.DataFrame) -> pl.DataFrame:
    """The questions that the decisions do not answer.

    A question about two customers is answered when must-links join them or a cannot-link lies between them, be it
    between other records of theirs; one about a single customer by its two records alone.

    Args:
        questions: with the columns `record_key_l`, `record_key_r`, `cluster_key_l`, `cluster_key_r`.
        decisions: in order of entry.
        clusters: record_key and cluster_key of the decided records that have one; others stand for themselves.
    """
    held = standing(decisions)
    if not held or questions.is_empty():
        return questions
    known = dict(clusters.iter_rows())
    of_records = _Answers(held, {})
    of_clusters = _Answers(held, known)
    ends = questions.select("record_key_l", "record_key_r", "cluster_key_l", "cluster_key_r")
    is_open = [
        not (of_records.has(left, right) if one == other else of_clusters.has(one, other))
        for left, right, one, other in ends.iter_rows()
    ]
    return questions.filter(pl.Series(is_open, dtype=pl.Boolean))


class _Answers:
    """What decisions say of two nodes, which are records or the clusters that stand for them."""

    def __init__(self, held: list[Decision], clusters: dict[str, str]) -> None:
        ends = [tuple(clusters.get(key, key) for key in each.record_keys) for each in held]
        names = pl.Series([name for pair in ends for name in pair], dtype=pl.String).unique().sort()
        pairs = pl.DataFrame(ends, {"record_key_l": pl.String(), "record_key_r": pl.String()}, orient="row")
        is_same = pl.Series([each.is_same for each in held], dtype=pl.Boolean)
        self._group = dict(zip(names, component_of(names, pairs.filter(is_same)), strict=True))
        self._apart = {
            frozenset((self._group[left], self._group[right])) for left, right in pairs.filter(~is_same).iter_rows()
        }

    def has(self, left: str, right: str) -> bool:
        """Whether the two are joined or kept apart."""
        one, other = self._group.get(left, left), self._group.get(right, right)
        return one == other or frozenset((one, other)) in self._apart


def _doubts(warehouse: Warehouse, constraints: Constraints, largest_cluster: int) -> pl.DataFrame:
    """Questions about single customers, with what "different" would make of each."""
    fewest = min(FEWEST_GROUPS, max(2, int(LARGE_SHARE * largest_cluster)))
    inside = unanswered(warehouse.frame(_INSIDE), constraints.decisions, pl.DataFrame(schema=_CLUSTER_SCHEMA))
    members = warehouse.frame(_MEMBERS, [fewest])
    with warehouse.registered("_members", members):
        links = warehouse.frame(_HOLDING)
    weakest = weakest_links(members, links, constraints, largest_cluster)
    large = pl.when("is_large").then(pl.lit("large_cluster")).otherwise(pl.lit("sparse_cluster")).alias("reason")
    contradicted = inside.unique("cluster_key_l", keep="first", maintain_order=True).select(
        pl.col("cluster_key_l").alias("cluster_key"),
        "record_key_l",
        "record_key_r",
        pl.lit("contradicted_identifier").alias("reason"),
    )
    of_links = weakest.join(contradicted, on="cluster_key", how="anti").with_columns(large).drop("is_large")
    asked = pl.concat([contradicted, of_links.select(contradicted.columns)])
    concerned = members.join(asked, on="cluster_key", how="semi")
    within = links.filter(pl.col("record_key_l").is_in(concerned["record_key"].implode()))
    counted = parts_without(concerned, within, constraints, asked)
    with warehouse.registered("_asked", counted):
        return warehouse.frame(f"""
            SELECT {_PAIR}, NULL AS blocked_by, a.reason, a.cluster_key AS cluster_key_l,
                a.cluster_key AS cluster_key_r, a.record_count_l, a.record_count_r, 1 AS pair_count
            FROM _asked AS a JOIN {PAIRS.qualified} AS p USING (record_key_l, record_key_r)
        """)


def _clusters_of(warehouse: Warehouse, constraints: Constraints) -> pl.DataFrame:
    """record_key and cluster_key of the decided records that are current."""
    keys = sorted({key for decision in constraints.decisions for key in decision.record_keys})
    return warehouse.frame(
        f"SELECT record_key, cluster_key FROM {CLUSTERS.qualified} JOIN (SELECT unnest(?) AS record_key) "
        "USING (record_key)",
        [keys],
    )
