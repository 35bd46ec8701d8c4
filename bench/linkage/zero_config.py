"""GoldenMatch as it configures itself: `PYTHON -m bench.linkage.zero_config RECORDS.parquet CLUSTERS.parquet`.

In an interpreter that has goldenmatch and polars and nothing of this project. Writes record_key and cluster_key, prints
a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

import goldenmatch  # type: ignore[import-not-found]  # of another interpreter
import polars as pl

from bench.linkage.peak import peak_memory_bytes


def main(records_file: str, clusters_file: str) -> None:
    """Clusters the records; the key is no column that it sees."""
    records = pl.read_parquet(records_file)
    began = time.perf_counter()
    found = goldenmatch.dedupe_df(records.drop("record_key"))
    seconds = time.perf_counter() - began
    rows, clusters = [], []
    for name, cluster in found.clusters.items():
        rows += cluster["members"]
        clusters += [str(name)] * len(cluster["members"])
    keys = records["record_key"].gather(rows)
    pl.DataFrame({"record_key": keys, "cluster_key": clusters}).write_parquet(clusters_file)
    counts = {"clusters": len(found.clusters), "version": goldenmatch.__version__}
    print(json.dumps({"seconds": seconds, "peak_memory_bytes": peak_memory_bytes(), "counts": counts}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
