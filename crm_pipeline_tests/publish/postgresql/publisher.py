"""Publishes editions of two tables; as a program, `python -m … URL EDITION`, one edition to a server."""

from __future__ import annotations

import sys
from pathlib import Path

from crm_pipeline.publish import Edition, Publication
from crm_pipeline.publish.postgresql import publish_postgresql
from crm_pipeline.settings import Postgres
from crm_pipeline.warehouse import Warehouse
from crm_pipeline_tests.publish.postgresql.databases import NOW, SALT

ROWS = 2_000


def make(warehouse: Warehouse, edition: int, *, is_wider: bool = False) -> list[Publication]:
    """Two tables in which every row says of which edition it is; a wider one has another column."""
    more = ", i AS more" if is_wider else ""
    for name in ("numbers", "others"):
        warehouse.execute(
            f"CREATE OR REPLACE TABLE {name} AS SELECT i AS id, {edition}::BIGINT AS edition{more} "
            f"FROM range({ROWS}) AS r (i)"
        )
    return [Publication(name, name, ("id",), ("id", "edition")) for name in ("numbers", "others")]


def publish_edition(warehouse: Warehouse, settings: Postgres, edition: int, *, is_wider: bool = False) -> None:
    """One edition to a server."""
    tables = make(warehouse, edition, is_wider=is_wider)
    told = Edition(str(edition), NOW, "run", "1", edition, 0, ())
    publish_postgresql(warehouse, settings, tables, root=Path("/"), salt=SALT, changes=None, edition=told)


if __name__ == "__main__":
    with Warehouse.in_memory() as filled:
        publish_edition(filled, Postgres(url=sys.argv[1]), int(sys.argv[2]))
