"""How long it takes to land a CSV and to find its changed rows, beside how long Polars takes to read and write it.

    python -m bench.deliveries --rows 1000000

Belongs here: making two deliveries that differ in one row of a hundred, and timing all in one run. Each phase is a
process of its own, so that its peak memory is its own. Does not belong here: the whole chain (`chain`).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from crm_pipeline.settings import Extract, Project, load_project
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.state.delivery import Delivery
from crm_pipeline.steps.applying import versions
from crm_pipeline.steps.applying.delivery import surplus_lines
from crm_pipeline.steps.landing.land import asked, land_extract
from crm_pipeline.steps.run import Run, open_run
from crm_pipeline.tables import std

_FIRST, _SECOND = date(2026, 1, 1), date(2026, 1, 2)
_CHANGED_OF = 100  # one row of so many
_CHUNK_ROWS = 250_000
_PIPELINE = """\
version: 1
start_date: 2026-01-01
timezone: UTC
memory_limit: 3GB
sources:
  crm:
    extracts:
      customers:
        read: {file: "in/c_{date}.csv"}
        primary_key: id
        updated_at: updated
        columns: {name: name, phones: [mobile, landline], emails: [email], city: city, address: address, status: status}
"""


def main() -> None:
    """Prints the figures as a table and as JSON, the ratio last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--phase", choices=["make", "land", "read", "fill", "detect"])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.phase:
        print(json.dumps(_phase(given.phase, given.folder, given.rows)))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = {phase: _apart(phase, Path(folder), given.rows) for phase in ("make", "land", "read", "fill", "detect")}
    _print(given.rows, found)


def _apart(phase: str, folder: Path, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.deliveries", "--phase", phase, "--folder", str(folder)]
    done = subprocess.run([*command, "--rows", str(rows)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{phase} ended with {done.returncode}\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _phase(phase: str, folder: Path, rows: int) -> dict[str, float]:
    if phase == "make":
        return _timed({"made": lambda: _make(folder, rows)})
    project = load_project(folder)
    steps: dict[str, Callable[[Project], dict[str, float]]] = {
        "land": _land, "read": _read, "fill": _fill, "detect": _detect
    }  # fmt: skip
    found = steps[phase](project)
    return {**found, "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def _make(folder: Path, rows: int) -> None:
    """Two files; in the second one row of a hundred has another phone and time."""
    (folder / "in").mkdir(parents=True)
    (folder / "pipeline.yaml").write_text(_PIPELINE, encoding="utf-8")
    n = pl.int_range(rows, dtype=pl.Int64)
    text = n.cast(pl.String)
    frame = (
        pl.select(n.alias("n"))
        .lazy()
        .select(
            id=text.str.zfill(9),
            name=_joined("客户", n),
            mobile=_joined("138", text.str.zfill(8)),
            landline=_joined("0215838", (n % 10_000).cast(pl.String).str.zfill(4)),
            email=_joined("c", n, "@example.com"),
            city=_joined("城市", n % 300),
            address=_joined("中山路", n * 7 % 9_999, "号"),
            status=pl.lit("active"),
            updated=_joined("2026-01-01 ", (n % 24).cast(pl.String).str.zfill(2), ":00:00"),
        )
    )
    is_changed = pl.int_range(pl.len()) % _CHANGED_OF == 0
    changed = frame.with_columns(
        pl.when(is_changed).then("139" + pl.col("id").str.slice(1)).otherwise("mobile").alias("mobile"),
        pl.when(is_changed).then(pl.lit("2026-01-02 08:00:00")).otherwise("updated").alias("updated"),
    )
    for day, content in ((_FIRST, frame), (_SECOND, changed)):
        content.sink_csv(folder / "in" / f"c_{day}.csv")


def _joined(*parts: str | pl.Expr) -> pl.Expr:
    return pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])


def _land(project: Project) -> dict[str, float]:
    """The first delivery landed, and Polars reading and writing its file; the second one for what follows."""
    file, out = project.root / "in" / f"c_{_FIRST}.csv", project.root / "polars.parquet"
    with open_run(project, run_id="bench") as run:

        def land(day: date) -> None:
            land_extract(run, "crm", "customers", [day])

        found = _timed(
            {
                "Polars reading and writing Parquet": lambda: _copy(file, out),
                "landing": lambda: land(_FIRST),
                "Polars once more": lambda: _copy(file, out),
            }
        )
        land(_SECOND)
    return found


def _copy(file: Path, out: Path) -> None:
    pl.read_csv(file, infer_schema=False).write_parquet(out, compression="zstd")


def _read(project: Project) -> dict[str, float]:
    """The second delivery read as landing reads it, and by Polars alone."""
    extract = project.config.sources["crm"].extracts["customers"]
    file = project.root / "in" / f"c_{_SECOND}.csv"

    def ours() -> None:
        with open_delivery(extract.read, asked(project, "crm", "customers", _SECOND)) as reading:
            for _ in reading.batches:
                pass

    return _timed({"reading": ours, "polars": lambda: pl.read_csv(file, infer_schema=False)})


def _fill(project: Project) -> dict[str, float]:
    """Std as it is after the first delivery: keys and hashes; values are of no matter here."""
    extract = project.config.sources["crm"].extracts["customers"]
    with open_run(project, run_id="bench") as run:
        table = std("customers", project.config.extras("customers"))
        run.warehouse.ensure(table)
        first = run.landing.deliveries("crm", "customers")[0]
        with versions.examined(run.warehouse, first, extract):
            run.warehouse.execute(
                f"""
                INSERT INTO {table.qualified}
                    (record_key, source, extract, source_id, valid_from, sequence, line, row_hash)
                SELECT 'crm/customers/' || source_id, 'crm', 'customers', source_id, DATE '{_FIRST}', 1, line, row_hash
                FROM _rows
                """
            )
    return {}


def _detect(project: Project) -> dict[str, float]:
    extract = project.config.sources["crm"].extracts["customers"]
    with open_run(project, run_id="bench") as run:
        second = run.landing.deliveries("crm", "customers")[1]
        return _detected(run, extract, second)


def _detected(run: Run, extract: Extract, delivery: Delivery) -> dict[str, float]:
    table, began = std("customers", run.project.config.extras("customers")), time.perf_counter()
    found: dict[str, float] = {}

    def lap(name: str) -> None:
        nonlocal began
        found[name], began = time.perf_counter() - began, time.perf_counter()

    with versions.examined(run.warehouse, delivery, extract):
        lap("examined")
        repeated = versions.repeated_keys(run.warehouse)
        versions.mark_surplus(run.warehouse, surplus_lines(repeated, extract, run.project.config.timezone))
        lap("mark_surplus")
        candidates, changed = versions.find_changed(run.warehouse, table, delivery)
        lap("find_changed")
        rows = sum(chunk.height for chunk in versions.changed_rows(run.warehouse, delivery, _CHUNK_ROWS))
        lap("changed_rows")
    if rows != changed or changed != -(-candidates // _CHANGED_OF):
        sys.exit(f"{changed:,} changed of {candidates:,}, {rows:,} given: not what was made")
    return found


def _timed(what: dict[str, Callable[[], object]]) -> dict[str, float]:
    found = {}
    for name, call in what.items():
        began = time.perf_counter()
        call()
        found[name] = time.perf_counter() - began
    return found


def _print(rows: int, found: dict[str, dict[str, float]]) -> None:
    detection = {name: seconds for name, seconds in found["detect"].items() if name != "peak_gib"}
    total = sum(detection.values())
    print(f"{rows:,} rows, one in {_CHANGED_OF} changed; Polars {pl.__version__}, DuckDB {duckdb.__version__}")
    print("| what | seconds |\n|---|---:|")
    told = {**found["read"], **found["land"], **detection, "change detection": total}
    for name, seconds in told.items():
        if name != "peak_gib":
            print(f"| {name} | {seconds:.2f} |")
    print(f"peak memory of the detection: {found['detect']['peak_gib']:.2f} GiB")
    landing = found["land"]
    alone = min(landing["Polars reading and writing Parquet"], landing["Polars once more"])
    print(f"Polars / landing: {alone / landing['landing']:.2f}")
    print(f"change detection / reading: {total / found['read']['reading']:.2f}")
    print(
        json.dumps({"rows": rows, **told, **{f"{k}_peak_gib": v["peak_gib"] for k, v in found.items() if k != "make"}})
    )


if __name__ == "__main__":
    main()
