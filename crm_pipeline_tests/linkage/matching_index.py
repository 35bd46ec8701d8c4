"""A matching index for tests, made as `linkage.candidates` prepares records and keys."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.records import RECORDS, prepare_records
from crm_pipeline.linkage.candidates.scratch import copy_frame, scratch_database
from crm_pipeline.linkage.model import POPULATIONS
from crm_pipeline.state.models import StoredModel
from crm_pipeline.warehouse import Warehouse


def write_index(warehouse: Warehouse, used: StoredModel, file: Path) -> Path:
    """The index of all current records by the stored model, as a DuckDB file."""
    with Warehouse.open(file, temporary=file.parent / "temporary") as index:
        for population in POPULATIONS:
            if population.name not in used.model["populations"]:
                continue
            by_name = {rule.name: rule for rule in population.blocking_rules}
            rules = [by_name[name] for name in used.model["populations"][population.name]["blocking_rules"]]
            left_out = used.left_out().filter(pl.col("population") == population.name).drop("population")
            with scratch_database(warehouse) as scratch:
                prepare_records(warehouse, scratch, population)
                blocking.make_keys(scratch, rules)
                blocking.leave_out(scratch, rules, left_out)
                for name, table in (("records", RECORDS), ("keys", blocking.KEYS)):
                    copy_frame(scratch.frame(f"SELECT * FROM {table}"), index, f"{population.name}_{name}")
        told = [used.version, used.sha256()]
        index.execute("CREATE TABLE basis AS SELECT ?::INTEGER AS model_version, ? AS model_sha256", told)
    return file


def add_identifiers(warehouse: Warehouse, file: Path) -> None:
    """Adds to the index the identifiers of the current records."""
    current = "FROM std.customers WHERE valid_to IS NULL"
    own = (f"SELECT '{name}', {name}, record_key {current}" for name in ("national_id", "organisation_id", "tax_id"))
    shared = f"SELECT id.namespace, id.value, record_key FROM (SELECT record_key, unnest(external_ids) AS id {current})"
    rows = warehouse.frame(f"SELECT * FROM ({' UNION '.join([shared, *own])}) AS t(namespace, value, record_key)")
    with Warehouse.open(file, temporary=file.parent / "temporary") as index:
        copy_frame(rows.filter(rows["value"].is_not_null()), index, "identifiers")
