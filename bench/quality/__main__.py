"""How right the standardisers are on values whose truth is known: one table.

    python -m bench.quality --data DIR

`DIR` holds the labelled sets by folder (`value_truth`, `goldenmatch_cleaning`); docs/benchmarks.md says where they come
from. Belongs here: printing. Does not belong here: measuring (one module per type of value).
"""

from __future__ import annotations

import argparse
import importlib
import platform
from importlib.metadata import version
from pathlib import Path

from rich.progress import track

from bench.quality.figures import Figure
from crm_pipeline.standardise import LIBRARIES

_TYPES = (
    "phones", "emails", "dates", "addresses", "organisation_names", "person_names", "identifiers", "cleaning",
)  # fmt: skip


def main() -> None:
    """Prints each figure with its target, and the versions of what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled sets")
    parser.add_argument("--only", choices=_TYPES, action="append", help="types of value to measure; by default all")
    given = parser.parse_args()
    figures: list[Figure] = []
    for name in track(given.only or _TYPES, "measuring"):
        figures += importlib.import_module(f"bench.quality.{name}").measure(given.data)
    print("| what | right | of | share | target | |\n|---|---:|---:|---:|---:|---|")
    for figure in figures:
        target = f"{figure.target:.3g}" if figure.target is not None else ""
        missed = " **missed**" if figure.target is not None and figure.share < figure.target else ""
        counts = f"{figure.correct:g} | {figure.total:g}" if figure.total != 1 else " | "
        print(f"| {figure.name} | {counts} | {figure.share:.3f} | {target}{missed} | {figure.note} |")
    versions = ", ".join(f"{name} {version(name)}" for name in ("polars", *LIBRARIES))
    print(f"\nPython {platform.python_version()}, {versions}")


if __name__ == "__main__":
    main()
