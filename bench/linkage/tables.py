"""The figures as a Markdown table that can be put into docs/benchmarks.md as it is, and wrong pairs as text.

Belongs here: printing. Does not belong here: measuring.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import TextIO

from bench.linkage.errors import KINDS, Wrong
from bench.linkage.measuring import Figures

_PACKAGES = ("splink", "duckdb", "polars")
_COLUMNS = (
    "set", "by", "records", "true pairs", "threshold", "precision", "recall", "F1", "B-cubed F1", "best F1",
    "at weight", "seconds", "memory, GiB",
)  # fmt: skip
_LEFT = 2  # columns of words
_WIDTH = 44  # of a value in a wrong pair


def print_header() -> None:
    """The head of the table."""
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * _LEFT}{'---:|' * (len(_COLUMNS) - _LEFT)}", flush=True)


def print_rows(found: Sequence[Figures]) -> None:
    """One row each."""
    for figures in found:
        print(f"| {' | '.join(_cells(figures))} |", flush=True)


def print_foot(found: Sequence[Figures]) -> None:
    """What the rows do not tell: records held back, versions."""
    held = [f"{each.name} {each.held_back:,}" for each in found if each.held_back]
    if held:
        print(f"\nRecords held back in quarantine, counted as alone: {', '.join(held)}")
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    print(f"\nPython {platform.python_version()}, {packages}")


def print_json(found: Sequence[Figures]) -> None:
    """All figures."""
    print(json.dumps([figures.as_dict() for figures in found], indent=2))


def _cells(figures: Figures) -> list[str]:
    told = figures.agreement
    return [
        figures.name,
        figures.tool,
        f"{told.records:,}",
        f"{told.true_pairs:,}",
        _number(figures.threshold, "g"),
        *(_number(value) for value in (told.precision, told.recall, told.f1, told.b_cubed_f1, figures.best_f1)),
        _number(figures.best_weight, ".1f"),
        f"{figures.seconds:.1f}",
        f"{figures.peak_memory_bytes / 2**30:.2f}",
    ]


def _number(value: float | None, form: str = ".3f") -> str:
    return "" if value is None else format(value, form)


def print_errors(name: str, found: Wrong, to: TextIO) -> None:
    """Counts of wrong pairs by kind, and each chosen pair with its columns side by side; ≠ marks what differs."""
    print(f"\n## {name}: " + ", ".join(f"{kind} {found.counts[kind]:,}" for kind in KINDS), file=to)
    for pair in found.chosen:
        weight = "" if pair.match_weight is None else f", weight {pair.match_weight:.2f}"
        rule = "" if pair.rule is None else f", found by {pair.rule}"
        print(f"\n{pair.kind}{weight}{rule}: {' and '.join(pair.record_keys)}", file=to)
        left, right = pair.records
        for column in left:
            values = _shown(left[column]), _shown(right[column])
            mark = "  " if values[0] == values[1] else "≠ "
            print(f"  {mark}{column:<16}{values[0]:<{_WIDTH}}  {values[1]}", file=to)


def _shown(value: object) -> str:
    if value is None or value == []:
        return "–"
    if isinstance(value, list):
        parts = [f"{part['namespace']}:{part['value']}" if isinstance(part, dict) else str(part) for part in value]
        return ", ".join(parts)
    return str(value)
