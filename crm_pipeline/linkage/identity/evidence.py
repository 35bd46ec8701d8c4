"""The pairs behind what happens to ids: what made two customers one, and what is left where one fell apart.

Belongs here: finding that pair among the linked, waiting and refused ones. Does not belong here: which events there are
(`identity_events`), or which links hold (`clustering`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from crm_pipeline.linkage.clustering.clusters import DECISION, MATCHED_BY_ORDER
from crm_pipeline.linkage.clustering.constraints import Decision, standing
from crm_pipeline.tables import CONFLICTS, PAIRS, ConflictReason
from crm_pipeline.warehouse import Warehouse

PAIR_SCHEMA: dict[str, pl.DataType] = {
    "record_key_l": pl.String(),
    "record_key_r": pl.String(),
    "matched_by": pl.String(),
    "rule": pl.String(),
    "match_weight": pl.Float64(),
    "match_probability": pl.Float64(),
    "decision_id": pl.String(),
}
# `rank` counts pairs from the strongest, in the order in which links unite; `holds`: it is a link that holds;
# `refused_by`: the reason of `link.conflicts`, null where there is none.
EVIDENCE_SCHEMA: dict[str, pl.DataType] = {
    **PAIR_SCHEMA,
    "holds": pl.Boolean(),
    "refused_by": pl.String(),
    "rank": pl.Int64(),
}

_Ints = npt.NDArray[np.int64]


def read_evidence(warehouse: Warehouse, record_keys: pl.Series, decisions: Iterable[Decision]) -> pl.DataFrame:
    """All pairs of these records, linked, waiting or refused, and what decisions join; schema EVIDENCE_SCHEMA, by rank.

    Args:
        warehouse: where `link.pairs` and `link.conflicts` are; either may be missing.
        record_keys: current records.
        decisions: those that the clusters were made under.
    """
    for table in (PAIRS, CONFLICTS):
        warehouse.ensure(table)
    with warehouse.registered("_concerned", record_keys.to_frame("record_key")):
        pairs = warehouse.frame(f"""
            WITH near AS (SELECT * FROM {PAIRS.qualified} WHERE record_key_l IN (SELECT record_key FROM _concerned))
            SELECT record_key_l, record_key_r, p.matched_by, p.rule, p.match_weight, p.match_probability,
                   CASE WHEN reason = '{ConflictReason.CANNOT_LINK}' THEN blocked_by END AS decision_id,
                   verdict = 'link' AND reason IS NULL AS holds, reason AS refused_by
            FROM near p LEFT JOIN {CONFLICTS.qualified} USING (record_key_l, record_key_r)
            WHERE record_key_r IN (SELECT record_key FROM _concerned)
        """)
    joined = [decision for decision in standing(decisions) if decision.is_same]
    decided = pl.DataFrame(
        {
            "record_key_l": [min(decision.record_keys) for decision in joined],
            "record_key_r": [max(decision.record_keys) for decision in joined],
            "decision_id": [decision.decision_id for decision in joined],
        },
        schema={name: PAIR_SCHEMA[name] for name in ("record_key_l", "record_key_r", "decision_id")},
    ).with_columns(
        pl.lit(DECISION).alias("matched_by"), pl.lit(1.0).alias("match_probability"), pl.lit(value=True).alias("holds")
    )
    order = pl.col("matched_by").cast(pl.Enum(MATCHED_BY_ORDER)).alias("order")
    return (
        pl.concat([pairs.cast({"match_weight": pl.Float64}), decided], how="diagonal")
        .with_columns(order)
        .sort(
            "order", "match_weight", "record_key_l", "record_key_r", "decision_id",
            descending=[False, True, False, False, False], nulls_last=True,
        )
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("rank"))
        .select(list(EVIDENCE_SCHEMA))
    )  # fmt: skip


def uniting(evidence: pl.DataFrame, places: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Per wanted row the rank of the link without which the two would not be one; null where nothing joins them.

    On the strongest way from one former customer to the other, over other customers and new records if need be, it is
    the weakest link: one of the pairs that made them one, and the one that counts.

    Args:
        evidence: schema EVIDENCE_SCHEMA.
        places: record_key, sequence (the customer it belongs to now) and former (the one it belonged to, null if none).
        wanted: sequence, from_former, to_former; of each sequence one to_former.
    """
    ends = _ends(evidence.filter("holds"), places)
    node = (
        pl.concat(
            [
                ends.select(pl.col("place_l").alias("place")),
                ends.select(pl.col("place_r").alias("place")),
                wanted.select(_place("sequence", "from_former").alias("place")),
                wanted.select(_place("sequence", "to_former").alias("place")),
            ]
        )
        .unique()
        .sort("place")
        .with_row_index("node")
    )

    def nodes(places_of: pl.Series) -> _Ints:
        found = places_of.to_frame("place").join(node, on="place", how="left", maintain_order="left")
        return found["node"].to_numpy().astype(np.int64)

    left, right = nodes(ends["place_l"]), nodes(ends["place_r"])
    starts = nodes(wanted.select(_place("sequence", "from_former")).to_series())
    goals = nodes(wanted.select(_place("sequence", "to_former")).to_series())
    worst = _weakest_on_the_way(node.height, left, right, ends["rank"].to_numpy(), np.unique(goals))[starts]
    return wanted.with_columns(pl.Series("rank", worst, dtype=pl.Int64)).with_columns(
        pl.when(pl.col("rank") >= 0).then("rank").alias("rank")
    )


def left_between(evidence: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Per part of a former customer (sequence, former) the rank of the strongest pair to another part of it.

    A pair that a decision refused goes before all others, then refused ones, then those that wait for review.
    """
    both = _both_ends(evidence, places).filter(
        (pl.col("sequence_l") != pl.col("sequence_r")) & (pl.col("former_l") == pl.col("former_r"))
    )
    ordered = both.sort(
        (pl.col("refused_by") != ConflictReason.CANNOT_LINK.value).fill_null(value=True),
        pl.col("refused_by").is_null(),
        "rank",
    )
    return _first_of(ordered)


def joining(evidence: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Per part of a former customer (sequence, former) the rank of the strongest link to others of its customer now."""
    both = _both_ends(evidence.filter("holds"), places).filter(
        (pl.col("sequence_l") == pl.col("sequence_r")) & pl.col("former_l").ne_missing(pl.col("former_r"))
    )
    return _first_of(both.sort("rank"))


def _first_of(both: pl.DataFrame) -> pl.DataFrame:
    sides = [
        both.with_row_index("place").select(
            "place", pl.col(f"sequence_{side}").alias("sequence"), pl.col(f"former_{side}").alias("former"), "rank"
        )
        for side in ("l", "r")
    ]
    found = pl.concat(sides).drop_nulls("former").sort("place", "sequence")
    return found.unique(subset=["sequence", "former"], keep="first", maintain_order=True).drop("place")


def _both_ends(evidence: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The evidence with sequence and former of both records; pairs with a record that is not current are left out."""
    for side in ("l", "r"):
        evidence = evidence.join(
            places.select(
                pl.col("record_key").alias(f"record_key_{side}"),
                pl.col("sequence").alias(f"sequence_{side}"),
                pl.col("former").alias(f"former_{side}"),
            ),
            on=f"record_key_{side}",
            maintain_order="left",
        )
    return evidence


def _ends(links: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """place_l, place_r and rank of each link: what was one customer, and is one still, is one place."""
    known = places.select(
        "record_key",
        pl.when(pl.col("former").is_null())
        .then(_own_place("record_key"))
        .otherwise(_place("sequence", "former"))
        .alias("place"),
    )
    for side in ("l", "r"):
        key = f"record_key_{side}"
        links = links.join(
            known.select(pl.col("record_key").alias(key), pl.col("place").alias(f"place_{side}")), on=key, how="left"
        ).with_columns(pl.col(f"place_{side}").fill_null(_own_place(key)))
    return links.filter(pl.col("place_l") != pl.col("place_r")).select("place_l", "place_r", "rank")


def _place(sequence: str, former: str) -> pl.Expr:
    return pl.concat_str(pl.col(sequence), pl.lit("<"), pl.col(former))


def _own_place(key: str) -> pl.Expr:
    """Of a record that was of no customer, or is not current and stands in a chain of decisions only."""
    return pl.concat_str(pl.lit("="), pl.col(key))


def _weakest_on_the_way(count: int, left: _Ints, right: _Ints, rank: _Ints, goals: _Ints) -> _Ints:
    """Per node the largest rank on the way to its goal along the strongest links, -1 where there is no way.

    The spanning tree of the smallest ranks has, between any two nodes, the way whose largest rank is smallest. No two
    goals hang together.
    """
    root = count
    keys, first = np.unique(np.minimum(left, right) * count + np.maximum(left, right), return_index=True)
    strongest = rank[first]  # links are in order of rank
    graph = coo_array((strongest + 1.0, (keys // count, keys % count)), shape=(count + 1, count + 1))
    tree = minimum_spanning_tree(csr_array(graph)).tocoo()
    rows, columns = np.concatenate([tree.row, np.full(len(goals), root)]), np.concatenate([tree.col, goals])
    forest = csr_array(coo_array((np.ones(len(rows)), (rows, columns)), shape=(count + 1, count + 1)))
    _, before = breadth_first_order(forest, root, directed=False)
    above = np.where(before >= 0, before, np.arange(count + 1)).astype(np.int64)
    above[goals] = goals
    child = np.flatnonzero(above[:count] != np.arange(count))
    steps = np.minimum(child, above[child]) * count + np.maximum(child, above[child])
    worst = np.full(count + 1, -1, dtype=np.int64)
    worst[child] = strongest[np.searchsorted(keys, steps)]
    while True:
        further = np.maximum(worst, worst[above])
        upper = above[above]
        if np.array_equal(upper, above):
            return further[:count]
        worst, above = further, upper
