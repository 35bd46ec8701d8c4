"""Counts that must add up: no row of a delivery may be lost or invented.

Belongs here: the balance of `ops.loads`. Does not belong here: counting, which the steps do where rows pass.
"""

from __future__ import annotations

import polars as pl

from crm_pipeline.errors import ReconciliationError

FATES = ("loaded_count", "unchanged_count", "quarantined_count", "duplicate_count", "erased_count")


def reconcile(loads: pl.DataFrame) -> None:
    """Nothing, when every delivered row met exactly one fate; a count that is missing never balances.

    Args:
        loads: rows of `ops.loads`.

    Raises:
        ReconciliationError: at least one delivery does not balance; all of them are listed, in order.
    """
    accounted = pl.sum_horizontal(*FATES, ignore_nulls=False)
    open_loads = loads.filter(pl.col("delivered_count").eq(accounted).fill_null(value=False).not_()).sort(
        "source", "extract", "business_date", "sequence"
    )
    if open_loads.is_empty():
        return
    raise ReconciliationError(
        where="ops.loads",
        expected="delivered = loaded + unchanged + quarantined + duplicates + erased",
        found="; ".join(_balance(load) for load in open_loads.iter_rows(named=True)),
        cure="Nothing was published. Rows were lost or invented: report these numbers as a defect.",
    )


def _balance(load: dict[str, object]) -> str:
    fates = ", ".join(f"{load[name]} {name.removesuffix('_count')}" for name in FATES)
    place = f"{load['source']}.{load['extract']} of {load['business_date']}, delivery {load['sequence']}"
    return f"{place}: {load['delivered_count']} delivered, but {fates}"
