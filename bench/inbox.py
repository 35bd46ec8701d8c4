"""How long a few changed records take from the inbox to the published tables, beside what is there already.

    python -m bench.inbox --customers 10000 --changed 1000

A generated project whose CRM drops its customers into an inbox: first all of them, then some with another mobile
number. Each run is a process of its own, as the UI starts one.

Belongs here: making the project and timing the job `inbox`. Does not belong here: the sensor that starts it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl
from rich.progress import track

from crm_pipeline.orchestration.execute import execute
from crm_pipeline.orchestration.jobs import INBOX, NIGHTLY
from crm_pipeline.publish import query
from crm_pipeline.settings import load_project
from crm_pipeline.steps.days import business_today

_DATED = '{file: "extracts/crm/{date}/customers.csv", encoding: gb18030}\n        load: full'
_DROPPED = '{file: "inbox/*.csv", inbox: true, settle_seconds: 0, encoding: gb18030}\n        load: incremental'
_KEY, _MOBILE = "客户编号", "手机"


def main() -> None:
    """Prints the seconds of each run, from its process's start to its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--changed", type=int, default=1_000)
    parser.add_argument("--job", choices=[INBOX, NIGHTLY])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.job:
        _execute(given.folder, given.job)
        return
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder) / "project", given.customers, given.changed)


def _measure(folder: Path, customers: int, changed: int) -> None:
    crm_pipeline = [sys.executable, "-c", "from crm_pipeline.cli import main; main()"]
    _run([*crm_pipeline, "demo", str(folder), "--customers", str(customers), "--days", "1", "--generate-only"])
    configuration = folder / "pipeline.yaml"
    text = configuration.read_text(encoding="utf-8")
    if _DATED not in text:
        sys.exit(f"{configuration}: expected the extract of customers to read {_DATED!r}")
    configuration.write_text(text.replace(_DATED, _DROPPED), encoding="utf-8")
    delivered = next(folder.glob("extracts/crm/*/customers.csv"))
    rows = pl.read_csv(delivered, encoding="gb18030", infer_schema=False)
    some = rows.unique(_KEY, keep="any", maintain_order=True).head(changed)
    other = pl.concat_str(pl.lit("138"), pl.int_range(some.height).cast(pl.String).str.zfill(8))
    seconds = {}
    steps = {
        "the other extracts": None,
        "all customers": rows,
        f"{changed:,} changed": some.with_columns(other.alias(_MOBILE)),
    }
    for name, dropped in track(steps.items(), "runs"):
        if dropped is not None:
            _drop(folder, dropped)
        began = time.perf_counter()
        _run(
            [
                sys.executable,
                "-m",
                "bench.inbox",
                "--folder",
                str(folder),
                "--job",
                NIGHTLY if dropped is None else INBOX,
            ]
        )
        seconds[name] = time.perf_counter() - began
    newest = "SELECT delivered_count, loaded_count FROM loads WHERE extract = 'customers' AND source = 'crm' "
    told = query(folder / "published/crm.duckdb", newest + "ORDER BY business_date DESC, sequence DESC LIMIT 1").rows()
    if told != [(changed, changed)]:
        sys.exit(f"{told}: not what was dropped")
    print("| run | seconds |\n|---|---:|")
    for name, value in seconds.items():
        print(f"| {name} | {value:.1f} |")


def _drop(folder: Path, rows: pl.DataFrame) -> None:
    inbox = folder / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / f"customers-{time.time_ns()}.csv").write_bytes(rows.write_csv().encode("gb18030"))


def _execute(folder: Path, job: str) -> None:
    project = load_project(folder)
    delivered = date.fromisoformat(next(folder.glob("extracts/crm/*")).name)
    execute(project, job, first=delivered if job == NIGHTLY else business_today(project))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode > 1:
        sys.exit(f"ended with {done.returncode}\n{done.stderr[-3000:]}")


if __name__ == "__main__":
    main()
