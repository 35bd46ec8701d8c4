"""Writes docs/tables.md from the contracts of the published tables; `make docs` calls it, a test compares."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from crm_pipeline import tables
from crm_pipeline.bundled import bundled
from crm_pipeline.tables import Table
from crm_pipeline.warehouse.models import PUBLISHED_SCHEMAS, load_models, model_tables

_HEAD = """# Published tables

The tables of `published/crm.duckdb`. Open it with any DuckDB client (`duckdb -readonly published/crm.duckdb`), or with
`crm-pipeline query`; `customers` and `crm.customers` mean the same. The file is replaced as a whole: reconnect to see a
new one.

This page is made from the contracts in `crm_pipeline/tables/` and the descriptions beside the SQL models. *Personal*
says whether a value leads to a person: directly, together with others, or not at all. Values of *run time* tell about
the run; all others are equal whenever the input is.
"""


def published_tables() -> list[Table]:
    """The contracts in the order of the documentation."""
    contracts = [
        tables.customers(),
        tables.customers_archive(),
        tables.CUSTOMER_RECORDS,
        tables.CUSTOMER_VALUES,
        tables.customer_history(),
        tables.CUSTOMER_IDS,
        tables.IDENTITY_EVENTS,
        tables.CUSTOMER_CONTACTS,
        tables.LOADS,
    ]
    models = model_tables(load_models(bundled("dbt_like_sql"))).values()
    return [*contracts, *(table for table in models if table.schema in PUBLISHED_SCHEMAS), tables.PUBLISHED]


def page(published: Iterable[Table]) -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *(_section(table) for table in published)])


def _section(table: Table) -> str:
    rows = [
        f"| {c.name}{' (run time)' if c.is_run_time else ''} | {c.type} | {_cell(c.description)} | {c.personal.value} "
        f"| {_cell(c.null) or 'never null'} |"
        for c in table.columns
    ]
    head = f"## {table.name}\n\nGrain: {table.grain}. Key: {', '.join(table.key)}.\n"
    return "\n".join([head, "| column | type | meaning | personal | null means |", "|---|---|---|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("tables.md")
    target.write_text(page(published_tables()), encoding="utf-8")
