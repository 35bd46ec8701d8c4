"""Generated worlds that several tests look at, and how to read them."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import fastexcel
import polars as pl

from crm_pipeline.generator import Generated, Plan, generate

PLAN = Plan(4_000, 6, 11, chunk_customers=1_500)
DATES = [str(day) for day in PLAN.dates]
# Customers extracts: source, column of the key.
KEYS = {"crm": "客户编号", "shop": "userId", "finance": "BP_NO", "support": "编号"}


def make(folder: Path, plan: Plan, processes: int = 1) -> Generated:
    """The world of a plan in a folder."""
    return generate(folder, plan, processes=processes)


def digests(folder: Path) -> dict[str, str]:
    """Path below the folder to SHA-256, of every file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def csv_rows(file: Path, encoding: str, delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a CSV file, by Python's own reader; decoding is strict."""
    with file.open(encoding=encoding, newline="") as opened:
        return list(csv.DictReader(opened, delimiter=delimiter))


def json_rows(file: Path) -> list[dict[str, object]]:
    """Rows of a file of JSON Lines, by Python's own reader."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def sheet(file: Path, name: str) -> pl.DataFrame:
    """A sheet, its cells as they are."""
    return fastexcel.read_excel(file).load_sheet(name).to_polars()


def delivered(folder: Path, source: str, day: str) -> dict[str, dict[str, object]]:
    """Customers of a delivery by key, none where there is no file."""
    extracts = folder / "extracts" / source / day
    files = {"crm": "customers.csv", "shop": "users.jsonl", "finance": "partners.csv", "support": "support.xlsx"}
    file = extracts / files[source]
    if not file.exists():
        return {}
    rows: list[dict[str, object]]
    if source == "crm":
        rows = [dict(row) for row in csv_rows(file, "gb18030")]
    elif source == "shop":
        rows = json_rows(file)
    elif source == "finance":
        rows = [dict(row) for row in csv_rows(file, "utf-8-sig", ";")]
    else:
        rows = sheet(file, "客户").to_dicts()
    by_key = {str(row[KEYS[source]]): row for row in rows}
    assert len(by_key) == len(rows), f"{source} {day} has a key twice"
    return by_key
