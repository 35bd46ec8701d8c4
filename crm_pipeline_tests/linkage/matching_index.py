"""The published index of records and keys, made from a warehouse by the functions of a run."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from crm_pipeline.linkage.candidates import blocking
from crm_pipeline.linkage.candidates.records import RECORDS, prepare_records
from crm_pipeline.linkage.candidates.scratch import scratch_database
from crm_pipeline.linkage.model import POPULATIONS
from crm_pipeline.state.models import StoredModel
from crm_pipeline.warehouse import Warehouse

_IDENTIFIERS = """
    SELECT id.namespace AS namespace, id.value AS value, record_key
    FROM (SELECT record_key, unnest(external_ids) AS id FROM std.customers WHERE valid_to IS NULL)
    UNION SELECT 'national_id', national_id, record_key FROM std.customers WHERE valid_to IS NULL
    UNION SELECT 'organisation_id', organisation_id, record_key FROM std.customers WHERE valid_to IS NULL
    UNION SELECT 'tax_id', tax_id, record_key FROM std.customers WHERE valid_to IS NULL
"""


def write_index(warehouse: Warehouse, used: StoredModel, file: Path) -> None:
    """Writes the index of the current records of `std.customers` under a model."""
    tables = {"state": pl.DataFrame({"model_version": [used.version]})}
    tables["identifiers"] = warehouse.frame(
        f"SELECT * FROM ({_IDENTIFIERS}) WHERE trim(value) <> '' ORDER BY namespace, value, record_key"
    )
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
            tables[f"{population.name}_records"] = scratch.frame(f"FROM {RECORDS} ORDER BY record_key")
            tables[f"{population.name}_keys"] = scratch.frame(
                f"SELECT rule::INTEGER AS rule, key, record_key FROM {blocking.KEYS} ORDER BY ALL"
            )
    file.parent.mkdir(exist_ok=True)
    with Warehouse.open(file, temporary=file.parent / "temporary") as made:
        for name, rows in tables.items():
            with made.registered("_rows", rows):
                made.execute(f"CREATE OR REPLACE TABLE main.{name} AS FROM _rows")
