"""The records as the model compares them: folded, with the columns that a project really has.

Belongs here: preparing the records of a population, and deciding which columns are worth it. Does not belong here: how
columns are made and compared (`model`), or which records are (`blocking`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from crm_pipeline.linkage.candidates.scratch import copy_frame
from crm_pipeline.linkage.model import POPULATIONS, Population
from crm_pipeline.warehouse import Warehouse

# Raised whenever the preparation, the comparisons or the blocking rules change: stored models of another version are
# not used, because they would not score a pair as they did.
PREPARATION_VERSION = 6

RECORDS = "linkage_records"
_WANTED, _PREPARED = "_wanted_records", "linkage_prepared"

# A column takes part when at least this share of the records has it. Below, it can decide too few pairs to be trained.
SMALLEST_SHARE = 0.01
# A column of the present model stays until its share falls below this, lest models alternate from night to night.
SMALLEST_SHARE_KEPT = 0.005


@dataclass(frozen=True, slots=True)
class Usable:
    """What of a population can be compared.

    Attributes:
        population: whose records they are.
        columns: those worth comparing, in the population's order.
        record_count: comparable records.
    """

    population: Population
    columns: tuple[str, ...]
    record_count: int


@contextlib.contextmanager
def prepared_once(warehouse: Warehouse) -> Iterator[None]:
    """Within it the columns of all comparable records are computed once, into temporary tables that all below reads.

    `std.customers` must not change within it.
    """
    try:
        for population in POPULATIONS:
            warehouse.execute(f"CREATE TEMP TABLE {_PREPARED}_{population.name} AS FROM ({_select(population)})")
        yield
    finally:
        for population in POPULATIONS:
            warehouse.execute(f"DROP TABLE IF EXISTS {_PREPARED}_{population.name}")


def usable(warehouse: Warehouse, population: Population, kept: Sequence[str] = ()) -> Usable | None:
    """The columns worth comparing: filled often enough, with more than one distinct value; None for nothing to compare.

    There is nothing to compare among fewer than two records, where none of the names is worth it, and where no blocking
    rule would find a pair.

    Args:
        warehouse: where `std.customers` is.
        population: whose records they are.
        kept: columns of the present model; for them the lower share counts.
    """
    counts = ", ".join(f"count({name}), min({name}) IS DISTINCT FROM max({name})" for name in population.columns)
    [(total, *found)] = warehouse.execute(f"SELECT count(*), {counts} FROM ({select_prepared(warehouse, population)})")
    filled, varied = found[0::2], found[1::2]
    worth = {
        name
        for name, rows, is_varied in zip(population.columns, filled, varied, strict=True)
        if (rows > 0 if name in kept else is_varied)
        and rows >= total * (SMALLEST_SHARE_KEPT if name in kept else SMALLEST_SHARE)
    }
    if total < 2 or not worth & set(population.names):
        return None
    worth |= {name for name, (source, _) in population.spelt.items() if source in worth}
    columns = tuple(name for name in population.prepared if name in worth)
    return Usable(population, columns, int(total)) if population.usable_rules(columns) else None


def prepare_records(
    warehouse: Warehouse, scratch: Warehouse, population: Population, only: pl.DataFrame | None = None
) -> int:
    """Number of comparable records; they are in the scratch table `linkage_records`, one row each, in key order.

    A current record with nothing that a blocking rule could find it by (name, birth date, telephone, e-mail address) is
    left out.

    Args:
        warehouse: where `std.customers` is.
        scratch: where they are brought.
        population: whose records they are.
        only: the record_key of those that are wanted; by default all.
    """
    wanted = only if only is not None else pl.DataFrame(schema={"record_key": pl.String})
    which = f"SEMI JOIN {_WANTED} USING (record_key)" if only is not None else ""
    with warehouse.registered(_WANTED, wanted.select("record_key")):
        select = f"SELECT * FROM ({select_prepared(warehouse, population)}) {which} ORDER BY record_key"
        rows = warehouse.connection.sql(select).to_arrow_table()
    return copy_frame(_spelt(pl.DataFrame(pl.from_arrow(rows)), population), scratch, RECORDS)


def select_prepared(warehouse: Warehouse, population: Population) -> str:
    """SQL over the warehouse: record_key, fingerprint and the population's own columns of all comparable records.

    The fingerprint is of those columns: a record whose fingerprint is what it was is compared as it was.
    """
    made = f"{_PREPARED}_{population.name}"
    is_made = warehouse.value("SELECT count(*) FROM duckdb_tables() WHERE temporary AND table_name = ?", [made])
    return f"FROM {made}" if is_made else _select(population)


def _select(population: Population) -> str:
    columns = ", ".join(f"{sql} AS {name}" for name, sql in population.columns.items())
    packed = ", ".join(f"{name} := {name}" for name in population.columns)
    found_by = [*population.names, *(name for name in ("birth_date", "phones", "emails") if name in population.columns)]
    anything = " OR ".join(f"{name} IS NOT NULL" for name in found_by)
    return f"""
        SELECT record_key, md5(CAST(to_json(struct_pack({packed})) AS VARCHAR)) AS fingerprint, * EXCLUDE (record_key)
        FROM (SELECT record_key, {columns} FROM std.customers WHERE valid_to IS NULL AND ({population.kind}))
        WHERE {anything}
    """


def _spelt(records: pl.DataFrame, population: Population) -> pl.DataFrame:
    """The records with the columns that a function makes of each distinct value of another."""
    for name, (source, function) in population.spelt.items():
        distinct = records[source].drop_nulls().unique().sort()
        dtype = pl.List(pl.String) if name.endswith("forms") else pl.String()
        made = pl.Series([function(value) for value in distinct], dtype=dtype)
        values = records.join(
            pl.DataFrame({source: distinct, name: made}), on=source, how="left", maintain_order="left"
        )[name]
        records = records.with_columns(values)
    return records
