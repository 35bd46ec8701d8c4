"""How right records are linked, on labelled sets: one table, no label seen by what links.

    python -m bench.linkage                                     the sets that come with the project
    python -m bench.linkage --data DIR                          all sets whose files are in DIR
    python -m bench.linkage --data DIR --sets febrl3,senzing --errors 5
    python -m bench.linkage --data DIR --beside --goldenmatch OTHER/bin/python

docs/benchmarks.md says where the sets come from. Belongs here: arguments, the order of work. Does not belong here:
measuring, printing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.linkage import tables
from bench.linkage.beside import by_goldenmatch, by_splink, export_records
from bench.linkage.errors import wrong
from bench.linkage.measuring import Figures, linked
from bench.linkage.project import Prepared, prepare, prepare_generated
from bench.linkage.sets import BY_NAME, FIXTURES, GENERATED, NAMES


def main(arguments: list[str] | None = None) -> int:
    """Measures the sets and prints their table; 0, or 1 when a set failed or a chosen one is not there."""
    options = _options(arguments)
    found: list[Figures] = []
    lacking = failed = 0
    if not options.json:
        tables.print_header()
    with tempfile.TemporaryDirectory(prefix="crm-bench-linkage-", dir=options.work) as work:
        for name in options.sets:
            if missing := [] if name == GENERATED else BY_NAME[name].missing(options.data):
                print(f"{name} is skipped: no {missing[0]}", file=sys.stderr)
                lacking += 1
                continue
            try:
                figures = _measured(name, Path(work) / name, options)
            except ChildProcessError as error:
                print(f"{name}: {error}", file=sys.stderr)
                failed += 1
                continue
            found += figures
            if not options.json:
                tables.print_rows(figures)
    (tables.print_json if options.json else tables.print_foot)(found)
    return 1 if failed or (lacking and options.has_chosen) else 0


def _measured(name: str, folder: Path, options: argparse.Namespace) -> list[Figures]:
    """The figures of one set: the project's own, then those of the tools beside."""
    print(f"{name} …", file=sys.stderr, flush=True)
    prepared = _prepared(name, folder, options)
    own, labelled = linked(prepared, options.threshold)
    found = [own]
    if options.errors:
        tables.print_errors(name, wrong(prepared.project, labelled, most=options.errors), to=sys.stderr)
    if options.beside or options.goldenmatch:
        found += _beside(prepared, options)
    return found


def _beside(prepared: Prepared, options: argparse.Namespace) -> list[Figures]:
    """The figures of the tools that were asked for; one that fails on a set is told and left out."""
    records = export_records(prepared)
    tools: list[Callable[[], Figures]] = []
    if options.beside:
        tools.append(lambda: by_splink(prepared, records))
    if options.goldenmatch:
        tools.append(lambda: by_goldenmatch(prepared, records, options.goldenmatch))
    found: list[Figures] = []
    for tool in tools:
        try:
            found.append(tool())
        except ChildProcessError as error:
            print(f"{prepared.name}: {error}", file=sys.stderr)
    return found


def _prepared(name: str, folder: Path, options: argparse.Namespace) -> Prepared:
    if name == GENERATED:
        return prepare_generated(options.generated, folder)
    return prepare(BY_NAME[name], options.data, folder)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m bench.linkage", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=FIXTURES, help="folder of the labelled sets")
    parser.add_argument("--sets", help=f"comma-separated; default all: {', '.join(NAMES)}")
    parser.add_argument("--generated", type=int, default=10_000, metavar="N", help="customers of the set `generated`")
    parser.add_argument("--work", type=Path, help="where to put the projects; default the temporary folder")
    parser.add_argument("--threshold", type=float, help="match probability from which on pairs are linked")
    parser.add_argument("--errors", type=int, default=0, metavar="N", help="N wrong pairs of each kind, to stderr")
    parser.add_argument("--beside", action="store_true", help="plain Splink on the same records")
    parser.add_argument("--goldenmatch", metavar="PYTHON", help="an interpreter that has goldenmatch and polars")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args(arguments)
    options.has_chosen = options.sets is not None
    options.sets = options.sets.split(",") if options.sets else list(NAMES)
    if unknown := [name for name in options.sets if name not in NAMES]:
        parser.error(f"unknown sets: {', '.join(unknown)}; known are {', '.join(NAMES)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
