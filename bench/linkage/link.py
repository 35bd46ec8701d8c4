"""Linking alone, as a process of its own: `python -m bench.linkage.link PROJECT MATCH_THRESHOLD`.

Prints a line of JSON: seconds and peak memory of pairs and clusters as a run makes them, and counts. The clusters stay
beside the project in `clusters.parquet`; the warehouse then has the pairs of every score, for looking at other
thresholds and at wrong pairs.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.linkage.peak import peak_memory_bytes
from crm_pipeline.linkage import cluster_records, pair_records
from crm_pipeline.settings import load_project
from crm_pipeline.steps.run import open_run

CLUSTERS_FILE = "clusters.parquet"
LEAST_PROBABILITY = 1e-6  # a pair below was compared too, but no threshold that anybody sets would link it


def main(folder: Path, match_threshold: float) -> None:
    """Links and prints."""
    project = load_project(folder)
    review_threshold = min(project.config.linkage.review_threshold, match_threshold)
    with open_run(project, run_id="bench") as run:
        began = time.perf_counter()
        pairs = pair_records(
            run.warehouse, run.models, match_threshold=match_threshold, review_threshold=review_threshold
        )
        clusters = cluster_records(run.warehouse)
        seconds, memory = time.perf_counter() - began, peak_memory_bytes()
        found = run.warehouse.frame("SELECT record_key, cluster_key FROM link.clusters ORDER BY record_key")
        found.write_parquet(folder / CLUSTERS_FILE)
        pair_records(run.warehouse, run.models, match_threshold=match_threshold, review_threshold=LEAST_PROBABILITY)
    told = {"seconds": seconds, "peak_memory_bytes": memory, "pairs": asdict(pairs), "clusters": asdict(clusters)}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
