"""What linking one set comes to: quality at the threshold, the best over all thresholds, seconds and memory.

Belongs here: the figures of one set. Does not belong here: the measures (`crm_pipeline.linkage.evaluation`), printing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from bench.linkage.link import CLUSTERS_FILE
from bench.linkage.project import Prepared
from crm_pipeline.linkage import cluster_records
from crm_pipeline.linkage.evaluation import Agreement, agreement
from crm_pipeline.settings import Project
from crm_pipeline.tables import PAIRS
from crm_pipeline.warehouse import Warehouse

_ROOT = Path(__file__).parent.parent.parent

# Match weights, log2 of the odds, that are tried as thresholds: -15 is a probability of 3e-5, 40 one of 1 - 1e-12.
# Whole ones first, then tenths on both sides of the best.
_WEIGHTS = range(-15, 41)
_TENTHS = [tenth / 10 for tenth in range(-9, 10)]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one way of linking comes to on one set.

    Attributes:
        name: of the set.
        tool: who linked.
        agreement: over all labelled records; one that was held back counts as alone.
        seconds: wall time of linking alone.
        peak_memory_bytes: of the process that linked.
        threshold: match probability from which on pairs were linked; None where the tool chose.
        best_f1: pairwise F1 at the best threshold; None where it was not looked for.
        best_weight: that threshold as a match weight, log2 of the odds.
        held_back: labelled records that std lacks.
        counts: what the step said of itself.
    """

    name: str
    tool: str
    agreement: Agreement
    seconds: float
    peak_memory_bytes: int
    threshold: float | None
    best_f1: float | None = None
    best_weight: float | None = None
    held_back: int = 0
    counts: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; ratios included, a ratio of nothing is null."""
        told = self.agreement
        ratios = {name: getattr(told, name) for name in ("precision", "recall", "f1", "b_cubed_f1")}
        return {**{name: getattr(self, name) for name in self.__slots__}, "agreement": asdict(told) | ratios}


def linked(prepared: Prepared, threshold: float | None) -> tuple[Figures, pl.DataFrame]:
    """The figures of the project's own linkage, and the labelled records with their customer.

    Args:
        prepared: the set; afterwards its warehouse has the pairs of every score.
        threshold: match threshold; None for the default.
    """
    project = prepared.project
    used = project.config.linkage.match_threshold if threshold is None else threshold
    told = printed([sys.executable, "-m", "bench.linkage.link", str(project.root), str(used)], project.root)
    clusters = pl.read_parquet(project.root / CLUSTERS_FILE)
    labelled = with_customers(prepared.labels, clusters)
    best_f1, best_weight = best_threshold(project, prepared.labels)
    figures = Figures(
        prepared.name,
        "crm_pipeline",
        agreement(labelled["label"], labelled["customer_id"]),
        told["seconds"],
        told["peak_memory_bytes"],
        used,
        best_f1,
        best_weight,
        prepared.labels.join(clusters, on="record_key", how="anti").height,
        {"pairs": told["pairs"], "clusters": told["clusters"]},
    )
    return figures, labelled


def printed(command: list[str], folder: Path) -> dict[str, Any]:
    """The last line that a command prints, which is JSON.

    Args:
        command: a module of this bench among its arguments.
        folder: where it runs; what a tool leaves lying about is left there.

    Raises:
        ChildProcessError: it failed; with its own words.
    """
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    if done.returncode:
        raise ChildProcessError(f"{' '.join(command[1:3])} ended with {done.returncode}\n{done.stderr[-3000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def with_customers(labels: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """record_key, label and customer_id of all labelled records; one without a cluster is a customer of its own.

    Args:
        labels: record_key and label.
        clusters: record_key and cluster_key; records without a label are left out.
    """
    joined = labels.join(clusters.select("record_key", "cluster_key"), on="record_key", how="left")
    return joined.select("record_key", "label", pl.coalesce("cluster_key", "record_key").alias("customer_id")).sort(
        "record_key"
    )


def open_warehouse(project: Project) -> AbstractContextManager[Warehouse]:
    """The warehouse of a set, for the block."""
    return Warehouse.open(project.warehouse_file, temporary=project.var / "tmp")


def best_threshold(project: Project, labels: pl.DataFrame) -> tuple[float | None, float | None]:
    """The best pairwise F1 over thresholds, and the lowest match weight tried at which it is reached; None without any.

    Args:
        project: whose warehouse has `std.customers` and the pairs of every score; `link.pairs` is as before afterwards.
        labels: record_key and label.
    """
    with open_warehouse(project) as warehouse:
        pairs = warehouse.frame(f"SELECT * FROM {PAIRS.qualified}")
        tried: dict[float, float] = {}
        for weight in _WEIGHTS:
            tried[weight] = _f1_at(warehouse, pairs, labels, weight)
        near = _first_best(tried)
        for tenth in _TENTHS:
            tried[near + tenth] = _f1_at(warehouse, pairs, labels, near + tenth)
        warehouse.replace(PAIRS, pairs)
    best = _first_best(tried)
    return (tried[best], round(best, 1)) if tried[best] else (None, None)


def _first_best(tried: dict[float, float]) -> float:
    """Of the weights with the best F1 the lowest."""
    return min(tried, key=lambda weight: (-tried[weight], weight))


def _f1_at(warehouse: Warehouse, pairs: pl.DataFrame, labels: pl.DataFrame, weight: float) -> float:
    """Pairwise F1 with that threshold, clustered as a run clusters; pairs that the model did not score stay."""
    is_linked = pl.when(pl.col("matched_by") == "model").then(pl.col("match_weight") >= weight)
    links = pairs.filter(is_linked.otherwise(pl.col("verdict") == "link"))
    warehouse.replace(PAIRS, links.with_columns(pl.lit("link").alias("verdict")))
    cluster_records(warehouse)
    labelled = with_customers(labels, warehouse.frame("SELECT record_key, cluster_key FROM link.clusters"))
    return agreement(labelled["label"], labelled["customer_id"]).f1 or 0.0
