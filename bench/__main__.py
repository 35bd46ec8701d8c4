"""One command: the chain at several sizes, beside bare Splink in the same run, as tables with versions.

    python -m bench                                  10,000, 100,000 and 1,000,000 customers; about ten minutes
    python -m bench --customers 10000                one size

Each size is a generated project, run to its end by the command that users type, in a process of its own; then Splink
alone, in a process of its own, on the records that the chain compared and with the model it used. It ends with 1 when
a check of any chain did not pass, which the summary says, or when a step failed, which ends the whole at once.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from bench.chain import Chain, run_chain
from bench.compare import Bare, compare_with_bare_splink
from bench.tables import machine, print_size, print_summary

DEFAULT_SIZES = (10_000, 100_000, 1_000_000)


def main() -> int:
    """Runs all sizes; 0 when every check of each chain passed, otherwise 1."""
    options = _options()
    work = Path(tempfile.mkdtemp(prefix="crm-bench-", dir=options.work))
    print(machine(), flush=True)
    results: list[tuple[Chain, Bare]] = []
    try:
        for customers in options.customers:
            folder = work / str(customers)
            chain = run_chain(folder, customers=customers, days=options.days, seed=options.seed)
            bare = compare_with_bare_splink(folder, work)
            results.append((chain, bare))
            print_size(chain, bare)
            if not options.keep:
                shutil.rmtree(folder)
        print_summary(results)
        if options.json:
            options.json.write_text(json.dumps([c.as_dict() | b.as_dict() for c, b in results], indent=2) + "\n")
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)
    return 1 if any(chain.has_findings for chain, _ in results) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--customers", type=int, nargs="+", default=DEFAULT_SIZES, help="customers to generate")
    parser.add_argument("--days", type=int, default=1, help="business days to generate and land in one run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="where to put the projects; default the temporary folder")
    parser.add_argument("--keep", action="store_true", help="leave the projects there")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
