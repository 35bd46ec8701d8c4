"""Seconds and memory of `crm-pipeline evaluate` where a million records or more have a label.

    python -m bench.evaluation                       1,000,000 customers of the generator, a label for each record
    python -m bench.evaluation --customers 100000    fewer

The labels are those of `crm-pipeline demo --generate-only`. The published tables are made up beside them, in the form
of a run: customers are the labels with mistakes, 2 in 100 records apart and 1 in 100 with a stranger; each link is a
pair scored at random, and as many pairs again wait for review; each record has the keys of eight blocking rules. So
the command is measured without a run of the whole chain; its quality figures mean nothing here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.tables import machine
from crm_pipeline.settings import load_project
from crm_pipeline.tables import CONFLICTS, CUSTOMER_RECORDS, PAIRS
from crm_pipeline.warehouse import Warehouse

_COMMAND = (sys.executable, "-c", "from crm_pipeline.cli import main; main()")
_RULES = 8

# Mistakes follow from hash(): equal calls of one version of DuckDB make equal tables.
_RECORDS = """
    CREATE TABLE records AS
    SELECT source, extract, source_id, source || '/' || extract || '/' || source_id AS record_key, label, CASE
        WHEN hash(source_id, 1) % 100 < 2 THEN 'C' || source || source_id
        WHEN hash(source_id, 2) % 100 < 1 THEN 'C' || coalesce(lag(label) OVER (ORDER BY label), label)
        ELSE 'C' || label END AS customer_id
    FROM read_csv('{labels}', all_varchar = true)
"""
_CUSTOMER_RECORDS = "SELECT source, extract, source_id, customer_id, NULL::DATE AS deleted_on FROM records"
_PAIRS = """
    WITH neighbours AS (
        SELECT record_key, lag(record_key) OVER (PARTITION BY customer_id ORDER BY record_key) AS linked,
               lag(record_key) OVER (ORDER BY hash(label), record_key) AS other
        FROM records
    ), scored AS (
        SELECT linked AS l, record_key AS r, 0.95 + hash(record_key) % 1000 / 20001 AS p, 'link' AS verdict
        FROM neighbours WHERE linked IS NOT NULL
        UNION ALL
        SELECT least(other, record_key), greatest(other, record_key), 0.6 + hash(record_key) % 1000 / 2858, 'review'
        FROM neighbours WHERE other IS NOT NULL AND other IS DISTINCT FROM linked
    )
    SELECT l AS record_key_l, r AS record_key_r, 'model' AS matched_by, 'email' AS rule,
           log2(p / (1 - p)) AS match_weight, p AS match_probability, verdict
    FROM scored QUALIFY row_number() OVER (PARTITION BY l, r ORDER BY verdict) = 1
"""
_CONFLICTS = "SELECT *, '' AS blocked_by FROM pairs WHERE false"
_KEYS = f"""
    SELECT rule::INTEGER AS rule,
           CASE WHEN hash(record_key, rule) % 3 = 0 THEN record_key ELSE label END AS key, record_key
    FROM records, range({_RULES}) AS rules(rule) ORDER BY rule, key, record_key
"""


def main() -> int:
    """Prints one row of figures."""
    parser = argparse.ArgumentParser("python -m bench.evaluation", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, help="where to put the project; default the temporary folder")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="crm-bench-", dir=options.work))
    try:
        project = work / "project"
        _said("demo", str(project), "--customers", str(options.customers), "--generate-only", "--json")
        pairs = _publish(project)
        told, seconds, peak = _evaluated(project)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    figures = (
        f"{told['records']['found']:,}",
        f"{pairs:,}",
        f"{told['wrong_pairs']:,}",
        str(len(told["by_threshold"])),
        f"{seconds:.1f}",
        f"{peak / 2**30:.2f}",
    )
    print(f"{machine()}\n")
    print("| labels | pairs stored | wrong pairs | thresholds | seconds | peak memory, GiB |")
    print("|---:|---:|---:|---:|---:|---:|")
    print(f"| {' | '.join(figures)} |")
    return 0


def _evaluated(project: Path) -> tuple[dict[str, Any], float, int]:
    """What the command says, its seconds from start to end, and the bytes of memory it had at most."""
    printed = project / "evaluation.json"
    begin = time.perf_counter()
    with printed.open("wb") as output:
        started = subprocess.Popen(
            [*_COMMAND, "evaluate", str(project / "truth.csv"), "--project", str(project), "--json"], stdout=output
        )
        _, status, used = os.wait4(started.pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        sys.exit(f"evaluate ended with {os.waitstatus_to_exitcode(status)}")
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return json.loads(printed.read_text(encoding="utf-8")), seconds, peak


def _publish(folder: Path) -> int:
    """Pairs stored; the three published files of the project in `folder` are then made up from its labels."""
    project = load_project(folder)
    project.published_file.parent.mkdir(exist_ok=True)
    temporary = folder / "temporary"
    with Warehouse.open(folder / "made.duckdb", temporary=temporary) as made:
        made.execute(_RECORDS.format(labels=folder / "truth.csv"))
        made.execute(f"CREATE TABLE pairs AS {_PAIRS}")
        made.execute(f"CREATE TABLE keys AS {_KEYS}")
        for file, tables in (
            (project.published_file, {CUSTOMER_RECORDS.name: _CUSTOMER_RECORDS}),
            (project.steward_file, {PAIRS.name: "FROM pairs", CONFLICTS.name: _CONFLICTS}),
            (project.matching_file, {"people_keys": "FROM keys", "people_records": "SELECT record_key FROM records"}),
        ):
            made.execute(f"ATTACH '{file}' AS target")
            for name, select in tables.items():
                made.execute(f"CREATE TABLE target.{name} AS {select}")
            made.execute("DETACH target")
        return int(made.value("SELECT count(*) FROM pairs"))


def _said(*arguments: str) -> str:
    """What the command printed; a failure ends the process with words."""
    done = subprocess.run([*_COMMAND, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}\n{done.stderr[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
