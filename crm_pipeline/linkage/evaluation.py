"""How well customers agree with labels: pairwise and B-cubed measures, from counts of records by label and customer.

Belongs here: measures, clusters at a threshold, the wrong pairs. Does not belong here: reading labels and published
files (`steps.telling.evaluate`), and choosing thresholds.

Pairs are never listed to be counted: `n` records that share a label and a customer are n * (n - 1) / 2 correct pairs,
so a million records cost as much as their distinct pairs of label and customer. B-cubed: Bagga and Baldwin 1998.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Codes: TypeAlias = npt.NDArray[np.int64]

FALSE_LINK, MISSED = "false_link", "missed"

ERROR_COLUMNS = ("record_key_l", "record_key_r", "verdict", "matched_by", "rule", "match_probability")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a partition of the labelled records into customers has right.

    A pair is two labelled records; true when they share a label, predicted when they share a customer, correct when
    both. Records without a label count nowhere.

    Attributes:
        records: labelled records.
        labels: distinct labels, so real customers.
        customers: distinct customers of these records.
        true_pairs: pairs that share a label.
        predicted_pairs: pairs that share a customer.
        correct_pairs: pairs that share both.
        b_cubed_precision: mean over records: the share of the record's customer that has its label; None without one.
        b_cubed_recall: mean over records: the share of the record's label that is in its customer; None without one.
        exact_customers: customers that consist of one whole label.
        split_labels: labels that are more than one customer.
        parts_of_split_labels: customers that the split labels are spread over, each counted once for each label.
        mixed_customers: customers with more than one label.
        labels_in_mixed_customers: labels that the mixed customers hold, each counted once for each customer.
    """

    records: int
    labels: int
    customers: int
    true_pairs: int
    predicted_pairs: int
    correct_pairs: int
    b_cubed_precision: float | None
    b_cubed_recall: float | None
    exact_customers: int
    split_labels: int
    parts_of_split_labels: int
    mixed_customers: int
    labels_in_mixed_customers: int

    @property
    def precision(self) -> float | None:
        """Share of the predicted pairs that are true; None when none is predicted."""
        return _ratio(self.correct_pairs, self.predicted_pairs)

    @property
    def recall(self) -> float | None:
        """Share of the true pairs that are predicted; None when there is none."""
        return _ratio(self.correct_pairs, self.true_pairs)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None when there is no pair of either kind."""
        return _ratio(2 * self.correct_pairs, self.true_pairs + self.predicted_pairs)

    @property
    def b_cubed_f1(self) -> float | None:
        """Harmonic mean of both B-cubed measures; None without records."""
        if self.b_cubed_precision is None or self.b_cubed_recall is None:
            return None
        return 2 * self.b_cubed_precision * self.b_cubed_recall / (self.b_cubed_precision + self.b_cubed_recall)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def agreement(labels: pl.Series, customers: pl.Series) -> Agreement:
    """What the partition has right.

    Args:
        labels: one per labelled record, never null.
        customers: of the same records in the same order, never null.
    """
    return _agreement(_codes(labels), _codes(customers))


def _codes(values: pl.Series) -> Codes:
    """Equal values as equal integers, from 0 without gaps."""
    known = values.unique(maintain_order=True).to_frame("value").with_row_index("code")
    coded = values.to_frame("value").join(known, on="value", how="left", maintain_order="left")
    return coded["code"].to_numpy().astype(np.int64)


def _agreement(labels: Codes, customers: Codes) -> Agreement:
    of_label, of_customer = np.bincount(labels), np.bincount(customers)
    # A cell is the records that share a label and a customer.
    cells, n = np.unique(labels * len(of_customer) + customers, return_counts=True)
    label, customer = np.divmod(cells, max(len(of_customer), 1))
    parts, held = np.bincount(label), np.bincount(customer)
    records = len(labels)
    return Agreement(
        records=records,
        labels=len(of_label),
        customers=len(of_customer),
        true_pairs=_pair_count(of_label),
        predicted_pairs=_pair_count(of_customer),
        correct_pairs=_pair_count(n),
        b_cubed_precision=float(np.sum(n * n / of_customer[customer])) / records if records else None,
        b_cubed_recall=float(np.sum(n * n / of_label[label])) / records if records else None,
        exact_customers=int(np.sum((n == of_customer[customer]) & (n == of_label[label]))),
        split_labels=int(np.sum(parts > 1)),
        parts_of_split_labels=int(np.sum(parts[parts > 1])),
        mixed_customers=int(np.sum(held > 1)),
        labels_in_mixed_customers=int(np.sum(held[held > 1])),
    )


def _pair_count(sizes: Codes) -> int:
    return int(np.sum(sizes * (sizes - 1) // 2))


def at_thresholds(
    labelled: pl.DataFrame, record_keys: pl.Series, pairs: pl.DataFrame, thresholds: Sequence[float]
) -> list[Agreement]:
    """The agreement at each threshold, in the order given, had it been the match threshold.

    Customers are then the connected components of the pairs that the model scored at or above the threshold and of
    those linked otherwise: by identifier or decision, whatever the threshold.

    Args:
        labelled: record_key and label; keys distinct and all among `record_keys`.
        record_keys: all living records, distinct: records without a label join others too.
        pairs: rows of `link.pairs`; one with a record that is not living links nothing.
        thresholds: match probabilities, 0 to 1; below the review threshold pairs are not stored.
    """
    nodes = pl.DataFrame({"record_key": record_keys}).with_row_index("node")
    of_label = labelled.join(nodes, on="record_key", maintain_order="left")
    positions, labels = of_label["node"].to_numpy(), _codes(of_label["label"])
    edges = _edges(pairs, nodes)
    found = []
    for threshold in thresholds:
        is_linked = pl.when(pl.col("is_scored")).then(pl.col("match_probability") >= threshold)
        linked = edges.filter(is_linked.otherwise(pl.col("is_link")))
        ends = (linked["l"].to_numpy(), linked["r"].to_numpy())
        graph = coo_array((np.ones(linked.height, dtype=np.int8), ends), shape=(nodes.height, nodes.height))
        _, component = connected_components(graph, directed=False)
        found.append(_agreement(labels, np.unique(component[positions], return_inverse=True)[1]))
    return found


def _edges(pairs: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Pairs of living records by their nodes: l, r, match_probability, is_scored (by the model), is_link."""
    ends = pairs.join(nodes.rename({"record_key": "record_key_l", "node": "l"}), on="record_key_l")
    return ends.join(nodes.rename({"record_key": "record_key_r", "node": "r"}), on="record_key_r").select(
        "l",
        "r",
        "match_probability",
        (pl.col("matched_by") == "model").alias("is_scored"),
        (pl.col("verdict") == "link").alias("is_link"),
    )


def wrong_pairs(labelled: pl.DataFrame, pairs: pl.DataFrame, *, most: int) -> pl.DataFrame:
    """The wrong pairs of the published customers, `most` at most: false links and missed pairs, by key.

    One row per pair with the columns of `ERROR_COLUMNS`. matched_by, rule and match_probability are null for a pair
    that is not in `pairs`: it was not scored, or below the review threshold, or is joined by way of other records.
    Where there are more wrong pairs, those of the largest customers and labels are left out as a whole.

    Args:
        labelled: record_key, label and customer_id of the labelled records.
        pairs: rows of `link.pairs`.
        most: wrong pairs, of both kinds together.
    """
    false_links = _groups(labelled, "customer_id", "label", FALSE_LINK)
    missed = _groups(labelled, "label", "customer_id", MISSED)
    groups = pl.concat([false_links, missed]).sort("wrong", "verdict", "group")
    kept = groups.filter(pl.col("wrong").cum_sum() <= most)
    found = [
        _unequal_pairs(labelled, kept, within="customer_id", between="label", verdict=FALSE_LINK),
        _unequal_pairs(labelled, kept, within="label", between="customer_id", verdict=MISSED),
    ]
    known = pairs.select("record_key_l", "record_key_r", "matched_by", "rule", "match_probability")
    joined = pl.concat(found).join(known, on=["record_key_l", "record_key_r"], how="left")
    return joined.select(ERROR_COLUMNS).sort("record_key_l", "record_key_r")


def _groups(labelled: pl.DataFrame, within: str, between: str, verdict: str) -> pl.DataFrame:
    """One row per group of `within` that holds several values of `between`: group, wrong (its wrong pairs), verdict."""
    cells = labelled.group_by(within, between).agg(pl.len().cast(pl.Int64).alias("n"))
    return (
        cells.group_by(pl.col(within).alias("group"))
        .agg(((pl.col("n").sum() ** 2 - (pl.col("n") ** 2).sum()) // 2).alias("wrong"))
        .filter(pl.col("wrong") > 0)
        .with_columns(pl.lit(verdict).alias("verdict"))
    )


def _unequal_pairs(
    labelled: pl.DataFrame, kept: pl.DataFrame, *, within: str, between: str, verdict: str
) -> pl.DataFrame:
    groups = kept.filter(pl.col("verdict") == verdict).select(pl.col("group").alias(within))
    concerned = labelled.join(groups, on=within, how="semi").select(within, between, "record_key")
    both = concerned.join(concerned, on=within, suffix="_r")
    is_wrong = (pl.col("record_key") < pl.col("record_key_r")) & (pl.col(between) != pl.col(f"{between}_r"))
    return both.filter(is_wrong).select(
        pl.col("record_key").alias("record_key_l"), "record_key_r", pl.lit(verdict).alias("verdict")
    )


def thresholds_from(review_threshold: float, match_threshold: float, others: Iterable[float]) -> list[float]:
    """Both thresholds and those of the others that lie above the first, rising, each once."""
    return sorted({review_threshold, match_threshold, *(other for other in others if other > review_threshold)})
