"""A database in memory for one linkage: nothing of it stays.

Belongs here: opening and dropping it, and bringing frames into it. Does not belong here: what is computed in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import polars as pl

from crm_pipeline.warehouse import Warehouse

_NAME = "linkage_scratch"


@contextlib.contextmanager
def scratch_database(warehouse: Warehouse) -> Iterator[Warehouse]:
    """A second connection, whose tables live in memory and are gone at the end; it shares the warehouse's limits.

    It may spill to the warehouse's temporary folder. It does not see what the warehouse's connection has not yet
    committed: bring rows over with `copy_select`.
    """
    connection = warehouse.connection.cursor()
    connection.execute(f"ATTACH ':memory:' AS {_NAME}")
    try:
        connection.execute(f"USE {_NAME}")
        yield Warehouse(connection)
    finally:
        connection.execute(f"USE {_main(warehouse)}")
        connection.execute(f"DETACH {_NAME}")
        connection.close()


def copy_select(warehouse: Warehouse, sql: str, scratch: Warehouse, name: str) -> int:
    """Number of rows of the new scratch table `name`, which holds what the select gives on the warehouse."""
    rows = warehouse.connection.sql(sql).to_arrow_table()
    return copy_frame(pl.DataFrame(pl.from_arrow(rows)), scratch, name)


def copy_frame(frame: pl.DataFrame, scratch: Warehouse, name: str) -> int:
    """Number of rows of the new scratch table `name`, which holds `frame` in its order."""
    with scratch.registered("_rows_to_copy", frame):
        return int(scratch.value(f"CREATE TABLE {name} AS SELECT * FROM _rows_to_copy"))


def _main(warehouse: Warehouse) -> str:
    name = str(warehouse.value("SELECT current_database()"))
    return '"' + name.replace('"', '""') + '"'
