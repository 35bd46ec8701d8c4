"""Tiny projects with CSV files, and what the warehouse holds after a run, for the tests of this folder.

Belongs here: building input and reading results. Does not belong here: any claim.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from crm_pipeline.settings import Project, load_project
from crm_pipeline.state.delivery import LINE, Batch, Delivery, Origin
from crm_pipeline.steps.run import Run, open_run
from crm_pipeline.tables import LOADS, REJECTIONS, Table, std

PRODUCTS = """\
version: 1
start_date: 2026-01-01
timezone: UTC
sources:
  erp:
    extracts:
      products:
        read: {file: "in/products_{date}.csv"}
        load: LOAD
        primary_key: id
        columns:
          product_code: code
          cost: cost
"""


def day(number: int) -> date:
    """The given day of January 2026."""
    return date(2026, 1, number)


def project_of(folder: Path, text: str) -> Project:
    """The project whose pipeline.yaml is `text`, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    return load_project(folder)


def deliver(project: Project, name: str, content: str) -> None:
    """Writes a delivered file, as a supplier would."""
    file = project.root / "in" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content, encoding="utf-8")


@contextlib.contextmanager
def running(project: Project) -> Iterator[Run]:
    """A run of the project."""
    with open_run(project, run_id="test") as run:
        yield run


def land(
    run: Run, number: int, columns: Sequence[str], rows: Sequence[Sequence[str]], *, source: str = "erp",
    extract: str = "products",
) -> Delivery:  # fmt: skip
    """The rows landed for that day of January 2026, each on a line of its own from 2 on."""
    values = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
    frame = pl.DataFrame(values, schema=dict.fromkeys(columns, pl.String())).with_columns(
        pl.int_range(2, len(rows) + 2, dtype=pl.Int64, eager=True).alias(LINE)
    )
    sha256 = hashlib.sha256(repr((columns, rows)).encode()).hexdigest()
    with run.landing.drafting(source, extract, day(number)) as draft:
        draft.add(Batch(frame))
        return run.landing.commit(
            draft,
            Origin("x.csv", sha256, 1, "utf-8"),
            source=source,
            extract=extract,
            business_date=day(number),
            run_id=run.run_id,
            now=datetime.now(UTC).replace(tzinfo=None),
        )


def content(run: Run, table: Table) -> pl.DataFrame:
    """The rows of a table by key, columns of run time apart."""
    columns, key = ", ".join(f'"{name}"' for name in table.stable_columns), ", ".join(table.key)
    return run.warehouse.frame(f"SELECT {columns} FROM {table.qualified} ORDER BY {key}")


def everything(run: Run, entity: str, extra: Sequence[str] = ()) -> dict[str, list[tuple[object, ...]]]:
    """Rows of std, loads and rejections, columns of run time apart."""
    return {table.name: content(run, table).rows() for table in (std(entity, extra), LOADS, REJECTIONS)}
