"""Other tools on the same standardised records: plain Splink, and GoldenMatch as it configures itself.

Belongs here: one flat table of the records, starting the tools, their figures. Does not belong here: what a tool does
(`plain_splink`, `zero_config`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from bench.linkage.measuring import Figures, open_warehouse, printed, with_customers
from bench.linkage.project import Prepared
from crm_pipeline.linkage.evaluation import agreement

SPLINK_THRESHOLD = 0.95  # what Splink's tutorials take
_PLAIN = (
    "name", "given_name", "family_name", "organisation", "birth_date", "gender", "street", "postcode", "city",
    "province", "country", "website",
)  # fmt: skip
_IDENTIFIERS = ("national_id", "organisation_id", "tax_id")
_LEAST_FILLED = 0.01


def export_records(prepared: Prepared) -> Path:
    """A Parquet file of the records by key, all columns text: what an ordinary tool is given.

    Of several telephones and addresses of mail the first; each namespace of identifiers as a column `id_…`. Columns
    that fewer than one record in a hundred fills are left out.
    """
    plain = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in _PLAIN)
    own = ", ".join(f"{name} AS id_{name}" for name in _IDENTIFIERS)
    with open_warehouse(prepared.project) as warehouse:
        records = warehouse.frame(
            f"SELECT record_key, kind, {plain}, phones[1] AS phone, emails[1] AS email, {own} FROM std.customers "
            "WHERE valid_to IS NULL ORDER BY record_key"
        )
        ids = warehouse.frame(
            "SELECT record_key, id.namespace AS namespace, min(id.value) AS value FROM "
            "(SELECT record_key, unnest(external_ids) AS id FROM std.customers WHERE valid_to IS NULL) "
            "WHERE id.value <> '' GROUP BY ALL ORDER BY ALL"
        )
    if ids.height:
        wide = ids.with_columns(pl.format("id_{}", "namespace").alias("namespace")).pivot(
            "namespace", index="record_key"
        )
        records = records.join(wide, on="record_key", how="left", maintain_order="left")
    filled = [name for name in records.columns if records[name].count() >= max(2, records.height * _LEAST_FILLED)]
    file = prepared.project.root / "records.parquet"
    records.select(filled).write_parquet(file)
    return file


def by_splink(prepared: Prepared, records: Path) -> Figures:
    """The figures of plain Splink."""
    return _of_tool(
        prepared, records, "plain Splink", [sys.executable, "-m", "bench.linkage.plain_splink"], SPLINK_THRESHOLD
    )


def by_goldenmatch(prepared: Prepared, records: Path, python: str) -> Figures:
    """The figures of GoldenMatch without any configuration, in the interpreter that has it."""
    return _of_tool(prepared, records, "GoldenMatch, zero-config", [python, "-m", "bench.linkage.zero_config"], None)


def _of_tool(prepared: Prepared, records: Path, tool: str, command: list[str], threshold: float | None) -> Figures:
    clusters_file = prepared.project.root / "clusters_beside.parquet"
    told = printed([*command, str(records), str(clusters_file)], prepared.project.root)
    labelled = with_customers(prepared.labels, pl.read_parquet(clusters_file))
    return Figures(
        prepared.name,
        tool,
        agreement(labelled["label"], labelled["customer_id"]),
        told["seconds"],
        told["peak_memory_bytes"],
        threshold,
        counts=told.get("counts"),
    )
