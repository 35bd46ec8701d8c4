"""Labels beside published customers: which of them can be judged, and what of those is right.

Belongs here: the two kinds of labels, each with its measures. Does not belong here: the measures
(`linkage.evaluation`), reading labels (`labels`), and what is told of them (`evaluate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import polars as pl

from crm_pipeline.linkage import Constraints
from crm_pipeline.linkage.evaluation import (
    Agreement,
    LabelledPairs,
    PairCounts,
    agreement,
    at_thresholds,
    by_sources,
    labelled_pairs,
    labelled_pairs_by_sources,
    pairs_at_thresholds,
    wrong_labelled_pairs,
    wrong_pairs,
)
from crm_pipeline.steps.telling.labels import ClusterLabels, Labels, PairLabels, refuse
from crm_pipeline.warehouse import Warehouse

# Wrong pairs that are looked at one by one; a file of so many is read by programs only, 100 MB.
MOST_WRONG_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True)
class Published:
    """What labels are compared with.

    Attributes:
        records: record_key, customer_id and is_living of all published records.
        pairs: of the last run, rows of `link.pairs`.
        conflicts: its links that do not hold, rows of `link.conflicts`.
        thresholds: match probabilities to judge at.
        constraints: what customers hold to.
    """

    records: pl.DataFrame
    pairs: pl.DataFrame
    conflicts: pl.DataFrame
    thresholds: list[float]
    constraints: Constraints

    @property
    def living(self) -> pl.Series:
        """Keys of the living records."""
        return self.records.filter("is_living")["record_key"]


@dataclass(frozen=True, slots=True)
class Judged:
    """Labels that could be judged.

    Attributes:
        labelled: what has a label, records or pairs.
        found: those of it that live, of pairs both records.
        deleted: those that were published and are deleted, of pairs at least one record.
        published: the customers as published.
        at_thresholds: the measures at each threshold.
        by_sources: the counts as published by pair of sources.
        wrong: record_key_l, record_key_r and verdict of wrong pairs, `MOST_WRONG_PAIRS` at most.
    """

    labelled: int
    found: int
    deleted: int
    published: Agreement | LabelledPairs
    at_thresholds: list[Agreement] | list[LabelledPairs]
    by_sources: Mapping[tuple[str, str], PairCounts]
    wrong: pl.DataFrame


def judge(labels: Labels, published: Published) -> Judged:
    """What is right of the labels that can be judged.

    Raises:
        ConfigurationError: they name no living record, or no pair of two.
    """
    return _pairs(labels, published) if isinstance(labels, PairLabels) else _records(labels, published)


def _records(labels: ClusterLabels, published: Published) -> Judged:
    known = labels.rows.join(published.records, on="record_key", maintain_order="left")
    living = known.filter("is_living").drop("is_living")
    if living.is_empty():
        _refuse_unknown(labels.file, published.records, known.height)
    with Warehouse.in_memory() as memory:
        between, wrong = by_sources(memory, living), wrong_pairs(memory, living, most=MOST_WRONG_PAIRS)
    labelled = living.select("record_key", "label")
    return Judged(
        labels.rows.height,
        living.height,
        known.height - living.height,
        agreement(living["label"], living["customer_id"]),
        at_thresholds(labelled, published.living, published.pairs, published.thresholds, published.constraints),
        between,
        wrong,
    )


def _pairs(labels: PairLabels, published: Published) -> Judged:
    known = labels.rows
    for side in ("l", "r"):
        named = published.records.rename({name: f"{name}_{side}" for name in published.records.columns})
        known = known.join(named, on=f"record_key_{side}", maintain_order="left")
    is_one = (pl.col("customer_id_l") == pl.col("customer_id_r")).alias("is_one")
    living = known.filter("is_living_l", "is_living_r").select("record_key_l", "record_key_r", "is_match", is_one)
    if living.is_empty():
        _refuse_unknown(labels.file, published.records, known.height)
    with Warehouse.in_memory() as memory:
        between = labelled_pairs_by_sources(memory, living)
    return Judged(
        labels.rows.height,
        living.height,
        known.height - living.height,
        labelled_pairs(living["is_match"].to_numpy(), living["is_one"].to_numpy()),
        pairs_at_thresholds(living, published.living, published.pairs, published.thresholds, published.constraints),
        between,
        wrong_labelled_pairs(living).head(MOST_WRONG_PAIRS),
    )


def _refuse_unknown(file: Path, records: pl.DataFrame, deleted: int) -> NoReturn:
    if deleted:
        found, cure = f"none that lives; {deleted:,} are deleted", "Label records that are delivered."
    else:
        extracts = records["record_key"].str.extract("^([^/]+/[^/]+)/").unique().sort().to_list()
        found = "none of them"
        cure = f"source and extract are the names in pipeline.yaml; published are: {', '.join(extracts) or 'none'}."
    refuse(file, "records that are published", found, cure)
