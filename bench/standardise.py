"""How fast values are standardised and judged, beside the naive way: each library called row by row.

    python -m bench.standardise --rows 1000000

The rows are a generated company's customers as its systems deliver them, repeated with other keys until there are
enough. Belongs here: timing in one run on the same rows. Does not belong here: whether values are right
(`bench.quality`).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import email_validator
import phonenumbers
import polars as pl
from rich.progress import track

from crm_pipeline import quality, standardise
from crm_pipeline.bundled import bundled
from crm_pipeline.settings import load_project
from crm_pipeline.sources.mapping import map_rows
from crm_pipeline.sources.opening import open_delivery
from crm_pipeline.standardise.contact_points import emails, phones
from crm_pipeline.steps.landing.land import asked

_CUSTOMERS = 20_000  # generated; about 2.1 records of each
_NAIVE_ROWS = 50_000  # the naive way is timed on so many, and told for as many as the others
_CHUNK_ROWS = 250_000  # as the pipeline's
_RULES = 25


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows, day = _rows(Path(folder) / "project", given.rows)
    chunks = [rows.slice(start, _CHUNK_ROWS) for start in range(0, rows.height, _CHUNK_ROWS)]
    context = standardise.Context("CN", "Asia/Shanghai", day)
    done = []

    def whole() -> None:
        for chunk in track(chunks, "standardising"):
            done.append(standardise.standardise("customers", chunk, context).frame)

    seconds = {"customers, all columns": _timed(whole)}
    numbers = rows["phones"].explode().drop_nulls()
    addresses = rows["emails"].explode().drop_nulls()
    naive = _NAIVE_ROWS / max(numbers.len(), 1)
    seconds["phones"] = _timed(lambda: phones.read(numbers, "CN"))
    seconds["phones, phonenumbers row by row"] = _timed(lambda: _naive_phones(numbers.head(_NAIVE_ROWS))) / naive
    seconds["e-mails"] = _timed(lambda: emails.read(addresses))
    part = _NAIVE_ROWS / max(addresses.len(), 1)
    seconds["e-mails, email-validator row by row"] = _timed(lambda: _naive_emails(addresses.head(_NAIVE_ROWS))) / part
    seconds |= _judged(pl.concat(done), day)
    different = rows.drop("_line").n_unique()  # the others are told once for all, which real customers are not
    print(f"{rows.height:,} customer records, {different:,} of them different")
    print(f"{numbers.len():,} phone cells, {addresses.len():,} e-mail cells")
    print("| what | seconds |\n|---|---:|")
    for name, value in seconds.items():
        print(f"| {name} | {value:.2f} |")
    print(f"\npolars {version('polars')}, phonenumbers {version('phonenumbers')}, {pl.thread_pool_size()} threads")


def _rows(folder: Path, count: int) -> tuple[pl.DataFrame, date]:
    """Mapped rows of all extracts of customers of a generated project, and the day of their delivery."""
    made = [sys.executable, "-c", "from crm_pipeline.cli import main; main()", "demo", str(folder), "--generate-only"]
    subprocess.run([*made, "--customers", str(_CUSTOMERS), "--days", "1"], check=True, capture_output=True)
    project = load_project(folder)
    day = project.config.start_date
    parts = []
    for source, name, extract in project.config.extracts:
        if extract.entity != "customers":
            continue
        with open_delivery(extract.read, asked(project, source, name, day)) as reading:
            delivered = pl.concat([batch.rows for batch in reading.batches])
        parts.append(map_rows(delivered, extract, source=source).drop("_line"))
    once = pl.concat(parts, how="diagonal")
    return pl.concat([once] * (count // once.height + 1)).head(count).with_row_index("_line"), day


def _judged(frame: pl.DataFrame, day: date) -> dict[str, float]:
    """Accepting and rejecting by rules of std.customers, repeated up to `_RULES`, and Great Expectations on all."""
    shipped = quality.load_suite("std.customers", bundled("expectations")).split_by_row()[0].rules
    rules = [replace(shipped[n % len(shipped)], rule_id=f"{n}") for n in range(_RULES)]
    suite = quality.Suite("std.customers", tuple(rules))
    line = pl.col("_line").cast(pl.String).alias("source_id")
    judged = frame.with_columns(pl.lit(day).alias("business_date"), line)
    found: list[quality.Judgement] = []

    def ours() -> None:
        found.append(quality.judge(judged, suite))
        quality.accept(judged, found[0].failures)

    quality.load_expectations()
    return {
        f"accept or reject, {len(suite.rules)} rules": _timed(ours),
        "the same rules by Great Expectations": _timed(lambda: quality.validate(judged, suite)),
    }


def _naive_phones(numbers: pl.Series) -> list[str | None]:
    found: list[str | None] = []
    for text in numbers:
        try:
            number = phonenumbers.parse(text, "CN")
        except phonenumbers.NumberParseException:
            found.append(None)
            continue
        valid = phonenumbers.is_valid_number(number)
        found.append(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else None)
    return found


def _naive_emails(addresses: pl.Series) -> list[str | None]:
    found: list[str | None] = []
    for text in addresses:
        try:
            found.append(email_validator.validate_email(text, check_deliverability=False).normalized)
        except email_validator.EmailNotValidError:
            found.append(None)
    return found


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
