"""What stewards said of golden values, as candidates beside those of the records.

Belongs here: which override holds for which customer and unit. Does not belong here: the store
(`state.decisions.overrides`), what may be said (`steps.overriding`).

An override names a record; it is of the customer that has that record, or had it last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import polars as pl

from crm_pipeline.golden.gathering import NUMBERED, text_of
from crm_pipeline.golden.units import Units
from crm_pipeline.tables import Column
from crm_pipeline.warehouse import Warehouse
from crm_pipeline.warehouse.connection import quoted

_TEXT_PREFIX = "_said_"


@dataclass(frozen=True, slots=True)
class Override:
    """Values that a steward gave one customer.

    Attributes:
        number: which one it is; of two for one customer and unit the larger holds.
        record_key: a record of the customer.
        values: golden column to its value as text, standardised; None for none.
        is_due: whether it waits for a review, and does not hold.
    """

    number: int
    record_key: str
    values: Mapping[str, str | None]
    is_due: bool = False


class Standing(IntEnum):
    """Where a candidate stands before any rule; the smaller one wins."""

    IN_FORCE = -1
    RECORD = 0
    SUPERSEDED = 1
    DUE = 2


def gather_overrides(
    warehouse: Warehouse, overrides: Sequence[Override], units: Units, columns: Sequence[Column]
) -> pl.DataFrame:
    """One row for each override and unit that it speaks of, of customers with living records.

    Args:
        warehouse: where records are numbered.
        overrides: those not withdrawn.
        units: of the project.
        columns: with one value a record, as in a portion.

    Returns:
        `_customer` (its number), `_unit`, `_standing`, source, extract, source_id of the record named, phone, email,
        the columns, and those of other types than text as `_text_…` besides.
    """
    names = [*(column.name for column in columns), "phone", "email"]
    rows = []
    for override in sorted(overrides, key=lambda each: -each.number):
        for unit in units.all:
            said = {c.name: override.values[c.name] for c in unit.columns if c.name in override.values}
            if said:
                rows.append((override.record_key, override.number, override.is_due, unit.name, said))
    told = pl.DataFrame(
        {
            "record_key": [row[0] for row in rows],
            "_number": [row[1] for row in rows],
            "_is_due": [row[2] for row in rows],
            "_unit": [row[3] for row in rows],
            **{_TEXT_PREFIX + name: [row[4].get(name) for row in rows] for name in names},
        },
        schema={
            "record_key": pl.String, "_number": pl.Int64, "_is_due": pl.Boolean, "_unit": pl.String,
            **{_TEXT_PREFIX + name: pl.String for name in names},
        },
    )  # fmt: skip
    typed = ", ".join(
        f"TRY_CAST({quoted(_TEXT_PREFIX + column.name)} AS {column.type}) AS {quoted(column.name)}"
        for column in columns
    )
    texts = "".join(
        f", CAST({quoted(column.name)} AS VARCHAR) AS {quoted(text_of(column))}"
        for column in columns
        if column.type != "VARCHAR"
    )
    with warehouse.registered("golden_scratch_overrides", told):
        return warehouse.frame(f"""
            WITH members AS (
                SELECT record_key, customer_id FROM {NUMBERED}
                UNION ALL
                SELECT record_key, customer_id FROM link.former_members ANTI JOIN {NUMBERED} USING (record_key)
            ),
            said AS (
                SELECT *, row_number() OVER (
                    PARTITION BY _customer, _unit, _is_due ORDER BY _number DESC
                ) = 1 AS is_newest
                FROM golden_scratch_overrides JOIN members USING (record_key)
                JOIN (SELECT DISTINCT customer_id, _customer FROM {NUMBERED}) USING (customer_id)
            )
            SELECT * {texts} FROM (
                SELECT _customer, _unit, split_part(record_key, '/', 1) AS source,
                    split_part(record_key, '/', 2) AS extract,
                    regexp_replace(record_key, '^[^/]*/[^/]*/', '') AS source_id,
                    CASE WHEN _is_due THEN {Standing.DUE} WHEN is_newest THEN {Standing.IN_FORCE}
                        ELSE {Standing.SUPERSEDED} END AS _standing,
                    {_TEXT_PREFIX}phone AS phone, {_TEXT_PREFIX}email AS email, {typed}
                FROM said ORDER BY _customer, _number DESC, _unit
            )
        """)
