"""The versions of records in the std tables: what changed, closing what was replaced, taking back late dates.

Belongs here: SQL over `std.<entity>` and `ops.loads` that is the same for every entity. Does not belong here: values.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from crm_pipeline.state.landing import LINE, Delivery
from crm_pipeline.tables import LOADS, REJECTIONS, Table
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

# Columns beside the delivered ones, under names that no delivered column is likely to have.
KEY = "=source_id"
HASH = "=row_hash"

Applied = tuple[date, int, str, str]  # business date, sequence, file hash, recipe


def applied(warehouse: Warehouse, source: str, extract: str) -> list[Applied]:
    """The deliveries of an extract that std shows, in order."""
    sql = f"""
        SELECT business_date, sequence, file_sha256, recipe_sha256 FROM {LOADS.qualified}
        WHERE source = ? AND extract = ? ORDER BY business_date, sequence
    """
    return [(row[0], row[1], row[2], row[3]) for row in warehouse.execute(sql, [source, extract])]


def rewind(warehouse: Warehouse, table: Table, source: str, extract: str, day: date) -> None:
    """Takes the extract's part of std back to what it was before `day`."""
    where, parameters = "source = ? AND extract = ?", [source, extract, day]
    with warehouse.transaction():
        warehouse.execute(f"DELETE FROM {table.qualified} WHERE {where} AND valid_from >= ?", parameters)
        warehouse.execute(f"UPDATE {table.qualified} SET valid_to = NULL WHERE {where} AND valid_to >= ?", parameters)
        for log in (LOADS, REJECTIONS):
            warehouse.execute(f"DELETE FROM {log.qualified} WHERE {where} AND business_date >= ?", parameters)


def with_row_hash(warehouse: Warehouse, delivered: pl.DataFrame) -> pl.DataFrame:
    """`delivered` with `HASH`, the MD5 over its column names, sorted, and the cell of each."""
    names = sorted(name for name in delivered.columns if name not in {LINE, KEY})
    cells = ", ".join(f"{_text(name)}, coalesce({quoted(name)}, '')" for name in names)
    hashed = f"SELECT {LINE}, md5(concat_ws(chr(31), {cells})) AS {quoted(HASH)} FROM _delivered"
    with warehouse.registered("_delivered", delivered):
        hashes = warehouse.frame(hashed)
    return delivered.join(hashes, on=LINE, how="left", maintain_order="left")


def changed_rows(warehouse: Warehouse, table: Table, delivery: Delivery, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a delivery whose key is missing or whose current version has another row hash, in their order."""
    sql = f"SELECT source_id, row_hash FROM {table.qualified} WHERE source = ? AND extract = ? AND valid_to IS NULL"
    current = warehouse.frame(sql, [delivery.source, delivery.extract])
    return rows.join(
        current, left_on=[KEY, HASH], right_on=["source_id", "row_hash"], how="anti", maintain_order="left"
    )


def replace_versions(warehouse: Warehouse, table: Table, delivery: Delivery, accepted: pl.DataFrame) -> None:
    """Makes the accepted rows the current versions of their records from the delivery's date on."""
    day, scope = delivery.business_date, [delivery.source, delivery.extract]
    same = "source = ? AND extract = ? AND source_id IN (SELECT source_id FROM _accepted)"
    with warehouse.registered("_accepted", accepted.select("source_id")):
        warehouse.execute(f"DELETE FROM {table.qualified} WHERE {same} AND valid_from = ?", [*scope, day])
        sql = f"UPDATE {table.qualified} SET valid_to = ? WHERE {same} AND valid_to IS NULL"
        warehouse.execute(sql, [day, *scope])
    warehouse.insert(table, accepted)


def close_missing(warehouse: Warehouse, table: Table, delivery: Delivery, keys: Sequence[str] | pl.Series) -> int:
    """Number of records that a full delivery no longer has, and that are deleted from its date on."""
    day, scope = delivery.business_date, [delivery.source, delivery.extract]
    gone = "source = ? AND extract = ? AND valid_to IS NULL AND source_id NOT IN (SELECT source_id FROM _keys)"
    with warehouse.registered("_keys", pl.DataFrame({"source_id": keys}).drop_nulls()):
        closed = warehouse.execute(f"UPDATE {table.qualified} SET valid_to = ? WHERE {gone}", [day, *scope])
    return int(closed[0][0])


def _text(value: str) -> str:
    """`value` as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"
