"""Small inputs for golden tests: records by hand, put into the contract tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from crm_pipeline.tables import FORMER_MEMBERS, MEMBERS, std
from crm_pipeline.warehouse import Warehouse

DAY = date(2026, 1, 1)


def record(customer: str, source: str, source_id: str, **values: Any) -> dict[str, Any]:
    """A version of a record; `valid_to` makes it a closed one, `_customer` None one that was never assigned."""
    key = f"{source}/customers/{source_id}"
    known = {"source": source, "extract": "customers", "source_id": source_id, "record_key": key, "valid_from": DAY}
    return {**known, "sequence": 1, "line": 2, "row_hash": key, "_customer": customer, **values}


def load(warehouse: Warehouse, records: Iterable[Mapping[str, Any]], extra: Sequence[str] = ()) -> None:
    """Fills std.customers, link.members and link.former_members from hand-made records."""
    records = list(records)
    table = std("customers", extra)
    rows = [{name: version.get(name) for name in table.column_names} for version in records]
    warehouse.replace(table, pl.DataFrame(rows, schema=table.polars_schema))
    living = {version["record_key"] for version in records if version.get("valid_to") is None}
    members = {version["record_key"]: version["_customer"] for version in records}
    _members(warehouse, {key: customer for key, customer in members.items() if key in living})
    former = [(key, customer) for key, customer in members.items() if key not in living]
    warehouse.replace(FORMER_MEMBERS, pl.DataFrame(former, schema=FORMER_MEMBERS.polars_schema, orient="row"))


def _members(warehouse: Warehouse, customers: Mapping[str, str]) -> None:
    rows = [(key, customer, 0.99, "model") for key, customer in customers.items()]
    warehouse.replace(MEMBERS, pl.DataFrame(rows, schema=MEMBERS.polars_schema, orient="row"))
