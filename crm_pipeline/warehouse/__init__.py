"""The only owner of DuckDB: connections, transactions, the writer's lock, frames in and out, SQL models.

Belongs here: everything that needs `import duckdb` or the text of `dbt_like_sql/`. Does not belong here: what a table
means (`tables`) or the business SQL of a capability.
"""

from crm_pipeline.warehouse.connection import DamagedError, RefusedError, Warehouse, discard_database, open_reader
from crm_pipeline.warehouse.lock import WriterLock, writer_lock
from crm_pipeline.warehouse.row_expressions import expressions

__all__ = [
    "DamagedError",
    "RefusedError",
    "Warehouse",
    "WriterLock",
    "discard_database",
    "expressions",
    "open_reader",
    "writer_lock",
]
