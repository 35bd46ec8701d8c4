"""The labels file of this example from the key that comes with the truth set: `python make_labels.py`."""

from __future__ import annotations

import csv
from pathlib import Path

FOLDER = Path(__file__).parent


def labels() -> list[tuple[str, str, str, str]]:
    """One row per record in the order of the key: source, extract, source_id, label."""
    with (FOLDER / "actual_truthset_key.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    return [(row["DATA_SOURCE"].lower(), "customers", row["RECORD_ID"], row["CLUSTER_ID"]) for row in rows]


if __name__ == "__main__":
    with (FOLDER / "labels.csv").open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("source", "extract", "source_id", "label"))
        writer.writerows(labels())
