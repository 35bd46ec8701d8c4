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
        index.execute("CREATE TABLE state AS SELECT ?::INTEGER AS model_version", [used.version])
    return file
