"""Figures as Markdown tables, so that a run's output can be put into docs/benchmarks.md as it is."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version

import psutil

from bench.chain import Chain
from bench.compare import Bare

_PACKAGES = ("crm_pipeline", "dagster", "duckdb", "polars", "splink", "great-expectations", "pyarrow")
_QUALITY = ("precision", "recall", "f1", "b_cubed_f1")
_LAYERS = {
    "landing": "landing",
    "std": "standardise and validate",
    "link": "link",
    "golden": "golden records",
    "gold": "gold tables and their checks",
    "mart": "marts",
    "ops": "quarantine",
    "published": "publish",
    "backup": "back up",
}


def machine() -> str:
    """One paragraph: cores, memory, versions."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}; {packages}"


def print_size(chain: Chain, bare: Bare) -> None:
    """The steps of one size, the chain's above bare Splink's."""
    print(f"\n## {chain.customers:,} customers: {chain.records:,} records became {chain.golden:,} golden customers\n")
    print("| step | seconds | peak memory, GiB |\n|---|---:|---:|")
    for layer, words in _LAYERS.items():
        steps = [step for step in chain.steps if step.step.split(".")[0] == layer]
        if steps:
            _row(words, sum(s.seconds for s in steps), max(s.peak_memory_bytes for s in steps))
    known = sum(step.seconds for step in chain.steps)
    _row("between steps: Dagster's events and storage, opening and closing", chain.run_seconds - known, None)
    _row("**the chain, after start-up**", chain.run_seconds, chain.peak_memory_bytes)
    _row("`crm-pipeline` as a whole", chain.process_seconds, None)
    print(f"\nBare Splink: {bare.records:,} records, {bare.pairs:,} pairs, {bare.clusters:,} clusters\n")
    print("| step | seconds | peak memory, GiB |\n|---|---:|---:|")
    for step, seconds in bare.seconds.items():
        _row(step, seconds, None)
    _row("**bare Splink**", bare.total_seconds, bare.peak_memory_bytes)


def print_summary(results: Sequence[tuple[Chain, Bare]]) -> None:
    """One row per size, and which of them ended with findings."""
    print("\n## Summary\n")
    columns = ("customers", "generate, s", "chain, s", "chain, GiB", "bare Splink, s", "ratio", *_QUALITY)
    print(f"| {' | '.join(columns)} |\n|{'---:|' * len(columns)}")
    for chain, bare in results:
        quality = chain.quality
        cells = [
            f"{chain.customers:,}",
            f"{chain.generate_seconds:.1f}",
            f"{chain.run_seconds:.1f}",
            f"{chain.peak_memory_bytes / 2**30:.2f}",
            f"{bare.total_seconds:.1f}",
            f"{chain.run_seconds / bare.total_seconds:.1f}",
            *(f"{quality[name]:.3f}" for name in _QUALITY),
        ]
        print(f"| {' | '.join(cells)} |")
    found = [f"{chain.customers:,}" for chain, _ in results if chain.has_findings]
    if found:
        print(f"\nChains that ended with findings (exit code 1), by customers: {'; '.join(found)}")


def _row(words: str, seconds: float, memory_bytes: int | None) -> None:
    memory = "" if memory_bytes is None else f"{memory_bytes / 2**30:.2f}"
    print(f"| {words} | {seconds:.1f} | {memory} |")
