"""What labels would say of the customers at other match thresholds.

Belongs here: the measures at each threshold. Does not belong here: how links become customers (`clustering`), which
this asks, so that constraints and weak bridges count at each threshold as in a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from crm_pipeline.linkage.clustering.constraints import Constraints
from crm_pipeline.linkage.clustering.dividing import clusters_at
from crm_pipeline.linkage.evaluation.agreement import (
    Agreement,
    Codes,
    LabelledPairs,
    agreement_of_codes,
    codes,
    labelled_pairs,
)


def at_thresholds(
    labelled: pl.DataFrame,
    record_keys: pl.Series,
    pairs: pl.DataFrame,
    thresholds: Sequence[float],
    constraints: Constraints | None = None,
) -> list[Agreement]:
    """The agreement at each threshold, in the order given, had it been the match threshold.

    Args:
        labelled: record_key and label; keys distinct and all among `record_keys`.
        record_keys: all living records, distinct: records without a label join others too.
        pairs: rows of `link.pairs`; one with a record that is not living links nothing.
        thresholds: match probabilities, 0 to 1; below the review threshold pairs are not stored.
        constraints: what customers hold to; none by default.
    """
    keys = record_keys.sort()
    of_record, labels = _positions(labelled["record_key"], keys), codes(labelled["label"])
    return [
        agreement_of_codes(labels, np.unique(customers[of_record], return_inverse=True)[1])
        for customers in clusters_at(keys, pairs, constraints or Constraints(), thresholds)
    ]


def pairs_at_thresholds(
    labelled: pl.DataFrame,
    record_keys: pl.Series,
    pairs: pl.DataFrame,
    thresholds: Sequence[float],
    constraints: Constraints | None = None,
) -> list[LabelledPairs]:
    """As `at_thresholds`, of labelled pairs: record_key_l, record_key_r and is_match, their keys in `record_keys`."""
    keys = record_keys.sort()
    left, right = (_positions(labelled[name], keys) for name in ("record_key_l", "record_key_r"))
    is_match = labelled["is_match"].to_numpy()
    return [
        labelled_pairs(is_match, customers[left] == customers[right])
        for customers in clusters_at(keys, pairs, constraints or Constraints(), thresholds)
    ]


def _positions(wanted: pl.Series, keys: pl.Series) -> Codes:
    """Per wanted key its position among the sorted keys."""
    nodes = pl.DataFrame({"key": keys}).with_row_index("node")
    found = wanted.to_frame("key").join(nodes, on="key", maintain_order="left")
    return found["node"].to_numpy().astype(np.int64)


def thresholds_from(review_threshold: float, match_threshold: float, others: Iterable[float]) -> list[float]:
    """Both thresholds and those of the others that lie above the first, rising, each once."""
    return sorted({review_threshold, match_threshold, *(other for other in others if other > review_threshold)})
